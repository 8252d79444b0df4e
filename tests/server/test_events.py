# SPDX-License-Identifier: Apache-2.0
"""Live progress: server-sent events of runs of the server and of the command line, and what a stop does to them."""

import json
import signal
import subprocess
import threading
import time

import pytest
import requests

PIPELINE = (
    "name: slow\ninputs: [raw/web]\nsteps:\n  - python: {{function: '{folder}/slow.py:slow'}}\noutput: clean/slow\n"
)
SLOW = "import time\n\n\ndef slow(document):\n    time.sleep(0.05)\n    return document\n"


def events(server, run, last_id=None):
    """Yields (name, id, data) until the stream ends."""
    headers = server.headers() | ({"Last-Event-ID": last_id} if last_id else {})
    with requests.get(f"{server.url}/api/v1/runs/{run}/events", headers=headers, stream=True, timeout=60) as answer:
        assert answer.status_code == 200 and answer.headers["Content-Type"] == "text/event-stream"
        event = {}
        for line in answer.iter_lines():
            name, _, value = line.decode().partition(": ")
            if name:
                event[name] = value
            elif "event" in event:
                yield event["event"], event["id"], json.loads(event["data"])
                event = {}
            else:
                event = {}


@pytest.fixture
def slow(workspace, serve):
    """A server whose workspace has a pipeline that takes a few seconds."""
    workspace.write_jsonl("a.jsonl", [f"Document number {i}." for i in range(60)])
    workspace.ingest()
    (workspace.folder / "slow.py").write_text(SLOW)
    server = serve()
    server.pipeline = PIPELINE.format(folder=workspace.folder)
    return server


def test_a_run_tells_its_progress_until_it_ends(served):
    pipeline = "name: e\ninputs: [raw/web]\nsteps:\n  - normalize.unicode\noutput: clean/events\n"
    run = served.call("POST", "/api/v1/runs", json={"pipeline": pipeline}, status=202).json()["run_id"]
    seen = list(events(served, run))
    assert [name for name, _, _ in seen][-1] == "end" and seen[-1][2]["status"] == "done"
    assert next(events(served, run))[0] == "end"
    # A client that has seen the end is told not to come again.
    served.get(f"/api/v1/runs/{run}/events", status=204, headers={"Last-Event-ID": "end"})
    for hostile in ("x" * 200, "1.2.3\t", "-1", "; DROP TABLE runs"):
        answer = served.call("GET", f"/api/v1/runs/{run}/events", headers={"Last-Event-ID": hostile.encode("latin-1")})
        assert answer.status_code == 200 and "event: end" in answer.text
    for hostile in ("x" * 201, "\u00ff"):
        served.get(f"/api/v1/runs/{run}/events", status=422, headers={"Last-Event-ID": hostile.encode("latin-1")})


def test_a_run_is_cancelled_and_resumed(slow):
    run = slow.call("POST", "/api/v1/runs", json={"pipeline": slow.pipeline}, status=202).json()["run_id"]
    busy = slow.call("POST", "/api/v1/runs", json={"pipeline": slow.pipeline}, status=503)
    assert busy.headers["Retry-After"]
    stream = events(slow, run)
    assert next(stream)[0] == "progress"
    slow.call("POST", f"/api/v1/runs/{run}/cancel", status=204)
    name, _, data = list(stream)[-1]
    assert name == "end" and data["status"] == "interrupted"
    assert slow.call("POST", f"/api/v1/runs/{run}/resume", status=200).json()["run_id"] == run
    name, _, data = list(events(slow, run))[-1]
    assert name == "end" and data["status"] == "done"
    # Who asked for it, not the user that the server runs as.
    log = slow.workspace.json("audit", "log") if "audit" in slow.workspace.call("--help", inside=False).stdout else []
    assert all(entry["actor"] == "token:admin" for entry in log if entry["subject"] == run)


def test_a_run_of_the_command_line_is_watched_too(slow):
    path = slow.workspace.folder / "p.yaml"
    path.write_text(slow.pipeline)
    with subprocess.Popen(slow.workspace.command("run", path, "--json"), stdout=subprocess.PIPE) as child:
        for _ in range(400):
            runs = slow.get("/api/v1/runs").json()["items"]
            if runs:
                break
            time.sleep(0.05)
        seen = list(events(slow, runs[0]["run_id"]))
        assert child.wait(60) == 0
    assert seen[0][0] == "progress" and seen[0][2]["status"] == "running" and seen[-1][2]["status"] == "done"


def test_a_stop_ends_streams_and_leaves_runs_resumable(slow):
    run = slow.call("POST", "/api/v1/runs", json={"pipeline": slow.pipeline}, status=202).json()["run_id"]
    seen = []
    reader = threading.Thread(target=lambda: seen.extend(events(slow, run)))
    reader.start()
    while not seen:
        time.sleep(0.02)
    assert slow.stop(signal.SIGTERM) == 0
    reader.join(30)
    assert seen[-1][0] in ("shutdown", "end")
    assert slow.workspace.json("runs", "show", run)["status"] == "interrupted"
    assert slow.workspace.json("run", "--resume", run)["status"] == "done"


def test_a_second_signal_ends_at_once(slow):
    slow.call("POST", "/api/v1/runs", json={"pipeline": slow.pipeline}, status=202)
    slow.process.send_signal(signal.SIGINT)
    time.sleep(0.05)
    slow.process.send_signal(signal.SIGINT)
    assert slow.process.wait(20) in (0, -signal.SIGINT)
