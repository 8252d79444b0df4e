#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Peers and Gristmill on the same input, taking turns on one core: writes bench/RESULTS.md (`make bench`).

    .venv/bin/python bench/run.py [--repeats 3] [--only NAME ...] [--build build/dev]

Figures are CPU time (user and system, with all child processes) and the greatest memory of the process tree; the median
of the repeats counts. Each comparison appends a JSON line to bench/results.jsonl, and RESULTS.md shows the newest line
of each. Peers live in .venv-bench (bench/requirements.txt); corpora are made once, below build/bench.
Each module bench/compare_*.py has a dictionary COMPARISONS: name -> function(repeats) that returns the line.
"""

import argparse
import importlib
import os
import platform
import time
from pathlib import Path

import harness
from results import append, write_table

FOLDER = Path(__file__).resolve().parent


def collect():
    """All comparisons by name, in the order of their modules."""
    modules = [importlib.import_module(path.stem) for path in sorted(FOLDER.glob("compare_*.py"))]
    return {name: compare for module in modules for name, compare in module.COMPARISONS.items()}


def main():
    comparisons = collect()
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=comparisons, default=list(comparisons))
    parser.add_argument(
        "--build", type=Path, default=harness.build_folder, help="build folder of the programs to measure"
    )
    options = parser.parse_args()
    harness.build_folder = options.build.resolve()
    harness.make_environment()
    for name in options.only:
        print(f"bench: {name}", flush=True)
        line = comparisons[name](options.repeats)
        if line is None:  # It has said what it lacks.
            continue
        for side in ("theirs", "ours"):
            if line[side]:
                line[side].pop("output", None)
        append(
            {
                "bench": name,
                "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                "repeats": options.repeats,
                "machine": f"{os.cpu_count()} {platform.machine()} cores",
                **line,
            }
        )
    write_table()
    print((FOLDER / "RESULTS.md").read_text())


if __name__ == "__main__":
    main()
