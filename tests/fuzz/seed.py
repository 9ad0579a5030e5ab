#!/usr/bin/env python3
"""Writes small valid files of each kind to build/fuzz/corpus/TARGET, for tests/fuzz/run.sh to
start from: the fixtures of the tests, and what torch, NumPy, safetensors and transformers write.
Only for a new target or a new kind of file: tests/fuzz/corpus holds what the search made of them.

    python3 tests/fuzz/seed.py
"""
import io
import json
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
import transformers
from safetensors.torch import save

ROOT = Path(__file__).resolve().parent.parent
LARGEST = 20000


def seed(target, name, data):
    folder = ROOT.parent / "build/fuzz/corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    if len(data) <= LARGEST:
        (folder / f"seed-{name}").write_bytes(data)


def fixtures(target, *patterns):
    for pattern in patterns:
        for path in sorted(ROOT.glob(pattern)):
            seed(target, "-".join(path.relative_to(ROOT).parts), path.read_bytes())


def safetensors():
    fixtures("safetensors", "*/fixtures/**/*.safetensors")
    for dtype in ("float64 float32 float16 bfloat16 int64 int32 int16 int8 uint64 uint32 uint16 uint8 bool "
                  "complex64 float8_e4m3fn float8_e5m2 float8_e8m0fnu float8_e4m3fnuz").split():
        tensor = torch.ones(2, 2).to(getattr(torch, dtype))
        seed("safetensors", dtype, save({"w": tensor, "b": torch.zeros(0, 3)}, {"format": "pt"}))
    seed("safetensors", "many", save({f"layer.{i}.w": torch.ones(1) for i in range(20)}))
    seed("safetensors", "none", save({}))


def npz():
    fixtures("npz", "data/fixtures/containers/*.npz", "data/fixtures/containers/*.pt",
             "data/fixtures/containers/*.zip")
    for dtype in "<f8 <f4 <f2 <i8 |i1 |b1 >f4 <c8 <U3 |S3 <M8[s]".split():
        for order in "CF":
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.zeros((2, 3), dtype=dtype, order=order))
            seed("npz", f"npy-{np.dtype(dtype).name}-{order}", buffer.getvalue())
    for version in ((1, 0), (2, 0), (3, 0)):
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, np.zeros(3, np.float32), version=version)
        seed("npz", f"npy-version-{version[0]}", buffer.getvalue())


def torch_pickle(value):
    buffer = io.BytesIO()
    torch.save(value, buffer)
    with zipfile.ZipFile(buffer) as archive:
        return archive.read(next(n for n in archive.namelist() if n.endswith("data.pkl")))


def pickles():
    """Storages 0 to 3 have 96, 24, 4 and 0 bytes, as in fuzz_pickle.c."""
    def storages(dtype=torch.float32):
        size = torch.zeros(0, dtype=dtype).element_size()
        return [torch.zeros(n // size, dtype=dtype) for n in (96, 24, 4, 0)]

    a, b, c, d = storages()
    plain = OrderedDict(encoder=a.reshape(4, 6), bias=b, k=c[0], none=d)
    seed("pickle", "plain", torch_pickle(plain))
    seed("pickle", "views", torch_pickle({"a": a.reshape(4, 6).T, "b": a[3:9], "c": b.reshape(2, 3)[:, 1],
                                          "d": c.expand(1)}))
    seed("pickle", "parameters", torch_pickle({"w": torch.nn.Parameter(a), "b": torch.nn.Parameter(b)}))
    seed("pickle", "nested", torch_pickle({"state_dict": plain, "step": 7, "loss": 0.5, "name": "x",
                                           "list": [1, (2, 3), None, True, -5, 2**40],
                                           "device": torch.device("cpu"), "dtype": torch.float32}))
    seed("pickle", "two", torch_pickle({"model": {"w": a}, "ema": {"w": b}, 3: c}))
    for dtype in "float64 float16 bfloat16 int64 int32 int16 int8 uint8 bool complex64".split():
        seed("pickle", dtype, torch_pickle({"w": storages(getattr(torch, dtype))[0]}))
    for path in sorted((ROOT / "data/fixtures/containers").glob("*.pt")):
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                name = next(n for n in archive.namelist() if n.endswith("data.pkl"))
                seed("pickle", path.stem, archive.read(name))


def configs():
    fixtures("config", "parity/fixtures/models/**/config.json")
    small = {"num_hidden_layers": 2, "hidden_size": 8, "num_attention_heads": 2, "vocab_size": 16}
    for family in ("GPTNeoX GPT2 GPTJ Llama Mistral Mixtral Gemma Gemma2 Gemma3Text Qwen2 Qwen3 Phi Phi3 OPT "
                   "Falcon Bloom StableLm Olmo Olmo2").split():
        config = getattr(transformers, f"{family}Config")()
        seed("config", family, config.to_json_string(use_diff=False).encode())
        seed("config", f"{family}-diff", config.to_json_string().encode())
        small_config = getattr(transformers, f"{family}Config")(**small)
        seed("config", f"{family}-small", small_config.to_json_string(use_diff=False).encode())


def sae_configs():
    fixtures("sae_config", *(f"parity/fixtures/saes/**/{name}"
                             for name in ("cfg.json", "hyperparams.json", "config.json")))
    for architecture in ("standard jumprelu topk gated transcoder skip_transcoder jumprelu_transcoder "
                         "jumprelu_skip_transcoder temporal matryoshka_batchtopk").split():
        seed("sae_config", architecture, json.dumps({
            "d_in": 4, "d_sae": 8, "d_out": 4, "k": 2, "dtype": "float32", "device": "cpu",
            "apply_b_dec_to_input": True, "normalize_activations": "none", "reshape_activations": "none",
            "rescale_acts_by_decoder_norm": True, "architecture": architecture,
            "metadata": {"sae_lens_version": "6.18.0", "model_name": "gpt2", "prepend_bos": True,
                         "hook_name": "blocks.0.hook_resid_pre", "hook_head_index": None,
                         "hook_layer": 0, "context_size": 128, "seqpos_slice": [None],
                         "exclude_special_tokens": [0, 1], "hook_name_out": "blocks.0.hook_mlp_out",
                         "model_from_pretrained_kwargs": {"center_writing_weights": True}}}).encode())


def tokenizers():
    fixtures("tokenizer", "parity/fixtures/tokenizers/*.json")
    vocab = {c: i for i, c in enumerate("abcdehlorw Ġ!")}
    vocab.update({"he": 13, "ll": 14, "hell": 15, "Ġw": 16})
    seed("tokenizer", "tiny", json.dumps({
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [{"id": 17, "content": "<|endoftext|>", "single_word": False, "lstrip": False,
                          "rstrip": False, "normalized": False, "special": True}],
        "normalizer": None, "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True,
                                              "use_regex": True},
        "post_processor": None, "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True},
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                  "end_of_word_suffix": None, "fuse_unk": False, "vocab": vocab,
                  "merges": ["h e", "l l", "he ll", "Ġ w"]}}).encode())


if __name__ == "__main__":
    safetensors()
    npz()
    pickles()
    configs()
    sae_configs()
    tokenizers()
