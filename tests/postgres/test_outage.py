# SPDX-License-Identifier: Apache-2.0
"""The server goes away: work waits for it, and can be taken up when it stayed away too long."""

import signal
import time

import pytest
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
