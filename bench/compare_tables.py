# SPDX-License-Identifier: Apache-2.0
"""Tables with a long history and many files: commits and planning against PyIceberg on the same catalog and files."""

import json
import shutil
import statistics
import sys

from harness import ROOT, WORK, program, run

SNAPSHOTS, FILES_EACH = 1000, 100
COMMITS = 10
PEER = ROOT / "bench" / "peers" / "pyiceberg_table.py"


def built():
    """A table of 1,000 snapshots and 100,000 files, made once and copied for each comparison that changes it."""
    folder = WORK / "table-history"
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        run([program("bench/table_rate"), folder, "build", str(SNAPSHOTS), str(FILES_EACH)])
        (folder / "done").touch()
    return folder


def ours(folder, *words):
    cost = run([program("bench/table_rate"), folder, *map(str, words)])
    return {**json.loads(cost.output), "peak_bytes": cost.peak_bytes}


def theirs(folder, *words):
    cost = run([sys.executable, PEER, folder, *map(str, words)])
    return {**json.loads(cost.output.strip().splitlines()[-1]), "peak_bytes": cost.peak_bytes}


def side(runs, milliseconds):
    """One side of a comparison: the median of a measure as seconds, with the greatest memory."""
    seconds = [one[milliseconds] / 1e3 for one in runs]
    return {
        "cpu_seconds": statistics.median(seconds),
        "peak_bytes": max(one["peak_bytes"] for one in runs),
        "all_cpu_seconds": [round(one, 4) for one in seconds],
    }


def commits(repeats):
    """Both append to the same table in turn, so both meet the same history."""
    folder = built()
    first = SNAPSHOTS * FILES_EACH + 1_000_000
    peer, own = [], []
    for turn in range(repeats):
        peer.append(theirs(folder, "commit", COMMITS, first + 1000 * turn))
        own.append(ours(folder, "commit", COMMITS, first + 1000 * turn + 500))
    walls = [statistics.median(one["wall_ms_p50"] for one in runs) for runs in (peer, own)]
    return {
        "what": "Append one data file to a table with a long history",
        "input": f"{SNAPSHOTS:,} snapshots, {SNAPSHOTS * FILES_EACH:,} data files, SQLite catalog",
        "peer": "PyIceberg 0.12.0",
        "theirs": side(peer, "cpu_ms"),
        "ours": side(own, "cpu_ms"),
        "rates": f"{1e3 / walls[0]:.1f} / {1e3 / walls[1]:.1f} commits/s",
        "ratio": walls[0] / walls[1],
        "goal": 3,
        "goal_text": ">= 3x, p50 < 50 ms",
        "note": f"p50 by the clock, fsyncs included: {walls[0]:.0f} / {walls[1]:.1f} ms; ratio of these",
    }


def planning(repeats):
    """Which files a scan with a condition on one column must read, the loading of the table included."""
    folder = built()
    low, high = 5_000_000, 5_010_000
    peer, own = [], []
    for _ in range(repeats):
        peer.append(theirs(folder, "plan", 1, low, high))
        own.append(ours(folder, "plan", 3, low, high))
    assert {one["files"] for one in peer + own} == {10}
    sides = side(peer, "cpu_ms_p50"), side(own, "cpu_ms_p50")
    files = SNAPSHOTS * FILES_EACH
    return {
        "what": "Plan a scan with a condition on one column",
        "input": f"{SNAPSHOTS:,} snapshots, {files:,} data files, 10 of which match",
        "peer": "PyIceberg 0.12.0",
        "theirs": sides[0],
        "ours": sides[1],
        "rates": " / ".join(f"{files / one['cpu_seconds'] / 1e3:.0f}" for one in sides) + " thousand files/s of a core",
        "ratio": sides[0]["cpu_seconds"] / sides[1]["cpu_seconds"],
        "goal": 10,
        "goal_text": ">= 10x",
        "note": "the table is loaded anew for each plan",
    }


COMPARISONS = {"table_commits": commits, "table_planning": planning}
