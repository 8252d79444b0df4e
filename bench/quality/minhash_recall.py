#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Recall of dedup.minhash by true Jaccard similarity, against theory.

    .venv/bin/python bench/quality/minhash_recall.py build/dev/bench/dedup_keys --pairs 6000

Pairs of texts differ by words changed, inserted or deleted, or by blocks moved, in English and Chinese. Their
similarity is computed here from the texts (5 words, or 5 characters of Chinese), independently of the operator. A pair
is found when its keys meet, tried with several seeds; theory for s is 1-(1-s^8)^14. Prints a table; exits 1 where a
bucket is more than four standard errors from theory.
"""

import argparse
import itertools
import json
import math
import pathlib
import random
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from corpus_language import sentences

BUCKETS = [0.3, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.001]
CHANGES = ["words", "insert", "delete", "move"]


def units(text: str, language: str) -> list[str]:
    """Words of a text as the operator counts them."""
    return re.findall(r"[一-鿿]", text) if language == "zh" else re.findall(r"[a-z0-9]+", text.lower())


def jaccard(first: str, second: str, language: str) -> float:
    sets = []
    for text in (first, second):
        items = units(text, language)
        sets.append(set(zip(*(items[i:] for i in range(5)), strict=False)))
    return len(sets[0] & sets[1]) / len(sets[0] | sets[1])


def altered(parts: list[str], others: list[str], change: str, rate: float, rng: random.Random) -> list[str]:
    """Changes about `rate` of the parts."""
    if change == "move":
        blocks = max(2, int(len(parts) * rate))
        cuts = sorted(rng.sample(range(1, len(parts)), blocks - 1))
        pieces = [parts[a:b] for a, b in zip([0, *cuts], [*cuts, len(parts)], strict=True)]
        rng.shuffle(pieces)
        return [part for piece in pieces for part in piece]
    out = []
    for part in parts:
        if rng.random() >= rate:
            out.append(part)
        elif change == "insert":
            out += [part, rng.choice(others)]
        elif change == "words":
            out.append(rng.choice(others))
    return out


def make_pairs(count: int, seed: int):
    """(language, change, similarity, first text, second text) of each pair."""
    rng = random.Random(seed)
    banks = {language: sentences(language, 20_000, seed) for language in ("en", "zh")}
    for _ in range(count):
        language = rng.choice(["en", "en", "zh"])
        joiner = "" if language == "zh" else " "
        text = joiner.join(rng.sample(banks[language], 25))
        parts = list(text) if language == "zh" else text.split(" ")
        others = (
            list("".join(banks[language][:500])) if language == "zh" else " ".join(banks[language][:500]).split(" ")
        )
        change = rng.choice(CHANGES)
        second = joiner.join(altered(parts, others, change, rng.uniform(0.002, 0.12), rng))
        yield language, change, jaccard(text, second, language), text, second


def keys_of(program: str, texts: list[str], seed: int) -> list[set[str]]:
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    command = [program, "dedup.minhash", json.dumps({"seed": seed})]
    result = subprocess.run(command, input=lines, capture_output=True, text=True, check=True)
    return [set(json.loads(line)) for line in result.stdout.splitlines()]


def report(label: str, rows: list[tuple[float, bool]]) -> bool:
    """Prints recall by bucket; true when all is as theory says."""
    good = True
    for low, high in itertools.pairwise(BUCKETS):
        inside = [(s, found) for s, found in rows if low <= s < high]
        if len(inside) < 20:
            continue
        expected = [1 - (1 - s**8) ** 14 for s, _ in inside]
        theory = sum(expected) / len(inside)
        recall = sum(found for _, found in inside) / len(inside)
        error = math.sqrt(sum(p * (1 - p) for p in expected)) / len(inside)
        off = abs(recall - theory) / max(error, 1 / len(inside))
        good &= off < 4
        print(f"{label:8} {low:.2f}-{min(high, 1):.2f} {len(inside):6} {recall:8.3f} {theory:8.3f} {off:6.1f}")
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("program", help="the built dedup_keys")
    parser.add_argument("--pairs", type=int, default=6000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=4, help="how many seeds of the hash functions to try")
    arguments = parser.parse_args()
    pairs = list(make_pairs(arguments.pairs, arguments.seed))
    rows = []
    strangers = 0
    for seed in range(arguments.seed, arguments.seed + arguments.seeds):
        first = keys_of(arguments.program, [pair[3] for pair in pairs], seed)
        second = keys_of(arguments.program, [pair[4] for pair in pairs], seed)
        rows += [(*pair[:3], bool(a & b)) for pair, a, b in zip(pairs, first, second, strict=True)]
        # Neighbouring texts are unrelated: they should hardly ever meet.
        strangers += sum(bool(a & b) for a, b in itertools.pairwise(first))
    print("pairs    similarity     n   recall   theory  errors off")
    good = report("all", [row[2:] for row in rows])
    for language in ("en", "zh"):
        good &= report(language, [row[2:] for row in rows if row[0] == language])
    for change in CHANGES:
        good &= report(change, [row[2:] for row in rows if row[1] == change])
    print(f"unrelated pairs that met: {strangers} of {arguments.seeds * (len(pairs) - 1)}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
