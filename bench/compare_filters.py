# SPDX-License-Identifier: Apache-2.0
"""The rule filters of FineWeb's recipe in a chain, against datatrove's own filter classes on the same texts."""

import gzip
import json
import os
from pathlib import Path

from harness import PEERS, ROOT, WORK, corpus, interleaved, peer_version, program, run

CHAIN = [
    "filter.gopher_repetition",
    "filter.gopher_quality",
    {"filter.c4": {"filter_no_terminal_punct": False}},
    "filter.fineweb",
]
TEXT_BYTES = 5_000_000  # datatrove needs some 3 CPU seconds a MB
SHARED = Path(os.environ.get("GRISTMILL_SHARED", ROOT.parent / "shared"))


def generated_texts():
    """Texts of the generated corpus."""
    for source in sorted(corpus(30).rglob("*.jsonl")):
        with open(source, encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line).get("text", "")


def page_texts():
    """Main texts of real pages, where the shared data is present."""
    with gzip.open(SHARED / "data" / "web" / "wcxb" / "gold.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line).get("main_content") or ""


def write_texts(name, texts):
    WORK.mkdir(parents=True, exist_ok=True)
    path = WORK / f"filter-texts-{name}.jsonl"
    left = TEXT_BYTES
    with open(path, "w", encoding="utf-8") as out:
        for text in texts:
            if not text or left <= 0:
                continue
            out.write(json.dumps({"text": text}) + "\n")
            left -= len(text.encode())
    return path


def ours(path):
    """The chain on documents in memory: CPU seconds of all its operators, and how many documents come through."""
    steps = json.dumps(CHAIN)
    cost = run(["bash", "-c", f"{program('bench/apply_operator')} '{steps}' --bench 3 < {path}"])
    seconds = sum(float(line.split(" CPU s")[0].rsplit(" ", 1)[1]) for line in cost.errors.strip().splitlines())
    verdicts = run(["bash", "-c", f"{program('bench/apply_operator')} '{steps}' < {path}"]).output
    kept = sum(json.loads(line)["keep"] for line in verdicts.split("\n") if line)
    return {"cpu_seconds": seconds, "peak_bytes": cost.peak_bytes, "output": {"kept": kept}}


def theirs(path):
    cost = run([PEERS / "bin" / "python", "-W", "ignore", ROOT / "bench" / "peers" / "rule_filters.py", path])
    output = json.loads(cost.output.strip().splitlines()[-1])
    return {"cpu_seconds": output["cpu_seconds"], "peak_bytes": cost.peak_bytes, "output": output}


def filter_chain(repeats):
    """Gopher's, C4's and FineWeb's rules in a row, each document leaving at the first that fails."""
    has_pages = (SHARED / "data" / "web" / "wcxb" / "gold.jsonl.gz").exists()
    name, texts = ("main texts of web pages", page_texts()) if has_pages else ("generated web texts", generated_texts())
    path = write_texts("pages" if has_pages else "generated", texts)
    there, here = interleaved(lambda: theirs(path), lambda: ours(path), repeats)
    counted = there["output"]
    megabytes = counted["text_bytes"] / 1e6
    speeds = [megabytes / side["cpu_seconds"] for side in (there, here)]
    return {
        "what": "Gopher, C4 and FineWeb rules in a row: MB of text a CPU second",
        "input": f"{megabytes:.1f} MB, {counted['documents']} {name}; {counted['kept']} kept by the peer, "
        f"{here['output']['kept']} by ours",
        "peer": f"datatrove {peer_version('datatrove')}",
        "theirs": there,
        "ours": here,
        "rates": f"{speeds[0]:.2f} : {speeds[1]:.1f}",
        "ratio": speeds[1] / speeds[0],
        "goal": 100,
        "goal_text": ">= 100x, and 40 MB/s",
        "note": "40 MB/s met" if speeds[1] >= 40 else f"40 MB/s **short**: {speeds[1]:.1f}",
    }


COMPARISONS = {"filter_chain": filter_chain}
