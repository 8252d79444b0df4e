#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains the tagger of person names and writes its weights into the source tree.

    python tools/training/names/train.py build/dev/bench/name_candidates [--documents 16000]

Run by a Python with Faker 40.54.0, jieba 0.42.1, pypinyin 0.55.0 and numpy. A logistic regression over hashed features,
which the C++ code computes; weights are rounded to 6 bits, one printable character each. Prints precision and recall of
candidates on held-back names and templates at several thresholds. The same seed gives the same weights.
"""

import argparse
import subprocess
from pathlib import Path

import numpy
from name_text import Writer

BITS = 17
OUTPUT = Path(__file__).resolve().parents[3] / "src/gristmill/kernels/pii/name_weights.inc"
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
STEP = 1 / 8  # of a weight
WIDTH = 20


def candidates(program, documents):
    """Features and labels: 1 where a candidate is (a word of) a name."""
    texts = b"\0".join(document["text"].encode() for document in documents)
    lines = subprocess.run([program], input=texts, capture_output=True, check=True).stdout.splitlines()
    features = numpy.zeros((len(lines), WIDTH), dtype=numpy.int32)
    counts = numpy.zeros(len(lines), dtype=numpy.int32)
    labels = numpy.zeros(len(lines), dtype=numpy.float32)
    chinese = numpy.zeros(len(lines), dtype=bool)
    for row, line in enumerate(lines):
        number, begin, end, _, is_chinese, *found = map(int, line.split())
        features[row, : len(found)] = found
        counts[row] = len(found)
        chinese[row] = is_chinese
        names = documents[number]["names"]
        if is_chinese:
            labels[row] = (begin, end) in names
        else:
            labels[row] = any(first <= begin and end <= last for first, last in names)
    mask = numpy.arange(WIDTH)[None, :] < counts[:, None]
    return features, mask, labels, chinese


# Features that hold whole words of the name (see name_features.cc); their endings and single characters stay.
LATIN_OWN, CHINESE_OWN = [1, 17, 18], [4, 5, 6]


def with_unknown_names(features, mask, labels, chinese):
    """Each candidate a second time as if its words had never been seen, so that the context must tell."""
    hidden = mask.copy()
    for own, rows in ((LATIN_OWN, ~chinese), (CHINESE_OWN, chinese)):
        for feature in own:
            hidden[rows, feature] = False
    return numpy.vstack([features, features]), numpy.vstack([mask, hidden]), numpy.concatenate([labels, labels])


def train(features, mask, labels, rounds, penalty):
    """Adagrad over the whole set; an L2 penalty keeps rare features small."""
    weights = numpy.zeros(1 << BITS, dtype=numpy.float64)
    squares = numpy.full(1 << BITS, 1e-3)
    flat = features[mask]
    rows = numpy.repeat(numpy.arange(len(labels)), mask.sum(1))
    for step in range(rounds):
        scores = numpy.bincount(rows, weights[flat], len(labels))
        errors = 1 / (1 + numpy.exp(-scores)) - labels
        # A wrong find costs more than a missed one.
        errors = numpy.where(labels > 0, errors, errors * 1.2)
        gradient = numpy.bincount(flat, errors[rows], 1 << BITS) + penalty * weights
        squares += gradient**2
        weights -= 0.5 * gradient / numpy.sqrt(squares)
        if step % 20 == 0:
            print(f"round {step}: mean error {numpy.abs(errors).mean():.4f}", flush=True)
    return weights


def report(name, scores, labels, chosen):
    for threshold in (0, 1, 2, 3):
        found = chosen & (scores > threshold)
        right = (found & (labels > 0)).sum()
        wanted = (chosen & (labels > 0)).sum()
        print(f"{name} above {threshold}: precision {right / max(found.sum(), 1):.4f} recall {right / wanted:.4f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("program", help="the built name_candidates")
    parser.add_argument("--documents", type=int, default=16000)
    parser.add_argument("--rounds", type=int, default=40)
    options = parser.parse_args()
    writer = Writer("train", 1)
    features, mask, labels, chinese = candidates(options.program, [writer.document() for _ in range(options.documents)])
    print(f"{len(labels)} candidates, {int(labels.sum())} of names")
    features, mask, labels = with_unknown_names(features, mask, labels, chinese)
    weights = train(features, mask, labels, options.rounds, 2.0)
    codes = numpy.clip(numpy.rint(weights / STEP), -31, 31).astype(int)
    text = "".join(ALPHABET[code + 32] for code in codes)
    lines = [text[at : at + 110] for at in range(0, len(text), 110)]
    head = "// SPDX-License-Identifier: Apache-2.0\n// Made by tools/training/names/train.py; do not edit.\n"
    OUTPUT.write_text(head + "".join(f'"{line}"\n' for line in lines))
    held = Writer("held", 2)
    features, mask, labels, chinese = candidates(options.program, [held.document() for _ in range(4000)])
    scores = (numpy.where(mask, codes[features], 0)).sum(1) * STEP
    report("Latin", scores, labels, ~chinese)
    report("Chinese", scores, labels, chinese)


if __name__ == "__main__":
    main()
