#!/usr/bin/env python3
"""Compares ids, decoded text and offsets of random texts with Hugging Face `tokenizers`.

    python3 tests/parity/fuzz_tokenizers.py [COUNT [SEED [SHARED_DATA_FOLDER]]]

COUNT texts (default 10000), the same ones, through every tokenizer of tests/parity/fixtures/tokenizers/, and the
real ones of the folder. Builds src/data into a shared library of its own. Stops at the first
difference, printing the text.
"""
import ctypes
import glob
import os
import random
import subprocess
import sys
import tempfile

from tokenizers import Tokenizer

from export_tokenizers import CASES, OUT, open_gpt2


BATCH = 5000


class Err(ctypes.Structure):
    _fields_ = [("code", ctypes.c_int), ("text", ctypes.c_char * 1024)]


class TokenList(ctypes.Structure):
    _fields_ = [("ids", ctypes.POINTER(ctypes.c_int)), ("starts", ctypes.POINTER(ctypes.c_size_t)),
                ("ends", ctypes.POINTER(ctypes.c_size_t)), ("n", ctypes.c_size_t),
                ("cap", ctypes.c_size_t)]


class Str(ctypes.Structure):
    _fields_ = [("data", ctypes.POINTER(ctypes.c_char)), ("len", ctypes.c_size_t),
                ("cap", ctypes.c_size_t)]


def build():
    path = os.path.join(tempfile.mkdtemp(), "tokenizer.so")
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "libpcre2-8", "libcjson", "zlib"],
                           capture_output=True, text=True, check=True).stdout.split()
    subprocess.run(["cc", "-std=c11", "-D_GNU_SOURCE", "-O2", "-Isrc", "-shared", "-fPIC", "-o", path,
                    *glob.glob("src/data/*.c"), *glob.glob("src/base/*.c"), *flags, "-lm",
                    "-pthread"], check=True)
    lib = ctypes.CDLL(path)
    lib.tokenizer_encode.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p,
                                     ctypes.c_size_t, ctypes.c_void_p]
    lib.tokenizer_decode.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p,
                                     ctypes.c_size_t]
    return lib


class Ours:
    def __init__(self, lib, *texts):
        self.lib, self.t, self.e, self.list, self.text = (lib, ctypes.c_void_p(), Err(), TokenList(),
                                                          Str())
        parse = lib.tokenizer_parse if len(texts) == 1 else lib.tokenizer_parse_gpt2
        sized = [x for text in texts for x in (text, ctypes.c_size_t(len(text)))]
        if parse(ctypes.byref(self.t), *sized, b"tokenizer", ctypes.byref(self.e)):
            sys.exit(self.e.text.decode())

    def encode(self, data):
        self.list.n = 0
        if self.lib.tokenizer_encode(ctypes.byref(self.list), self.t, data, len(data),
                                     ctypes.byref(self.e)):
            sys.exit(self.e.text.decode())
        n = self.list.n
        return self.list.ids[:n], list(zip(self.list.starts[:n], self.list.ends[:n]))

    def decode(self, ids):
        self.text.len = 0
        array = (ctypes.c_int * len(ids))(*ids)
        self.lib.tokenizer_decode(ctypes.byref(self.text), self.t, array, len(ids))
        return self.text.data[:self.text.len] if self.text.len else b""


def pools():
    assigned = [range(0x20, 0x7F), range(0xA0, 0x250), range(0x300, 0x370), range(0x370, 0x530),
                range(0x590, 0x780), range(0x900, 0xE80), range(0x1100, 0x1200),
                range(0x1E00, 0x2070), range(0x2100, 0x2C00), range(0x3000, 0x3100),
                range(0x4E00, 0x4F00), range(0xAC00, 0xAD00), range(0xF900, 0xFB10),
                range(0xFF00, 0xFFF0), range(0x1D100, 0x1D170), range(0x1F1E6, 0x1F200),
                range(0x1F300, 0x1F650), range(0xE0060, 0xE0080), range(0x10D00, 0x10D90)]
    anything = [range(0xD800), range(0xE000, 0x20000), range(0x20000, 0x33000),
                range(0xE0000, 0x110000)]
    blanks = " \t\n\r\x0b\x0c\x1c\x85\xa0\u1680\u180e\u2003\u2028\u2029\u202f\u205f\u3000\u200b\ufeff\u2581"
    marks = "\u0301\u0327\u0308\u0345\u0315\u05b0\u0651\u09be\u3099\u1161\u11a8\u0898\u08d3\u200d\ufe0f"
    return assigned, anything, blanks, marks


def random_text(rng, pieces, contents):
    assigned, anything, blanks, marks = pools()
    out = []
    for _ in range(rng.randint(1, 24)):
        kind = rng.randrange(12)
        if kind < 2:
            out.append(rng.choice(pieces))
        elif kind == 2:
            out.append(rng.choice(contents))
        elif kind == 3:
            out.append(rng.choice(blanks) * rng.randint(1, 5))
        elif kind == 4:
            out.append(rng.choice(["'s", "'S", "'Ll", "'\u017f", "'t", "'re", "'VE", "'d", "'M"]))
        elif kind == 5:
            out.append(chr(rng.choice(rng.choice(anything))))
        elif kind == 6:
            out.append("".join(rng.choice(marks) for _ in range(rng.randint(1, 3))))
        elif kind == 7:
            out.append(str(rng.randrange(10 ** rng.randint(1, 9))))
        elif kind == 8:
            out.append(" ")
        else:
            pool = rng.choice(assigned)
            out.extend(chr(rng.choice(pool)) for _ in range(rng.randint(1, 4)))
    return "".join(out)


def lossy(data, theirs):
    """Whether our bytes say what their text says, where that is valid text."""
    try:
        return data.decode("utf-8") == theirs
    except UnicodeDecodeError:
        return "\ufffd" in theirs


def problem_of(ours, ids, back, data):
    """What is wrong with our tokens of the text; None: nothing."""
    got, ranges = ours.encode(data)
    if got != ids:
        return f"ids {got}, expected {ids}"
    decoded = ours.decode(got)
    if not lossy(decoded, back):
        return f"decodes to {decoded!r}, expected {back!r}"
    place = 0
    for start, end in ranges:
        if start > place or end < start:
            return f"offsets {ranges} of {len(data)} bytes"
        place = max(place, end)
    if got and place != len(data):
        return f"offsets {ranges} do not cover {len(data)} bytes"
    return None


def check(name, ours, theirs, texts):
    all_ids = [e.ids for e in theirs.encode_batch_fast(texts, add_special_tokens=False)]
    backs = theirs.decode_batch(all_ids, skip_special_tokens=False)
    for text, ids, back in zip(texts, all_ids, backs):
        problem = problem_of(ours, ids, back, text.encode())
        if problem:
            sys.exit(f"{name}: {text!r}\n{text.encode()!r}\n{problem}")


def read(path):
    with open(path, "rb") as f:
        return f.read()


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    lib = build()
    sets = []
    for path in sorted(glob.glob(OUT + "*.json")):
        if "vocab" not in path:
            sets.append((path, Ours(lib, read(path)), Tokenizer.from_file(path)))
    pairs = [(OUT + "gpt2.vocab.json", OUT + "gpt2.merges.txt")]
    if len(sys.argv) > 3:
        real = sys.argv[3]
        pairs.append((real + "/gpt2/vocab.json", real + "/gpt2/merges.txt"))
        path = real + "/pythia/tokenizer.json"
        sets.append((path, Ours(lib, read(path)), Tokenizer.from_file(path)))
    sets += [(pair[0], Ours(lib, *map(read, pair)), open_gpt2(*pair)) for pair in pairs]
    pieces = [case[i:i + 12] for case in CASES for i in range(0, len(case), 6)] + [" the", "ing"]
    contents = sorted({t.content for _, _, theirs in sets
                       for t in theirs.get_added_tokens_decoder().values()})
    rng = random.Random(seed)
    for done in range(0, count, BATCH):
        texts = [random_text(rng, pieces, contents) for _ in range(min(BATCH, count - done))]
        for path, ours, theirs in sets:
            check(path, ours, theirs, texts)
        print(f"{done + len(texts)} texts agree in {len(sets)} tokenizers", flush=True)


if __name__ == "__main__":
    main()
