#!/usr/bin/env python3
"""Trains a small tokenizer of every family's shape and writes what Hugging Face `tokenizers` makes
of nasty texts with it.

    python3 tests/parity/export_tokenizers.py [SHARED_DATA_FOLDER]

Writes under tests/parity/fixtures/tokenizers/: corpus.txt, one text a line with backslash escapes;
for each family NAME.json (a tokenizer.json; GPT-2 as NAME.vocab.json and NAME.merges.txt) and
NAME.ids, a line for each text: its ids, a tab, what they decode to ("=": the text itself); NAME.back,
lines of random ids, a tab, what those decode to. With the folder that holds gpt2/, pythia/ and text/
also real_gpt2.ids, real_pythia.ids and real.txt: file, number of tokens and SHA-256 of the ids as
32-bit little-endian numbers. versions.txt names what it was written with.
"""
import hashlib
import json
import os
import platform
import random
import struct
import sys

import tokenizers
from tokenizers import (ByteLevelBPETokenizer, Tokenizer, decoders, models, pre_tokenizers,
                        trainers)

OUT = "tests/parity/fixtures/tokenizers/"
MARK = "\u2581"

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
#include <stdio.h>
int main(void) { for (int i = 0; i < 10; i++) printf("%d\\n", i * i); return 0; }
The garden behind the house was full of roses, and the gardener's daughter watered them each
morning. We'll plant more in spring, they said. I'm sure you've noticed: the roses aren't RED.
Once upon a time, in a small village, there lived a little girl who loved to play with her dog.
Le café était fermé. Die Straße ist naß. Ångström. Привет, мир! Ещё раз: привет.
你好，世界。 今天天气很好，我们去公园。 日本語のテキスト。 안녕하세요 세계. שלום עולם. مرحبا بالعالم. สวัสดีชาวโลก
""" * 4

CASES = [
    "", "a", " ", "  ", "   ", " a", "a ", "a  b", "a   \n\n  b\t\tc", "\n\n\nx\n", "trailing   ",
    "The old lighthouse keeper counted twelve ships.", "I'll don't we've they'd I'M 'S 'LL ''s",
    "it'S IT'S You'Re WE'VE 'tis 'Twas don\u2019t \u017f's '\u017f '\u017ft I'\u017f x'\u212a 'd'D",
    "1987 3.14 1,250 x2 \u00bd \u2167 \u0661\u0662\u0663 x\u00b2 123456789 1234 12 \u0967\u0968\u0969",
    "    if ship.is_safe():\n        total += 1\n\treturn\t\tx\n",
    "for (int i = 0; i < n; i++) {\r\n    a[i] += b->c;  // sum\r\n}\r\n\r\n",
    "<|endoftext|>", "a<|endoftext|>b", "<|endoftext|><|endoftext|> x", "<|endoftex|> <|end",
    "x <|begin_of_text|>y <|eot_id|> <|im_start|>user\nhi<|im_end|>\n", "<|padding|>The<|padding|>",
    "<s>", "<s>a", "a<s> b</s>c", "</s> The <unk>garden<pad>", "<bos>a<eos>\n\n\n\n<unused3> b",
    "\n\n\n\t\t\t   \n \n", "<b>bold</b><mask> x <mask>  y<mask>", "[INST] hi [/INST]",
    "\u2581a \u2581\u2581b", " \u2581 ", "a\u2581b <0x41> <0x0A>", "\u4f60\u597d\uff0c\u4e16\u754c\u3002\u8fd9\u662f\u6d4b\u8bd5",
    "\u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8 \u30ab\u309a\u30ab\u3099", "\ud55c\uad6d\uc5b4 \uac01 \u1112\u1161\u11ab\u1100\u116e\u11a8\u110b\u1165",
    "\u0645\u0631\u062d\u0628\u0627 \u0628\u0650\u0633\u0652\u0645\u0650 \u0663\u0664", "\u05e9\u05c1\u05b8\u05dc\u05d5\u05b9\u05dd \u05e2\u05d5\u05dc\u05dd", "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35\u0e0a\u0e32\u0e27\u0e42\u0e25\u0e01 \u0e01\u0e33",
    "na\u00efve caf\u00e9 \u00c5ngstr\u00f6m", "e\u0301 cafe\u0301 A\u030a", "\u1100\u1161\u11a8", "\u212b\u2126 \u0344",
    "\U0001f600\U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea!\U0001f44d\U0001f3fd\u2764\ufe0f\U0001f3f4\U000e0067\U000e0062\U000e007f",
    "ab\u180ecd \u00a0x \u2028y\u3000z \u0085w\u202f\u205f!", "\u200b\ufeffabc\u200d\u2060",
    "\x01\x1f\x7f\x1c \x85\x85a \x00b", "x" * 60, " " * 60 + "x", "ab" * 40 + "\n" * 9, "roses" * 12,
    "-----=====_____....!!!???", "\t\tif\tx\r\n\r\ny\r", "\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440! \u041f\u0420\u0418\u0412\u0415\u0422 \u0435\u0308",
    "e\u0301" * 8, "a" + "\u0301\u0327" * 6, "camelCaseWord HTTPServer iPhone \u01c5x \u02b0x \u00aax",
    "https://example.org/a/b?c=d&e=f#g", "U\u0308ber \u1e9e \u00df \ufb01 \ufb06 \u0130i\u0131I",
    "\U00013460\U0001e4d0\u1c89 \U00031350x \ua7cb \U00010d40 1", "\u0898a\u08d3\u0301 \u0c3c\u0d3b",
    " \n", "\n ", "a\n b", "a \nb", "\r\n\r\n", "\u3000\u3000a", "a\u00a0b", "  \u00a0  a", "\ufffd\ufffd",
    "superlonglighthousekeeper" * 20, "'" * 20, "' s 't", "\u2019s", "x 's", "12 345 6789\n10",
    "token<mask>token <mask> token", "one<mask>", "a<mask>\u0301", "_<mask>_", "<mask>  <mask>\t<mask>",
    "  <pad>  a", "lightho\u0301use", "Angstro\u0308m A\u030angstro\u0308m",
    "\u1e0bog d\u0307og d\u0307o",
]


def random_cases(n):
    rng = random.Random(3)
    codes = [*range(0x20, 0x7F), *range(0xA0, 0x180), *range(0x300, 0x340)]
    codes += [0x9, 0xA, 0xD, 0x85, 0x2028, 0x3000, 0x200D, 0x1F600, 0x4E00, 0xAC00, 0x1100, 0x1161]
    codes += [0x915, 0x93C, 0x958, 0x2126, 0xF71, 0xF72, 0x1D15E, 0x2581]
    pool = [chr(c) for c in codes] + [" "] * 60 + ["<s>", "<mask>", "<|endoftext|>"]
    return ["".join(rng.choice(pool) for _ in range(rng.randint(1, 40))) for _ in range(n)]


def escape(text):
    plain = {"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    return "".join(plain.get(c) or (c if 0x20 <= ord(c) < 0x7F else
                                    "".join("\\x%02x" % b for b in c.encode())) for c in text)


def spell(ids):
    return " ".join(map(str, ids))


# --- the families ---

def added(content, id_, special=False, normalized=False, **flags):
    token = {"id": id_, "content": content, "single_word": False, "lstrip": False, "rstrip": False,
             "normalized": normalized, "special": special}
    return token | flags


CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
BLANKS = r"\s*[\r\n]+|\s+(?!\S)|\s+"
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
NEITHER = r"[^\r\n\p{L}\p{N}]?"
LLAMA3 = CONTRACTIONS + "|" + NEITHER + r"\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|" + BLANKS
QWEN2 = CONTRACTIONS + "|" + NEITHER + r"\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|" + BLANKS
QWEN35 = (CONTRACTIONS + "|" + NEITHER + r"[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|"
          + BLANKS)
TEKKEN = (f"{NEITHER}{UPPER}*{LOWER}+|{NEITHER}{UPPER}+{LOWER}*"
          r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|" + BLANKS)
O200K = (f"{NEITHER}{UPPER}*{LOWER}+{CONTRACTIONS}?|{NEITHER}{UPPER}+{LOWER}*{CONTRACTIONS}?"
         r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|" + BLANKS)
DEEPSEEK = [r"\p{N}{1,3}", "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+",
            "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+"
            r"|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|" + BLANKS]

BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
NO_REGEX = BYTE_LEVEL | {"use_regex": False}


def split(pattern, behavior="Isolated", invert=False, kind="Regex"):
    return {"type": "Split", "pattern": {kind: pattern}, "behavior": behavior, "invert": invert}


def words(*parts):
    return {"type": "Sequence", "pretokenizers": list(parts)}


def template(name, id_):
    token = {"SpecialToken": {"id": name, "type_id": 0}}
    text = {"Sequence": {"id": "A", "type_id": 0}}
    return {"type": "TemplateProcessing", "single": [token, text],
            "pair": [token, text, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {name: {"id": name, "ids": [id_], "tokens": [name]}}}


def tree(vocab, merges, **parts):
    """A tokenizer.json; `parts` name sections or options of the model."""
    model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
             "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False,
             "ignore_merges": False, "vocab": vocab, "merges": merges}
    whole = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [],
             "normalizer": None, "pre_tokenizer": None, "post_processor": None, "decoder": None,
             "model": model}
    for key, value in parts.items():
        (model if key in model else whole)[key] = value
    return whole


def train(pre_tokenizer, size, alphabet=(), special=()):
    """vocab and merges of a BPE over TRAINING."""
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizer
    t.train_from_iterator(TRAINING.splitlines(keepends=True), trainers.BpeTrainer(
        vocab_size=size, special_tokens=list(special), initial_alphabet=list(alphabet),
        show_progress=False))
    model = json.loads(t.to_str())["model"]
    return model["vocab"], model["merges"]


def train_bytes(size, special=()):
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    return train(pre_tokenizers.ByteLevel(add_prefix_space=False), size, alphabet, special)


def byte_level(size, pre_tokenizer, special, **parts):
    """A byte-level tokenizer whose special tokens follow the vocabulary."""
    vocab, merges = train_bytes(size)
    tokens = [added(s, len(vocab) + i, special=True) for i, s in enumerate(special)]
    return tree(vocab, merges, pre_tokenizer=pre_tokenizer, added_tokens=tokens,
                decoder=BYTE_LEVEL | {"add_prefix_space": True}, **parts)


def gpt2():
    vocab, merges = train_bytes(500)
    vocab["<|endoftext|>"] = len(vocab)
    return vocab, merges


def tinystories():
    """GPT-Neo: GPT-2's tokenizer as a tokenizer.json."""
    vocab, merges = gpt2()
    token = added("<|endoftext|>", vocab["<|endoftext|>"], special=True, normalized=True)
    return tree(vocab, merges, added_tokens=[token], pre_tokenizer=BYTE_LEVEL, decoder=BYTE_LEVEL,
                post_processor=BYTE_LEVEL, continuing_subword_prefix="", end_of_word_suffix="")


def neox():
    vocab, merges = train_bytes(500, ["<|endoftext|>", "<|padding|>"])
    tokens = [added("<|endoftext|>", 0, special=True), added("<|padding|>", 1, special=True)]
    for n in range(24, 1, -1):
        tokens.append(added(" " * n, len(vocab) + 24 - n, normalized=True))
    tokens.append(added("\u1e0bog", len(vocab) + 23, normalized=True))
    return tree(vocab, [" ".join(m) for m in merges], added_tokens=tokens, pre_tokenizer=BYTE_LEVEL,
                normalizer={"type": "NFC"}, post_processor=BYTE_LEVEL, decoder=BYTE_LEVEL)


def llama3():
    special = ["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>", "<|start_header_id|>"]
    t = byte_level(600, words(split(LLAMA3), NO_REGEX), special, ignore_merges=True)
    vocab = t["model"]["vocab"]
    first = len(vocab)
    vocab["\u0120lighthouses"] = first  # no merge makes it
    for token in t["added_tokens"]:
        token["id"] += 1
    t["post_processor"] = {"type": "Sequence", "processors": [
        BYTE_LEVEL | {"trim_offsets": False}, template("<|begin_of_text|>", first + 1)]}
    return t


def qwen2():
    return byte_level(500, words(split(QWEN2), NO_REGEX),
                      ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], normalizer={"type": "NFC"},
                      post_processor=NO_REGEX)


def qwen35():
    return byte_level(450, words(split(QWEN35), NO_REGEX), ["<|endoftext|>", "<|im_start|>"],
                      normalizer={"type": "NFC"})


def gptoss():
    return byte_level(500, words(split(O200K), NO_REGEX), ["<|startoftext|>", "<|endoftext|>"],
                      ignore_merges=True)


def nemo():
    return byte_level(500, words(split(TEKKEN), NO_REGEX), ["<unk>", "<s>", "</s>", "[INST]"],
                      ignore_merges=True, post_processor=template("<s>", 501))


def deepseek():
    return byte_level(500, words(*map(split, DEEPSEEK), NO_REGEX), ["<s>", "<|endoftext|>"],
                      normalizer={"type": "Sequence", "normalizers": []})


def starcoder():
    """Digits one by one, and a space before the text."""
    digits = {"type": "Digits", "individual_digits": True}
    return byte_level(450, words(digits, BYTE_LEVEL | {"add_prefix_space": True}),
                      ["<|endoftext|>"])


SP_DECODER = [{"type": "Replace", "pattern": {"String": MARK}, "content": " "},
              {"type": "ByteFallback"}, {"type": "Fuse"}]
STRIP = {"type": "Strip", "content": " ", "start": 1, "stop": 0}
TO_MARK = {"type": "Replace", "pattern": {"String": " "}, "content": MARK}
METASPACE = {"type": "Metaspace", "replacement": MARK, "prepend_scheme": "first", "split": False}


def fallback(size, special, extra=(), **parts):
    """vocabulary: special tokens, extra ones, the bytes, what training finds."""
    found, merges = train(pre_tokenizers.Metaspace(MARK, prepend_scheme="always"), size)
    spelled = list(special) + list(extra) + ["<0x%02X>" % b for b in range(256)]
    vocab = {token: i for i, token in enumerate(spelled)}
    for token in sorted(found, key=found.get):
        vocab.setdefault(token, len(vocab))
    options = {"unk_token": "<unk>", "fuse_unk": True, "byte_fallback": True}
    return tree(vocab, merges, **(options | parts))


def llama2(strings=False, **parts):
    special = ["<unk>", "<s>", "</s>"]
    t = fallback(500, special, post_processor=template("<s>", 1),
                 decoder={"type": "Sequence", "decoders": SP_DECODER + [STRIP]},
                 added_tokens=[added(s, i, special=True) for i, s in enumerate(special)], **parts)
    if strings:
        t["model"]["merges"] = [" ".join(m) for m in t["model"]["merges"]]
    return t


PREPEND = {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": MARK}, TO_MARK]}


def llama2_old():
    return llama2(strings=True, normalizer=PREPEND)


def llama2_new():
    return llama2(pre_tokenizer=METASPACE)


def mistral():
    """Llama 2's old file, and control tokens that are normalised, as early conversions had them."""
    t = llama2(normalizer=PREPEND)
    n = len(t["model"]["vocab"])
    t["added_tokens"][2]["normalized"] = True
    t["added_tokens"] += [added("[INST]", n, special=True, normalized=True),
                          added("[/INST]", n + 1, normalized=True), added("<pad>", n + 2)]
    return t


def gemma(pre_tokenizer, **parts):
    special = ["<pad>", "<eos>", "<bos>", "<unk>"]
    extra = (["<mask>"] + ["<unused%d>" % i for i in range(8)] + ["\n" * n for n in range(1, 9)]
             + ["\t" * n for n in range(1, 5)] + [MARK * n for n in range(2, 9)] + ["<b>", "</b>"])
    tokens = [added(s, i, special=i < 4) for i, s in enumerate(special + extra)]
    return fallback(500, special, extra, added_tokens=tokens, normalizer=TO_MARK,
                    pre_tokenizer=pre_tokenizer, post_processor=template("<bos>", 2),
                    decoder={"type": "Sequence", "decoders": SP_DECODER}, **parts)


def gemma2():
    return gemma(None)


def gemma3():
    return gemma(split(" ", "MergedWithPrevious", kind="String"))


def metaspace():
    """No byte fallback: unknown tokens one by one; a space before every piece; its own decoder."""
    shape = {"type": "Metaspace", "replacement": MARK, "prepend_scheme": "always", "split": True}
    found, merges = train(pre_tokenizers.Metaspace(MARK), 300)
    vocab = {"<unk>": 0} | {token: i + 1 for i, token in enumerate(found)}
    tokens = [added("<unk>", 0, special=True),
              added("<mask>", len(vocab), special=True, lstrip=True, rstrip=True),
              added("<pad>", len(vocab) + 1, normalized=True, lstrip=True)]
    return tree(vocab, merges, unk_token="<unk>", pre_tokenizer=shape, decoder=shape,
                added_tokens=tokens, normalizer={"type": "NFC"})


def dropping():
    """No fallback and no unknown token: what has no token vanishes."""
    found, merges = train(pre_tokenizers.Metaspace(MARK), 250)
    shape = {"type": "Metaspace", "replacement": MARK, "prepend_scheme": "never", "split": True}
    rare = {"type": "Replace", "pattern": {"String": "ss"}, "content": ""}
    tokens = [added("<mask>", len(found), single_word=True, rstrip=True),
              added("roses", len(found) + 1, single_word=True, normalized=True)]
    return tree(found, merges, added_tokens=tokens, decoder=shape, normalizer=rare,
                pre_tokenizer=words(shape, {"type": "Digits", "individual_digits": False}))


def behaviors():
    """Each way of cutting, one after another."""
    vocab, merges = train_bytes(400)
    cuts = [split(",", "Removed", kind="String"), split("th", "MergedWithNext", kind="String"),
            split(r"\p{N}{1,3}", "Contiguous"), split("<", "MergedWithPrevious", kind="String"),
            split("e ", "Isolated", kind="String"), split("o", "MergedWithNext", True, "String"),
            split("  ", "Removed", False, "String"), split("ii", "Contiguous", True, "String")]
    return tree(vocab, merges, decoder=BYTE_LEVEL, normalizer={"type": "NFC"},
                pre_tokenizer=words(*cuts, NO_REGEX | {"add_prefix_space": True}))


FAMILIES = [tinystories, neox, llama3, qwen2, qwen35, gptoss, nemo, deepseek, starcoder, llama2_old,
            llama2_new, mistral, gemma2, gemma3, metaspace, dropping, behaviors]


def open_gpt2(vocab, merges):
    t = ByteLevelBPETokenizer(vocab, merges)._tokenizer
    t.add_special_tokens(["<|endoftext|>"])
    return t


# --- the fixtures ---

def dump(value, path):
    with open(path, "w") as out:
        json.dump(value, out, ensure_ascii=False, separators=(",", ":"))
        out.write("\n")


def write_ids(name, tokenizer, texts):
    with open(f"{OUT}{name}.ids", "w") as out:
        for text in texts:
            ids = tokenizer.encode(text, add_special_tokens=False).ids
            back = tokenizer.decode(ids, skip_special_tokens=False)
            out.write(spell(ids) + "\t" + ("=" if back == text else escape(back)) + "\n")


def write_back(name, tokenizer):
    rng = random.Random(5)
    size = tokenizer.get_vocab_size()
    with open(f"{OUT}{name}.back", "w") as out:
        for _ in range(60):
            ids = [rng.randrange(size) for _ in range(rng.randint(1, 6))]
            out.write(spell(ids) + "\t" + escape(tokenizer.decode(ids, skip_special_tokens=False))
                      + "\n")


def write_real(folder, texts):
    real = {"pythia": Tokenizer.from_file(folder + "/pythia/tokenizer.json"),
            "gpt2": open_gpt2(folder + "/gpt2/vocab.json", folder + "/gpt2/merges.txt")}
    with open(OUT + "real.txt", "w") as out:
        for name, tokenizer in real.items():
            write_ids("real_" + name, tokenizer, texts)
            for file in sorted(os.listdir(folder + "/text")):
                with open(f"{folder}/text/{file}", encoding="utf-8", newline="") as f:
                    ids = tokenizer.encode(f.read(), add_special_tokens=False).ids
                digest = hashlib.sha256(struct.pack(f"<{len(ids)}i", *ids)).hexdigest()
                out.write(f"{name} {file} {len(ids)} {digest}\n")


def main():
    os.makedirs(OUT, exist_ok=True)
    texts = CASES + random_cases(80)
    with open(OUT + "corpus.txt", "w") as out:
        out.writelines(escape(text) + "\n" for text in texts)
    for family in FAMILIES:
        name = family.__name__
        dump(family(), f"{OUT}{name}.json")
        tokenizer = Tokenizer.from_file(f"{OUT}{name}.json")
        write_ids(name, tokenizer, texts)
        write_back(name, tokenizer)
    vocab, merges = gpt2()
    dump(vocab, OUT + "gpt2.vocab.json")
    with open(OUT + "gpt2.merges.txt", "w") as out:
        out.write("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges))
    write_ids("gpt2", open_gpt2(OUT + "gpt2.vocab.json", OUT + "gpt2.merges.txt"), texts)
    if len(sys.argv) == 2:
        write_real(sys.argv[1], texts)
    with open(OUT + "versions.txt", "w") as out:
        out.write(f"tokenizers {tokenizers.__version__}\nPython {platform.python_version()}\n")


if __name__ == "__main__":
    main()
