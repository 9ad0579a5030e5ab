#!/usr/bin/env python3
"""Trains the small tokenizers of the tests and writes the ids that Hugging Face `tokenizers` gives.

    python3 tests/data/export_tokenizers.py [PYTHIA_FOLDER GPT2_FOLDER]

Writes under tests/data/fixtures/: neox/tokenizer.json (NFC, runs of spaces as added tokens, merges
as strings, as Pythia's), pairs/tokenizer.json (no normaliser, merges as pairs, ignore_merges, an
unknown token), gpt2/vocab.json + merges.txt, and for each NAME.ids: lines "text<TAB>ids", the text
with backslash escapes. With the folders of the real tokenizers, also pythia.ids and real_gpt2.ids.
Written with tokenizers 0.23.3.
"""
import json
import os
import random
import sys

from tokenizers import ByteLevelBPETokenizer, Tokenizer, decoders, models, pre_tokenizers, trainers

OUT = "tests/data/fixtures/"

TRAINING = """
The old lighthouse keeper counted twelve ships before the storm came in from the west. She'd never
seen so many at once, and she didn't think they'd all reach the harbour. "Where are you going?" she
asked the wind; it wasn't going to answer. By 1987 there were 3 lamps, 42 steps and 1,250 stones.
def count(ships):
    total = 0
    for ship in ships:
        if ship.is_safe():
            total += 1
    return total
The garden behind the house was full of roses, and the gardener's daughter watered them each
morning. We'll plant more in spring, they said. I'm sure you've noticed: the roses aren't red.
Le café était fermé. Die Straße ist naß. Ångström. Привет, мир! 你好，世界。 日本語のテキスト。
""" * 3

CASES = [
    "", "a", " ", "  ", "   ", " a", "a  b", "a   \n\n  b\t\tc", "\n\n\nx\n", "trailing spaces   ",
    "The old lighthouse keeper counted twelve ships.", "I'll don't we've they'd I'M 'S 'LL ''s",
    "1987 3.14 1,250 x2 ½ Ⅷ ١٢٣ x²", "    if ship.is_safe():\n        total += 1\n",
    "<|endoftext|>", "a<|endoftext|>b", "<|endoftext|><|endoftext|> x", "<|endoftex|> <|end",
    "<|padding|>The<|padding|>", "你好，世界。这是一个测试", "日本語のテキスト", "한국어 각",
    "naïve café Ångström", "e\u0301 cafe\u0301 A\u030a", "\u1100\u1161\u11a8", "\u212b\u2126 \u0344",
    "😀👩\u200d👩\u200d👧 🇩🇪!", "ab\u180ecd \u00a0x \u2028y\u3000z", "ſ's 'ſ", "\u200b\ufeffabc",
    "\x01\x1f\x7f\x1c \x85\x85a", "x" * 60, " " * 60 + "x", "ab" * 40 + "\n" * 9, "roses" * 12,
    "-----=====_____....!!!???", "\t\tif\tx\r\n\r\ny\r", "Привет, мир! ПРИВЕТ", "e\u0301" * 8,
]


def random_cases(n):
    rng = random.Random(3)
    codes = [*range(0x20, 0x7F), *range(0xA0, 0x180), *range(0x300, 0x340)]
    codes += [0x9, 0xA, 0xD, 0x85, 0x2028, 0x3000, 0x200D, 0x1F600, 0x4E00, 0xAC00, 0x1100, 0x1161]
    codes += [0x915, 0x93C, 0x958, 0x2126, 0xF71, 0xF72, 0x1D15E]
    pool = [chr(c) for c in codes] + [" "] * 60
    return ["".join(rng.choice(pool) for _ in range(rng.randint(1, 40))) for _ in range(n)]


def escape(text):
    plain = {"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    return "".join(plain.get(c) or (c if 0x20 <= ord(c) < 0x7F else
                                    "".join("\\x%02x" % b for b in c.encode())) for c in text)


def write_ids(name, tokenizer, extra=()):
    with open(f"{OUT}{name}.ids", "w") as out:
        for text in list(CASES) + random_cases(80) + list(extra):
            ids = tokenizer.encode(text, add_special_tokens=False).ids
            out.write(escape(text) + "\t" + " ".join(map(str, ids)) + "\n")


def train(vocab_size, unknown=None, **bpe):
    t = Tokenizer(models.BPE(unk_token=unknown, **bpe))
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|padding|>"] + ([unknown] if unknown else [])
    alphabet = [] if unknown else pre_tokenizers.ByteLevel.alphabet()
    t.train_from_iterator(TRAINING.splitlines(keepends=True), trainers.BpeTrainer(
        vocab_size=vocab_size, special_tokens=special, initial_alphabet=alphabet,
        show_progress=False))
    return json.loads(t.to_str())


def save(name, tree):
    os.makedirs(f"{OUT}{name}", exist_ok=True)
    path = f"{OUT}{name}/tokenizer.json"
    with open(path, "w") as out:
        json.dump(tree, out, ensure_ascii=False, separators=(",", ":"))
        out.write("\n")
    return Tokenizer.from_file(path)


def neox():
    tree = train(420)
    first = 1 + max(tree["model"]["vocab"].values())
    for i, n in enumerate(range(8, 1, -1)):
        tree["added_tokens"].append({"id": first + i, "content": " " * n, "single_word": False,
                                     "lstrip": False, "rstrip": False, "normalized": True,
                                     "special": False})
    tree["added_tokens"].append({"id": first + 7, "content": "Ångström", "single_word": False,
                                 "lstrip": False, "rstrip": False, "normalized": True,
                                 "special": False})
    tree["normalizer"] = {"type": "NFC"}
    tree["model"]["merges"] = [" ".join(m) for m in tree["model"]["merges"]]
    write_ids("neox", save("neox", tree))


def pairs():
    tree = train(300, unknown="<unk>")
    tree["model"].update(ignore_merges=True, fuse_unk=True)
    tree["model"]["vocab"]["Ġlighthouses"] = len(tree["model"]["vocab"])  # no merge makes it
    write_ids("pairs", save("pairs", tree), ["two lighthouses", "lighthouses"])


def gpt2():
    tree = train(380)
    os.makedirs(OUT + "gpt2", exist_ok=True)
    with open(OUT + "gpt2/vocab.json", "w") as out:
        json.dump(tree["model"]["vocab"], out, ensure_ascii=False, separators=(",", ":"))
    with open(OUT + "gpt2/merges.txt", "w") as out:
        out.write("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in tree["model"]["merges"]))
    write_ids("gpt2", open_gpt2(OUT + "gpt2"))


def open_gpt2(folder):
    t = ByteLevelBPETokenizer(folder + "/vocab.json", folder + "/merges.txt")._tokenizer
    t.add_special_tokens(["<|endoftext|>"])
    return t


if __name__ == "__main__":
    neox()
    pairs()
    gpt2()
    if len(sys.argv) == 3:
        write_ids("pythia", Tokenizer.from_file(sys.argv[1] + "/tokenizer.json"))
        write_ids("real_gpt2", open_gpt2(sys.argv[2]))
