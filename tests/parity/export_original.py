"""Writes tests/invert/fixtures/original.safetensors: the original program's search for an input, step
by step, on the network of tests/parity/fixtures/models/neox_parallel and a random SAE.

    python tests/parity/export_original.py

Needs torch, transformers and safetensors. The method, written again from its description: ten free
embeddings under no BOS, pulled up by AdamW (no weight decay) along minus the target's activation
behind the ReLU, the largest over positions, plus lambda times the Euclidean distance of all ten,
taken together, to the tokens that are nearest by cosine at every step. The last embeddings are the
result. Its diversity and repetition terms carry no gradient and are left out. Computed in float64,
written as float32. J runs:

    W_enc [D, F], W_dec [F, D], b_enc [F], b_dec [D]: relu((x - b_dec) W_enc + b_enc) at
        blocks.1.hook_mlp_out
    feature, rate, lambda, silent [J]: silent: the feature does not fire at the start
    start, first, last [J, L, D]: embeddings before, after one and after all steps
    loss, activation [J, N]: before each step
    nearest [J, L]: tokens that `last` reads as
"""
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

ROOT = Path(__file__).parents[2]
OUT = ROOT / "tests/invert/fixtures/original.safetensors"
L, F, STEPS = 10, 40, 60
# rate, lambda, does the feature fire at the start: the original's own numbers, then stronger ones
RUNS = [(1e-3, 1e-5, True), (1e-3, 1e-5, False), (2e-2, 1e-5, True), (2e-2, 1.0, True),
        (2e-2, 1.0, False)]


def load():
    model = AutoModelForCausalLM.from_pretrained(
        ROOT / "tests/parity/fixtures/models/neox_parallel", dtype=torch.float64,
        attn_implementation="eager").double().eval()
    D = model.config.hidden_size
    sae = dict(W_enc=torch.randn(D, F), W_dec=torch.randn(F, D), b_enc=0.5 * torch.randn(F) - 2,
               b_dec=0.1 * torch.randn(D))
    return model.requires_grad_(False), {name: x.float().double() for name, x in sae.items()}


def activation(model, sae, x, feature):
    """Of the target at every position [L]."""
    seen = []
    handle = model.gpt_neox.layers[1].mlp.register_forward_hook(lambda m, i, o: seen.append(o[0]))
    model.gpt_neox(inputs_embeds=x[None])
    handle.remove()
    return torch.relu((seen[0] - sae["b_dec"]) @ sae["W_enc"] + sae["b_enc"])[:, feature]


def nearest(model, x):
    """Token 0 is the test's BOS and no candidate."""
    E = model.gpt_neox.embed_in.weight[1:]
    return 1 + (torch.nn.functional.normalize(x, dim=1) @ torch.nn.functional.normalize(E, dim=1).T
                ).argmax(1)


def run(model, sae, start, feature, rate, weight):
    x = start.clone().requires_grad_()
    optimiser = torch.optim.AdamW([x], rate, weight_decay=0)
    losses, activations, first = [], [], None
    for _ in range(STEPS):
        tokens = model.gpt_neox.embed_in.weight[nearest(model, x.detach())]
        f = activation(model, sae, x, feature).max()
        loss = -f + weight * (x - tokens).norm()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.detach())
        activations.append(f.detach())
        first = x.detach().clone() if first is None else first
    x = x.detach()
    return dict(first=first, last=x, loss=torch.stack(losses), activation=torch.stack(activations),
                nearest=nearest(model, x))


def start_of(model, sae, fires):
    """Random tokens plus noise, and a feature that fires there, or is silent at every position."""
    E = model.gpt_neox.embed_in.weight
    while True:
        x = (E[torch.randint(len(E), (L,))] + 0.5 * torch.randn(L, E.shape[1])).float().double()
        feature = int(torch.randint(F, (1,)))
        if (activation(model, sae, x, feature).max() > 0) == fires:
            return x, feature


def main():
    torch.manual_seed(3)
    model, sae = load()
    results = []
    for rate, weight, fires in RUNS:
        start, feature = start_of(model, sae, fires)
        result = run(model, sae, start, feature, rate, weight)
        print(f"feature {feature}, rate {rate}, lambda {weight}: loss {result['loss'][0]:.4f} to "
              f"{result['loss'][-1]:.4f}, activation {result['activation'][-1]:.4f}, moved "
              f"{(result['last'] - start).norm():.4f}")
        results.append(dict(result, start=start, feature=torch.tensor(feature),
                            rate=torch.tensor(rate), silent=torch.tensor(not fires)) |
                       {"lambda": torch.tensor(weight)})
    tensors = sae | {name: torch.stack([r[name] for r in results]) for name in results[0]}
    save_file({name: x.float().contiguous() for name, x in tensors.items()}, OUT)
    print(OUT.stat().st_size, "bytes")


main()
