# SPDX-License-Identifier: Apache-2.0
"""The server goes away: work waits for it, and can be taken up when it stayed away too long."""

import concurrent.futures
import json
import os
import pathlib
import signal
import time

import pytest
import requests
from team import counts


def test_a_run_waits_for_a_server_that_comes_back(make_workspace, own_server, corpus):
    workspace = make_workspace(own_server)
    workspace.ingest(corpus)
    reference = workspace.json("run", workspace.pipeline, "--threads", "1")
    run = workspace.start("run", workspace.pipeline, "--threads", "1")
    while len(workspace.json("runs", "list")) < 2:
        time.sleep(0.02)
    for how in (signal.SIGINT, signal.SIGQUIT):
        own_server.stop(how)
        time.sleep(1)
        own_server.start()
        time.sleep(0.3)
    document = workspace.end(run)
    assert counts(document) == counts(reference)
    assert workspace.digests(document) == workspace.digests(reference)
    assert workspace.json("audit", "verify")["intact"]


class Feeder:
    """Sends feedback through the server of a workspace."""

    def __init__(self, workspace):
        self.process = workspace.start("serve", "--port", "0")
        self.url = json.loads(self.process.stdout.readline())["url"]
        token = (workspace.folder / ".gristmill" / "admin-token").read_text().strip()
        self.headers = {"Authorization": f"Bearer {token}"}
        self.sent = 0

    def send(self):
        """Seconds until the event was durable."""
        self.sent += 1
        event = {"type": "rating", "rating": 1, "subject": str(self.sent), "consent": True}
        began = time.monotonic()
        answer = requests.post(f"{self.url}/api/v1/feedback", json=event, headers=self.headers, timeout=60)
        assert answer.status_code == 201, answer.text
        return time.monotonic() - began

    def stop(self):
        self.process.terminate()
        assert self.process.wait(60) == 0


@pytest.mark.parametrize("seconds", [4, pytest.param(61, marks=pytest.mark.full)])
def test_run_worker_and_feedback_while_the_server_is_away(make_workspace, own_server, corpus, seconds):
    workspace = make_workspace(own_server)
    workspace.ingest(corpus)
    reference = workspace.json("run", workspace.pipeline, "--threads", "1")
    feeder = Feeder(workspace)
    feeder.send()
    run = workspace.start("run", workspace.pipeline, "--coordinate-only")
    worker = workspace.start("worker", "--threads", "1")
    while len(workspace.json("runs", "list")) < 2:
        time.sleep(0.02)
    time.sleep(1.2)  # Longer than a token is remembered.
    own_server.stop(signal.SIGQUIT)
    until = time.monotonic() + seconds
    waits = []
    while time.monotonic() < until:
        waits.append(feeder.send())
        time.sleep(0.1)
    own_server.start()
    document = workspace.end(run)
    assert counts(document) == counts(reference)
    assert workspace.digests(document) == workspace.digests(reference)
    worker.terminate()
    workspace.end(worker, code=143)
    feeder.send()
    # Nobody who gives feedback has waited for the database.
    assert len(waits) > seconds and max(waits) < 20
    workspace.json("feedback", "compact")
    feeder.stop()
    rows = workspace.call("dataset", "head", "feedback/events", "-n", "100000").stdout.splitlines()
    assert sorted(int(json.loads(row)["subject"]) for row in rows) == list(range(1, feeder.sent + 1))
    assert workspace.json("audit", "verify")["intact"]


def processes_of(server):
    """The server's own and those of its connections, which have sessions of their own."""
    main = server.process.pid
    children = pathlib.Path(f"/proc/{main}/task/{main}/children").read_text().split()
    return [main, *map(int, children)]


def test_feedback_goes_on_while_the_server_hangs(make_workspace, own_server):
    """It takes connections and answers nobody. Also those who send much, and are asked who they are first, hold nobody
    up."""
    workspace = make_workspace(own_server)
    feeder = Feeder(workspace)
    feeder.send()
    stopped = processes_of(own_server)
    time.sleep(1.2)  # Longer than a token is remembered.
    for process in stopped:
        os.kill(process, signal.SIGSTOP)
    try:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            much = {**feeder.headers, "Authorization": "Bearer gm_" + "0" * 12 + "_" + "0" * 64}
            lost = [
                pool.submit(requests.post, f"{feeder.url}/api/v1/feedback", b" " * 100_000, headers=much, timeout=60)
                for _ in range(2)
            ]
            for _ in range(8):
                feeder.send()
                time.sleep(0.2)
            large = json.dumps([{"type": "rating", "rating": 1, "subject": "x" * 200, "consent": True}] * 500)
            headers = {**feeder.headers, "Content-Type": "application/json"}
            answer = requests.post(f"{feeder.url}/api/v1/feedback", large, headers=headers, timeout=60)
            assert answer.status_code == 201
            assert not any(one.done() for one in lost), "the server did not hang"
            for process in stopped:
                os.kill(process, signal.SIGCONT)
            assert [one.result().status_code for one in lost] == [401, 401]
    finally:
        for process in stopped:
            os.kill(process, signal.SIGCONT)
    feeder.stop()
    assert workspace.json("feedback", "compact")["events"] == feeder.sent + 500


def test_a_token_that_was_revoked_counts_no_more(make_workspace, own_server):
    workspace = make_workspace(own_server)
    feeder = Feeder(workspace)
    made = workspace.json("token", "create", "--name", "short", "--scope", "write")
    feeder.headers = {"Authorization": f"Bearer {made['token']}"}
    feeder.send()
    workspace.json("token", "revoke", made["token_id"])
    time.sleep(1.2)
    event = {"type": "rating", "rating": 1, "subject": "x", "consent": True}
    for is_away in (False, True):
        if is_away:
            own_server.stop(signal.SIGQUIT)
        answer = requests.post(f"{feeder.url}/api/v1/feedback", json=event, headers=feeder.headers, timeout=60)
        assert answer.status_code == (503 if is_away else 401), answer.text
    own_server.start()
    feeder.stop()


@pytest.mark.full
def test_a_server_that_stays_away_ends_the_run_and_it_can_go_on(make_workspace, own_server, corpus):
    workspace = make_workspace(own_server)
    workspace.ingest(corpus)
    run = workspace.start("run", workspace.pipeline, "--threads", "1")
    while not workspace.json("runs", "list"):
        time.sleep(0.02)
    own_server.stop()
    output, errors = run.communicate(timeout=240)
    assert run.returncode == 5, (output, errors)
    assert "has been away" in errors and "--resume" in errors
    own_server.start()
    (listed,) = workspace.json("runs", "list")
    assert workspace.json("run", "--resume", listed["run_id"])["status"] == "done"
    assert workspace.json("audit", "verify")["intact"]


def test_names_with_sql_in_them_are_names(make_workspace, server):
    workspace = make_workspace(server)
    hostile = "x'; DROP TABLE audit; --"
    file = workspace.folder / 'it\'s "a"; $1 file.jsonl'
    file.write_text('{"text": "' + "one two three " * 60 + '"}\n')
    refused = workspace.json("ingest", file, "--source", hostile, "--license", "CC0-1.0", code=2)
    assert "is not a source name" in refused["error"]["message"]
    record = workspace.json("ingest", file, "--source", "web", "--license", "CC0-1.0", "--owner", hostile)
    shown = workspace.json("ingestions", "show", record["ingestion_id"])
    assert shown["files"][0]["name"].endswith("$1 file.jsonl")
    workspace.json("run", workspace.pipeline, "--idempotency-key", hostile)
    assert len(workspace.json("runs", "list")) == 1
    workspace.json("run", workspace.pipeline, "--idempotency-key", hostile)
    assert len(workspace.json("runs", "list")) == 1
    assert workspace.json("audit", "verify")["intact"]


def test_the_password_is_never_shown(gristmill, server, tmp_path):
    url = server.url(password="very-secret")
    told = [
        gristmill("init", tmp_path / "w", "--catalog", url),
        gristmill("doctor", "--workspace", tmp_path / "w"),
        gristmill("init", tmp_path / "v", "--catalog", url.replace("/postgres", "/absent"), check=False),
    ]
    assert told[2].returncode == 2
    for done in told:
        assert "very-secret" not in done.stdout + done.stderr
    assert "very-secret" not in (tmp_path / "w" / "gristmill.toml").read_text()
