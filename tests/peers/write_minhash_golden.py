#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/datatrove_signatures.jsonl: MinHash signatures that datatrove computes, for texts of every kind.

Run in an environment with datatrove==0.10.1, spacy and xxhash (.venv-bench has them):
    .venv-bench/bin/python tests/peers/write_minhash_golden.py
"""

import json
import tempfile
from pathlib import Path

from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupSignature
from datatrove.utils.hashing import HashConfig

TARGET = Path(__file__).resolve().parent.parent / "golden" / "datatrove_signatures.jsonl"
SENTENCE = "The people of this town have always known that winter comes with snow, and to be ready for it is wise. "
TEXTS = [
    "",
    "one two three four",
    "one two three four five",
    SENTENCE * 3,
    "In 1999 it cost 1,234.56 dollars; 3.14.15 and 1,2,3 and 1\u066b5 or \u0661\u0662\u060c\u0663 or 7. 8 ,9 "
    "\u00b2 \u216b",
    "Stra\u00dfe \u00c4\u00d6\u00dc na\u00efve fa\u00e7ade \u0130stanbul \u212b \u2126 \u01c5 \u01c4 "
    "\ufb01ne \u1e9b\u0323 "
    "A\u0301\u0327b e\u0301\u0302 \u0344 x",
    "\u039f\u0394\u039f\u03a3 \u03a3\u03a3 \u03a3\u0391\u03a3. \u0391\u03a3\u2019\u0391 \u03a3 "
    "\u0391\u0301\u03a3 \u0391\u03a3\u0301 "
    "\u0391\u03a3:\u0392 \u0391\u00ad\u03a3\u00ad \u24b6\u03a3 1\u03a3",
    "\u4eba\u4eba\u751f\u800c\u81ea\u7531\uff0c \u5728 \u5c0a\u4e25 \u548c \u6743\u5229 \u4e0a \u4e00\u5f8b "
    "\u5e73\u7b49\u3002",
    "\ud55c\uad6d\uc5b4 \ubb38\uc7a5 \uac00\ub098\ub2e4 \u3042\u304c\u30ac \u3071 \u304b\u3099 \u30cf\u309a "
    "end",
    "\u0939\u093f\u0928\u094d\u0926\u0940 \u092d\u093e\u0937\u093e \u0958 "
    "\u0e20\u0e32\u0e29\u0e32\u0e44\u0e17\u0e22 \u05e9\u05c1\u05b8\u05dc\u05d5\u05b9\u05dd "
    "\u0627\u0644\u0639\u064e\u0631\u064e\u0628\u0650\u064a\u0651\u0629 x",
    "can't cannot I'll they're gonna don\u2019t it's U.S.A. e.g. 10km 5% a/b C++ and/or :) 3pm "
    "www.example.com me@x.org x_y",
    "tabs\tand\nlines\r\nand\x0bfeeds\x0c\x1c\x1d\x85\xa0\u2003\u2028\u3000\x00\x07\x7f\x9f end of it all",
    " \u0301 leading mark and \u0301 lone \u0301\u0301 marks  \u20dd enclosed \u200b zero \ufeff width \u0301",
    "\u037e \u1fef \u2000 \u1f80 \u0f77 \u2adc \U0001d15e \U0001f600\U0001f468\u200d\U0001f469 \ufe0f \u2460 "
    "\u00bd \u3000 \uff11 \uff21",
    "!!! --- ... \u2026 \u201cquoted\u201d \u2018single\u2019 \u00abx\u00bb (a) [b] {c} <d> \u2014 \u2013 "
    "\u2212 \u00b7 \u2022 \u00a7 \u20ac \u00a3 end",
    "cannot wont im ive hes shed its lets thats id ill were well whos cant dont doesnt hadnt youre theyve " * 2,
    "10 km 10km 5kg 3.5mb 100 gb 7am 11 pm 0x1f 1st 2nd 12th a1 b2 1a 2b x86 i18n 4\u00d7 \u00b0c 20\u00b0",
]  # fmt: skip
SETTINGS = [
    {"ngram": 5, "bands": 14, "rows": 8, "seed": 1, "hash": "xxhash64"},
    {"ngram": 2, "bands": 3, "rows": 3, "seed": 42, "hash": "xxhash64"},
    {"ngram": 1, "bands": 2, "rows": 5, "seed": 4294967295, "hash": "sha1_64"},
    {"ngram": 3, "bands": 4, "rows": 4, "seed": 0, "hash": "xxhash32"},
    {"ngram": 3, "bands": 4, "rows": 4, "seed": 7, "hash": "sha1_32"},
]


def hash_name(setting):
    """xxhash64 -> xxhash, sha1_64 -> sha1."""
    return "sha1" if setting["hash"].startswith("sha1") else "xxhash"


def step(setting):
    precision = 32 if setting["hash"].endswith("32") else 64
    config = MinhashConfig(
        n_grams=setting["ngram"],
        num_buckets=setting["bands"],
        hashes_per_bucket=setting["rows"],
        seed=setting["seed"],
        hash_config=HashConfig(precision=precision, hash_fc=hash_name(setting)),
    )
    return MinhashDedupSignature(tempfile.mkdtemp(), config)


def signature(made, text):
    shingles = made.get_shingles(text)
    return [value for band in made.get_signature(shingles) for value in band] if shingles.size else []


def main():
    rows = []
    for setting in SETTINGS:
        made = step(setting)
        for text in TEXTS:
            # Numbers above 2^53 are kept as text: not every JSON reader has whole numbers of 64 bits.
            minima = [str(value) for value in signature(made, text)]
            rows.append({**setting, "text": text, "minima": minima})
    TARGET.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    print(f"{TARGET.name}: {len(rows)} lines")


if __name__ == "__main__":
    main()
