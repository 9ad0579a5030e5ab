#!/usr/bin/env python3
"""What the reference parser of safetensors rejects, ours must reject.

    python3 tests/parity/fuzz_safetensors.py [MUTATIONS] [SEED]      (default 200000, 1)

Builds src/data and src/base as a shared library with $CC (default cc), changes valid files (bits,
bytes of the header, members of its JSON, the length before it, the end of the file) and gives each
result to the `safetensors` package and to safetensors_parse(). Prints how they compare and, of the
files that only we reject, why; fails if we take one that the reference rejects. That we take one
with another list of tensors counts as a failure, too.
"""
import collections
import copy
import ctypes
import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import safetensors
import torch
from safetensors.torch import save

ROOT = Path(__file__).resolve().parent.parent.parent


def build():
    library = ROOT / "build/parity/data.so"
    library.parent.mkdir(parents=True, exist_ok=True)
    sources = [str(p) for folder in ("data", "base") for p in sorted((ROOT / "src" / folder).glob("*.c"))]
    subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-O1", "-std=c11", "-D_GNU_SOURCE",
                    f"-I{ROOT / 'src'}", *sources, "-lcjson", "-lpcre2-8", "-lz", "-lm", "-pthread",
                    "-o", str(library)], check=True)
    return ctypes.CDLL(str(library))


class Ours:
    """safetensors_parse() through buffers that are larger than its structs."""

    def __init__(self):
        self.ours = build()
        self.file, self.error = ctypes.create_string_buffer(4096), ctypes.create_string_buffer(4096)
        self.parse = self.ours.safetensors_parse
        self.parse.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p,
                               ctypes.c_void_p]
        self.find = self.ours.tensor_file_find
        self.find.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
        self.find.restype = ctypes.c_void_p

    def __call__(self, data, names):
        """(taken, message); taken also says that all the names are found."""
        code = self.parse(self.file, data, len(data), b"f", self.error)
        if code:
            return False, self.error.raw[4:].split(b"\0", 1)[0].decode("utf8", "replace")
        missing = [n for n in names if not self.find(self.file, n.encode())]
        self.ours.tensor_file_close(self.file)
        return True, f"does not list {missing}" if missing else ""


def reference(data):
    try:
        return True, [name for name, _ in safetensors.deserialize(data)]
    except safetensors.SafetensorError as e:
        return False, str(e)


def bases():
    yield save({"w": torch.arange(6.).reshape(2, 3), "b": torch.ones(4, dtype=torch.bfloat16),
                "i": torch.tensor(3), "e": torch.zeros(0, 2)}, {"format": "pt"})
    yield save({"a": torch.ones(2, dtype=torch.uint8), "b": torch.ones(3, dtype=torch.bool)})
    yield save({"x.y": torch.ones(2, dtype=torch.float8_e4m3fn), "z": torch.ones(1, dtype=torch.complex64)})
    yield save({})
    for path in sorted((ROOT / "tests").glob("*/fixtures/**/*.safetensors")):
        if path.stat().st_size < 8000:
            yield path.read_bytes()


VALUES = [0, 1, 2, 3, 7, 8, 24, -1, 1.0, 1.5, 1e3, 1e300, 2**31, 2**53, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 2,
          2**64 - 1, 2**64, True, False, None, "", "F32", "8", [], {}, [0], [0, 8], [[0, 8]], {"a": 1}]
DTYPES = ("BOOL U8 I8 F8_E5M2 F8_E4M3 F8_E8M0 F4 F6_E2M3 F6_E3M2 I16 U16 F16 BF16 I32 U32 F32 C64 F64 I64 U64 "
          "f32 F128 X").split()


def containers(value):
    if isinstance(value, (dict, list)):
        yield value
        for item in value.values() if isinstance(value, dict) else value:
            yield from containers(item)


def change_member(r, header):
    """One value, key or entry somewhere in the tree."""
    place = r.choice(list(containers(header)))
    if isinstance(place, list):
        kind = r.randrange(4)
        if kind == 0 or not place:
            place.insert(r.randrange(len(place) + 1), copy.deepcopy(r.choice(VALUES)))
        elif kind == 1:
            del place[r.randrange(len(place))]
        else:
            i = r.randrange(len(place))
            near = isinstance(place[i], int) and r.random() < 0.6
            place[i] = place[i] + r.choice([-8, -4, -1, 1, 4, 8]) if near else copy.deepcopy(r.choice(VALUES))
        return
    keys = list(place)
    kind = r.randrange(5)
    if kind == 0 or not keys:
        place[r.choice(["w", "dtype", "shape", "data_offsets", "__metadata__", "extra", "", "\x00", "\x1b[2J", "é"])] = \
            copy.deepcopy(r.choice(VALUES + [{"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}]))
        return
    key = r.choice(keys)
    if kind == 1:
        del place[key]
    elif kind == 2 and key == "dtype":
        place[key] = r.choice(DTYPES)
    elif kind == 3:
        place[r.choice(["w2", "Dtype", "__metadata__", key + "x"])] = place.pop(key)
    else:
        place[key] = copy.deepcopy(r.choice(VALUES))


PIECES = ['"', "{", "}", "[", "]", ",", ":", "0", "1", "-", ".", "e", "E", "+", " ", "\n", "\t", "\r", "\\", "\\u0000",
          "\\ud800", "\\u00e9", "\\n", "\\/", "\\x", "/", "null", "true", "\x00", "\x01", "\x7f", "\ufeff", '"a":1,',
          '"dtype":"F32",', '"shape":[0],', '"data_offsets":[0,0],', '"w":{},', "[" * 130, "//", "'", "NaN", "01"]


def change_text(r, text):
    at = r.randrange(len(text) + 1)
    cut = r.choice([0, 0, 1, 2, 10])
    piece = r.choice(PIECES).encode("utf8", "surrogatepass") if r.random() < 0.9 else bytes([r.randrange(256)])
    return text[:at] + (piece if r.random() < 0.8 else b"") + text[at + cut:]


def repeat_entry(r, text):
    """An entry or a field twice, the JSON still well formed."""
    entries = list(re.finditer(rb'"[^"]*":(\{[^{}]*\}|"[^"]*"|\[[^\[\]]*\])', text))
    if not entries:
        return text
    entry = r.choice(entries)
    return text[:entry.end()] + b"," + entry.group(0) + text[entry.end():]


def mutate(r, base):
    n = int.from_bytes(base[:8], "little")
    text, data = base[8:8 + n], base[8 + n:]
    for _ in range(r.choice([1, 1, 1, 2, 3])):
        kind = r.randrange(10)
        if kind < 4:
            try:
                header = json.loads(text)
                change_member(r, header)
                text = json.dumps(header, separators=r.choice([(",", ":"), (", ", ": ")])).encode()
            except (ValueError, TypeError, UnicodeDecodeError, LookupError, OverflowError):
                text = change_text(r, text)
        elif kind < 7:
            text = change_text(r, text)
        elif kind == 7:
            text = repeat_entry(r, text)
        elif kind == 8 and text:
            i = r.randrange(len(text))
            text = text[:i] + bytes([text[i] ^ 1 << r.randrange(8)]) + text[i + 1:]
        else:
            data = r.choice([data[:r.randrange(len(data) + 1)], data + b"\0" * r.randrange(1, 9)])
    length = len(text)
    if r.random() < 0.05:
        length = r.choice([length + r.choice([-8, -1, 1, 8]), length ^ 1 << r.randrange(64), r.choice([0, 2**64 - 1])])
    return (length % 2**64).to_bytes(8, "little") + text + data


def main():
    n, seed = int((sys.argv[1:2] or [200000])[0]), int((sys.argv[2:3] or [1])[0])
    r, ours, all_bases = random.Random(seed), Ours(), list(bases())
    counts, reasons, failures = collections.Counter(), collections.Counter(), []
    for base in all_bases:
        assert reference(base)[0] and ours(base, reference(base)[1])[0]
    for _ in range(n):
        data = mutate(r, r.choice(all_bases))
        they_take, names = reference(data)
        we_take, why = ours(data, names if they_take else [])
        counts[they_take, we_take] += 1
        if they_take and not we_take:
            reasons[re.sub(r'"[^"]*"|\d+|tensor [^:]*?(?=:| lies| has)', "_", why)] += 1
        if we_take and (not they_take or why):
            failures.append((data, names, why))
    print(f"safetensors {safetensors.__version__}, seed {seed}: {n} changed files from {len(all_bases)} valid ones")
    print(f"  both take {counts[True, True]}, both reject {counts[False, False]}, only we reject "
          f"{counts[True, False]}, only the reference rejects {counts[False, True]}")
    for reason, count in reasons.most_common():
        print(f"  only we reject: {count:6d}  {reason}")
    for data, names, why in failures[:20]:
        print(f"  FAILURE: {data[:400]!r}: the reference says {names}; {why}")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
