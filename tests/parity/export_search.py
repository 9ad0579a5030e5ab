"""Writes tests/invert/fixtures/search.safetensors: the two published searches for real tokens, step
by step, on the network of tests/parity/fixtures/models/neox_parallel and the SAE of
tests/invert/fixtures/original.safetensors (export_original.py makes it).

    python tests/parity/export_search.py

Needs torch, transformers and safetensors. Written again from the papers' descriptions. Both read
the feature's pre-activation at the last token, behind a BOS, and begin with random tokens; a child
is its parent with the token at one random position drawn from those that the gradient at the
position's embedding ranks highest. Chance is the counter-based stream of src/base/rng.c, drawn in
the engine's order; like the engine, neither makes the same child twice in a run.

  GCG (Zou et al. 2023): one sequence, always replaced by its best child.
  EPO (Thompson, Straznickas, Sklar 2024): as many sequences as weights on cross-entropy. The
      gradient is that of the whole objective; each weight takes the best of all sequences and all
      children, the same one perhaps for several; every few steps only the sequence that is best
      under a weight drawn anew remains.

Everything is float64. The seed is one with which no choice was close: float32 must decide the same.

    gcg_tokens [N, L], gcg_value [N]: the sequence after each step; gcg_best [N]: the best so far
    epo_first_tokens [M, L], epo_first_value, epo_first_gradient [M]: the starts, the norm of the
        value's gradient there
    epo_tokens [N, M, L], epo_value, epo_cross_entropy [N, M]: after each step, restarts included
    epo_front_n [N], epo_front_value, epo_front_cross_entropy [N, P]: what no other sequence of the
        run so far is at least as good as in both, by rising value; 0 beyond the n
    feature, seed [1]
"""
import math
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "tests/invert/fixtures"
BOS, L, TOP, CHILDREN, STEPS = 0, 8, 16, 32, 12
WEIGHTS = [0.1 * 100 ** (i / 7) for i in range(8)]
RESTART_EVERY, RESTART = 5, (2 / 3, 6)
MOST_TRIES = 4  # for a child that is new
SEED, CLOSE = 18, 1e-5  # the first seed whose decisions are all further apart
MASK, GOLDEN = 2**64 - 1, 0x9E3779B97F4A7C15


# ---- chance: src/base/rng.c ---------------------------------------------------------------------

def mix(z):
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
    return z ^ z >> 31


class Stream:
    def __init__(self, key):
        self.key, self.counter = key, 0

    @classmethod
    def named(cls, seed, name):
        key = mix(seed + GOLDEN & MASK)
        for byte in name.encode():
            key = mix(key ^ byte) + GOLDEN & MASK
        return cls(mix(key))

    def split(self, number):
        return Stream(mix(mix(self.key ^ GOLDEN) + mix(number * GOLDEN + 1 & MASK) & MASK))

    def next(self):
        self.counter += 1
        return mix(self.key + self.counter * GOLDEN & MASK)

    def uniform(self):
        return (self.next() >> 11) * 2.0**-53

    def below(self, n):
        """Without bias: the lowest products, which are one too many, are drawn again."""
        while True:
            product = (self.next() >> 32) * n
            if product & 0xFFFFFFFF >= (2**32 - n) % n:
                return product >> 32


# ---- the model ----------------------------------------------------------------------------------

class Network:
    def __init__(self):
        self.model = AutoModelForCausalLM.from_pretrained(
            ROOT / "tests/parity/fixtures/models/neox_parallel", dtype=torch.float64,
            attn_implementation="eager").double().eval().requires_grad_(False)
        self.sae = {name: x.double() for name, x in
                    load_file(FIXTURES / "original.safetensors").items()}
        self.E = self.model.gpt_neox.embed_in.weight
        self.candidates = [t for t in range(len(self.E)) if t != BOS]
        self.seen = []
        self.model.gpt_neox.layers[1].mlp.register_forward_hook(
            lambda module, given, result: self.seen.append(result))

    def run(self, tokens, feature):
        """Values and mean cross-entropies [n] of n sequences, and the embeddings they are of."""
        ids = torch.tensor([[BOS, *one] for one in tokens])
        x = self.E[ids].clone().requires_grad_()
        self.seen.clear()
        logits = self.model(inputs_embeds=x).logits
        last = self.seen[0][:, -1] - self.sae["b_dec"]
        value = last @ self.sae["W_enc"][:, feature] + self.sae["b_enc"][feature]
        log_p = torch.log_softmax(logits[:, :-1], -1).gather(2, ids[:, 1:, None])[..., 0]
        return value, -log_p.mean(1), x

    def measure(self, tokens, feature):
        with torch.no_grad():
            value, cross_entropy, _ = self.run(tokens, feature)
        return value.tolist(), cross_entropy.tolist()


class Closest:
    """How near the nearest decision of a run was."""
    def __init__(self):
        self.gap = math.inf

    def choose(self, scores):
        """The first of the largest. Equal sequences score the same to the last digit: no choice."""
        best = max(scores)
        others = [best - x for x in scores if x != best]
        self.gap = min([self.gap, *others])
        return scores.index(best)

    def rank(self, scores, candidates):
        """The TOP candidates of largest score, ties to the lower one."""
        order = sorted(range(len(scores)), key=lambda i: (-scores[i], i))
        self.gap = min([self.gap, *(scores[a] - scores[b]
                                    for a, b in zip(order[:TOP], order[1:TOP + 1]))])
        return [candidates[i] for i in order[:TOP]]


# ---- what both searches share -------------------------------------------------------------------

GCG_PHASE, EPO_PHASE, RESTART_KIND, RANDOM_START = 0, 1, 3, 3


def random_starts(net, chance, n):
    draws = chance.split(RANDOM_START << 16)
    return [[net.candidates[draws.below(len(net.candidates))] for _ in range(L)]
            for _ in range(n)]


def token_lists(net, closest, tokens, feature, weight):
    """For each position the TOP tokens that raise value - weight * cross-entropy the most."""
    value, cross_entropy, x = net.run([tokens], feature)
    (value - weight * cross_entropy).sum().backward()
    gain = x.grad[0, 1:] @ net.E[net.candidates].T
    return [closest.rank(row.tolist(), net.candidates) for row in gain]


def propose(draws, tried, tokens, lists):
    children = []
    for _ in range(CHILDREN):
        for _ in range(MOST_TRIES):
            draws.uniform()  # which kind of move: there is only one
            position = draws.below(L)
            child = list(tokens)
            child[position] = lists[position][draws.below(TOP)]
            if child != tokens and tuple(child) not in tried:
                tried.add(tuple(child))
                children.append(child)
                break
    return children


# ---- the searches -------------------------------------------------------------------------------

def gcg(net, closest, feature, seed):
    chance = Stream.named(seed, "search").split(feature)
    tokens = random_starts(net, chance, 1)[0]
    best, tried = net.measure([tokens], feature)[0][0], set()
    out = dict(gcg_tokens=[], gcg_value=[], gcg_best=[])
    for step in range(STEPS):
        lists = token_lists(net, closest, tokens, feature, 0)
        draws = chance.split(GCG_PHASE).split(step).split(0)
        children = propose(draws, tried, tokens, lists)
        values = net.measure(children, feature)[0]
        chosen = closest.choose(values)
        tokens, best = children[chosen], max(best, values[chosen])
        out["gcg_tokens"].append(tokens)
        out["gcg_value"].append(values[chosen])
        out["gcg_best"].append(best)
    return out


def front_of(points):
    """By value; a point goes when another is as good in both (the same sequence comes once)."""
    points = sorted(set(points))
    return [p for p in points
            if not any(q != p and q[0] >= p[0] and q[1] <= p[1] for q in points)]


def epo(net, closest, feature, seed):
    chance = Stream.named(seed, "search").split(feature)
    members = random_starts(net, chance, len(WEIGHTS))
    x = net.run(members, feature)
    x[0].sum().backward()
    out = dict(epo_first_tokens=members, epo_first_value=x[0].tolist(),
               epo_first_gradient=x[2].grad[:, 1:].flatten(1).norm(dim=1).tolist(), epo_tokens=[],
               epo_value=[], epo_cross_entropy=[], fronts=[])
    value, cross_entropy = net.measure(members, feature)
    tried, points = set(), list(zip(value, cross_entropy))
    for step in range(STEPS):
        children = []
        for i, weight in enumerate(WEIGHTS):
            lists = token_lists(net, closest, members[i], feature, weight)
            draws = chance.split(EPO_PHASE).split(step).split(i)
            children += propose(draws, tried, members[i], lists)
        more = net.measure(children, feature)
        everything = members + children
        value, cross_entropy = value + more[0], cross_entropy + more[1]
        points += zip(*more)
        chosen = [closest.choose([v - weight * c for v, c in zip(value, cross_entropy)])
                  for weight in WEIGHTS]
        if (step + 1) % RESTART_EVERY == 0:
            along = chance.split(RESTART_KIND << 32 | step).uniform()
            weight = RESTART[0] + (RESTART[1] - RESTART[0]) * along
            scores = [value[i] - weight * cross_entropy[i] for i in chosen]
            chosen = [chosen[closest.choose(scores)]] * len(WEIGHTS)
        members = [everything[i] for i in chosen]
        value, cross_entropy = ([x[i] for i in chosen] for x in (value, cross_entropy))
        out["epo_tokens"].append(members)
        out["epo_value"].append(value)
        out["epo_cross_entropy"].append(cross_entropy)
        out["fronts"].append(front_of(points))
    return out


def padded(fronts):
    most = max(len(f) for f in fronts)
    rows = torch.zeros(len(fronts), most, 2)
    for i, front in enumerate(fronts):
        rows[i, :len(front)] = torch.tensor(front)
    return dict(epo_front_n=torch.tensor([len(f) for f in fronts]), epo_front_value=rows[..., 0],
                epo_front_cross_entropy=rows[..., 1])


def main():
    net, closest, feature = Network(), Closest(), SEED % 40
    one, many = gcg(net, closest, feature, SEED), epo(net, closest, feature, SEED)
    print(f"GCG {one['gcg_best'][-1]:.4f}, EPO {max(many['epo_value'][-1]):.4f}, front of "
          f"{len(many['fronts'][-1])}, closest decision {closest.gap:.2g}")
    assert closest.gap > CLOSE, "take another seed"
    tensors = one | padded(many.pop("fronts")) | many | dict(feature=[feature], seed=[SEED])
    tensors = {name: torch.as_tensor(x).float().contiguous() for name, x in tensors.items()}
    save_file(tensors, FIXTURES / "search.safetensors")
    print((FIXTURES / "search.safetensors").stat().st_size, "bytes")


main()
