"""Writes tests/invert/fixtures/chars: a language model of characters and an SAE of it, both trained,
small enough that every sequence of four characters can be run, and what comes of running them all.

    python tests/parity/make_char_model.py text.txt

Needs torch, transformers, safetensors; about ten minutes on two cores, one on a GPU. The text is what
world_text.c prints of 4000 documents. Files:

    model/   GPT-NeoX of two sequential layers in float16, and its tokenizer: 0 is the BOS, the 31
             characters follow
    sae/     SAELens's files: ReLU on blocks.1.hook_mlp_out, the features left that fire on about
             1 % of the text
    truth.safetensors, float32, row f for feature f, computed in float64 from the weights as stored:
      best_L [F, L], value_L [F]   of all sequences of at most L characters after the BOS (L = 3, 4)
               the one whose last position has the largest pre-activation, padded with -1, and it
      second_4 [F]                 the same of the sequence that comes second
      singles [F, 8]               best single characters, best first
      windows_L [F, 8, L], data_L [F]  windows of held-out text by the feature at their last
               position, strongest first, no two alike; the largest pre-activation there is (L = 4,
               10)
      random_64 [64, 5], z_64 [64, F]  some sequences with their BOS; pre-activations at the last
      cross_entropy [2]            nats a character of held-out windows of 10: mean, deviation
"""
import json
import sys
from itertools import product
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

ROOT = Path(__file__).parents[2]
OUT = ROOT / "tests/invert/fixtures/chars"
CHARACTERS = "abcdefghijklmnopqrstuvwxyz .,'?"
V, D, WIDE, FEATURES, CONTEXT = 1 + len(CHARACTERS), 48, 256, 32, 32
HOOK = "blocks.1.hook_mlp_out"


def read_text(path):
    """Ids of our characters; what is not among them becomes a space, and never two."""
    ids = {c: i + 1 for i, c in enumerate(CHARACTERS)}
    kept = "".join(c if c in ids else " " for c in Path(path).read_text().lower())
    return torch.tensor([ids[c] for c in " ".join(kept.split())])


def windows_of(text, n, length):
    """n windows from random places, the BOS before each."""
    at = torch.randint(len(text) - length, (n, 1))
    return torch.cat([torch.zeros(n, 1, dtype=torch.long), text[at + torch.arange(length)]], 1)


def train_model(text, steps=4000):
    config = GPTNeoXConfig(
        vocab_size=V, hidden_size=D, num_hidden_layers=2, num_attention_heads=6,
        intermediate_size=4 * D, max_position_embeddings=CONTEXT, use_parallel_residual=False,
        bos_token_id=0, eos_token_id=0, tie_word_embeddings=False)
    model = GPTNeoXForCausalLM(config).train()
    optimiser = torch.optim.AdamW(model.parameters(), 3e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, steps)
    for step in range(steps):
        x = windows_of(text, 128, CONTEXT - 1)
        loss = model(x, labels=x).loss
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % 500 == 0 or step == steps - 1:
            print("model", step, round(loss.item(), 3), flush=True)
    return model.eval()


def hook_values(model, tokens):
    """mlp_out of the last layer [B, T, D]; nothing after it is run."""
    seen = []
    handle = model.gpt_neox.layers[1].mlp.register_forward_hook(lambda m, i, o: seen.append(o))
    with torch.no_grad():
        model.gpt_neox(tokens)
    handle.remove()
    return seen[0]


def train_sae(model, text, steps=4000):
    """ReLU with an L1 penalty on activations; decoder rows of unit norm."""
    data = torch.cat([hook_values(model, windows_of(text, 1024, CONTEXT - 1))[:, 1:].reshape(-1, D)
                      for _ in range(16)])
    scale = data.norm(dim=1).mean() / D ** 0.5
    data = data / scale
    decoder = torch.nn.functional.normalize(torch.randn(WIDE, D), dim=1)
    weights = [decoder.T.clone(), torch.zeros(WIDE), decoder, data.mean(0)]
    for w in weights:
        w.requires_grad_()
    optimiser = torch.optim.Adam(weights, 2e-3)
    for step in range(steps):
        x = data[torch.randint(len(data), (1024,))]
        f = torch.relu((x - weights[3]) @ weights[0] + weights[1])
        error = (f @ weights[2] + weights[3] - x).square().sum(1).mean()
        loss = error + min(1, step / 1000) * 1.5 * f.sum(1).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        with torch.no_grad():
            weights[2].copy_(torch.nn.functional.normalize(weights[2], dim=1))
        if step % 1000 == 0 or step == steps - 1:
            print("sae", step, "error", round(error.item(), 2), "of", D, "L0",
                  round((f > 0).sum(1).float().mean().item(), 2), flush=True)
    w_enc, b_enc, w_dec, b_dec = (w.detach() for w in weights)
    density = (torch.relu((data - b_dec) @ w_enc + b_enc) > 0).float().mean(0)
    ranked = (density.clamp_min(1e-9).log() - torch.tensor(0.01).log()).abs().argsort()
    kept = ranked[:FEATURES].sort().values
    print("densities", density[kept].min().item(), "to", density[kept].max().item())
    # (x / s - b_dec) W + b = (x - s b_dec) (W / s) + b
    return dict(W_enc=(w_enc[:, kept] / scale).half().float().contiguous(), b_enc=b_enc[kept],
                W_dec=(w_dec[kept] * scale).contiguous(), b_dec=b_dec * scale)


def save_model(model):
    folder = OUT / "model"
    model.half().save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    vocab = {"<|endoftext|>": 0} | {("Ġ" if c == " " else c): i + 1
                                    for i, c in enumerate(CHARACTERS)}
    special = dict(id=0, content="<|endoftext|>", single_word=False, lstrip=False, rstrip=False,
                   normalized=False, special=True)
    (folder / "tokenizer.json").write_text(json.dumps(dict(
        added_tokens=[special],
        pre_tokenizer=dict(type="ByteLevel", add_prefix_space=False, trim_offsets=True,
                           use_regex=True),
        decoder=dict(type="ByteLevel"), model=dict(type="BPE", vocab=vocab, merges=[])),
        indent=1) + "\n")
    return GPTNeoXForCausalLM.from_pretrained(folder, dtype=torch.float64,
                                              attn_implementation="eager").to(
                                                  torch.get_default_device()).eval()


def save_sae(weights):
    folder = OUT / "sae"
    folder.mkdir(exist_ok=True)
    save_file(weights, folder / "sae_weights.safetensors")
    (folder / "cfg.json").write_text(json.dumps(dict(
        architecture="standard", d_in=D, d_sae=FEATURES, dtype="float32", device="cpu",
        apply_b_dec_to_input=True, normalize_activations="none", reshape_activations="none",
        metadata=dict(sae_lens_version="6.18.0", hook_name=HOOK, model_name="chars",
                      prepend_bos=True)), indent=1) + "\n")


def last_z(model, sae, tokens):
    """Pre-activations at the last position [B, F]."""
    parts = [(hook_values(model, part)[:, -1] - sae["b_dec"]) @ sae["W_enc"] + sae["b_enc"]
             for part in tokens.split(1 << 15)]
    return torch.cat(parts)


def exhaustive(model, sae):
    """Best two of all sequences by length, and the singles."""
    truth, lists = {}, []
    for length in range(1, 5):
        everything = torch.tensor(list(product(range(1, V), repeat=length)))
        z = last_z(model, sae, torch.cat([torch.zeros(len(everything), 1, dtype=torch.long),
                                          everything], 1))
        top = z.topk(8, dim=0)
        padded = torch.full((8, FEATURES, 4), -1)
        padded[:, :, :length] = everything[top.indices]
        if length == 1:
            truth["singles"] = padded[:, :, 0].T
        lists.append((top.values, padded))
        values, rows = (torch.cat(x) for x in zip(*lists))
        order = values.argsort(0, descending=True)
        if length >= 3:
            best = rows[order[0], torch.arange(FEATURES)]
            truth[f"best_{length}"] = best[:, :length]
            truth[f"value_{length}"] = values.max(0).values
            truth[f"second_{length}"] = values.gather(0, order[1:2])[0]
        print("length", length, "done", flush=True)
    del truth["second_3"]
    return truth


def data_windows(model, sae, text, length):
    """Strongest windows of the text, by the last position."""
    x = windows_of(text, 60000, length)
    z = last_z(model, sae, x)
    top = z.topk(400, dim=0)
    rows = []
    for f in range(FEATURES):
        distinct = list(dict.fromkeys(tuple(x[i, 1:].tolist()) for i in top.indices[:, f]))
        rows.append(distinct[:8])
    return torch.tensor(rows), top.values[0]


def main():
    torch.set_default_device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(1)
    text = read_text(sys.argv[1])
    held_out, text = text[:100000], text[100000:]
    print(len(text), "characters")
    trained = train_model(text)
    sae = train_sae(trained, text)
    model = save_model(trained)
    save_sae(sae)
    sae = {name: value.double() for name, value in sae.items()}
    truth = exhaustive(model, sae)
    for length in (4, 10):
        truth[f"windows_{length}"], truth[f"data_{length}"] = data_windows(model, sae, held_out,
                                                                           length)
    some = torch.cat([torch.zeros(64, 1, dtype=torch.long), torch.randint(1, V, (64, 4))], 1)
    truth |= {"random_64": some, "z_64": last_z(model, sae, some)}
    x = windows_of(held_out, 5000, 10)
    with torch.no_grad():
        loss = torch.nn.functional.cross_entropy(model(x).logits[:, 1:-1].transpose(1, 2), x[:, 2:],
                                                 reduction="none").mean(1)
    truth["cross_entropy"] = torch.stack([loss.mean(), loss.std()])
    save_file({name: x.float().contiguous() for name, x in truth.items()},
              OUT / "truth.safetensors")
    print("best / data, L = 4:", (truth["value_4"] / truth["data_4"]).tolist())
    print("cross-entropy", truth["cross_entropy"].tolist())


main()
