# SPDX-License-Identifier: Apache-2.0
"""Adding and pushing 2 GB in 2,000 files beside DVC, and what a second version costs.

DVC lives in the environment of the tests of artifact tools (.venv-artifact-tools), made on first use.
"""

import os
import re
import shutil
import statistics
import subprocess
import sys
import time
import venv
from random import Random

from harness import ROOT, WORK, empty, program

ENVIRONMENT = ROOT / ".venv-artifact-tools"
REQUIREMENTS = ROOT / "tools" / "requirements-artifact-tools.txt"
DVC_VERSION = re.search(r"^dvc==(.+)$", REQUIREMENTS.read_text(), re.MULTILINE)[1]
FILES = 2000
FILE_BYTES = 1_000_000


def dvc_program():
    found = ENVIRONMENT / "bin" / "dvc"
    if not found.exists():
        print(f"bench: installing DVC in {ENVIRONMENT.name}", flush=True)
        venv.create(ENVIRONMENT, clear=True, with_pip=True)
        pip = [ENVIRONMENT / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "-r", REQUIREMENTS], check=True)
    return found


def make_tree(folder):
    random = Random(7)
    for number in range(FILES):
        path = folder / f"part-{number % 20}" / f"{number}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(random.randbytes(FILE_BYTES))


def change_one_percent(folder):
    """One percent of each file, somewhere in it."""
    random = Random(8)
    changed = FILE_BYTES // 100
    for path in sorted(folder.rglob("*.bin")):
        with path.open("r+b") as file:
            file.seek(random.randrange(FILE_BYTES - changed))
            file.write(random.randbytes(changed))


def timed(*command, **options):
    before = os.times()
    began = time.monotonic()
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    if done.returncode != 0:
        sys.exit(f"bench: {command} answered {done.returncode}: {done.stderr[-2000:]}")
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return {"wall_seconds": round(time.monotonic() - began, 2), "cpu_seconds": round(cpu, 2)}


def size_of(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def ours(tree, changed):
    place = empty("artifact-ours")
    workspace = place / "workspace"
    base = [program("bin/gristmill"), "--workspace", workspace, "--quiet"]
    timed(program("bin/gristmill"), "init", workspace)
    costs = [timed(*base, "artifact", "add", tree, "--name", "model")]
    costs.append(timed(*base, "artifact", "push", "model", place / "remote"))
    stored = size_of(workspace / "warehouse")
    more = timed(*base, "artifact", "add", changed, "--name", "model")
    grown = size_of(workspace / "warehouse") - stored
    shutil.rmtree(place)
    return costs, more, grown


def peer(tree, _changed):
    place = empty("artifact-dvc")
    place.mkdir(parents=True)
    (place / "repository").mkdir()
    dvc = dvc_program()
    options = {"cwd": place / "repository", "env": {**os.environ, "DVC_NO_ANALYTICS": "1", "HOME": str(place)}}
    timed(dvc, "init", "--no-scm", "--quiet", **options)
    timed(dvc, "remote", "add", "--default", "there", place / "remote", "--quiet", **options)
    tree.rename(place / "repository" / "tree")
    costs = [timed(dvc, "add", "--quiet", "tree", **options), timed(dvc, "push", "--quiet", **options)]
    # DVC may have made links of the files: the tree is made anew for the next round.
    shutil.rmtree(place)
    return costs


def total(costs, name):
    return round(sum(cost[name] for cost in costs), 2)


def add_and_push(repeats):
    """CPU and wall time of add and push, in turn; growth of the store by a second version with 1 % changed."""
    found, peers, growth = [], [], []
    for _ in range(repeats):
        tree, changed = WORK / "artifact-tree", WORK / "artifact-changed"
        for folder in (tree, changed):
            shutil.rmtree(folder, ignore_errors=True)
            make_tree(folder)
        change_one_percent(changed)
        costs, more, grown = ours(tree, changed)
        found.append(costs)
        growth.append((grown, more))
        shutil.rmtree(changed)
        peers.append(peer(tree, changed))
    sums = {
        (side, name): statistics.median(total(costs, name) for costs in runs)
        for side, runs in (("ours", found), ("theirs", peers))
        for name in ("cpu_seconds", "wall_seconds")
    }
    percent = 100 * growth[0][0] / (FILES * FILE_BYTES)
    wall = sums["theirs", "wall_seconds"] / sums["ours", "wall_seconds"]
    return {
        "what": "artifact add + push against dvc add + dvc push",
        "input": f"{FILES} files, {FILES * FILE_BYTES / 1e9:.0f} GB",
        "peer": f"DVC {DVC_VERSION}",
        "theirs": {"cpu_seconds": sums["theirs", "cpu_seconds"], "peak_bytes": 0, "output": None},
        "ours": {"cpu_seconds": sums["ours", "cpu_seconds"], "peak_bytes": 0, "output": None},
        "rates": f"wall {sums['theirs', 'wall_seconds']:.1f} : {sums['ours', 'wall_seconds']:.1f} s ({wall:.1f}x)",
        "ratio": sums["theirs", "cpu_seconds"] / sums["ours", "cpu_seconds"],
        "goal": 3,
        "goal_text": ">= 3x",
        "note": f"a second version with 1 % of each file changed stores {percent:.2f} % more and takes "
        f"{growth[0][1]['cpu_seconds']:.1f} CPU s",
        "all": {"gristmill": found, "dvc": peers},
    }


COMPARISONS = {"artifact_add_and_push": add_and_push}
