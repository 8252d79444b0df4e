# SPDX-License-Identifier: Apache-2.0
"""The Python package against what is written by hand in its place."""

import gzip
import json
import statistics
import subprocess

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet
from harness import ROOT, WORK, corpus, run

ENVIRONMENT = ROOT / ".venv-integrations"
MEGABYTES = 60


def pages():
    """The pages of a generated crawl as raw HTML in Parquet; its path and the bytes of HTML."""
    path = WORK / f"pages-{MEGABYTES}.parquet"
    if not path.exists():
        texts = []
        for crawl in sorted(corpus(MEGABYTES).rglob("*.warc.gz")):
            with gzip.open(crawl) as stream:
                records = stream.read().split(b"WARC/1.0\r\n")
            for record in records:
                parts = record.split(b"\r\n\r\n", 2)
                if len(parts) == 3 and b"text/html" in parts[1]:
                    texts.append(parts[2].decode("utf-8", "replace").removesuffix("\r\n\r\n"))
        ids = [f"{number:032x}" for number in range(len(texts))]
        pyarrow.parquet.write_table(pa.table({"id": ids, "text": texts}), path, row_group_size=1024)
    return path, sum(pa.compute.binary_length(pyarrow.parquet.read_table(path).column("text")).to_pylist())


def against(way, *words):
    """Median CPU seconds of the batch function, ours and another's, in turn."""
    subprocess.run([ROOT / "tools" / "test_integrations.sh", "--environment"], check=True)
    path, size = pages()
    script = ROOT / "bench" / "peers" / "clean_batches.py"

    def once(name):
        command = [ENVIRONMENT / "bin" / "python", script, name, path, *words]
        cost = run(command, environment={"POLARS_MAX_THREADS": "1"})
        answer = json.loads(cost.output.strip().splitlines()[-1])
        return {"cpu_seconds": answer["seconds"], "peak_bytes": cost.peak_bytes, "output": answer}

    def compare(repeats):
        runs = [(once(way), once("gristmill")) for _ in range(repeats)]
        theirs, ours = ([pair[side] for pair in runs] for side in (0, 1))
        middle = [
            {**side[0], "cpu_seconds": statistics.median(one["cpu_seconds"] for one in side)} for side in (theirs, ours)
        ]
        return *middle, size

    return compare


def line(what, peer, way, goal, repeats, *words):
    theirs, ours, size = against(way, *words)(repeats)
    rows = theirs["output"]["rows"], ours["output"]["rows"]
    rates = [size / 1e6 / one["cpu_seconds"] for one in (theirs, ours)]
    return {
        "what": what,
        "input": f"{size / 1e6:.0f} MB of generated HTML in batches of 1,024 pages",
        "peer": peer,
        "theirs": theirs,
        "ours": ours,
        "rates": f"{rates[0]:.0f} / {rates[1]:.0f} MB/s of a core",
        "ratio": theirs["cpu_seconds"] / ours["cpu_seconds"],
        "goal": goal,
        "goal_text": f">= {goal}x",
        "note": f"rows kept: {rows[0]} / {rows[1]}; start-up, reading and writing apart",
    }


def classic_regex(repeats):
    """The classic cleaning in Ray's map_batches against hand-written regular expressions."""
    return line(
        "Strip HTML, score noise and filter in Ray Data's map_batches, CPU of the function",
        "Python re, hand-written",
        "python",
        10,
        repeats,
        "--ray",
    )


def classic_polars(repeats):
    """The classic cleaning against the same regular expressions in Polars."""
    return line("Strip HTML, score noise and filter a batch", "Polars 2.1.0", "polars", 1.5, repeats)


COMPARISONS = {"classic_regex": classic_regex, "classic_polars": classic_polars}
