#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains the content model of extract.html on labelled pages and measures it by cross-validation over hosts.

    python3 -m venv build/train && build/train/bin/pip install -r tools/training/extraction/requirements.txt
    build/train/bin/python tools/training/extraction/train.py [--data DIR] [--program build/dev/bench/extract_features]
                                                              [--folds N] [--write VERSION]

Each of five folds holds whole registrable hosts, over all sets together. What a fold is judged by has seen none of its
pages: the weights of tokens, the word scores that the trees learn from (each training row is scored by weights that
have not seen its own fold), the guesses for blocks without a label, the trees. With --write, the same is fitted on all
pages and written to src/gristmill/ops/extract.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import linear
import numpy as np
import plain_pages
import trees
from blocks import FOLDS, Blocks

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "bench" / "quality"))
import extraction  # noqa: E402

GUESS_TREES, TREES, RATE = 40, 150, 0.1
GUESS_WEIGHT = 0.3  # Of a block whose label is a guess; half of that for the trees.
# For the trees, pages of the small article sets weigh more: there are few of them.
SET_WEIGHT = {"scrapinghub": 3.0, "trafilatura": 1.5}


class Fitted:
    """What one training made, and the log-odds that it gives to all blocks."""

    def __init__(self, blocks: Blocks, inside: list[int]):
        self.blocks, self.inside = blocks, inside
        rows = np.isin(blocks.fold, inside)
        features = blocks.measure(self.word_scores(rows & blocks.known, np.nan_to_num(blocks.labels), blocks.weight))
        wanted, weight = self.completed(features, rows)
        features = blocks.measure(self.word_scores(rows, wanted, weight))
        weight *= np.array([SET_WEIGHT.get(name, 1.0) for name in blocks.set]) * np.where(blocks.known, 1.0, 0.5)
        self.trees = trees.fit(trees.binned(features), np.nonzero(rows)[0], wanted, weight, TREES, RATE)
        self.log_odds = self.trees.predict(features, raw_score=True)

    def word_scores(self, rows: np.ndarray, wanted: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """Scores by words: of each training fold by a fit on the others, of all other rows by a fit on all of them."""
        self.linear = linear.fit(self.blocks, np.nonzero(rows)[0], wanted, weight)
        scores = linear.score(self.blocks, self.linear)
        for fold in self.inside:
            model = linear.fit(self.blocks, np.nonzero(rows & (self.blocks.fold != fold))[0], wanted, weight)
            part = self.blocks.fold == fold
            scores[part] = linear.score(self.blocks, model)[part]
        return scores

    def completed(self, features: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Labels and weights, where blocks that no snippet covers take the guess of a fit on the sets with full gold
        texts: snippets alone would make the page look like content only."""
        blocks = self.blocks
        full = np.nonzero(rows & blocks.known & (blocks.set != "trafilatura"))[0]
        model = trees.fit(trees.binned(features), full, np.nan_to_num(blocks.labels), blocks.weight, GUESS_TREES, 0.2)
        wanted, weight = blocks.labels.copy(), blocks.weight.copy()
        unknown = ~blocks.known
        wanted[unknown] = model.predict(features[unknown])
        weight[unknown] *= GUESS_WEIGHT
        return wanted, weight


def keep_best_copies(copies: np.ndarray, odds: np.ndarray) -> np.ndarray:
    """Of blocks with one text, all but the likeliest fall out, as in decide.cc."""
    odds = odds.copy()
    for first in np.unique(copies[copies != np.arange(len(copies))]):
        group = np.nonzero(copies == first)[0]
        odds[np.delete(group, np.argmax(odds[group]))] = -1e9
    return odds


def choose(odds: np.ndarray, words: np.ndarray, power: float) -> np.ndarray:
    """Blocks that make the expected F1 largest, as choose.cc does."""
    odds = np.floor(odds * 64) / 64
    probability = 1 / (1 + np.exp(-np.clip(odds, -12, 12) * power))
    order = np.argsort(-odds, kind="stable")
    hit, kept = np.cumsum(probability[order] * words[order]), np.cumsum(words[order])
    expected = 2 * hit / (kept + hit[-1])
    return np.sort(order[: len(expected) - np.argmax(expected[::-1])])


def evaluate(blocks: Blocks, log_odds: np.ndarray, power: float, folds: set[int]) -> None:
    copies = blocks.read("copies", "<u4").astype(np.int64)
    scores, types = {}, {}
    for name in (*extraction.SETS, "plain"):
        texts, records = [], []
        for p, record in enumerate(blocks.records):
            if record["set"] != name or blocks.page_fold[p] not in folds:
                continue
            begin, end = blocks.starts[p], blocks.starts[p + 1]
            chosen = []
            if end > begin:
                odds = keep_best_copies(copies[begin:end], log_odds[begin:end])
                chosen = choose(odds, blocks.words[begin:end].astype(float), power)
            texts.append("\n".join(blocks.texts[begin + i] for i in chosen))
            records.append(record)
            if name == "wcxb":
                found = extraction.word_f1(texts[-1], record["main_content"])
                types.setdefault(record["page_type"], []).append(found)
        scores[name] = extraction.score("wcxb" if name == "plain" else name, texts, records)
    mean = sum(scores[name] for name in extraction.SETS) / 3
    shown = "  ".join(f"{k} {v:.4f}" for k, v in scores.items())
    print(f"power {power}: {shown}  mean {mean:.4f}")
    print("   ", "  ".join(f"{k} {sum(v) / len(v):.3f}" for k, v in sorted(types.items())), flush=True)


def load_records(data: Path) -> list[dict]:
    records = []
    for name in extraction.SETS:
        records += [record | {"set": name} for record in extraction.load(data, name)]
    full = [record for record in records if record["set"] != "trafilatura"]
    return records + plain_pages.from_gold(full, 5) + plain_pages.from_languages(data)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = Path(os.environ.get("GRISTMILL_SHARED", ROOT.parent / "shared"))
    parser.add_argument("--data", type=Path, default=shared / "data" / "web")
    parser.add_argument("--program", default=str(ROOT / "build/dev/bench/extract_features"))
    parser.add_argument("--folds", type=int, default=FOLDS, help="how many of the five folds to judge")
    parser.add_argument("--write", type=int, metavar="VERSION", help="fit on all pages and write the model")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        blocks = Blocks(given.program, load_records(given.data), folder)
        print(f"{len(blocks.records)} pages, {len(blocks.words)} blocks, {len(blocks.tokens)} tokens", flush=True)
        log_odds = np.zeros(len(blocks.words))
        for fold in range(given.folds):
            start = time.monotonic()
            fitted = Fitted(blocks, [other for other in range(FOLDS) if other != fold])
            log_odds[blocks.fold == fold] = fitted.log_odds[blocks.fold == fold]
            print(f"fold {fold}: {time.monotonic() - start:.0f} s", flush=True)
        for power in (0.5, 1.0, 1.5, 2.0, 3.0) if given.folds else ():
            evaluate(blocks, log_odds, power, set(range(given.folds)))
        if given.write is not None:
            fitted = Fitted(blocks, list(range(FOLDS)))
            data = trees.model_bytes(blocks.names, *fitted.linear, fitted.trees)
            name = trees.write_model(data, ROOT / "src/gristmill/ops/extract", given.write)
            print(f"wrote {name}: {len(data)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
