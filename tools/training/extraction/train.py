#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains the content model of extract.html on labelled pages and measures it by cross-validation over hosts.

    python3 -m venv build/train && build/train/bin/pip install -r tools/training/extraction/requirements.txt
    build/train/bin/python tools/training/extraction/train.py [--data DIR] [--program build/dev/bench/extract_features]
                                                              [--folds N] [--texts FILE] [--write VERSION]

Each of five folds holds whole registrable hosts, over all sets together. What a fold is judged by has seen none of its
pages: the weights of tokens, the word scores that the trees learn from (each training row is scored by weights that
have not seen its own fold), the guesses for blocks without a label, the trees, and the cut (chosen on the training
folds, each judged by trees that have not seen it). With --texts, the texts kept of each judged page are written for
bench/quality/extraction.py. With --write, the same is fitted on all pages and written to src/gristmill/ops/extract,
and log-odds of a few made pages to tests/golden/content_odds.jsonl.
"""

import argparse
import json
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
from judge import LEAN, Judge, extraction

ROOT = Path(__file__).resolve().parents[3]

GUESS_TREES, GUESS_RATE = 40, 0.2
TREES, RATE = 160, 0.11
GUESS_WEIGHT = 0.3  # For the trees, of a block whose label is a guess.
PROFILES = {"balanced": 0, "recall": LEAN, "precision": -LEAN}


class Fitted:
    """What one training made of the pages of some folds, and the log-odds that it gives to all blocks."""

    def __init__(self, blocks: Blocks, judge: Judge, inside: list[int]):
        self.blocks, self.inside = blocks, inside
        rows = np.isin(blocks.fold, inside)
        features = blocks.measure(self.word_scores(rows & blocks.known, np.nan_to_num(blocks.labels)))
        wanted = self.completed(features, rows)
        features = blocks.measure(self.word_scores(rows, wanted))
        weight = blocks.weight * np.where(blocks.known, 1.0, GUESS_WEIGHT) * self.set_weights()
        data = trees.binned(features)
        unseen = np.zeros(len(features), dtype=np.int64)
        for fold in inside:
            others = np.nonzero(rows & (blocks.fold != fold))[0]
            part = np.nonzero(blocks.fold == fold)[0]
            unseen[part] = trees.log_odds(trees.fit(data, others, wanted, weight, TREES, RATE), features[part])
        self.cut = judge.best_cut(unseen, inside)
        self.trees = trees.fit(data, np.nonzero(rows)[0], wanted, weight, TREES, RATE)
        self.features = features

    def log_odds(self, rows: np.ndarray) -> np.ndarray:
        return trees.log_odds(self.trees, self.features[rows])

    def set_weights(self) -> np.ndarray:
        """Between each page counting alike and each set counting alike: the root of how many times more pages the
        largest set has."""
        sets = [
            record["set"] for p, record in enumerate(self.blocks.records) if self.blocks.page_fold[p] in self.inside
        ]
        most = sets.count("wcxb")
        weights = {name: (most / max(sets.count(name), 1)) ** 0.5 for name in extraction.SETS}
        return np.array([weights.get(record["set"], 1.0) for record in self.blocks.records])[self.blocks.page]

    def word_scores(self, rows: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        """Scores by words: of each training fold by a fit on the others, of all other rows by a fit on all of them."""
        blocks = self.blocks
        self.linear = linear.fit(blocks, np.nonzero(rows)[0], wanted, blocks.weight)
        scores = linear.score(blocks, self.linear)
        for fold in self.inside:
            model = linear.fit(blocks, np.nonzero(rows & (blocks.fold != fold))[0], wanted, blocks.weight)
            part = blocks.fold == fold
            scores[part] = linear.score(blocks, model)[part]
        return scores

    def completed(self, features: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Labels, where blocks that no snippet covers take the guess of a fit on the sets with full gold texts:
        snippets alone would make the page look like content only."""
        blocks = self.blocks
        full = np.nonzero(rows & blocks.known & (blocks.set != "trafilatura"))[0]
        labels = np.nan_to_num(blocks.labels)
        model = trees.fit(trees.binned(features), full, labels, blocks.weight, GUESS_TREES, GUESS_RATE)
        return np.where(blocks.known, labels, model.predict(features))


def judged_pages(blocks: Blocks, judge: Judge, fold: int, fitted: Fitted) -> list[dict]:
    """Of each page of a fold the texts that the profiles keep."""
    odds = np.zeros(len(blocks.words), dtype=np.int64)
    rows = np.nonzero(blocks.fold == fold)[0]
    odds[rows] = fitted.log_odds(rows)
    pages = []
    for page in judge.pages:
        if blocks.page_fold[page] != fold:
            continue
        record, (shift, spread) = blocks.records[page], fitted.cut
        texts = {
            profile: judge.text(page, judge.chosen(page, odds, (shift + lean, spread)))
            for profile, lean in PROFILES.items()
        }
        pages.append({"set": record["set"], "id": record["id"], "texts": texts})
    return pages


def show_scores(blocks: Blocks, judged: list[dict]) -> None:
    records = {(record["set"], record["id"]): record for record in blocks.records}
    for profile in PROFILES:
        scores = {}
        for name in extraction.SETS:
            pages = [page for page in judged if page["set"] == name]
            texts = [page["texts"][profile] for page in pages]
            scores[name] = extraction.score(name, texts, [records[name, page["id"]] for page in pages])
        shown = "  ".join(f"{key} {value:.4f}" for key, value in scores.items())
        print(f"{profile:10} {shown}  mean {sum(scores.values()) / len(scores):.4f}", flush=True)


def load_records(data: Path) -> list[dict]:
    records = []
    for name in extraction.SETS:
        records += [record | {"set": name} for record in extraction.load(data, name)]
    full = [record for record in records if record["set"] != "trafilatura"]
    return records + plain_pages.from_gold(full, 5) + plain_pages.from_languages(data)


def write_cases(program: str, fitted: Fitted, path: Path) -> None:
    """Log-odds by the trainer of a few made pages, which the engine must find too."""
    records = plain_pages.samples()
    pages = [record["html"] for record in records]
    with tempfile.TemporaryDirectory() as folder:
        blocks = Blocks(program, records, folder)
        features = blocks.measure(linear.score(blocks, fitted.linear))
    odds = trees.log_odds(fitted.trees, features)
    with path.open("w", encoding="utf-8") as file:
        for page, begin, end in zip(pages, blocks.starts[:-1], blocks.starts[1:], strict=True):
            line = {"html": page, "log_odds": odds[begin:end].tolist()}
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = Path(os.environ.get("GRISTMILL_SHARED", ROOT.parent / "shared"))
    parser.add_argument("--data", type=Path, default=shared / "data" / "web")
    parser.add_argument("--program", default=str(ROOT / "build/dev/bench/extract_features"))
    parser.add_argument("--folds", type=int, default=FOLDS, help="how many of the five folds to judge")
    parser.add_argument("--texts", type=Path, metavar="FILE", help="write the texts kept of judged pages, a line each")
    parser.add_argument("--write", type=int, metavar="VERSION", help="fit on all pages and write the model")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        blocks = Blocks(given.program, load_records(given.data), folder)
        judge = Judge(blocks)
        print(f"{len(blocks.records)} pages, {len(blocks.words)} blocks, {len(blocks.tokens)} tokens", flush=True)
        judged = []
        for fold in range(given.folds):
            start = time.monotonic()
            fitted = Fitted(blocks, judge, [other for other in range(FOLDS) if other != fold])
            judged += judged_pages(blocks, judge, fold, fitted)
            print(f"fold {fold}: cut {fitted.cut}, {time.monotonic() - start:.0f} s", flush=True)
        if judged:
            show_scores(blocks, judged)
        if given.texts:
            given.texts.write_text("".join(json.dumps(page) + "\n" for page in judged), encoding="utf-8")
        if given.write is not None:
            fitted = Fitted(blocks, judge, list(range(FOLDS)))
            data = trees.model_bytes(blocks.names, *fitted.linear, fitted.trees, fitted.cut)
            name = trees.write_model(data, ROOT / "src/gristmill/ops/extract", given.write)
            write_cases(given.program, fitted, ROOT / "tests/golden/content_odds.jsonl")
            print(f"wrote {name}: {len(data)} bytes, cut {fitted.cut}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
