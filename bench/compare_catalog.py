# SPDX-License-Identifier: Apache-2.0
"""The metadata database: bulk rows into PostgreSQL beside psycopg2's COPY, and what workers claim a second."""

import json
import statistics
import subprocess
import sys

from harness import ROOT, WORK, empty, program

sys.path.insert(0, str(ROOT / "tests"))
import postgres_server

ROWS = 1_000_000
TASKS = 4_000
PROCESSES = 8


def told(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=600, cwd=ROOT)
    if done.returncode != 0:
        sys.exit(f"bench: {command[0]} answered {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def file_place():
    folder = empty("catalog-rate")
    folder.mkdir(parents=True)
    return folder / "catalog.db"


def middle(runs, key):
    return statistics.median(one[key] for one in runs)


def side(rate, count):
    return {"cpu_seconds": count / rate, "peak_bytes": 0}


def bulk_rows(repeats):
    """Both send the same rows to the same server in turn; CPU time of the client, rate by the clock beside it."""
    WORK.mkdir(parents=True, exist_ok=True)
    server = postgres_server.PostgresServer(durable=True)
    peers, own, files = [], [], []
    for _ in range(repeats):
        peers.append(told(sys.executable, ROOT / "bench" / "peers" / "copy_rows.py", server.new_schema(), ROWS))
        own.append(told(program("bench/database_rate"), server.new_schema(), ROWS))
        files.append(told(program("bench/database_rate"), file_place(), ROWS))
    server.remove()
    rates = [middle(runs, "bulk_rows_per_second") for runs in (peers, own, files)]
    spent = [middle(runs, "bulk_rows_per_cpu_second") for runs in (peers, own)]
    commits = [middle(runs, "durable_transactions_per_second") for runs in (own, files)]
    return {
        "what": "1,000,000 metadata rows into PostgreSQL (client CPU)",
        "input": f"by the clock {rates[0]:,.0f} -> {rates[1]:,.0f} rows/s, SQLite {rates[2]:,.0f}; durable "
        f"transactions/s PostgreSQL {commits[0]:,.0f}, SQLite {commits[1]:,.0f}",
        "peer": "psycopg2 COPY",
        "theirs": side(spent[0], ROWS),
        "ours": side(spent[1], ROWS),
        "rates": f"{spent[0]:,.0f} -> {spent[1]:,.0f} rows per CPU second",
        "ratio": spent[1] / spent[0],
        "goal": 1,
        "goal_text": ">= 1x",
        "note": "",
    }


def claims(repeats):
    """Tasks that eight processes claim and record one by one: PostgreSQL beside SQLite, both durable."""
    WORK.mkdir(parents=True, exist_ok=True)
    server = postgres_server.PostgresServer(durable=True)
    on_server, in_file = [], []
    for _ in range(repeats):
        on_server.append(told(program("bench/claim_rate"), server.new_schema(), TASKS, PROCESSES))
        in_file.append(told(program("bench/claim_rate"), file_place(), TASKS, PROCESSES))
    server.remove()
    rates = [middle(runs, "tasks_per_second") for runs in (in_file, on_server)]
    return {
        "what": f"tasks claimed and recorded by {PROCESSES} processes",
        "input": f"{TASKS:,} empty tasks, one a claim, durable",
        "peer": "the same on SQLite",
        "theirs": side(rates[0], TASKS),
        "ours": side(rates[1], TASKS),
        "rates": f"{rates[0]:,.0f} -> {rates[1]:,.0f} tasks/s",
        "ratio": rates[1] / rates[0],
        "goal": 0,
        "goal_text": "measured",
        "note": "a claim from a file is a call, from a server a round trip; many machines are what the server is for",
    }


COMPARISONS = {"catalog-bulk": bulk_rows, "catalog-claims": claims}
