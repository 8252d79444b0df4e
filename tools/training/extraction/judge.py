# SPDX-License-Identifier: Apache-2.0
"""Which blocks of a page are kept, as choose.cc and decide.cc have it, and how good that is."""

import sys
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "bench" / "quality"))
import extraction

WAYS = np.array([-1.5, -0.5, 0.5, 1.5])
WAY_WEIGHTS = np.array([1, 2, 2, 1]) / 6
# Cuts that are tried on the training folds: shift and spread, in 1/64.
CUTS = [(shift, spread) for spread in (64, 128, 192, 256) for shift in (-64, -96, -128, -160, -192)]
LEAN = 128  # What the profiles for recall and precision add to the shift, or take off.


def keep_best_copies(copies: np.ndarray, odds: np.ndarray) -> np.ndarray:
    """Of blocks with one text, all but the likeliest fall out, as in decide.cc."""
    odds = odds.copy()
    for first in np.unique(copies[copies != np.arange(len(copies))]):
        group = np.nonzero(copies == first)[0]
        odds[np.delete(group, np.argmax(odds[group]))] = -32768
    return odds


def choose(odds: np.ndarray, words: np.ndarray, cut: tuple[int, int]) -> np.ndarray:
    """Blocks that make the expected F1 largest, as choose.cc does."""
    odds = np.clip(odds, -768, 768)
    order = np.argsort(-odds, kind="stable")
    weight = words[order].astype(float)
    kept = np.cumsum(weight)
    expected = np.zeros(len(odds))
    for place, share in zip(WAYS, WAY_WEIGHTS, strict=True):
        probability = 1 / (1 + np.exp(-(odds[order] + cut[0] + place * cut[1]) / 64))
        hit = np.cumsum(probability * weight)
        expected += share * 2 * hit / (kept + hit[-1])
    return np.sort(order[: len(expected) - np.argmax(expected[::-1])])


class Judge:
    """Scores choices of blocks; the words of WCXB's pages are counted once."""

    def __init__(self, blocks):
        self.blocks = blocks
        self.copies = blocks.read("copies", "<u4").astype(np.int64)
        self.pages = [p for p, record in enumerate(blocks.records) if record["set"] in extraction.SETS]
        self.words = {p: self.count(p) for p in self.pages if blocks.records[p]["set"] == "wcxb"}

    def count(self, page: int) -> tuple[list[np.ndarray], np.ndarray, int]:
        """Words of each block as numbers, how often the gold has each, and the gold's words in all."""
        numbers: dict[str, int] = {}
        begin, end = self.blocks.starts[page : page + 2]
        found = (extraction.WORD.findall(text.lower()) for text in self.blocks.texts[begin:end])
        listed = [np.array([numbers.setdefault(w, len(numbers)) for w in words], dtype=np.int64) for words in found]
        gold = Counter(extraction.WORD.findall(self.blocks.records[page]["main_content"].lower()))
        counts = np.array([gold.get(word, 0) for word in numbers], dtype=np.int64)
        return listed, counts, sum(gold.values())

    def chosen(self, page: int, odds: np.ndarray, cut: tuple[int, int]) -> np.ndarray:
        begin, end = self.blocks.starts[page : page + 2]
        if begin == end:
            return np.zeros(0, dtype=np.int64)
        return choose(keep_best_copies(self.copies[begin:end], odds[begin:end]), self.blocks.words[begin:end], cut)

    def text(self, page: int, chosen: np.ndarray) -> str:
        return "\n".join(self.blocks.texts[self.blocks.starts[page] + i] for i in chosen)

    def word_f1(self, page: int, chosen: np.ndarray) -> float:
        listed, gold, wanted = self.words[page]
        ours = np.concatenate([listed[i] for i in chosen]) if len(chosen) else np.zeros(0, dtype=np.int64)
        if len(ours) == 0 or wanted == 0:
            return float(len(ours) == wanted)
        shared = np.minimum(np.bincount(ours, minlength=len(gold)), gold).sum()
        return extraction.harmonic(shared / len(ours), shared / wanted)

    def mean(self, odds: np.ndarray, cut: tuple[int, int], folds: list[int]) -> float:
        """Mean of the three sets' scores over the pages of some folds."""
        blocks, scores = self.blocks, []
        for name in extraction.SETS:
            pages = [p for p in self.pages if blocks.records[p]["set"] == name and blocks.page_fold[p] in folds]
            chosen = [self.chosen(p, odds, cut) for p in pages]
            if name == "wcxb":
                scores.append(np.mean([self.word_f1(p, c) for p, c in zip(pages, chosen, strict=True)]))
                continue
            texts = [self.text(p, c) for p, c in zip(pages, chosen, strict=True)]
            scores.append(extraction.score(name, texts, [blocks.records[p] for p in pages]))
        return float(np.mean(scores))

    def best_cut(self, odds: np.ndarray, folds: list[int]) -> tuple[int, int]:
        return max(CUTS, key=lambda cut: self.mean(odds, cut, folds))
