# SPDX-License-Identifier: Apache-2.0
"""What the server costs: start, memory, CPU of a small request, and how long answers take at a steady load."""

import json
import os
import statistics
import subprocess
import time
from pathlib import Path

from harness import empty, gristmill, program, run

LOAD = 200  # requests a second
SECONDS = 10
CONNECTIONS = 8
BURST = 4000  # requests as fast as they come, for the CPU of one


def workspace_with_data():
    folder = empty("serve")
    run([program("bin/gristmill"), "init", folder])
    inputs = folder / "inputs"
    inputs.mkdir()
    lines = [json.dumps({"text": f"Document number {i} has some words in it."}) for i in range(1000)]
    (inputs / "a.jsonl").write_text("\n".join(lines))
    gristmill(folder, "ingest", inputs, "--source", "web", "--license", "CC0-1.0")
    return folder


class Server:
    def __init__(self, folder):
        began = time.perf_counter()
        self.process = subprocess.Popen(
            [program("bin/gristmill"), "--workspace", folder, "serve", "--port", "0", "--json", "--rate", "100000"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.url = json.loads(self.process.stdout.readline())["url"]
        self.start_seconds = time.perf_counter() - began
        self.folder = folder
        self.port = self.url.rsplit(":", 1)[1]
        self.token = (folder / ".gristmill" / "admin-token").read_text().strip()

    def cpu_seconds(self):
        """Of all its threads, in nanoseconds: the ticks of `stat` are too coarse for small requests."""
        tasks = Path(f"/proc/{self.process.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9

    def resident_bytes(self, name):
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1]) * 1024
        raise KeyError(name)

    def load(self, rate, seconds, path):
        head = self.folder / "head"
        head.write_text(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.token}\r\n")
        requests = int(rate * seconds)
        command = [program("bench/http_load"), self.port, CONNECTIONS, requests, rate, head, os.devnull]
        before = self.cpu_seconds()
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=True)
        return json.loads(done.stdout) | {"cpu_seconds": self.cpu_seconds() - before}

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self.process.stdout.close()


def server_load(repeats):
    """Start-up, memory, CPU microseconds of a small request, and answers at 200 requests a second."""
    folder = workspace_with_data()
    idle_share = os.getloadavg()[0] / os.cpu_count()
    starts, memory, each, slow = [], [], [], []
    for _ in range(repeats):
        server = Server(folder)
        starts.append(server.start_seconds)
        memory.append(server.resident_bytes("VmRSS"))
        burst = server.load(100_000, BURST / 100_000, "/api/v1/workspace")
        each.append(burst["cpu_seconds"] / burst["requests"] * 1e6)
        slow.append(server.load(LOAD, SECONDS, "/api/v1/datasets"))
        memory.append(server.resident_bytes("VmHWM"))
        server.stop()
    worst = max(slow, key=lambda one: one["p99_ms"])
    p99 = statistics.median(one["p99_ms"] for one in slow)
    fast = statistics.median(one["p50_ms"] for one in slow)
    cpu = statistics.median(one["cpu_seconds"] / one["requests"] * 1e6 for one in slow)
    return {
        "what": "The server: 99th percentile at 200 requests a second, open loop, times from when a request was due",
        "input": f"list of datasets from the catalog, {LOAD}/s for {SECONDS} s over {CONNECTIONS} connections",
        "peer": "none",
        "theirs": None,
        "ours": {"cpu_seconds": worst["cpu_seconds"], "peak_bytes": max(memory), "output": worst},
        "rates": f"p50 {fast:.2f} ms, p99 {p99:.2f} ms",
        "ratio": 50 / p99,
        "goal": 1,
        "goal_text": "p99 < 50 ms",
        "note": f"up in {statistics.median(starts) * 1000:.0f} ms (goal 500), {max(memory) / 1e6:.0f} MB at most (goal "
        f"100); CPU of one request: {statistics.median(each):.0f} us for the workspace, {cpu:.0f} us for the list; "
        f"load of the machine before: {idle_share:.1f} a core",
    }


COMPARISONS = {"server_load": server_load}
