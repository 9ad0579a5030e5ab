#!/usr/bin/env python3
"""Writes the gzip files of tests/data/test_corpus.c: two prompts, and a megabyte of zeros (the
character) in a kilobyte.

    python3 tests/data/export_packed.py
"""
import gzip

OUT = "tests/data/fixtures/"
FILES = {
    "prompts.jsonl.gz": (b'{"text": "The first prompt."}\n\n'
                         b'{"text": "The second,\\nof two lines."}\n'),
    "zeros.txt.gz": b"0" * (1 << 20),
}

if __name__ == "__main__":
    for name, data in FILES.items():
        with open(OUT + name, "wb") as out:
            out.write(gzip.compress(data, mtime=0))
