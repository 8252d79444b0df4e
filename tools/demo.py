# SPDX-License-Identifier: Apache-2.0
"""The main job on the example corpus: ingest, run the recipe, and say in a few lines what came of it.

Everything happens in the folder `demo`, which is made anew each time, through the command that users have.
"""

import json
import pathlib
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
COMMAND = ROOT / ".venv" / "bin" / "gristmill"
WORKSPACE = ROOT / "demo"
INGEST = ["--source", "examples", "--license", "CC-BY-SA-3.0", "--into", "raw/web"]


def gristmill(*arguments, answers=(0,)):
    """Runs the command, shows it as a user would type it, and returns the JSON document it prints."""
    print("$ gristmill", *arguments, flush=True)
    done = subprocess.run([COMMAND, *arguments, "--json"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if done.returncode not in answers:
        sys.exit(f"demo: gristmill {arguments[0]} answered {done.returncode}")
    return json.loads(done.stdout) if done.stdout.strip() else {}


def print_waterfall(run):
    print(f"\n  {'operator':28} {'in':>7} {'out':>7}   dropped because")
    for operator in run["operators"]:
        reasons = sorted(operator.get("dropped", {}).items(), key=lambda item: -item[1])
        why = ", ".join(f"{reason.split('.', 1)[-1]} {count}" for reason, count in reasons[:3])
        more = f", {len(reasons) - 3} more reasons" if len(reasons) > 3 else ""
        print(f"  {operator['name']:28} {operator['in']:7} {operator['out']:7}   {why}{more}")


def print_summary(landed, run, seconds):
    documents = run["documents"]
    print_waterfall(run)
    print(f"\n  files ingested    {landed.get('raw_file_count', 0)}")
    print(f"  documents in      {documents['in']}")
    print(f"  documents out     {documents['out']}")
    print(f"  dropped           {documents['dropped']}")
    print(f"  quarantined       {documents['quarantined']} in the run, {landed.get('quarantined', 0)} while reading")
    print(f"  dataset           {run['output']['dataset']}@{run['output']['version']}")
    if tokens := run.get("tokens"):
        print(f"  tokens            {tokens.get('tokens', 0):,} in {tokens.get('dataset', '')}")
    print(f"  fingerprint       {run['fingerprint']}")
    print(f"  took              {seconds:.1f} s, {run['peak_memory_bytes'] / 2**20:.0f} MiB at most")


def main():
    shutil.rmtree(WORKSPACE, ignore_errors=True)
    started = time.monotonic()
    gristmill("init", "demo")
    # Some files of the corpus are broken on purpose: 4 says that there is something in quarantine.
    landed = gristmill("--workspace", "demo", "ingest", "examples/corpus", *INGEST, answers=(0, 4))
    run = gristmill("--workspace", "demo", "run", "web-to-tokens", answers=(0, 4))
    print_summary(landed, run, time.monotonic() - started)
    print(f"\n  report            {run['report']}")
    print("\nNext: .venv/bin/gristmill --workspace demo dataset head clean/web")


if __name__ == "__main__":
    main()
