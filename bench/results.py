# SPDX-License-Identifier: Apache-2.0
"""The record of benchmark runs: bench/results.jsonl, a line a comparison, and bench/RESULTS.md, the newest of each."""

import json
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
LINES = FOLDER / "results.jsonl"
MEBIBYTE = 1 << 20

HEAD = """# Benchmark results

Written by `make bench` (bench/run.py) and bench/large_input.py from bench/results.jsonl. Peer and Gristmill took turns
on the same input, pinned to one core; times are CPU seconds (user and system, all child processes), medians of the
repeats; memory is the greatest of the process tree. The inputs are generated (bench/make_corpus.py), so rates on real
pages differ; both sides read the same bytes.

| What | Input | Peer | Peer CPU s | Ours CPU s | Rates, peer : ours | Ratio | Peer MiB | Ours MiB | Goal | Result |
|---|---|---|---|---|---|---|---|---|---|---|
"""

NOTES = """
What is compared:

- Whole path: both sides read the same WARC.gz and extract the main content (datatrove with Trafilatura, which is given
  60 s a page so that its result does not depend on the load), identify the language of the whole text with the same
  fastText model (lid.176.ftz), keep English from a score of 0.65, apply the Gopher quality rules with spaCy's words,
  drop near duplicates (MinHash, 14 bands of 8, 5-word shingles), replace e-mail and IP addresses, write the texts and
  the tokens of the same tokenizer. Ours counts `init`, `ingest`, `run`, commit and report; the peer counts its imports.
  Exact deduplication and Unicode normalization are left out on both sides. The steps are alike, not equal to the byte:
  extraction differs by design. The rate on fewer pages shows what starting up costs.
- Rewrite: `run` of a pipeline without steps against a loop over record batches with the same codec, level, row groups
  and dictionaries.
- WARC.gz: FastWARC through its Python iterator (records reused in place), start of the interpreter included; as text
  means HTTP parsed, content decoded, bytes decoded to text. Ours also finds charsets, identifies and digests.
"""


def append(line):
    """Adds a run to the record."""
    with open(LINES, "a", encoding="utf-8") as lines:
        lines.write(json.dumps(line) + "\n")


def newest():
    """The last line of each comparison, in the order in which they first came."""
    found = {}
    for text in LINES.read_text(encoding="utf-8").splitlines():
        line = json.loads(text)
        found[line["bench"]] = line
    return found


def side(facts):
    return ("", "") if facts is None else (f"{facts['cpu_seconds']:.2f}", f"{facts['peak_bytes'] / MEBIBYTE:.0f}")


def row(line):
    """A table row. A line's `goal` is the least ratio; `note` belongs to the result, `about` says what is compared."""
    their_cpu, their_peak = side(line["theirs"])
    our_cpu, our_peak = side(line["ours"])
    verdict = "met" if line["ratio"] >= line["goal"] else "**short**"
    cells = [line["what"], line["input"], line["peer"], their_cpu, our_cpu, line["rates"], f"{line['ratio']:.2f}x"]
    cells += [their_peak, our_peak, line["goal_text"], f"{verdict}; {line['note']}" if line["note"] else verdict]
    return "| " + " | ".join(cells) + " |\n"


def large_input(line):
    """The input that is larger than memory, in words."""
    steps = []
    for step in line["steps"]:
        steps.append(
            f"| {step['step']} | {step['cpu_seconds']:.0f} | {step['wall_seconds']:.0f} | "
            f"{line['bytes']['in'] / 1e6 / step['cpu_seconds']:.1f} | {step['peak_memory_mib']:.0f} | "
            f"{step['peak_anonymous_mib']:.0f} |\n"
        )
    limit = f"under `ulimit -d` of {line['limit_mib']} MiB" if line["limit_mib"] else "without a limit"
    return (
        f"\n## A large input under {line['memory_mib']} MiB\n\n"
        f"bench/large_input.py: {line['documents_in']} documents, {line['bytes']['in'] / 2**30:.2f} GiB of page text "
        f"({line['raw_files_bytes'] / 2**30:.2f} GiB of files, mostly compressed), `ingest` and `run web-to-tokens` "
        f"with `--memory {line['memory_mib']}MiB`, all cores, {limit}. {line['documents_out']} documents came out.\n\n"
        "| Step | CPU s | Wall s | MB of text per CPU s | Peak MiB | of it anonymous |\n|---|---|---|---|---|---|\n"
        + "".join(steps)
    )


def write_table():
    """Writes RESULTS.md anew from the newest line of each comparison."""
    lines = newest()
    large = lines.pop("large_input", None)
    text = HEAD + "".join(row(line) for line in lines.values()) + NOTES
    text += "".join(f"- {line['what']}: {line['about']}\n" for line in lines.values() if "about" in line)
    text += "\nMeasured " + ", ".join(sorted({line["at"][:10] for line in lines.values()})) + ".\n" if lines else ""
    (FOLDER / "RESULTS.md").write_text(text + (large_input(large) if large else ""), encoding="utf-8")
