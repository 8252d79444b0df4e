#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the main job on an input ten times larger than its memory budget, and states the peak.

    .venv/bin/python bench/large_input.py FOLDER [--mb 5500] [--memory 512] [--program .venv/bin/gristmill]

FOLDER keeps the generated corpus for the next call (about half its raw size on disk) and, while this runs, the
workspace (about as much again). Both commands run under `ulimit -d`, which bounds the private writable memory that
the kernel grants at all: stricter than a memory cgroup, which bounds what is touched. `--limit 0` lifts it.
One JSON line is appended to bench/results.jsonl and bench/RESULTS.md is written anew. Not a part of `make bench`: it
takes several minutes.
"""

import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import time

from measure import measure
from results import append, write_table

ROOT = pathlib.Path(__file__).resolve().parent.parent
MEBIBYTE = 1 << 20


def make_input(folder, megabytes):
    corpus = folder / f"corpus-{megabytes}"
    if not corpus.exists():
        script = ROOT / "bench" / "make_corpus.py"
        subprocess.run([sys.executable, script, corpus, "--mb", str(megabytes), "--seed", "11"], check=True)
    return corpus


def step(name, command, options):
    """Runs one command under the limit; its facts and the JSON it printed."""
    limit = options.limit * MEBIBYTE if options.limit else None
    cost = measure(command, data_limit=limit)
    facts = {
        "step": name,
        "exit": cost.status,
        "cpu_seconds": round(cost.cpu_seconds, 2),
        "wall_seconds": round(cost.wall_seconds, 2),
        "peak_memory_mib": round(cost.peak_bytes / MEBIBYTE, 1),
        "peak_anonymous_mib": round(cost.anonymous_bytes / MEBIBYTE, 1),
    }
    print(json.dumps(facts), flush=True)
    if cost.status not in (0, 4):
        sys.exit(f"large_input: {name} answered {cost.status}: {cost.errors[-2000:]}{cost.output[-2000:]}")
    return facts, json.loads(cost.output)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--mb", type=int, default=5500, help="raw size in MB: uncompressed pages and records")
    parser.add_argument("--memory", type=int, default=512, help="memory budget in MiB")
    parser.add_argument("--limit", type=int, default=512, help="ulimit -d in MiB; 0 for none")
    parser.add_argument("--input", type=pathlib.Path, action="append", help="existing corpus instead of a new one")
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / ".venv" / "bin" / "gristmill")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    inputs = options.input or [make_input(options.folder, options.mb)]
    workspace = options.folder / "workspace"
    shutil.rmtree(workspace, ignore_errors=True)
    memory = ["--memory", f"{options.memory}MiB", "--json"]
    command = [options.program, "--workspace", workspace]
    subprocess.run([options.program, "init", workspace, "--quiet"], check=True)
    origin = ["--source", "bench", "--license", "CC0-1.0", "--into", "raw/web"]
    ingest, landed = step("ingest", [*command, "ingest", *inputs, *origin, *memory], options)
    run, ran = step("run", [*command, "run", "web-to-tokens", *memory], options)
    line = {
        "bench": "large_input",
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "memory_mib": options.memory,
        "limit_mib": options.limit,
        "raw_files_bytes": landed["raw_size_bytes"],
        "documents_in": ran["documents"]["in"],
        "documents_out": ran["documents"]["out"],
        "bytes": ran["bytes"],
        "steps": [ingest, run],
    }
    append(line)
    write_table()
    print(json.dumps(line))
    shutil.rmtree(workspace)


if __name__ == "__main__":
    main()
