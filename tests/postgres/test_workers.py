# SPDX-License-Identifier: Apache-2.0
"""Several processes work on one run: the result is that of one process, whoever is killed."""

import time

import pytest
from team import counts


@pytest.fixture(scope="module")
def module_numbers():
    return {}


@pytest.fixture
def reference(make_workspace, corpus, module_numbers):
    """What one process makes of the corpus."""
    if not module_numbers:
        alone = make_workspace()
        alone.ingest(corpus)
        run = alone.json("run", alone.pipeline, "--threads", "1")
        module_numbers.update(counts=counts(run), digests=alone.digests(run))
    return module_numbers


def as_one_process(workspace, run, reference):
    assert counts(run) == reference["counts"]
    assert workspace.digests(run) == reference["digests"]
    assert workspace.json("audit", "verify")["intact"]
    assert len(workspace.json("dataset", "show", "clean/web")["versions"]) == 1


@pytest.mark.parametrize("on_server", [True, False])
def test_workers_help_and_commit(make_workspace, server, corpus, reference, on_server):
    workspace = make_workspace(server if on_server else None)
    workspace.ingest(corpus)
    workers = [workspace.start("worker", "--threads", "1") for _ in range(2)]
    run = workspace.json("run", workspace.pipeline, "--coordinate-only")
    for worker in workers:
        worker.terminate()
        workspace.end(worker, code=143)
    as_one_process(workspace, run, reference)


def test_a_detached_run_is_done_and_committed_by_workers(make_workspace, server, corpus, reference):
    workspace = make_workspace(server)
    workspace.ingest(corpus)
    handed = workspace.json("run", workspace.pipeline, "--detach")
    assert handed["status"] == "running"
    workers = [workspace.start("worker", "--until-idle", "--threads", "1") for _ in range(3)]
    reports = [workspace.end(worker) for worker in workers]
    assert all(one["status"] == "done" for report in reports for one in report), reports
    as_one_process(workspace, workspace.json("runs", "show", handed["run_id"]), reference)


def test_tasks_of_killed_workers_return(make_workspace, server, corpus, reference):
    workspace = make_workspace(server)
    workspace.configure("\n[workers]\nlease_seconds = 2\n")
    workspace.ingest(corpus)
    run = workspace.start("run", workspace.pipeline, "--threads", "1")
    for delay in (0.2, 0.35, 0.5, 0.15, 0.4):
        worker = workspace.start("worker", "--threads", "2")
        time.sleep(delay)
        worker.kill()
    document = workspace.end(run)
    as_one_process(workspace, document, reference)


def test_a_killed_coordinator_is_replaced(make_workspace, server, corpus, reference):
    workspace = make_workspace(server)
    workspace.configure("\n[workers]\nlease_seconds = 2\n")
    workspace.ingest(corpus)
    run = workspace.start("run", workspace.pipeline, "--threads", "1")
    while not workspace.json("runs", "list"):
        time.sleep(0.05)
    run.kill()
    run.communicate(timeout=60)
    workspace.end(workspace.start("worker", "--until-idle"))
    (listed,) = workspace.json("runs", "list")
    assert listed["status"] == "done"
    as_one_process(workspace, workspace.json("runs", "show", listed["run_id"]), reference)
