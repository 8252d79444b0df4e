#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Scores extract.html on three labelled page sets, beside the peers that are installed, and times all of them.

Usage: bench/quality/extraction.py [--data DIR] [--program build/dev/bench/extract_pages]
                                   [--peers resiliparse,trafilatura] [--options JSON] [--repeat N] [--by-type]

DIR holds wcxb/, scrapinghub/ and trafilatura/, each with gold.jsonl.gz and html/*.gz; the default is data/web below
GRISTMILL_SHARED. Peers are imported from the Python that runs this script; absent ones are left out.
  wcxb         mean over pages of the F1 of word multisets
  scrapinghub  precision and recall of 4-word shingles, averaged over pages, then F1
  trafilatura  F1 of snippets that must and must not appear, over all snippets
Speed is CPU time of one thread over all pages, decoded before, best of N runs for ours, one run for a peer.
"""

import argparse
import gzip
import json
import os
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


def word_f1(text: str, gold: str) -> float:
    ours, wanted = Counter(WORD.findall(text.lower())), Counter(WORD.findall(gold.lower()))
    if not ours or not wanted:
        return float(not ours and not wanted)
    shared = sum((ours & wanted).values())
    return harmonic(shared / sum(ours.values()), shared / sum(wanted.values()))


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


def snippet_f1(texts: list[str], records: list[dict]) -> float:
    true_positive = false_negative = false_positive = 0
    for text, record in zip(texts, records, strict=True):
        folded = SPACE.sub(" ", text)
        hits = sum(SPACE.sub(" ", snippet).strip() in folded for snippet in record["with"])
        true_positive += hits
        false_negative += len(record["with"]) - hits
        false_positive += sum(SPACE.sub(" ", snippet).strip() in folded for snippet in record["without"])
    return 2 * true_positive / (2 * true_positive + false_negative + false_positive)


def score(name: str, texts: list[str], records: list[dict]) -> float:
    if name == "wcxb":
        return sum(word_f1(t, r["main_content"]) for t, r in zip(texts, records, strict=True)) / len(records)
    if name == "scrapinghub":
        rates = [shingle_rates(t, r["articleBody"]) for t, r in zip(texts, records, strict=True)]
        return harmonic(sum(p for p, _ in rates) / len(rates), sum(r for _, r in rates) / len(rates))
    return snippet_f1(texts, records)


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


def report(name: str, scores: dict[str, float], seconds: float, total_bytes: int) -> None:
    mean = sum(scores.values()) / len(scores)
    cells = "  ".join(f"{key} {value:.4f}" for key, value in scores.items())
    print(f"{name:18} {cells}  mean {mean:.4f}  {total_bytes / seconds / 1e6:7.1f} MB/s", flush=True)


def report_types(texts: list[str], records: list[dict]) -> None:
    by_type: dict[str, list[float]] = {}
    for text, record in zip(texts, records, strict=True):
        by_type.setdefault(record["page_type"], []).append(word_f1(text, record["main_content"]))
    print("  " + "  ".join(f"{key} {sum(v) / len(v):.3f}" for key, v in sorted(by_type.items())))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = Path(os.environ.get("GRISTMILL_SHARED", Path(__file__).resolve().parents[3] / "shared"))
    parser.add_argument("--data", type=Path, default=shared / "data" / "web")
    parser.add_argument("--program", default="build/dev/bench/extract_pages")
    parser.add_argument("--peers", default="resiliparse")
    parser.add_argument("--options", default="{}")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--by-type", action="store_true")
    given = parser.parse_args()
    if not given.data.is_dir():
        print(f"no labelled pages at {given.data}: nothing to measure")
        return 0
    sets = {name: load(given.data, name) for name in SETS}
    total_bytes = sum(len(r["html"].encode("utf-8", "replace")) for records in sets.values() for r in records)
    systems = {"extract.html": lambda records: run_ours(given.program, given.options, given.repeat, records)}
    for peer in filter(None, given.peers.split(",")):
        function = peer_function(peer)
        if function is None:
            print(f"{peer} is not installed: left out")
            continue
        systems[peer] = lambda records, function=function: run_peer(function, records)
    for name, run in systems.items():
        scores, seconds, texts = {}, 0.0, {}
        for key, records in sets.items():
            texts[key], spent = run(records)
            scores[key] = score(key, texts[key], records)
            seconds += spent
        report(name, scores, seconds, total_bytes)
        if given.by_type:
            report_types(texts["wcxb"], sets["wcxb"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
