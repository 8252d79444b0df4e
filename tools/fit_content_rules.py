#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fits the two tables of extract.html on labelled pages: the weights of words and the steps of measured features.

Usage: tools/fit_content_rules.py [--data DIR] [--program build/dev/bench/extract_features] [--words N] [--write]

Prints the cross-validated score (five folds by host) in the metrics of bench/quality/extraction.py; with --write also
fits on all pages and rewrites word_weights.inc and content_steps.inc in src/gristmill/ops/extract. Needs numpy, scipy
and lightgbm beside what tools/setup.sh installs.

Labels: a block of the two sets with full gold texts is content as far as its words lie in runs of four words that the
gold text has too. In the third set only the snippets are known; the other blocks take the guess of a first fit on the
other two sets, at a lower weight. Both fits are logistic; the second one is a boosted sum of single steps, so each line
of its table reads "when the feature is above EDGE, add ADD".
"""

import argparse
import os
import re
import struct
import subprocess
import sys
import tempfile
import zlib
from collections import Counter, defaultdict
from pathlib import Path
from urllib.parse import urlparse

import lightgbm
import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "bench" / "quality"))
import extraction  # noqa: E402

BANDS = ("own", "near", "far", "brief", "start")
WORD = re.compile(r"\w+")
FOLDS = 5
PAGES_MIN = 12  # A word seen on fewer pages gets no weight.
STEPS = 300


class Pages:
    """Blocks of all pages, one after the other, as the engine measures them."""

    def __init__(self, program: str, records: list[dict]):
        with tempfile.TemporaryDirectory() as folder:
            paths = []
            for i, record in enumerate(records):
                paths.append(f"{folder}/{i}.html")
                Path(paths[-1]).write_bytes(record["html"].encode("utf-8", "replace"))
            run = subprocess.run([program], input="\n".join(paths).encode(), capture_output=True, check=True)
        self.records = records
        self.vocabulary = set(run.stderr.decode("utf-8", "replace").split("\n"))
        self.parse(run.stdout)

    def parse(self, data: bytes) -> None:
        (feature_count,) = struct.unpack_from("<I", data, 0)
        at, self.names = 4, []
        for _ in range(feature_count):
            end = data.index(b"\n", at)
            self.names.append(data[at:end].decode())
            at = end + 1
        measured, ranges, band_words = [], [], []
        self.texts, words, starts, pointers = [], [], [0], [0]
        size = 4 * feature_count
        for _ in self.records:
            (blocks,) = struct.unpack_from("<I", data, at)
            at += 4
            for _ in range(blocks):
                words.append(struct.unpack_from("<I", data, at)[0])
                measured.append(data[at + 4 : at + 4 + size])
                ranges.append(data[at + 4 + size : at + 36 + size])
                at += 36 + size
                (count,) = struct.unpack_from("<I", data, at)
                band_words.append(data[at + 4 : at + 4 + 8 * count])
                pointers.append(pointers[-1] + count)
                at += 4 + 8 * count
                (length,) = struct.unpack_from("<I", data, at)
                self.texts.append(data[at + 4 : at + 4 + length].decode("utf-8", "replace"))
                at += 4 + length
            starts.append(len(words))
        self.words, self.starts = np.array(words), np.array(starts)
        self.features = np.frombuffer(b"".join(measured), "<f4").reshape(-1, feature_count).copy()
        self.ranges = np.frombuffer(b"".join(ranges), "<u4").reshape(-1, 8).astype(np.int64)
        pairs = np.frombuffer(b"".join(band_words), "<u4").reshape(-1, 2)
        self.keys = pairs[:, 0].astype(np.uint64) << np.uint64(32) | pairs[:, 1].astype(np.uint64)
        self.key_block = np.repeat(np.arange(len(words)), np.diff(pointers))
        self.page = np.repeat(np.arange(len(self.records)), np.diff(self.starts))
        self.set = np.array([r["set"] for r in self.records])[self.page]
        root = np.sqrt(np.minimum(self.words, 100)).astype(float)
        self.root = root
        self.weight = root / np.bincount(self.page, weights=root, minlength=len(self.records))[self.page] * 100
        self.fold = np.array([zlib.crc32(host(r).encode()) % FOLDS for r in self.records])[self.page]


def host(record: dict) -> str:
    """Registrable host, roughly; the third set has file names that begin with it."""
    url = record["url"] or "hard::" + record["id"]
    parts = (
        (url[6:].split("-")[0] if url.startswith("hard::") else urlparse(url).netloc).lower().split(":")[0].split(".")
    )
    return ".".join(parts[-3:] if len(parts) > 2 and len(parts[-2]) <= 3 else parts[-2:])


def snippet_marks(words: list[str], record: dict) -> np.ndarray:
    marks = np.full(len(words), np.nan)
    places = defaultdict(list)
    for i in range(len(words)):
        places[words[i]].append(i)
    for mark, snippets in ((0.0, record["without"]), (1.0, record["with"])):
        for snippet in snippets:
            wanted = WORD.findall(snippet.lower())
            for i in places.get(wanted[0], ()) if wanted else ():
                if words[i : i + len(wanted)] == wanted:
                    marks[i : i + len(wanted)] = mark
    return marks


def gold_marks(words: list[str], record: dict) -> np.ndarray:
    gold = WORD.findall((record.get("main_content") or record.get("articleBody") or "").lower())
    runs = {tuple(gold[i : i + 4]) for i in range(len(gold) - 3)}
    marks = np.zeros(len(words))
    for i in range(len(words) - 3):
        if tuple(words[i : i + 4]) in runs:
            marks[i : i + 4] = 1
    return marks


def label(pages: Pages) -> np.ndarray:
    """Share of each block that is content, NaN where nothing is known."""
    labels = np.full(len(pages.words), np.nan)
    for p, record in enumerate(pages.records):
        begin, end = pages.starts[p], pages.starts[p + 1]
        words, owner = [], []
        for i in range(begin, end):
            found = WORD.findall(pages.texts[i].lower())
            words += found
            owner += [i - begin] * len(found)
        is_partial = record["set"] == "trafilatura"
        marks = snippet_marks(words, record) if is_partial else gold_marks(words, record)
        known = ~np.isnan(marks)
        owners = np.array(owner, dtype=int)[known]
        total = np.bincount(owners, weights=marks[known], minlength=end - begin)
        count = np.bincount(owners, minlength=end - begin)
        share = total / np.maximum(count, 1)
        if is_partial:
            labels[begin:end] = np.where(count > 0, share >= 0.5, np.nan)
        else:
            labels[begin:end] = share
    return labels


def word_matrix(pages: Pages) -> tuple[csr_matrix, np.ndarray]:
    """Counts (at most 3) of each word that enough pages have, and its key."""
    keys, column = np.unique(pages.keys, return_inverse=True)
    seen = np.unique(column.astype(np.int64) * len(pages.records) + pages.page[pages.key_block])
    frequent = np.bincount(seen // len(pages.records), minlength=len(keys)) >= PAGES_MIN
    place = np.cumsum(frequent) - 1
    used = frequent[column]
    shape = (len(pages.words), int(frequent.sum()))
    matrix = csr_matrix((np.ones(used.sum(), np.float32), (pages.key_block[used], place[column[used]])), shape=shape)
    matrix.sum_duplicates()
    return matrix, keys[frequent]


def fit_words(matrix: csr_matrix, rows: np.ndarray, labels: np.ndarray, weight: np.ndarray, ridge: float) -> np.ndarray:
    """Weights and, last, the bias."""
    part, wanted, importance = matrix[rows], labels[rows], weight[rows] / weight[rows].mean()

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        guess = 1 / (1 + np.exp(-np.clip(part @ weights[:-1] + weights[-1], -30, 30)))
        value = -(importance * (wanted * np.log(guess + 1e-9) + (1 - wanted) * np.log(1 - guess + 1e-9))).sum()
        slope = importance * (guess - wanted)
        gradient = np.append(part.T @ slope + weights[:-1] * ridge, slope.sum())
        return value + 0.5 * ridge * (weights[:-1] ** 2).sum(), gradient

    start = np.zeros(matrix.shape[1] + 1)
    return minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 60}).x


def most_telling(matrix: csr_matrix, weights: np.ndarray, block_weight: np.ndarray, count: int) -> np.ndarray:
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    spread = np.bincount(matrix.indices, weights=block_weight[rows], minlength=matrix.shape[1])
    return np.sort(np.argsort(-np.abs(weights[:-1]) * np.sqrt(spread), kind="stable")[:count])


def with_scores(pages: Pages, scores: np.ndarray) -> np.ndarray:
    """Features with the columns that depend on the word scores filled in, as features.cc does."""
    scores = np.clip(scores, -8, 8)
    column = {name: i for i, name in enumerate(pages.names)}
    features = pages.features.copy()
    sums = np.concatenate([[0], np.cumsum(scores * pages.root)])
    weights = np.concatenate([[0], np.cumsum(pages.root)])
    first, last, index = pages.starts[pages.page], pages.starts[pages.page + 1], np.arange(len(scores))

    def mean(begin: np.ndarray, end: np.ndarray) -> np.ndarray:
        return (sums[end] - sums[begin]) / (weights[end] - weights[begin])

    def near(reach: int) -> np.ndarray:
        return mean(np.maximum(first, index - reach), np.minimum(last, index + reach + 1))

    for reach in (1, 3, 8):
        features[:, column[f"word_score_{reach}"]] = near(reach)
    for i, level in enumerate((1, 2, 3, 5)):
        features[:, column[f"word_score_c{level}"]] = mean(
            pages.ranges[:, 2 * i] + first, pages.ranges[:, 2 * i + 1] + first
        )
    top = np.zeros(len(pages.records))
    for p in range(len(pages.records)):
        own = scores[pages.starts[p] : pages.starts[p + 1]]
        if len(own):
            top[p] = np.sort(own)[len(own) * 9 // 10]
    features[:, column["word_score"]] = scores
    features[:, column["word_score_top"]] = top[pages.page]
    features[:, column["word_score_below_top"]] = top[pages.page] - near(2)
    return features


def fit_steps(features: np.ndarray, labels: np.ndarray, weight: np.ndarray) -> lightgbm.Booster:
    settings = {
        "objective": "cross_entropy", "num_leaves": 2, "learning_rate": 0.1, "min_data_in_leaf": 200, "max_bin": 63,
        "feature_fraction": 0.7, "lambda_l2": 5, "seed": 1, "deterministic": True, "num_threads": 2, "verbose": -1,
    }  # fmt: skip
    return lightgbm.train(settings, lightgbm.Dataset(features, label=labels, weight=weight), STEPS)


def steps_of(model: lightgbm.Booster) -> tuple[float, dict[tuple[int, float], float]]:
    bias, steps = 0.0, Counter()
    for tree in model.dump_model()["tree_info"]:
        node = tree["tree_structure"]
        if "split_feature" not in node:
            bias += node["leaf_value"]
            continue
        low, high = node["left_child"]["leaf_value"], node["right_child"]["leaf_value"]
        bias += low
        steps[node["split_feature"], node["threshold"]] += high - low
    return bias, dict(steps)


def completed(
    pages: Pages, labels: np.ndarray, features: np.ndarray, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Labels and weights where the unknown blocks take the guess of a fit on the sets with full gold texts."""
    full = rows & (pages.set != "trafilatura")
    guess = fit_steps(features[full], labels[full], pages.weight[full]).predict(features)
    unknown = np.isnan(labels)
    return np.where(unknown, guess, labels), pages.weight * np.where(unknown, 0.3, 1.0)


def choose(probability: np.ndarray, words: np.ndarray) -> np.ndarray:
    """Blocks that make the expected F1 largest, as choose.cc does in balanced mode."""
    probability = 1 / (1 + (1 / np.clip(probability, 1e-9, 1 - 1e-9) - 1) ** 1.5)
    order = np.argsort(-probability, kind="stable")
    hit, kept = np.cumsum(probability[order] * words[order]), np.cumsum(words[order])
    expected = 2 * hit / (kept + hit[-1])
    mask = np.zeros(len(words), bool)
    mask[order[: len(expected) - np.argmax(expected[::-1])]] = True
    return mask


def evaluate(pages: Pages, probability: np.ndarray) -> None:
    scores = {}
    for name in extraction.SETS:
        texts, records = [], []
        for p, record in enumerate(pages.records):
            if record["set"] != name:
                continue
            begin, end = pages.starts[p], pages.starts[p + 1]
            mask = choose(probability[begin:end], pages.words[begin:end].astype(float)) if end > begin else []
            texts.append("\n".join(t for t, keep in zip(pages.texts[begin:end], mask, strict=True) if keep))
            records.append(record)
        scores[name] = extraction.score(name, texts, records)
    mean = sum(scores.values()) / len(scores)
    print("  ".join(f"{k} {v:.4f}" for k, v in scores.items()), f"mean {mean:.4f}", flush=True)


def cross_validate(pages: Pages, matrix: csr_matrix, labels: np.ndarray, word_count: int) -> np.ndarray:
    """Word scores of each block; all that is fitted, the choice of the words too, sees only the other folds."""
    known = ~np.isnan(labels)
    scores = np.zeros(len(labels))
    for fold in range(FOLDS):
        rows = np.nonzero(known & (pages.fold != fold))[0]
        first = fit_words(matrix, rows, labels, pages.weight, 100.0)
        part = matrix[:, most_telling(matrix, first, pages.weight, word_count)]
        weights = fit_words(part, rows, labels, pages.weight, 25.0)
        scores[pages.fold == fold] = (part @ weights[:-1] + weights[-1])[pages.fold == fold]
    print("words only:   ", end="")
    evaluate(pages, 1 / (1 + np.exp(-scores)))
    features = with_scores(pages, scores)
    probability = np.zeros(len(labels))
    for fold in range(FOLDS):
        inside = pages.fold != fold
        full_labels, weight = completed(pages, labels, features, inside & known)
        model = fit_steps(features[inside], full_labels[inside], weight[inside])
        probability[~inside] = model.predict(features[~inside])
    print("words + steps:", end=" ")
    evaluate(pages, probability)
    return scores


def word_hash(word: bytes) -> int:
    value = 0x811C9DC5
    for byte in word:
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value


def words_by_hash(pages: Pages) -> dict[int, str]:
    """Words again from their hashes: of attribute values (split as html_tree.cc does), tags and short texts."""
    found = set()
    for value in pages.vocabulary | set(text[:256] for text in pages.texts):
        split = re.sub(r"([a-z\u0080-\U0010ffff])([A-Z])", r"\1 \2", value)
        for text in (value, split):
            found.update(re.findall(r"[A-Za-z\u0080-\U0010ffff]{2,}", text))
    lower = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
    words = {word_hash(w.translate(lower).encode()): w.translate(lower) for w in found}
    tags = re.findall(r'"(#?\w+)"', (ROOT / "src/gristmill/kernels/html_tags.cc").read_text(encoding="utf-8"))
    return words | {word_hash(f"<{tag}>".encode()): f"<{tag}>" for tag in tags}


HEADER = """// SPDX-License-Identifier: Apache-2.0
// Fitted by tools/fit_content_rules.py on the development pages of WCXB (annotations CC-BY-4.0), of the article
// extraction benchmark of Scrapinghub (MIT) and of trafilatura's evaluation (Apache-2.0): {pages} pages,
// {blocks} blocks.
// clang-format off
"""


def wrap(items: list[str]) -> str:
    lines, line = [], " "
    for item in items:
        if len(line) + len(item) > 118:
            lines.append(line)
            line = " "
        line += " " + item
    return "\n".join([*lines, line])


def write_tables(
    pages: Pages, matrix: csr_matrix, keys: np.ndarray, labels: np.ndarray, word_count: int, scores: np.ndarray
) -> None:
    known = np.nonzero(~np.isnan(labels))[0]
    chosen = most_telling(matrix, fit_words(matrix, known, labels, pages.weight, 100.0), pages.weight, word_count)
    weights = fit_words(matrix[:, chosen], known, labels, pages.weight, 25.0)
    names = words_by_hash(pages)
    rows = sorted(
        (int(keys[c] >> np.uint64(32)), names[int(keys[c]) & 0xFFFFFFFF], w)
        for c, w in zip(chosen, weights[:-1], strict=True)
        if int(keys[c]) & 0xFFFFFFFF in names and abs(w) >= 0.005
    )
    folder = ROOT / "src/gristmill/ops/extract"
    header = HEADER.format(pages=len(pages.records), blocks=len(labels))
    text = header + f"constexpr float word_bias = {weights[-1]:.2f}f;\nconstexpr WordWeight word_weights[] = {{\n"
    for band, name in enumerate(BANDS):
        text += wrap([f'{{Band::{name}, "{w}", {v:.2f}f}},' for b, w, v in rows if b == band]) + "\n"
    (folder / "word_weights.inc").write_text(text + "};\n// clang-format on\n", encoding="utf-8")
    print(f"{len(rows)} words")

    # The steps are fitted on scores of pages that the word weights have not seen: on seen ones they look too good.
    features = with_scores(pages, scores)
    full_labels, weight = completed(pages, labels, features, ~np.isnan(labels))
    bias, steps = steps_of(fit_steps(features, full_labels, weight))
    text = header + f"constexpr float step_bias = {bias:.3f}f;\nconstexpr Step steps[] = {{\n"
    rows = [f"{{Feature::{pages.names[f]}, {edge:.4g}f, {add:.3f}f}}," for (f, edge), add in sorted(steps.items())]
    rows = [row.replace(", 0f,", ", 0.0f,") for row in rows if not row.endswith(" 0.000f},")]
    rows = [re.sub(r", (-?\d+)f,", r", \1.0f,", row) for row in rows]
    (folder / "content_steps.inc").write_text(text + wrap(rows) + "\n};\n// clang-format on\n", encoding="utf-8")
    print(f"{len(rows)} steps")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = Path(os.environ.get("GRISTMILL_SHARED", ROOT.parent / "shared"))
    parser.add_argument("--data", type=Path, default=shared / "data" / "web")
    parser.add_argument("--program", default="build/dev/bench/extract_features")
    parser.add_argument("--words", type=int, default=800)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    records = []
    for name in extraction.SETS:
        for record in extraction.load(given.data, name):
            records.append(record | {"set": name})
    pages = Pages(given.program, records)
    labels = label(pages)
    matrix, keys = word_matrix(pages)
    print(
        f"{len(records)} pages, {len(labels)} blocks, {matrix.shape[1]} words on at least {PAGES_MIN} pages", flush=True
    )
    scores = cross_validate(pages, matrix, labels, given.words)
    if given.write:
        write_tables(pages, matrix, keys, labels, given.words, scores)
    return 0


if __name__ == "__main__":
    sys.exit(main())
