# SPDX-License-Identifier: Apache-2.0
"""Runs a command and says what it cost: CPU time of its whole process tree, and its memory while it ran."""

import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

SAMPLE_SECONDS = 0.1


@dataclass
class Cost:
    """What one command used. CPU time counts all descendants, which every program here waits for."""

    status: int
    output: str
    errors: str
    cpu_seconds: float
    wall_seconds: float
    peak_bytes: int  # greatest summed proportional memory of the tree, sampled; at least the greatest single process
    anonymous_bytes: int  # greatest RssAnon of one process, sampled: memory that cannot be dropped again


def descendants(root: int) -> list[int]:
    """The process and all its living descendants."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                # The name may hold blanks and parentheses: what counts stands behind the last one.
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found = [root]
    for process in found:
        found += [child for child, parent in parents.items() if parent == process]
    return found


def field_bytes(path: Path, name: str) -> int:
    """A `Name: 123 kB` line of a file in /proc; 0 when the process is gone."""
    try:
        for line in path.read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


class Sampler(threading.Thread):
    """Watches the memory of a process tree until stopped."""

    def __init__(self, process: int):
        super().__init__(daemon=True)
        self.process = process
        self.proportional = self.anonymous = 0
        self.ended = threading.Event()

    def run(self):
        while not self.ended.wait(SAMPLE_SECONDS):
            tree = [Path("/proc") / str(process) for process in descendants(self.process)]
            self.proportional = max(
                self.proportional, sum(field_bytes(entry / "smaps_rollup", "Pss") for entry in tree)
            )
            self.anonymous = max(self.anonymous, *(field_bytes(entry / "status", "RssAnon") for entry in tree))


def measure(command, core=None, folder=None, environment=None, data_limit=None, timeout=3600) -> Cost:
    """Runs a command, pinned to one core when `core` is given, its data segment bound by `data_limit` bytes."""

    def prepare():
        if core is not None:
            os.sched_setaffinity(0, {core})
        if data_limit is not None:
            resource.setrlimit(resource.RLIMIT_DATA, (data_limit, data_limit))

    started = time.monotonic()
    process = subprocess.Popen(
        [str(part) for part in command],
        cwd=folder,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=prepare,
        start_new_session=True,
    )
    sampler = Sampler(process.pid)
    sampler.start()
    texts = {}
    pipes = [("output", process.stdout), ("errors", process.stderr)]
    readers = [threading.Thread(target=lambda n=name, p=pipe: texts.update({n: p.read()})) for name, pipe in pipes]
    for reader in readers:
        reader.start()
    watchdog = threading.Timer(timeout, lambda: os.killpg(process.pid, signal.SIGKILL))
    watchdog.start()
    _, status, usage = os.wait4(process.pid, 0)
    watchdog.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    sampler.ended.set()
    sampler.join()
    for reader in readers:
        reader.join()
    return Cost(
        process.returncode,
        texts["output"],
        texts["errors"],
        usage.ru_utime + usage.ru_stime,
        time.monotonic() - started,
        max(sampler.proportional, usage.ru_maxrss * 1024),
        sampler.anonymous,
    )


def measure_apart(command, **settings) -> Cost:
    """`measure` in a small process of its own: the greatest memory of a child counts from its fork on, when it still
    has that of the process that forked it."""
    request = json.dumps({"command": list(command), **settings}, default=str)
    done = subprocess.run([sys.executable, "-S", __file__], input=request, capture_output=True, text=True, check=True)
    return Cost(**json.loads(done.stdout))


if __name__ == "__main__":
    print(json.dumps(asdict(measure(**json.load(sys.stdin)))))
