"""What users run today and this program, stage by stage, on the same machine, weights and text:

    python tests/parity/make_pythia_shape.py DIR tokenizer.json prose.txt      # weights, once
    make build build/release/tests/bench/rows
    python tests/bench/side_by_side.py DIR prose.txt [--stages collect,optimise,umap,hdbscan,whole]

Needs torch, transformers, transformer-lens, sae-lens, umap-learn, hdbscan, scikit-learn. Both sides use all cores.
The Python side does what the original program did, written again from its description: one prompt
at a time through the whole HookedSAETransformer with the SAE spliced in and every activation kept,
the SAE's activations averaged over positions; then one start of ten free embeddings a feature,
each step the whole network forward and backward, with gradients of all weights, and the nearest of
all tokens by cosine. This side: `saeinv run` for collect; `saeinv bench` for optimise, where a
feature has eight starts of sixteen positions, so that its feature-step is 12.8 times the work.
UMAP and HDBSCAN get the same 20,000 rows of 50 columns; umap-learn twice, with a seed (repeatable,
as here) and without (all cores). Trustworthiness (Venna, Kaski 2001) is of 2,000 of the rows among
all. The best of two runs counts on both sides, but for collect, which runs once on both, after code
that is compiled has been compiled. Lines are cut into prompts by each side's own rules, so that their
numbers of tokens, which are printed, differ a little.

The whole run, once on each side: there, collect, filter by entropy and sparsity, UMAP to 5 dimensions,
HDBSCAN, UMAP to 2, and one start of WHOLE_STEPS steps for each of WHOLE_FEATURES features. Here, the
same through `saeinv run` with all else as it is by default, so that it also has eight starts, the
search for real tokens, effects, rules and the report, which the original has not.
"""

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path

import numpy

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build/release"
PROMPTS, LENGTH, STEPS = 200, 10, 20
WHOLE_FEATURES, WHOLE_STEPS = 4, 100
ROWS, COLUMNS, CENTRES, NEIGHBOURS = 20000, 50, 50, 15
HOOK = "blocks.3.hook_mlp_out"


def best(function, times=2):
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        result = function()
        seconds.append(time.perf_counter() - start)
    return min(seconds), result


# ---- the original's way ----------------------------------------------------------------------------


def load(folder):
    import torch
    from sae_lens import SAE, HookedSAETransformer
    from transformer_lens.config.hooked_transformer_config import HookedTransformerConfig
    from transformer_lens.pretrained import weight_conversions
    from transformers import AutoModelForCausalLM, AutoTokenizer

    source = AutoModelForCausalLM.from_pretrained(folder / "model", dtype=torch.float32)
    c = source.config
    head = c.hidden_size // c.num_attention_heads
    config = HookedTransformerConfig(
        d_model=c.hidden_size, d_head=head, n_heads=c.num_attention_heads,
        n_layers=c.num_hidden_layers, n_ctx=c.max_position_embeddings, d_vocab=c.vocab_size,
        d_mlp=c.intermediate_size, act_fn=c.hidden_act, eps=c.layer_norm_eps,
        normalization_type="LN", device="cpu", init_weights=False,
        positional_embedding_type="rotary", rotary_dim=head // 4, rotary_adjacent_pairs=False,
        parallel_attn_mlp=True, original_architecture="GPTNeoXForCausalLM")
    model = HookedSAETransformer(config, move_to_device=False)
    model.load_and_process_state_dict(
        weight_conversions.convert_neox_weights(source, config), fold_ln=True,
        center_writing_weights=True, center_unembed=True, fold_value_biases=True)
    return model, SAE.load_from_disk(folder / "sae"), AutoTokenizer.from_pretrained(folder / "model")


def features_of(model, sae, tokens, x=None):
    hooks = [] if x is None else [("hook_embed", lambda value, hook: x[None])]
    with model.hooks(fwd_hooks=hooks):
        _, cache = model.run_with_cache_with_saes(tokens, saes=[sae])
    return cache[f"{HOOK}.hook_sae_acts_post"]


def their_collect(model, sae, prompts):
    return [features_of(model, sae, tokens).mean(1).detach() for tokens in prompts]


def their_optimise(model, sae, feature, steps=STEPS):
    import torch
    E = model.W_E
    x = torch.nn.Parameter(E[torch.randint(len(E), (LENGTH,))].detach()
                           + 0.5 * torch.randn(LENGTH, E.shape[1]))
    optimiser = torch.optim.AdamW([x], 1e-3, weight_decay=0)
    dummy = torch.zeros(1, LENGTH, dtype=torch.long)
    for _ in range(steps):
        optimiser.zero_grad()
        f = features_of(model, sae, dummy, x)[0, :, feature].max()
        with torch.no_grad():
            unit = torch.nn.functional.normalize
            nearest = E[(unit(x, dim=-1) @ unit(E, dim=-1).T).argmax(1)]
        (-f + 1e-5 * (x - nearest).norm()).backward()
        optimiser.step()


def their_whole(model, sae, prompts):
    import hdbscan
    import torch
    import umap
    a = torch.cat(their_collect(model, sae, prompts))
    share = a / a.sum(0)
    entropy = -(share * share.clamp_min(1e-30).log()).sum(0)
    active = (a > 0.01).float().mean(0)
    kept = torch.nonzero((entropy > 1) & (entropy < 6) & (active > 0.01) & (active < 0.5))[:, 0]
    x = torch.nn.functional.normalize(a[:, kept].T, dim=-1).numpy()
    reduced = umap.UMAP(n_components=5, min_dist=0, metric="cosine", random_state=1).fit_transform(x)
    labels = hdbscan.HDBSCAN(min_cluster_size=20, min_samples=5).fit(reduced).labels_
    umap.UMAP(metric="cosine", random_state=1).fit_transform(x)
    _, first = numpy.unique(labels, return_index=True)
    for row in list(first)[:WHOLE_FEATURES] + list(range(WHOLE_FEATURES - len(first))):
        their_optimise(model, sae, int(kept[row]), WHOLE_STEPS)
    return len(kept)


def prompts_of(text, tokenizer):
    """As `saeinv run` takes them from a text: lines, cut at 100 tokens, behind a BOS."""
    import torch
    out = []
    for line in text.read_text(encoding="utf-8").splitlines():
        ids = tokenizer(line.strip())["input_ids"][:100]
        if len(ids) >= 10:
            out.append(torch.tensor([[0] + ids]))
        if len(out) == PROMPTS:
            break
    return out


# ---- this program ----------------------------------------------------------------------------------


def our_run(folder, text, settings):
    """Seconds of the whole program, of each stage, and the record of the run."""
    with tempfile.TemporaryDirectory() as out:
        start = time.perf_counter()
        subprocess.run([BUILD / "saeinv", "run", "-q", "--model", folder / "model", "--sae",
                        folder / "sae", "--data", text, "--out", f"{out}/r"]
                       + [x for s in settings for x in ("--set", s)], check=True)
        whole = time.perf_counter() - start
        times = json.loads((Path(out) / "r/volatile/timing.json").read_text())
        run = json.loads((Path(out) / "r/run.json").read_text())
    return whole, {s["name"]: s["seconds"] for s in times["stages"]}, run


def our_collect(folder, text):
    _, stages, run = our_run(folder, text, [
        f"collect.n_prompts={PROMPTS}", "select.max_features=1", "optimise.max_steps=1",
        "search.effort=warm", "cluster.method=kmeans"])
    return stages["collect"], run


def our_whole(folder, text):
    return our_run(folder, text, [
        f"collect.n_prompts={PROMPTS}", f"select.max_features={WHOLE_FEATURES}",
        f"optimise.max_steps={WHOLE_STEPS}"])


def our_optimise(folder):
    found = subprocess.run([BUILD / "saeinv", "bench", "--json", "--only", "optimise", "--shape",
                            "model", "--quick", "--model", folder / "model", "--sae",
                            folder / "sae"], check=True, capture_output=True, text=True)
    return json.loads(found.stdout)["paths"][0]["units_per_second"]


# ---- maps and clusters -----------------------------------------------------------------------------


def random_rows():
    r = numpy.random.default_rng(1)
    centres = 3 * r.normal(size=(CENTRES, COLUMNS))
    which = r.integers(0, CENTRES + CENTRES // 4, ROWS)
    x = r.normal(size=(ROWS, COLUMNS)) * numpy.where(which < CENTRES, 1, 3)[:, None]
    x += numpy.where((which < CENTRES)[:, None], centres[numpy.minimum(which, CENTRES - 1)], 0)
    return x.astype(numpy.float32)


def trustworthiness(x, y, k=NEIGHBOURS, among=2000):
    n, penalty = len(x), 0
    for i in range(among):
        ranks = numpy.empty(n, int)
        ranks[numpy.argsort(((x - x[i]) ** 2).sum(1), kind="stable")] = numpy.arange(n)
        near = numpy.argsort(((y - y[i]) ** 2).sum(1), kind="stable")
        near = near[near != i][:k]
        penalty += numpy.maximum(ranks[near] - k, 0).sum()
    return 1 - penalty * 2 / (among * k * (2 * n - 3 * k - 1))


def our_maps(x):
    with tempfile.TemporaryDirectory() as out:
        path = Path(out) / "rows"
        x.tofile(path)
        runs = [json.loads(subprocess.run([BUILD / "tests/bench/rows", path, str(ROWS), str(COLUMNS)],
                                          check=True, capture_output=True, text=True).stdout)
                for _ in range(2)]
        y = numpy.fromfile(f"{path}.map", numpy.float32).reshape(ROWS, 2)
    return {key: min(run[key] for run in runs) for key in runs[0]}, y


def show(what, theirs, ours, unit, note=""):
    print(f"{what:34} {theirs:10.2f} {ours:10.2f} {unit:22} {max(theirs, ours) / min(theirs, ours):6.1f} {note}",
          flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("text", type=Path)
    parser.add_argument("--stages", default="collect,optimise,umap,hdbscan")
    args = parser.parse_args()
    stages = args.stages.split(",")
    print(f"{'':34} {'theirs':>10} {'ours':>10} {'':22} {'times':>6}")
    if "umap" in stages or "hdbscan" in stages:
        x = random_rows()
        ours, y = our_maps(x)
    if "hdbscan" in stages:
        import hdbscan
        theirs, found = best(lambda: hdbscan.HDBSCAN(min_cluster_size=15, core_dist_n_jobs=-1).fit(x))
        show("HDBSCAN, 20,000 x 50", theirs, ours["hdbscan"], "s",
             f"clusters {found.labels_.max() + 1}, {ours['clusters']}")
    if "umap" in stages:
        import umap
        umap.UMAP(n_epochs=11).fit(x[:2000])  # compiles
        trusted = trustworthiness(x, y)
        for name, how in (("UMAP, repeatable", dict(random_state=1)), ("UMAP, umap-learn unseeded", {})):
            theirs, z = best(lambda: umap.UMAP(n_neighbors=NEIGHBOURS, **how).fit_transform(x))
            show(name, theirs, ours["umap"], "s",
                 f"trustworthiness {trustworthiness(x, z):.4f}, {trusted:.4f}")
    if not {"collect", "optimise", "whole"} & set(stages):
        return
    model, sae, tokenizer = load(args.folder)
    prompts = prompts_of(args.text, tokenizer)
    if "collect" in stages:
        tokens = sum(p.shape[1] for p in prompts)
        their_collect(model, sae, prompts[:5])
        theirs, _ = best(lambda: their_collect(model, sae, prompts), 1)
        seconds, run = our_collect(args.folder, args.text)
        n = run["data"]["n_tokens"] if "data" in run and "n_tokens" in run["data"] else tokens
        show("collect", tokens / theirs, n / seconds, "tokens/s", f"{tokens} and {n} tokens")
    if "optimise" in stages:
        their_optimise(model, sae, 0)
        theirs, _ = best(lambda: their_optimise(model, sae, 1))
        ours = our_optimise(args.folder)
        show("optimise, a start", STEPS / theirs, 8 * ours, "start-steps/s",
             f"of {LENGTH} and of 16 positions")
        show("optimise, a feature", STEPS / theirs, ours, "feature-steps/s", "one start, eight starts")
    if "whole" in stages:
        theirs, kept = best(lambda: their_whole(model, sae, prompts), 1)
        ours, times, run = our_whole(args.folder, args.text)
        show(f"whole run, {WHOLE_FEATURES} features", theirs, ours, "s",
             f"{kept} features kept there; here by stage: "
             + ", ".join(f"{name} {s:.0f}" for name, s in times.items()))


main()
