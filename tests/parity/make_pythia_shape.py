"""Makes a random model and SAE of the sizes of a real pair, for trying `saeinv run` at scale:
Pythia-70M (6 layers, D 512, 8 heads, 50304 embeddings) and a standard SAE of 32768 features at
blocks.3.hook_mlp_out, as SAELens saves it.

    python tests/parity/make_pythia_shape.py OUT tokenizer.json prose.txt

Writes OUT/model (a Hugging Face folder with that tokenizer), OUT/sae (a SAELens folder) and
OUT/versions.txt. The weights are random, what they do is not: encoder directions are activations
met on the prose with noise added, and each bias is the quantile that gives its feature a firing
frequency drawn from a power law, so that L0, rare, dense and dead features come out as in a trained
SAE. Everything is drawn from one seed.
"""

import json
import shutil
import sys
from pathlib import Path

import numpy
import safetensors
import tokenizers
import torch
import transformers
from safetensors.torch import save_file
from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

D_SAE, LAYER, CONTEXT, SEQUENCES = 32768, 3, 100, 500
RAREST, COMMONEST, TAIL = 1e-4, 0.1, 0.85  # frequencies: Pareto between the two, exponent TAIL
DEAD, DENSE = 0.02, 0.001                  # shares of features
NOISE = 0.5                                # of a direction's length


def make_model(folder, tokenizer_path):
    config = GPTNeoXConfig(
        vocab_size=50304, hidden_size=512, num_hidden_layers=6, num_attention_heads=8,
        intermediate_size=2048, max_position_embeddings=2048, rotary_pct=0.25, hidden_act="gelu",
        use_parallel_residual=True, tie_word_embeddings=False, bos_token_id=0, eos_token_id=0,
        hidden_dropout=0.0, attention_dropout=0.0)
    model = GPTNeoXForCausalLM(config).eval()
    with torch.no_grad():  # initial weights barely move the residual stream; trained ones do
        for layer in model.gpt_neox.layers:
            layer.attention.query_key_value.weight *= 3
            layer.attention.dense.weight *= 1.5
            layer.mlp.dense_h_to_4h.weight *= 3
            layer.mlp.dense_4h_to_h.weight *= 1.5
            for bias in (layer.attention.query_key_value.bias, layer.attention.dense.bias,
                         layer.mlp.dense_h_to_4h.bias, layer.mlp.dense_4h_to_h.bias):
                bias += 0.02 * torch.randn_like(bias)
    model.save_pretrained(folder)
    shutil.copy(tokenizer_path, folder / "tokenizer.json")
    return model


def activations(model, tokenizer, prose):
    """[N, D] MLP outputs on the prose, each sequence behind a BOS that is left out of the rows."""
    ids = tokenizer.encode(prose).ids[:SEQUENCES * CONTEXT]
    tokens = torch.tensor(ids[:len(ids) // CONTEXT * CONTEXT]).reshape(-1, CONTEXT)
    tokens = torch.cat([torch.zeros(len(tokens), 1, dtype=torch.long), tokens], 1)
    rows = []
    hook = model.gpt_neox.layers[LAYER].mlp.register_forward_hook(
        lambda module, inputs, output: rows.append(output[:, 1:].flatten(0, 1)))
    with torch.no_grad():
        for batch in tokens.split(32):
            model.gpt_neox(batch)
    hook.remove()
    return torch.cat(rows)


def draw_frequencies():
    u = torch.rand(D_SAE)
    low, high = RAREST ** -TAIL, COMMONEST ** -TAIL
    frequency = (low - u * (low - high)) ** (-1 / TAIL)
    kind = torch.rand(D_SAE)
    frequency[kind < DENSE] = 0.3 + 0.5 * torch.rand(int((kind < DENSE).sum()))
    frequency[kind > 1 - DEAD] = 0
    return frequency


def make_sae(folder, x):
    b_dec = x.mean(0)
    centred = x - b_dec
    scale = centred.norm(dim=1).mean()
    met = centred[torch.randint(len(x), (D_SAE,))]
    direction = met / met.norm(dim=1, keepdim=True)
    direction += NOISE * torch.randn_like(direction) / direction.shape[1] ** 0.5
    w_dec = direction / direction.norm(dim=1, keepdim=True)
    gain = 0.5 + torch.rand(D_SAE)
    w_enc = w_dec.T * gain
    frequency = draw_frequencies()
    b_enc = torch.empty(D_SAE)
    measured = torch.empty(D_SAE)
    for start in range(0, D_SAE, 1024):
        part = slice(start, start + 1024)
        p = torch.from_numpy(numpy.sort((w_enc[:, part].T @ centred.T).numpy()))  # rising
        at = len(x) - 1 - (frequency[part] * len(x)).long().clamp(max=len(x) - 1)
        b_enc[part] = -p.gather(1, at[:, None])[:, 0]
        b_enc[part][frequency[part] == 0] = -10 * scale
        measured[part] = (p + b_enc[part, None] > 0).float().mean(1)
    folder.mkdir(parents=True, exist_ok=True)
    save_file({"W_enc": w_enc.contiguous(), "b_enc": b_enc, "W_dec": w_dec.contiguous(),
               "b_dec": b_dec}, folder / "sae_weights.safetensors")
    save_file({"sparsity": torch.log10(measured + 1e-10)}, folder / "sparsity.safetensors")
    config = {"architecture": "standard", "d_in": x.shape[1], "d_sae": D_SAE, "dtype": "float32",
              "device": "cpu", "apply_b_dec_to_input": True, "normalize_activations": "none",
              "reshape_activations": "none",
              "metadata": {"sae_lens_version": "6.54.0", "model_name": "pythia-70m-shape",
                           "hook_name": f"blocks.{LAYER}.hook_mlp_out", "context_size": 128,
                           "prepend_bos": True}}
    (folder / "cfg.json").write_text(json.dumps(config, indent=1) + "\n")
    print(f"{len(x)} tokens: L0 {measured.sum():.1f}, dead {(measured == 0).float().mean():.3f}, "
          f"above 10%: {int((measured > 0.1).sum())}")


def main():
    out, tokenizer_path, prose = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]).read_text()
    torch.manual_seed(1)
    model = make_model(out / "model", tokenizer_path)
    make_sae(out / "sae", activations(model, tokenizers.Tokenizer.from_file(tokenizer_path), prose))
    (out / "versions.txt").write_text("".join(
        f"{module.__name__} {module.__version__}\n"
        for module in (numpy, safetensors, tokenizers, torch, transformers)))


main()
