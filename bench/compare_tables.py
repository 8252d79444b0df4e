# SPDX-License-Identifier: Apache-2.0
"""Tables with a long history and many files: commits and planning against PyIceberg on the same catalog and files."""

import json
import os
import shutil
import statistics
import subprocess
import sys

import postgres_server
from harness import ROOT, WORK, empty, program, run

SNAPSHOTS, FILES_EACH = 1000, 100
COMMITS = 10
COMMITTERS, COMPETE_SECONDS = 8, 10
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


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def competition(command, environment):
    """Committers started together on a new table, and what came of it; nothing may be lost."""
    folder = empty("table-competition")
    folder.mkdir(parents=True)
    rate = [program("bench/table_rate"), folder]
    call = {"check": True, "capture_output": True, "text": True, "env": {**os.environ, **environment}}
    subprocess.run([*rate, "build", "1", "1"], **call)
    children = [
        subprocess.Popen(
            [*map(str, command(folder)), "compete", str(COMPETE_SECONDS), str(1_000_000 * (number + 1))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=call["env"],
        )
        for number in range(COMMITTERS)
    ]
    for child in children:
        assert child.stdout.readline() == "ready\n"
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()
    outputs = [child.communicate()[0] for child in children]
    assert [child.returncode for child in children] == [0] * COMMITTERS, outputs
    answers = [json.loads(output.strip().splitlines()[-1]) for output in outputs]
    counts = [len(one["wall_ms"]) for one in answers]
    now = json.loads(subprocess.run([*rate, "count"], **call).stdout)
    assert now["files"] == now["snapshots"] == sum(counts) + 1, (now, counts)
    walls = [wall for one in answers for wall in one["wall_ms"]]
    return {
        "rate": sum(counts) / COMPETE_SECONDS,
        "least": min(counts),
        "greatest": max(counts),
        "p99": percentile(walls, 0.99),
        "worst": max(walls),
        "failures": sum(one["failures"] for one in answers),
        "cpu_seconds": sum(one["cpu_ms"] for one in answers) / 1e3,
        "peak_bytes": 0,
    }


def told(runs):
    """How evenly the committers of each run were served."""
    spreads = ", ".join(f"{one['least']}-{one['greatest']}" for one in runs)
    p99, worst = (max(one[key] for one in runs) for key in ("p99", "worst"))
    failures = sum(one["failures"] for one in runs)
    return f"{spreads} commits each, p99 {p99:.0f} ms, worst {worst:.0f} ms, {failures} gave up and began anew"


def competing(repeats, environment, catalog):
    """Eight processes append to one table as fast as they can."""
    peer, own = [], []
    for _ in range(repeats):
        peer.append(competition(lambda folder: [sys.executable, PEER, folder], environment()))
        own.append(competition(lambda folder: [program("bench/table_rate"), folder], environment()))
    rates = [statistics.median(one["rate"] for one in runs) for runs in (peer, own)]
    return {
        "what": f"{COMMITTERS} processes append to one table for {COMPETE_SECONDS} s",
        "input": f"a new table, one file a commit, {catalog} catalog",
        "peer": "PyIceberg 0.12.0",
        "theirs": statistics_of(peer),
        "ours": statistics_of(own),
        "rates": f"{rates[0]:.1f} / {rates[1]:.1f} commits/s",
        "ratio": rates[1] / rates[0],
        "goal": 3,
        "goal_text": ">= 3x, nothing lost, nobody starved",
        "note": f"nothing lost; {told(peer)} / {told(own)}",
    }


def statistics_of(runs):
    """CPU time of one commit."""
    seconds = [one["cpu_seconds"] / (one["rate"] * COMPETE_SECONDS) for one in runs]
    return {
        "cpu_seconds": statistics.median(seconds),
        "peak_bytes": max(one["peak_bytes"] for one in runs),
        "all_cpu_seconds": [round(one, 4) for one in seconds],
    }


def competing_on_a_file(repeats):
    return competing(min(repeats, 3), dict, "SQLite")


def competing_on_a_server(repeats):
    if postgres_server.programs_folder() is None:
        print("bench: PostgreSQL is not installed: apt-get install postgresql")
        return None
    server = postgres_server.PostgresServer(durable=True)
    line = competing(min(repeats, 3), lambda: {"CATALOG_URL": server.new_schema()}, "PostgreSQL")
    server.remove()
    return line


COMPARISONS = {
    "table_commits": commits,
    "table_planning": planning,
    "table_competition": competing_on_a_file,
    "table_competition_postgres": competing_on_a_server,
}
