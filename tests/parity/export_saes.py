"""Writes tests/parity/fixtures/saes: small random SAEs of every architecture and layout of files, and
what the library that owns the layout computes from them.

    python tests/parity/export_saes.py [--packages DIR]

needs torch, sae-lens, safetensors and numpy. DIR holds the packages whose classes the layouts
dictionary_learning and sparsify are compared with, installed without what they depend on:

    pip install --no-deps --target DIR dictionary-learning eai-sparsify simple-parsing natsort \\
        docstring-parser

Every folder holds the files as the project writes them and expected.safetensors:
    x [N, D]        activations: a row of zeros, a huge and a tiny one among them
    pre [N, F]      pre-activations of the computed form (gated: of the magnitudes; after
                    rescale_acts_by_decoder_norm)
    f [N, F]        features
    y [N, d_out]    reconstruction, or a transcoder's prediction
    weight [N, F]   random, and d_f [N, D], the gradient at x of sum(weight f)
    which [N]       a feature per row, and d_pre [N, D], the gradient at x of the sum of its pre
Values are multiples of 1/8 where thresholds are to be hit exactly, so that sums of products are
exact in any order."""

import argparse
import importlib
import json
import math
import os
import shutil
import sys
import types
from pathlib import Path

import numpy as np
import sae_lens
import torch
from sae_lens.loading import pretrained_sae_loaders as loaders
from sae_lens.registry import get_sae_class, get_sae_training_class
from safetensors.torch import save_file

OUT = Path(__file__).parent / "fixtures" / "saes"
N, D, F, O = 8, 13, 37, 11
MODEL = "gpt2-small"


# ---- inputs and expected values -----------------------------------------------------------------


def generator(name):
    return torch.Generator().manual_seed(sum((i + 1) * b for i, b in enumerate(name.encode())))


def numbers(g, *shape, scale=1.0, eighths=False):
    x = torch.randn(*shape, generator=g) * scale
    return (x * 8).round() / 8 if eighths else x


def inputs(g, width, eighths):
    x = numbers(g, N, width, scale=2, eighths=eighths)
    x[1] = 0
    x[2] *= 64
    x[3] /= 64
    return x


def weights(g, d_in=D, d_out=D, eighths=False, names=("W_enc", "b_enc", "W_dec", "b_dec")):
    w_enc, b_enc, w_dec, b_dec = names
    w = {
        w_enc: numbers(g, d_in, F, scale=0.6, eighths=eighths),
        b_enc: numbers(g, F, scale=0.5, eighths=eighths),
        w_dec: numbers(g, F, d_out, scale=0.5, eighths=eighths),
        b_dec: numbers(g, d_out, scale=0.5, eighths=eighths),
    }
    w[w_enc][:, 5] = 0  # dead: nothing but a negative bias
    w[b_enc][5] = -4
    return w


class Reference:
    """encode(x) gives (pre, f), both differentiable; decode(f, x) gives y."""

    def __init__(self, encode, decode):
        self.encode, self.decode = encode, decode


def expect(folder, name, x, reference, threshold=None):
    g = generator(name + " gradients")
    x = x.clone().requires_grad_()
    pre, f = reference.encode(x)
    y = reference.decode(f, x)
    weight = torch.randn(f.shape, generator=g)
    which = torch.randint(0, f.shape[1], (x.shape[0],), generator=g)
    # A row of zeros has no norm: SAELens divides by it, this program does not.
    good = torch.isfinite(f).all(-1) & torch.isfinite(y).all(-1)
    chosen = pre[torch.arange(len(x)), which]
    (d_f,) = torch.autograd.grad((weight * f)[good].sum(), x, retain_graph=True)
    (d_pre,) = torch.autograd.grad(chosen[good].sum(), x)
    keep = good.nonzero()[:, 0]
    out = {
        "x": x, "pre": pre, "f": f, "y": y, "weight": weight, "which": which.float(),
        "d_f": d_f, "d_pre": d_pre,
    }
    out = {k: v.detach()[keep].float().contiguous() for k, v in out.items()}
    save_file(out, folder / "expected.safetensors")
    active = (out["f"] > 0).float()
    print(f"{name:34} {len(keep)} rows, L0 {active.sum(-1).mean():5.1f}, "
          f"dead {int((active.sum(0) == 0).sum())} of {active.shape[1]}")


def new_folder(name):
    folder = OUT / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def write_json(path, value):
    path.write_text(json.dumps(value) + "\n")


# ---- SAELens ------------------------------------------------------------------------------------


def saelens_reference(sae):
    """pre is what SAELens shows at hook_sae_acts_pre, times what it multiplies it by afterwards.
    SAEs on hook_z get heads and their numbers apart, and give them so."""

    def split(x):
        heads = 3 if x.shape[-1] % 3 == 0 else x.shape[-1]
        return x.unflatten(-1, (heads, -1)) if sae.hook_z_reshaping_mode else x

    def encode(x):
        seen = []
        handle = sae.hook_sae_acts_pre.register_forward_hook(lambda m, i, o: seen.append(o))
        f = sae.encode(split(x))
        handle.remove()
        pre = seen[0]
        if getattr(sae.cfg, "rescale_acts_by_decoder_norm", False):
            pre = pre * sae.W_dec.norm(dim=-1)
        return pre, f

    def decode(f, x):
        return sae(split(x)).flatten(1)

    return Reference(encode, decode)


def load(folder):
    """As SAE.load_from_disk, in float32 from the weights as they are stored."""
    cfg = json.loads((folder / "cfg.json").read_text())
    architecture = loaders.handle_config_defaulting(cfg)["architecture"]
    return get_sae_class(architecture)[0].load_from_disk(folder, dtype="float32")


def config(architecture, **more):
    cfg = {
        "architecture": architecture, "d_in": D, "d_sae": F, "dtype": "float32", "device": "cpu",
        "apply_b_dec_to_input": True, "normalize_activations": "none",
        "reshape_activations": "none",
        "metadata": {
            "sae_lens_version": sae_lens.__version__, "model_name": MODEL,
            "hook_name": "blocks.3.hook_resid_post", "context_size": 128, "prepend_bos": True,
        },
    }
    cfg.update(more)
    return cfg


def extra_weights(architecture, g, w, d_in, d_out, eighths):
    if architecture == "gated":
        del w["b_enc"]
        w["b_gate"] = numbers(g, F, scale=0.8, eighths=eighths)
        w["b_mag"] = numbers(g, F, scale=0.5, eighths=eighths)
        w["r_mag"] = numbers(g, F, scale=0.4)
        if eighths:
            w["r_mag"].zero_()
    if "jumprelu" in architecture:
        w["threshold"] = numbers(g, F, scale=0.8, eighths=eighths)
    if "skip" in architecture:
        w["W_skip"] = numbers(g, d_out, d_in, scale=0.4, eighths=eighths)


def hit_thresholds(w, x, apply_b_dec):
    """Some thresholds become exactly what a row's pre-activation is: the feature stays off."""
    u = (x - w["b_dec"] if apply_b_dec else x) @ w["W_enc"]
    bias = w["b_mag"] if "b_gate" in w else w["b_enc"]
    hits = 0
    for f in range(0, F, 3):
        rows = (u[:, f] + bias[f] > 0).nonzero()[:, 0]
        if len(rows) == 0:
            continue
        row = rows[f % len(rows)]
        if "b_gate" in w:
            w["b_gate"][f] = -u[row, f]
        else:
            w["threshold"][f] = u[row, f] + bias[f]
        hits += 1
    assert hits >= 6


def saelens(name, architecture, d_out=None, stored=torch.float32, exact=False, change=None,
            **more):
    """A folder that SAELens saved, and what it computes from it."""
    g = generator(name)
    if d_out is not None:
        more = {"d_out": d_out, "apply_b_dec_to_input": False, **more}
    cfg = config(architecture, **more)
    d_in, d_out = cfg["d_in"], cfg.get("d_out", cfg["d_in"])
    w = weights(g, d_in, d_out, eighths=exact)
    extra_weights(architecture, g, w, d_in, d_out, exact)
    x = inputs(g, d_in, exact)
    if change:
        change(w, x)
    if exact:
        hit_thresholds(w, x, cfg["apply_b_dec_to_input"])
    cls, cfg_cls = get_sae_class(architecture)
    sae = cls(cfg_cls.from_dict(cfg))
    sae.load_state_dict(w)
    folder = new_folder(name)
    sae.to(dtype=stored).save_model(folder)
    expect(folder, name, x, saelens_reference(load(folder)))


def flat(name, cfg, w, x, stored=torch.float32):
    """The folders of SAELens 2 to 5, which SAELens 6 reads."""
    folder = new_folder(name)
    write_json(folder / "cfg.json", cfg)
    save_file({k: v.to(stored).contiguous() for k, v in w.items()},
              folder / "sae_weights.safetensors")
    expect(folder, name, x, saelens_reference(load(folder)))


def old_config(**more):
    return {"d_in": D, "d_sae": F, "dtype": "torch.float32", "device": "cpu",
            "model_name": MODEL, "hook_point": "blocks.3.hook_resid_pre", "hook_point_layer": 3,
            "hook_point_head_index": None, "activation_fn_str": "relu", "l1_coefficient": 8e-5,
            "dataset_path": "Skylion007/openwebtext", "context_size": 128, **more}


def flat_cases():
    g = generator("flat")
    w, x = weights(g), inputs(g, D, False)
    flat("flat_oldest", old_config(), w, x)
    flat("flat_normalized", old_config(normalize_activations="layer_norm",
                                       apply_b_dec_to_input=False), w, x)
    flat("flat_ones", old_config(finetuning_scaling_factor=False),
         {**w, "scaling_factor": torch.ones(F)}, x)
    flat("flat_true", old_config(normalize_activations=True, prepend_bos=False), w, x)
    flat("flat_topk", old_config(activation_fn_str="topk", activation_fn_kwargs={"k": 7}), w, x)
    gated = dict(w)
    extra_weights("gated", g, gated, D, D, False)
    flat("flat_gated", old_config(architecture="gated"), gated, x)
    flat("flat_jumprelu_f16", old_config(architecture="jumprelu", dtype="float16"),
         {**w, "threshold": numbers(g, F, scale=0.5)}, x, stored=torch.float16)


def finetuned():
    """SAELens 5, sae.py: (f * finetuning_scaling_factor) @ W_dec + b_dec; version 6 cannot load it."""
    name = "flat_finetuned"
    g = generator(name)
    w, x = weights(g), inputs(g, D, False)
    factor = 1 + 0.5 * numbers(g, F)
    folder = new_folder(name)
    write_json(folder / "cfg.json", old_config(finetuning_scaling_factor=True))
    save_file({**w, "scaling_factor": factor}, folder / "sae_weights.safetensors")

    def encode(x):
        pre = (x - w["b_dec"]) @ w["W_enc"] + w["b_enc"]
        return pre, pre.relu()

    expect(folder, name, x,
           Reference(encode, lambda f, x: (f * factor) @ w["W_dec"] + w["b_dec"]))


def training_sae(name, architecture, **more):
    g = generator(name)
    cls, cfg_cls = get_sae_training_class(architecture)
    w, x = weights(g), inputs(g, D, False)
    cfg = config(architecture, **more)
    sae = cls(cfg_cls.from_dict(cfg))
    state = {**sae.state_dict(), **w}
    if "topk_threshold" in state:
        state["topk_threshold"] = torch.tensor(0.7, dtype=torch.double)
    if "threshold" in state:
        state["threshold"] = numbers(g, F, scale=0.3).exp()
    sae.load_state_dict(state)
    return sae, x


def training_form(name, architecture, factor=None, **more):
    """What the trainer keeps as a checkpoint, against what it saves for inference in the end."""
    sae, x = training_sae(name, architecture, **more)
    folder, inference = new_folder(name), new_folder(name + "_inference")
    sae.save_model(folder)
    if factor is not None:
        write_json(folder / "activation_scaler.json", {"scaling_factor": factor})
        sae.fold_activation_norm_scaling_factor(factor)
    sae.save_inference_model(inference)
    expect(folder, name, x, saelens_reference(load(inference)))
    shutil.rmtree(inference)


def log_threshold():
    """Training checkpoints of jumprelu before its thresholds were stored as they are."""
    name = "jumprelu_log_threshold"
    sae, x = training_sae(name, "jumprelu")
    folder = new_folder(name)
    sae.save_model(folder)
    state = sae.state_dict()
    inference = new_folder(name + "_inference")
    sae.save_inference_model(inference)
    state["log_threshold"] = state.pop("threshold").log()
    save_file(state, folder / "sae_weights.safetensors")
    expect(folder, name, x, saelens_reference(load(inference)))
    shutil.rmtree(inference)


def scaled_by_hint():
    """from_pretrained with a norm_scaling_factor in SAELens's table of releases."""
    name = "jumprelu_scaled"
    saelens(name, "jumprelu", normalize_activations="expected_average_only_in")
    sae = load(OUT / name)
    sae.fold_activation_norm_scaling_factor(0.029)
    g = generator(name)
    expect(OUT / name, name, 30 * inputs(g, D, False), saelens_reference(sae))


def saelens_cases():
    saelens("standard", "standard")
    saelens("standard_plain", "standard", apply_b_dec_to_input=False)
    saelens("standard_bf16", "standard", stored=torch.bfloat16)
    saelens("standard_norm", "standard", normalize_activations="constant_norm_rescale")
    saelens("standard_unfolded", "standard", normalize_activations="expected_average_only_in")
    saelens("gated", "gated")
    saelens("gated_exact", "gated", exact=True)
    saelens("gated_plain_layer_norm", "gated", apply_b_dec_to_input=False,
            normalize_activations="layer_norm")
    saelens("gated_f16", "gated", stored=torch.float16)
    saelens("jumprelu", "jumprelu")
    saelens("jumprelu_exact", "jumprelu", exact=True)
    saelens("jumprelu_plain", "jumprelu", apply_b_dec_to_input=False)
    saelens("jumprelu_layer_norm", "jumprelu", normalize_activations="layer_norm")
    saelens("topk", "topk", k=5)
    saelens("topk_rescaled", "topk", k=5, rescale_acts_by_decoder_norm=True)
    saelens("topk_all", "topk", k=F)

    def mostly_negative(w, x):
        w["b_enc"] -= 3

    saelens("topk_few_positive", "topk", k=30, change=mostly_negative)
    saelens("topk_layer_norm", "topk", k=4, apply_b_dec_to_input=False,
            normalize_activations="layer_norm")

    def zero_row(w, x):
        w["W_dec"][7] = 0

    saelens("standard_zero_row", "standard", change=zero_row)
    saelens("transcoder", "transcoder", d_out=O)
    saelens("transcoder_norm", "transcoder", d_out=O,
            normalize_activations="constant_norm_rescale")
    saelens("skip_transcoder", "skip_transcoder", d_out=O)
    saelens("jumprelu_transcoder", "jumprelu_transcoder", d_out=D + 4)
    saelens("jumprelu_skip_transcoder", "jumprelu_skip_transcoder", d_out=O, exact=True)
    flat_cases()
    finetuned()
    training_form("batchtopk_training", "batchtopk", k=6, rescale_acts_by_decoder_norm=False)
    training_form("batchtopk_training_rescaled", "batchtopk", k=6)
    training_form("batchtopk_training_scaled", "batchtopk", factor=0.37, k=6,
                  normalize_activations="expected_average_only_in")
    training_form("matryoshka_training", "matryoshka_batchtopk", k=6,
                  matryoshka_widths=[9, F])
    training_form("topk_training", "topk", k=5, use_sparse_activations=True)
    log_threshold()
    scaled_by_hint()
    name = "hook_z_head"
    meta = config("standard")["metadata"] | {"hook_name": "blocks.2.attn.hook_z",
                                             "hook_head_index": 3}
    saelens(name, "standard", metadata=meta)
    meta = config("standard")["metadata"] | {"hook_name": "blocks.2.attn.hook_z"}
    saelens("hook_z", "gated", metadata=meta, d_in=12, reshape_activations="hook_z")


# ---- other layouts through SAELens's loaders ----------------------------------------------------


def through_loader(loader, repo, place, folder, **overrides):
    """The SAE that SAELens makes of a local folder with one of its loaders."""

    def local(repo_id, filename, subfolder=None, force_download=False, **_):
        path = folder / (f"{subfolder}/{filename}" if subfolder else filename).removeprefix(
            place + "/")
        if not path.exists():
            raise loaders.EntryNotFoundError(str(path))
        return str(path)

    def shapes(repo_id, filename):
        tensors = loaders.load_safetensors_weights(local(repo_id, filename))
        return {k: list(v.shape) for k, v in tensors.items()}

    loaders.hf_hub_download, loaders.get_safetensors_tensor_shapes = local, shapes
    cfg, state, _ = loaders.NAMED_PRETRAINED_SAE_LOADERS[loader](
        repo, place, "cpu", False, {"dtype": "float32", **overrides})
    scaled = cfg.get("normalize_activations") == "expected_average_only_in"
    cfg = loaders.handle_config_defaulting(cfg)
    cls, cfg_cls = get_sae_class(cfg["architecture"])
    sae = cls(cfg_cls.from_dict(cfg))
    sae.process_state_dict_for_loading(state)
    sae.load_state_dict({k: v.float() for k, v in state.items()})
    assert not scaled or sae.cfg.normalize_activations == "expected_average_only_in"
    return sae


def gemma_scope(name, repo, place, d_out=None, lower=False, loader="gemma_2"):
    g = generator(name)
    w = weights(g, D, d_out or D)
    w["threshold"] = numbers(g, F, scale=0.6).abs()
    folder = new_folder(name)
    stored = {k.replace("W_", "w_") if lower else k: v.numpy() for k, v in w.items()}
    np.savez(folder / "params.npz", **stored)
    sizes = {"d_in": D, "d_sae": F} | ({"d_out": d_out} if d_out else {})
    sae = through_loader(loader, repo, place, folder, **sizes)
    expect(folder, name, inputs(g, D, False), saelens_reference(sae))


def gemma_scope_2(name, place, skip=False, d_out=None, cfg=None):
    g = generator(name)
    w = weights(g, D, d_out or D, names=("w_enc", "b_enc", "w_dec", "b_dec"))
    w["threshold"] = numbers(g, F, scale=0.6).abs()
    if skip:
        w["affine_skip_connection"] = numbers(g, D, d_out, scale=0.4)
    folder = new_folder(name)
    save_file(w, folder / "params.safetensors")
    if cfg:
        write_json(folder / "config.json", cfg)
    sae = through_loader("gemma_3", "google/gemma-scope-2-1b-pt", place, folder)
    expect(folder, name, inputs(g, D, False), saelens_reference(sae))


def gemma_cases():
    canonical = "layer_20/width_16k/average_l0_71"
    gemma_scope("gemma_scope", "google/gemma-scope-2b-pt-res", canonical)
    gemma_scope("gemma_scope_lower", "google/gemma-scope-9b-it-att", canonical, lower=True)
    gemma_scope("gemma_scope_embedding", "google/gemma-scope-2b-pt-res",
                "embedding/width_4k/average_l0_6")
    gemma_scope("gemma_scope_transcoder", "google/gemma-scope-2b-pt-transcoders", canonical,
                d_out=D, loader="gemma_2_transcoder")
    gemma_scope_2("gemma_scope_2", "resid_post/layer_12_width_16k_l0_medium",
                  cfg={"architecture": "jump_relu", "model_name": "gemma-v3-1b-pt",
                       "hf_hook_point_in": "model.layers.12.output", "width": F, "l0": 60})
    gemma_scope_2("gemma_scope_2_bare", "attn_out/layer_7_width_16k_l0_small")
    gemma_scope_2("gemma_scope_2_skip", "transcoder/layer_12_width_16k_l0_small_affine", skip=True,
                  d_out=O,
                  cfg={"architecture": "jump_relu", "model_name": "gemma-v3-1b-pt",
                       "hf_hook_point_in": "model.layers.12.pre_feedforward_layernorm.output",
                       "hf_hook_point_out": "model.layers.12.post_feedforward_layernorm.output",
                       "affine_connection": True})


def linear_modules(w):
    return {"encoder.weight": w["W_enc"].T.contiguous(), "encoder.bias": w["b_enc"],
            "decoder.weight": w["W_dec"].T.contiguous(), "decoder.bias": w["b_dec"]}


def llama_transcoder():
    """Llama Scope's transcoders, which SAELens's loader takes for SAEs: input and output were scaled
    by averages of their own (OpenMOSS's Language-Model-SAEs, dataset-wise normalisation)."""
    name = "llama_scope_transcoder"
    g = generator(name)
    w, x = weights(g), 2 * inputs(g, D, False)
    folder = new_folder(name)
    (folder / "checkpoints").mkdir()
    save_file(linear_modules(w), folder / "checkpoints" / "final.safetensors")
    write_json(folder / "hyperparams.json", {
        "d_model": D, "d_sae": F, "hook_point_in": "blocks.8.ln2.hook_normalized",
        "hook_point_out": "blocks.8.hook_mlp_out", "act_fn": "jumprelu",
        "jump_relu_threshold": 0.6,
        "dataset_average_activation_norm": {"in": 3.5, "out": 1.25}})
    scale_in, scale_out = math.sqrt(D) / 3.5, math.sqrt(D) / 1.25

    def encode(x):
        pre = scale_in * x @ w["W_enc"] + w["b_enc"]
        return pre, pre.relu() * (pre > 0.6 * scale_in)

    expect(folder, name, x,
           Reference(encode, lambda f, x: (f @ w["W_dec"] + w["b_dec"]) / scale_out))


def llama_cases():
    name = "llama_scope"
    g = generator(name)
    w = linear_modules(weights(g))
    folder = new_folder(name)
    (folder / "checkpoints").mkdir()
    w = {k: v.to(torch.bfloat16) for k, v in w.items()}
    save_file(w, folder / "checkpoints" / "final.safetensors")
    write_json(folder / "hyperparams.json", {
        "d_model": D, "d_sae": F, "hook_point_in": "blocks.15.hook_resid_post",
        "hook_point_out": "blocks.15.hook_resid_post", "act_fn": "jumprelu",
        "jump_relu_threshold": 0.52, "use_decoder_bias": True, "use_glu_encoder": False,
        "apply_decoder_bias_to_pre_encoder": False, "norm_activation": "dataset-wise",
        "dataset_average_activation_norm": {"in": 9.25, "out": 9.25}, "top_k": 50})
    sae = through_loader("llama_scope", "fnlp/Llama3_1-8B-Base-LXR-8x", "L15R", folder)
    sae.fold_activation_norm_scaling_factor(math.sqrt(D) / 9.25)
    expect(folder, name, 2 * inputs(g, D, False), saelens_reference(sae))

    llama_transcoder()
    name = "llama_scope_r1"
    g = generator(name)
    folder = new_folder(name)
    w = weights(g)
    w = {k: v[..., :26] if k != "W_dec" and v.shape[-1] == F else v for k, v in w.items()}
    w["W_dec"] = w["W_dec"][:26]
    w = {k: v.contiguous() for k, v in linear_modules(w).items()}
    save_file({**w, "log_jumprelu_threshold": numbers(g, 26, scale=0.5)},
              folder / "sae_weights.safetensors")
    write_json(folder / "config.json", {"d_model": D, "expansion_factor": 2,
                                        "hook_point_in": "blocks.9.hook_resid_post",
                                        "hook_point_out": "blocks.9.hook_resid_post",
                                        "act_fn": "jumprelu"})
    sae = through_loader("llama_scope_r1_distill", "fnlp/Llama-Scope-R1-Distill", "L9R", folder)
    sae.fold_activation_norm_scaling_factor(0.62)
    expect(folder, name, 2 * inputs(g, D, False), saelens_reference(sae))


# ---- layouts with a library of their own --------------------------------------------------------


def package(name, directory):
    """A package's modules without its __init__, which wants the rest of its dependencies."""
    module = types.ModuleType(name)
    module.__path__ = [str(directory / name)]
    sys.modules[name] = module
    return lambda inner: importlib.import_module(f"{name}.{inner}")


def dictionary_learning_cases(directory):
    sys.path.append(str(directory))
    nnsight = types.ModuleType("nnsight")
    nnsight.LanguageModel = object
    sys.modules.setdefault("nnsight", nnsight)
    get = package("dictionary_learning", directory)
    dictionary = get("dictionary")
    batch = get("trainers.batch_top_k").BatchTopKSAE
    matryoshka = get("trainers.matryoshka_batch_top_k").MatryoshkaBatchTopKSAE
    top_k = get("trainers.top_k").AutoEncoderTopK

    def linear_pre(bias):
        def pre(sae, x):
            b = getattr(sae, bias) if bias else 0
            return sae.encoder(x - b)
        return pre

    def gated_pre(sae, x):
        return sae.r_mag.exp() * sae.encoder(x - sae.decoder_bias) + sae.mag_bias

    def matrix_pre(apply):
        return lambda sae, x: (x - sae.b_dec if apply else x) @ sae.W_enc + sae.b_enc

    cases = [
        ("AutoEncoder", dictionary.AutoEncoder(D, F), linear_pre("bias"), {}),
        ("AutoEncoderNew", dictionary.AutoEncoderNew(D, F), linear_pre(None), {}),
        ("GatedAutoEncoder", dictionary.GatedAutoEncoder(D, F), gated_pre, {}),
        ("AutoEncoderTopK", top_k(D, F, k=6), linear_pre("b_dec"), {"k": 6}),
        ("BatchTopKSAE", batch(D, F, k=6), linear_pre("b_dec"), {"k": 6}),
        ("MatryoshkaBatchTopKSAE", matryoshka(D, F, k=6, group_sizes=[9, F - 9]),
         matrix_pre(True), {"k": 6}),
        ("JumpReluAutoEncoder", dictionary.JumpReluAutoEncoder(D, F), matrix_pre(False), {}),
    ]
    for kind, sae, pre, more in cases:
        name = "dictionary_learning_" + kind
        g = generator(name)
        state = sae.state_dict()
        for key, value in state.items():
            if value.is_floating_point() and value.ndim:
                state[key] = numbers(g, *value.shape, scale=0.5)
            if key == "threshold":
                state[key] = state[key].abs() if value.ndim else torch.tensor(0.8)
        folder = new_folder(name)
        torch.save(state, folder / "ae.pt")
        write_json(folder / "config.json", {
            "trainer": {"dict_class": kind, "trainer_class": kind + "Trainer", "layer": 4,
                        "activation_dim": D, "dict_size": F, "lm_name": "EleutherAI/pythia-70m",
                        "submodule_name": "resid_post_layer_4", "lr": 1e-4, **more},
            "buffer": {"d_submodule": D, "io": "out", "ctx_len": 128, "n_ctxs": 100}})
        loaded = type(sae).from_pretrained(folder / "ae.pt")
        expect(folder, name, inputs(g, D, False),
               Reference(lambda x, s=loaded, p=pre: (p(s, x), s.encode(x)),
                         lambda f, x, s=loaded: s.decode(f)))


def sparsify_cases(directory):
    os.environ["SPARSIFY_DISABLE_TRITON"] = "1"
    get = package("sparsify", directory)
    coder, cfg_class = get("sparse_coder").SparseCoder, get("config").SparseCoderConfig

    def reference(sae):
        def encode(x):
            xin = x if sae.cfg.transcode else x - sae.b_dec
            top, index, _ = sae.encode(x)
            pre = sae.encoder(xin)
            return pre, torch.zeros_like(pre).scatter(-1, index, top)

        return Reference(encode, lambda f, x: sae(x).sae_out)

    for place, more in {
        "layers.5": {"k": 6, "normalize_decoder": True},
        "layers.3.mlp": {"k": 5, "normalize_decoder": False},
        "layers.2.mlp_skip": {"k": 6, "transcode": True, "skip_connection": True},
    }.items():
        name = "sparsify_" + place
        g = generator(name)
        sae = coder(D, cfg_class(num_latents=F, **more))
        sae.load_state_dict({k: numbers(g, *v.shape, scale=0.5) for k, v in
                             sae.state_dict().items()})
        folder = new_folder(name)
        sae.save_to_disk(folder)
        expect(folder, name, inputs(g, D, False), reference(coder.load_from_disk(folder)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--packages", type=Path)
    packages = parser.parse_args().packages
    saelens_cases()
    gemma_cases()
    llama_cases()
    versions = {"python": sys.version.split()[0], "torch": torch.__version__,
                "sae-lens": sae_lens.__version__, "numpy": np.__version__}
    if packages:
        dictionary_learning_cases(packages)
        sparsify_cases(packages)
        for name in ("dictionary_learning", "eai_sparsify"):
            (info,) = packages.glob(name + "-*.dist-info")
            versions[name.replace("_", "-")] = info.name.split("-")[1].removesuffix(".dist")
    lines = [f"{name} {version}\n" for name, version in versions.items()]
    (OUT / "versions.txt").write_text("".join(lines))


if __name__ == "__main__":
    main()
