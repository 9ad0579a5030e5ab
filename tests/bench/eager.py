"""PyTorch in eager mode doing what `saeinv bench` does, on the same machine:

    python tests/bench/eager.py --device cuda --only scan --shape Pythia
    build/release/saeinv bench --device cuda --only scan --shape Pythia    # then --only optimise

Needs torch alone. Weights are random, in the shapes of src/pipeline/bench_shapes.c but Gemma's. Both
sides take the same sizes, count FLOPs by the same formula (products and attention alone), give the
best of a few repetitions, and measure the best matrix product just before and after: a share is of
one's own peak, rates are what to compare. Run one after the other, nothing beside them.

It is what a competent user writes without torch.compile: scaled_dot_product_attention, fused Adam,
statistics on the device, nothing brought back but how many activations a batch has, which nonzero()
waits for. Left out, though saeinv does it: positions of maxima, checks for infinities, curves and
convergence of inputs. Beyond saeinv's bench, which leaves them at 0: weights of the penalties, and
the ball that rows are kept in.

--products f32 (no TF32), tf32 (torch.backends.cuda.matmul.allow_tf32) or bf16: weights of model and
SAE and all that flows through them are bfloat16 tensors, without autocast; what is optimised, its
penalties and all sums stay float32 or wider. The peak is of products of that kind.
saeinv bench --products computes all in float32 but the products' factors.
"""

import argparse
import json
import math
import time
from collections import namedtuple

import torch
import torch.nn.functional as functional
from torch import nn

PEAK_SHAPES = [(1024, 1024, 1024, False), (2048, 2048, 512, False), (1024, 1024, 1024, True),
               (8192, 8192, 8192, False)]  # M, N, K, left side transposed; the last for a GPU alone
PEAK_SECONDS, LONG_ENOUGH, REPEATS = 0.15, 3, 5
BATCH, LENGTH = 16, 128  # prompts, tokens of each
BINS, BINS_PER_OCTAVE, FIRST_OCTAVE = 112, 4, -12
TRIED_PROMPTS, ABOVE = 4, 3
STARTS, POSITIONS, NEAREST_EVERY, WINDOW = 8, 16, 10, 1
SECONDS, MOST_TOKENS, MOST_SEQUENCES, MOST_ROUNDS = 0.5, 1 << 18, 256, 20
RATE, NOISE, SOFTNESS, NORM_LIMIT = 0.01, 0.1, 0.15, 1
DISTANCE, DIVERSITY, REPETITION = 0.02, 0.1, 0.1  # weights

# Of a parallel model the mlp of the block after `blocks` is run too: the hook is what it gives.
Shape = namedtuple("Shape", "name parallel layers blocks d_model heads d_mlp vocabulary rotary d_sae "
                            "tokens sequences")
SHAPES = [Shape("Pythia-70M", True, 6, 3, 512, 8, 2048, 50304, 16, 32768, 8192, 256),
          Shape("GPT-2 small", False, 12, 8, 768, 12, 3072, 50257, 0, 24576, 2048, 32)]


def model_flops(s, context):
    """Of one token that sees `context` keys on average, as src/model/flops.c has it."""
    attention = 4 * s.d_model * s.d_model + 2 * s.d_model * context
    mlp = 2 * s.d_model * s.d_mlp
    return 2 * (s.blocks * (attention + mlp) + s.parallel * mlp)


# ---- the model and the SAE -------------------------------------------------------------------------


def reading_deviation(s):
    return math.sqrt(2 / (5 * s.d_model))


def linear(into, out, deviation):
    """Begins as saeinv's do (src/model/transformer.c), so that as many features are active."""
    made = nn.Linear(into, out)
    nn.init.normal_(made.weight, std=deviation)
    nn.init.zeros_(made.bias)
    return made


class Block(nn.Module):
    def __init__(self, s):
        super().__init__()
        D, M, read = s.d_model, s.d_mlp, reading_deviation(s)
        write = 2 / s.layers / math.sqrt(D)
        self.heads, self.parallel, self.rotary = s.heads, s.parallel, s.rotary
        self.ln1, self.qkv, self.out = nn.LayerNorm(D), linear(D, 3 * D, read), linear(D, D, write)
        self.mlp = nn.Sequential(nn.LayerNorm(D), linear(D, M, read),
                                 nn.GELU("none" if s.parallel else "tanh"), linear(M, D, write))

    def attention(self, x, turns):
        n, length, D = x.shape
        # GPT-NeoX has query, key and value of a head side by side, GPT-2 all queries first.
        sizes = (self.heads, 3, -1) if self.parallel else (3, self.heads, -1)
        order = (3, 0, 2, 1, 4) if self.parallel else (2, 0, 3, 1, 4)
        q, k, v = self.qkv(self.ln1(x)).view(n, length, *sizes).permute(order)
        if self.rotary:
            q, k = turn(q, *turns), turn(k, *turns)
        z = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out(z.transpose(1, 2).reshape(n, length, D))

    def forward(self, x, turns):
        if self.parallel:
            return x + self.attention(x, turns) + self.mlp(x)
        x = x + self.attention(x, turns)
        return x + self.mlp(x)


def turn(x, cos, sin):
    half = cos.shape[1]
    a, b, rest = x.split((half, half, x.shape[-1] - 2 * half), -1)
    cos, sin = cos[:x.shape[2]], sin[:x.shape[2]]
    return torch.cat((a * cos - b * sin, b * cos + a * sin, rest), -1)


class Model(nn.Module):
    def __init__(self, s):
        super().__init__()
        embed = reading_deviation(s) * torch.randn(s.vocabulary, s.d_model)
        frequencies = 10000 ** -(torch.arange(0, s.rotary, 2) / max(s.rotary, 1))
        angles = torch.arange(LENGTH)[:, None] * frequencies
        self.s = s
        self.rms, self.max_norm = embed.square().mean().sqrt().item(), embed.norm(dim=1).max().item()
        self.register_buffer("embed", embed)
        self.register_buffer("unit_embed", functional.normalize(embed))
        self.register_buffer("positions", reading_deviation(s) * torch.randn(LENGTH, s.d_model))
        self.register_buffer("turns", torch.stack((angles.cos(), angles.sin())))
        self.blocks = nn.ModuleList(Block(s) for _ in range(s.blocks + s.parallel))
        self.requires_grad_(False)

    def forward(self, x):
        """Embeddings, prompts x positions x d_model, to the hook."""
        if not self.s.rotary:
            x = x + self.positions[:x.shape[1]]
        for block in self.blocks[:self.s.blocks]:
            x = block(x, self.turns)
        return self.blocks[-1].mlp(x) if self.s.parallel else x


@torch.no_grad()
def random_sae(model, prompts):
    """Each threshold lies ABOVE deviations over the feature's mean of these prompts."""
    w = (torch.rand(model.s.d_model, model.s.d_sae) - 0.5).to(model.embed)
    pre = (model(model.embed[prompts]).flatten(0, 1) @ w).float()
    return w, -(pre.mean(0) + ABOVE * pre.std(0, correction=0)).to(w)


# ---- scan ------------------------------------------------------------------------------------------


@torch.inference_mode()
def scan(model, w, b, prompts):
    """Statistics of every feature, left on the device; a batch is encoded as one block."""
    n_features = w.shape[1]
    histogram = torch.zeros(n_features * BINS, dtype=torch.int32, device=w.device)
    powers = torch.zeros(n_features, 4, dtype=torch.float64, device=w.device)
    means, maxima = [], []
    for batch in prompts.split(BATCH):
        f = torch.addmm(b, model(model.embed[batch.to(w.device)]).flatten(0, 1), w).relu_()
        by_prompt = f.view(len(batch), -1, n_features)
        means.append(by_prompt.mean(1, dtype=torch.float32))
        maxima.append(by_prompt.amax(1))
        row, feature = f.nonzero(as_tuple=True)
        value = f[row, feature].double()
        bins = (BINS_PER_OCTAVE * (value.log2() - FIRST_OCTAVE)).floor().clamp(0, BINS - 1).long()
        histogram.index_add_(0, feature * BINS + bins, torch.ones_like(bins, dtype=torch.int32))
        powers.index_add_(0, feature, torch.stack([value ** n for n in (1, 2, 3, 4)], 1))
    maxima, histogram = torch.cat(maxima), histogram.view(n_features, BINS)
    return histogram.sum(1), powers, maxima.amax(0), histogram, torch.cat(means), maxima


# ---- optimise --------------------------------------------------------------------------------------


def losses(x, nearest, model, column, threshold):
    """Of each sequence: minus the smooth maximum of its feature, and what its positions pay."""
    bos = model.embed[0].expand(len(x), 1, -1)
    h = model(torch.cat((bos, x.to(bos.dtype)), 1))[:, 1:]
    pre = (h @ column[:, :, None]).squeeze(-1).to(x.dtype) + threshold[:, None]
    climbed = SOFTNESS * (pre / SOFTNESS).logsumexp(1)
    distance = (x - nearest).norm(dim=-1).mean(1) / (model.rms * math.sqrt(x.shape[-1]))
    unit = functional.normalize(x, dim=-1)
    cosines = torch.cat([(unit[:, reach:] * unit[:, :-reach]).sum(-1)
                         for reach in range(1, WINDOW + 1)], 1)
    return (DISTANCE * distance + DIVERSITY * cosines.mean(1)
            + REPETITION * (cosines - 0.5).relu().mean(1) - climbed)


def kept_inside(x, model):
    return x * (NORM_LIMIT * model.max_norm / x.norm(dim=-1, keepdim=True)).clamp(max=1)


def optimise(model, w, b, start, features, steps):
    """The best input of each sequence, and its loss."""
    column, threshold = w[:, features].T.contiguous(), b[features].to(start)
    x = kept_inside(start, model).requires_grad_()
    adam = torch.optim.Adam([x], RATE * model.rms, fused=True)
    best, least = x.detach(), torch.full_like(start[:, 0, 0], math.inf)
    for step in range(steps):
        if step % NEAREST_EVERY == 0:
            ids = (x.detach().to(w.dtype) @ model.unit_embed.T).argmax(-1)
            nearest = model.embed[ids].to(x.dtype)
        loss = losses(x, nearest, model, column, threshold)
        adam.zero_grad()
        loss.sum().backward()
        with torch.no_grad():
            best = torch.where((loss < least)[:, None, None], x, best)
            least = torch.minimum(loss, least)
            adam.step()
            x.copy_(kept_inside(x, model))
    return best, least


# ---- measuring -------------------------------------------------------------------------------------


def best_seconds(run, device, most, long_enough):
    """Of up to `most` runs, until they took long enough together."""
    wait = torch.cuda.synchronize if device == "cuda" else lambda: None
    seconds = []
    while len(seconds) < most and sum(seconds) < long_enough:
        wait()
        start = time.perf_counter()
        run()
        wait()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def measure_peak(device, dtype):
    """FLOP/s of the best product, as src/pipeline/bench_peak.c looks for it."""
    best = 0
    for m, n, k, transposed in PEAK_SHAPES if device == "cuda" else PEAK_SHAPES[:-1]:
        a, b, c = (torch.full(size, 0.5, device=device, dtype=dtype)
                   for size in ((k, m) if transposed else (m, k), (k, n), (m, n)))
        a = a.T if transposed else a
        seconds = best_seconds(lambda: torch.matmul(a, b, out=c), device, math.inf, PEAK_SECONDS)
        best = max(best, 2 * m * n * k / seconds)
    return best


def token_flops(s):
    return model_flops(s, (LENGTH + 1) / 2) + 2 * s.d_model * s.d_sae


def round_flops(s):
    """Of one sequence in NEAREST_EVERY steps, from one look at all tokens to the next. Forward and
    the gradient to the inputs cost the same; a BOS stands before the positions."""
    steps = NEAREST_EVERY * (POSITIONS + 1) * 2 * model_flops(s, (POSITIONS + 2) / 2)
    return steps + POSITIONS * 2 * s.vocabulary * s.d_model


def fitted(s, peak):
    """Tokens, sequences and rounds: more on a fast machine, as fit_to_machine() of
    src/pipeline/bench_paths.c gives it."""
    flops, batch = SECONDS * peak, BATCH * LENGTH
    tokens = min(MOST_TOKENS, batch * int(flops / token_flops(s) / batch))
    sequences = min(MOST_SEQUENCES, STARTS * int(flops / (STARTS * round_flops(s))))
    sequences = max(sequences, s.sequences)
    rounds = max(1, min(MOST_ROUNDS, int(flops / (sequences * round_flops(s)))))
    return max(tokens, s.tokens), sequences, rounds


def scan_work(model, w, b, peak, part):
    """What to run, how many of what it does, and its FLOPs; the usual size divided by `part`."""
    s = model.s
    prompts = torch.randint(s.vocabulary, (fitted(s, peak)[0] // LENGTH // part, LENGTH))
    n = prompts.numel()
    return lambda: scan(model, w, b, prompts), n, "tokens", n * token_flops(s)


def optimise_work(model, w, b, peak, part):
    """The same."""
    s, (_, sequences, rounds) = model.s, fitted(model.s, peak)
    n, steps = sequences // part, NEAREST_EVERY * rounds
    start = model.embed[torch.randint(s.vocabulary, (n, POSITIONS))].float()
    start += NOISE * model.rms * torch.randn_like(start)
    features = torch.arange(n, device=w.device) // STARTS
    return (lambda: optimise(model, w, b, start, features, steps), n / STARTS * steps,
            "feature-steps", rounds * n * round_flops(s))


def measure(path, model, w, b, device, quick):
    work = {"scan": scan_work, "optimise": optimise_work}[path]
    before = measure_peak(device, w.dtype)
    run, units, unit, flops = work(model, w, b, before, 4 if quick else 1)
    run()  # warms up
    seconds = best_seconds(run, device, 1 if quick else REPEATS, LONG_ENOUGH)
    peak = max(before, measure_peak(device, w.dtype))
    return {"path": path, "shape": f"{model.s.name}, {model.s.d_model} -> {model.s.d_sae}",
            "unit": unit, "units": units, "units_per_second": units / seconds, "flops": flops,
            "flops_per_second": flops / seconds, "peak_flops_per_second": peak,
            "share_of_peak": flops / seconds / peak, "seconds": seconds}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cuda")
    parser.add_argument("--products", choices=("f32", "tf32", "bf16"), default="f32")
    parser.add_argument("--only", choices=("scan", "optimise"))
    parser.add_argument("--shape", default="", help="shapes whose name holds this")
    parser.add_argument("--quick", action="store_true", help="a quarter of the sizes, once each")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    if args.products == "tf32" and args.device == "cpu":
        parser.error("a cpu has no tf32")
    torch.backends.cuda.matmul.allow_tf32 = args.products == "tf32"
    torch.manual_seed(1)
    name = (torch.cuda.get_device_name() if args.device == "cuda" else
            f"cpu, {torch.get_num_threads()} threads")
    if not args.json:
        print(f"{name}; torch {torch.__version__}, eager; products in {args.products}\n\n{'':62} "
              f"{'GFLOP':>9} {'GFLOP/s':>9} {'peak':>9} {'share':>6}")
    rows = []
    for s in (s for s in SHAPES if args.shape in s.name):
        model = Model(s).to(args.device, torch.bfloat16 if args.products == "bf16" else torch.float32)
        w, b = random_sae(model, torch.randint(s.vocabulary, (TRIED_PROMPTS, LENGTH)))
        for path in [args.only] if args.only else ["scan", "optimise"]:
            row = measure(path, model, w, b, args.device, args.quick)
            rows.append(row)
            if not args.json:
                flops = [f"{row[of] / 1e9:9.1f}" for of in
                         ("flops", "flops_per_second", "peak_flops_per_second")]
                print(f"{path:8} {row['shape']:34} {row['units_per_second']:11.1f} "
                      f"{row['unit'] + '/s':15}", *flops, f"{100 * row['share_of_peak']:4.0f} %",
                      flush=True)
    if args.json:
        print(json.dumps({"device": name, "torch": torch.__version__, "products": args.products,
                          "paths": rows}, indent=2))


if __name__ == "__main__":
    main()
