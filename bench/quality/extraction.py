#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Scores extract.html on three labelled page sets, beside the peers that are installed, and times all of them.

Usage: bench/quality/extraction.py [--data DIR] [--program build/dev/bench/extract_pages]
                                   [--peers resiliparse,trafilatura,trafilatura-fast,rs-trafilatura]
                                   [--options JSON] [--repeat N] [--by-type]
                                   [--cross-validate PYTHON | --judged FILE]

DIR holds wcxb/, scrapinghub/ and trafilatura/, each with gold.jsonl.gz and html/*.gz; the default is data/web below
GRISTMILL_SHARED. Peers are imported from the Python that runs this script (extraction_peers.txt); those that are not
installed are left out.
  wcxb         mean over pages of precision, recall and F1 of word multisets
  scrapinghub  precision and recall of 4-word shingles, averaged over pages, then F1
  trafilatura  precision, recall and F1 of snippets that must and must not appear, over all snippets
Speed is CPU time of one thread over all pages, decoded before, best of N runs for ours, one run for a peer.

The built-in model was trained on these pages: its scores on them say nothing. With --cross-validate, the training
program fits it anew for each fold, with the given Python (one that has tools/training/extraction/requirements.txt), and
the texts that it keeps of pages it has not seen are scored beside the peers on the same pages; --judged takes such
texts from a file that train.py --texts wrote. Differences come with the 95 % range of a paired bootstrap over pages.
"""

import argparse
import gzip
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

SETS = ("wcxb", "scrapinghub", "trafilatura")
WORD = re.compile(r"\w+")
SPACE = re.compile(r"\s+")
DRAWINGS = 1000


def decode(raw: bytes) -> str:
    """Decodes as a reader would: UTF-8 if it is, else the declared charset, else windows-1252."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    declared = re.search(rb"charset\s*=\s*[\"']?([\w-]+)", raw[:4096])
    for name in (declared.group(1).decode() if declared else "", "windows-1252"):
        try:
            return raw.decode("windows-1252" if name.lower() == "iso-8859-1" else name, errors="replace")
        except LookupError:
            continue
    return raw.decode("latin-1")


def load(data: Path, name: str) -> list[dict]:
    """Gold records of a set, each with its decoded page."""
    records = []
    with gzip.open(data / name / "gold.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            page = data / name / "html" / (record["id"] + (".gz" if name == "trafilatura" else ".html.gz"))
            record["html"] = decode(gzip.decompress(page.read_bytes()))
            records.append(record)
    return records


def harmonic(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def word_rates(text: str, gold: str) -> tuple[float, float, float]:
    """Precision, recall and F1 of a page's words."""
    ours, wanted = Counter(WORD.findall(text.lower())), Counter(WORD.findall(gold.lower()))
    if not ours or not wanted:
        is_right = float(not ours and not wanted)
        return is_right, is_right, is_right
    shared = sum((ours & wanted).values())
    precision, recall = shared / sum(ours.values()), shared / sum(wanted.values())
    return precision, recall, harmonic(precision, recall)


def word_f1(text: str, gold: str) -> float:
    return word_rates(text, gold)[2]


def shingles(text: str) -> Counter:
    words = WORD.findall(text)
    if len(words) < 4:
        return Counter([tuple(words)] if words else [])
    return Counter(tuple(words[i : i + 4]) for i in range(len(words) - 3))


def shingle_rates(text: str, gold: str) -> tuple[float, float]:
    ours, wanted = shingles(text), shingles(gold)
    shared = sum((ours & wanted).values())
    precision = shared / sum(ours.values()) if ours else float(not wanted)
    return precision, shared / sum(wanted.values()) if wanted else 1.0


def snippet_counts(text: str, record: dict) -> tuple[int, int, int]:
    """Wanted snippets that are there, unwanted ones that are there, wanted ones that are missing."""
    folded = SPACE.sub(" ", text)
    hits = sum(SPACE.sub(" ", snippet).strip() in folded for snippet in record["with"])
    wrong = sum(SPACE.sub(" ", snippet).strip() in folded for snippet in record["without"])
    return hits, wrong, len(record["with"]) - hits


def page_numbers(name: str, text: str, record: dict) -> tuple:
    """What the score of a set is made of, of one page."""
    if name == "wcxb":
        return word_rates(text, record["main_content"])
    if name == "scrapinghub":
        return shingle_rates(text, record["articleBody"])
    return snippet_counts(text, record)


def rates(name: str, numbers: list[tuple]) -> tuple[float, float, float]:
    """Precision, recall and F1 of a set from the numbers of its pages."""
    sums = [sum(column) for column in zip(*numbers, strict=True)]
    if name == "trafilatura":
        hits, wrong, missing = sums
        precision, recall = hits / max(hits + wrong, 1), hits / max(hits + missing, 1)
    else:
        precision, recall = sums[0] / len(numbers), sums[1] / len(numbers)
    return precision, recall, sums[2] / len(numbers) if name == "wcxb" else harmonic(precision, recall)


def score(name: str, texts: list[str], records: list[dict]) -> float:
    return rates(name, [page_numbers(name, text, record) for text, record in zip(texts, records, strict=True)])[2]


def run_ours(program: str, options: str, repeat: int, records: list[dict]) -> tuple[list[str], float]:
    """Texts and CPU seconds of extract.html."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for i, record in enumerate(records):
            paths.append(f"{folder}/{i}.html")
            Path(paths[-1]).write_bytes(record["html"].encode("utf-8", "replace"))
        given = json.dumps(json.loads(options) | {"repeat": repeat})
        done = subprocess.run([program, given], input="\n".join(paths), capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in done.stdout.split("\n") if line]
    return [line["text"] for line in lines[:-1]], lines[-1]["cpu_seconds"]


def peer_function(name: str):
    """The peer's extraction function with the settings that score best for it, or None when it is not installed."""
    try:
        if name == "resiliparse":
            from resiliparse.extract.html2text import extract_plain_text

            return lambda html: extract_plain_text(html, main_content=True, alt_texts=False, links=False)
        if name == "rs-trafilatura":
            import rs_trafilatura

            return lambda html: rs_trafilatura.extract(html).main_content or ""
        import trafilatura

        return lambda html: trafilatura.extract(html, fast=name.endswith("-fast")) or ""
    except ImportError:
        return None


def run_peer(function, records: list[dict]) -> tuple[list[str], float]:
    start = time.process_time()
    texts = []
    for record in records:
        try:
            texts.append(function(record["html"]))
        except Exception:  # A peer that fails on a page gave nothing for it.
            texts.append("")
    return texts, time.process_time() - start


def judged_texts(path: Path) -> dict[str, dict[tuple[str, str], str]]:
    """By profile, the texts that train.py --texts wrote, by set and page."""
    by_profile: dict[str, dict[tuple[str, str], str]] = {}
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            page = json.loads(line)
            for profile, text in page["texts"].items():
                by_profile.setdefault(profile, {})[page["set"], page["id"]] = text
    return by_profile


def cross_validate(python: str, data: Path) -> dict[str, dict[tuple[str, str], str]]:
    program = Path(__file__).resolve().parents[2] / "tools" / "training" / "extraction" / "train.py"
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([python, program, "--data", data, "--texts", f"{folder}/texts"], check=True)
        return judged_texts(Path(folder) / "texts")


def report(name: str, numbers: dict[str, list[tuple]], speed: str) -> None:
    cells, total = [], 0.0
    for key, pages in numbers.items():
        precision, recall, f1 = rates(key, pages)
        cells.append(f"{key} {f1:.4f} (P {precision:.3f} R {recall:.3f})")
        total += f1
    print(f"{name:22} {'  '.join(cells)}  mean {total / len(numbers):.4f}  {speed}", flush=True)


def report_types(numbers: list[tuple], records: list[dict]) -> None:
    by_type: dict[str, list[float]] = {}
    for (_, _, f1), record in zip(numbers, records, strict=True):
        by_type.setdefault(record["page_type"], []).append(f1)
    print("  " + "  ".join(f"{key} {sum(v) / len(v):.3f} ({len(v)})" for key, v in sorted(by_type.items())))


def report_difference(name: str, ours: dict[str, list[tuple]], theirs: dict[str, list[tuple]]) -> None:
    """Ours minus theirs, with the range that 95 of 100 drawings of pages give."""
    drawing = random.Random(1)
    drawn: dict[str, list[float]] = {key: [] for key in (*ours, "mean")}
    for _ in range(DRAWINGS):
        total = 0.0
        for key, pages in ours.items():
            picked = drawing.choices(range(len(pages)), k=len(pages))
            gap = rates(key, [pages[i] for i in picked])[2] - rates(key, [theirs[key][i] for i in picked])[2]
            drawn[key].append(gap)
            total += gap
        drawn["mean"].append(total / len(ours))
    cells = []
    for key, gaps in drawn.items():
        gaps.sort()
        low, middle, high = gaps[DRAWINGS // 40], gaps[DRAWINGS // 2], gaps[-1 - DRAWINGS // 40]
        cells.append(f"{key} {middle:+.3f} ({low:+.3f} to {high:+.3f})")
    print(f"  balanced minus {name}: {'  '.join(cells)}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = Path(os.environ.get("GRISTMILL_SHARED", Path(__file__).resolve().parents[3] / "shared"))
    parser.add_argument("--data", type=Path, default=shared / "data" / "web")
    parser.add_argument("--program", default="build/dev/bench/extract_pages")
    parser.add_argument("--peers", default="resiliparse")
    parser.add_argument("--options", default="{}")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--by-type", action="store_true")
    parser.add_argument("--cross-validate", metavar="PYTHON")
    parser.add_argument("--judged", type=Path, metavar="FILE")
    given = parser.parse_args()
    if not given.data.is_dir():
        print(f"no labelled pages at {given.data}: nothing to measure")
        return 0
    sets = {name: load(given.data, name) for name in SETS}
    total_bytes = sum(len(r["html"].encode("utf-8", "replace")) for records in sets.values() for r in records)
    judged = judged_texts(given.judged) if given.judged else {}
    if given.cross_validate:
        judged = cross_validate(given.cross_validate, given.data)
    systems = {}
    if not judged:
        systems["extract.html"] = lambda records: run_ours(given.program, given.options, given.repeat, records)
    for peer in filter(None, given.peers.split(",")):
        function = peer_function(peer)
        if function is None:
            print(f"{peer} is not installed: left out")
            continue
        systems[peer] = lambda records, function=function: run_peer(function, records)
    held_out: dict[str, dict[str, list[tuple]]] = {}
    for profile, texts in judged.items():
        # A run over fewer folds leaves pages unjudged: nobody is scored on those.
        sets = {name: [r for r in records if (name, r["id"]) in texts] for name, records in sets.items()}
        held_out[profile] = {
            name: [page_numbers(name, texts[name, r["id"]], r) for r in records] for name, records in sets.items()
        }
        report(f"held out, {profile}", held_out[profile], "")
        if given.by_type:
            report_types(held_out[profile]["wcxb"], sets["wcxb"])
    for name, run in systems.items():
        seconds, numbers = 0.0, {}
        for key, records in sets.items():
            texts, spent = run(records)
            numbers[key] = [page_numbers(key, text, record) for text, record in zip(texts, records, strict=True)]
            seconds += spent
        report(name, numbers, f"{total_bytes / seconds / 1e6:7.1f} MB/s")
        if given.by_type:
            report_types(numbers["wcxb"], sets["wcxb"])
        if judged:
            report_difference(name, held_out["balanced"], numbers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
