# SPDX-License-Identifier: Apache-2.0
"""Killed before each step that makes something durable or visible, work is taken up and ends as it should."""

import json
import os
import signal

import catalogs
import pytest
from crash_workspace import same_ingest, same_run

STEPS_MAX = 2000
# What a server makes durable is not counted here.
STEPS_MIN = 20 if catalogs.ON_POSTGRES else 50
# The fast group looks at some steps only; a prime, so that it meets all kinds of them.
STRIDE = 17
INIT_STRIDE = 5


def ingest_killed_at(workspace, library, step, reference):
    was_killed = workspace.killed_at(library, step, *workspace.ingest_arguments(), "--threads", 1)
    workspace.check_readable("raw/web", 0, reference["record"]["documents"])
    same_ingest(workspace, workspace.finish_ingest(), reference)
    assert workspace.leftovers() == []
    return was_killed


def each_ingest_step(make_workspace, corpus, library, reference, stride):
    for step in range(1, STEPS_MAX, stride):
        workspace = make_workspace(corpus)
        was_killed = ingest_killed_at(workspace, library, step, reference)
        workspace.remove()
        if not was_killed:
            break
    assert STEPS_MIN < step < STEPS_MAX - stride


def each_run_step(make_workspace, corpus, library, reference, stride):
    """One workspace for all: each run replaces what the one before left."""
    workspace = make_workspace(corpus)
    same_ingest(workspace, workspace.finish_ingest(), reference)
    documents = reference["run"]["documents"]["out"]
    versions, last = 0, None
    for step in range(1, STEPS_MAX, stride):
        was_killed = workspace.killed_at(library, step, "run", workspace.pipeline, "--threads", 1)
        workspace.check_readable("clean/web", versions, documents)
        known = workspace.run()
        # Killed before it was recorded, the run never was: it is started anew.
        is_recorded = known and known["run_id"] != last
        run = workspace.finish_run() if is_recorded else workspace.json("run", workspace.pipeline)
        last = run["run_id"]
        versions += 1
        same_run(workspace, run, reference)
        assert (workspace.folder / "reports" / f"{run['run_id']}.html").exists()
        assert workspace.leftovers() == []
        if not was_killed:
            break
    shown = workspace.json("dataset", "show", "clean/web")
    assert len({version["run_id"] for version in shown["versions"]}) == len(shown["versions"]) == versions
    assert STEPS_MIN < step < STEPS_MAX - stride


@pytest.mark.full
def test_init_killed_at_durable_steps_can_be_repeated(gristmill, kill_library, tmp_path):
    for step in range(1, STEPS_MAX, INIT_STRIDE):
        folder = tmp_path / str(step)
        environment = {**os.environ, "LD_PRELOAD": str(kill_library), "KILL_AT_STEP": str(step)}
        was_killed = gristmill("init", folder, check=False, env=environment).returncode == -signal.SIGKILL
        # Either nothing is there yet and it can be made, or it is a workspace already.
        again = gristmill("init", folder, check=False)
        assert again.returncode == 0 or "exists already" in again.stderr, again.stderr
        assert gristmill.json("dataset", "list", "--workspace", folder) == []
        if not was_killed:
            break
    assert 3 < step < STEPS_MAX - INIT_STRIDE


def test_ingest_killed_at_some_durable_steps(make_workspace, small_corpus, kill_library, small_reference):
    each_ingest_step(make_workspace, small_corpus, kill_library, small_reference, STRIDE)


def test_run_killed_at_some_durable_steps(make_workspace, small_corpus, kill_library, small_reference):
    each_run_step(make_workspace, small_corpus, kill_library, small_reference, STRIDE)


@pytest.mark.full
def test_ingest_killed_at_each_durable_step(make_workspace, small_corpus, kill_library, small_reference):
    each_ingest_step(make_workspace, small_corpus, kill_library, small_reference, 1)


@pytest.mark.full
def test_run_killed_at_each_durable_step(make_workspace, small_corpus, kill_library, small_reference):
    each_run_step(make_workspace, small_corpus, kill_library, small_reference, 1)


def test_expiry_killed_at_any_durable_step_loses_nothing(make_workspace, small_corpus, small_reference, kill_library):
    workspace = make_workspace(small_corpus)
    same_ingest(workspace, workspace.finish_ingest(), small_reference)
    documents = small_reference["run"]["documents"]["out"]
    forget = ("dataset", "expire", "clean/web", "--older-than", "0s", "--with-token-sources")
    was_killed, step = True, 0
    while was_killed:
        step += 1
        assert step < STEPS_MAX
        # Two versions, the older of which is to go.
        workspace.json("run", workspace.pipeline)
        workspace.json("run", workspace.pipeline)
        was_killed = workspace.killed_at(kill_library, step, *forget)
        shown = workspace.datasets()["clean/web"]
        assert shown["documents"] == documents
        assert len(workspace.ids("clean/web")) == documents
        workspace.json(*forget)
        assert workspace.datasets()["clean/web"]["versions"] == 1
    # What the killed ones left is an orphan, and goes when it is old enough.
    for path in workspace.warehouse.rglob("*"):
        os.utime(path, (0, 0))
    cleaned = workspace.json("dataset", "clean", "clean/web")
    assert cleaned["files"] > 0
    assert [path for path in workspace.warehouse.rglob("*.tmp-*") if "clean" in path.parts] == []
    table = workspace.folder / "warehouse"
    assert len([path for path in table.rglob("*.parquet") if "clean" in path.parts]) == 1
    assert len(workspace.ids("clean/web")) == documents
    assert workspace.json("dataset", "clean", "clean/web")["files"] == 0


def test_a_release_killed_at_any_durable_step_is_completed_by_the_same_call(
    make_workspace, small_corpus, small_reference, kill_library
):
    workspace = make_workspace(small_corpus)
    same_ingest(workspace, workspace.finish_ingest(), small_reference)
    workspace.json("run", workspace.pipeline)
    words = ["--label", "x", "--description", "x"]
    was_killed, step = True, 0
    while was_killed:
        step += 1
        assert step < STEPS_MAX
        create = ("release", "create", f"r{step}", *words)
        was_killed = workspace.killed_at(kill_library, step, *create)
        listed = {one["name"]: one for one in workspace.json("release", "list")}
        begun = listed.get(f"r{step}")
        if begun is None or begun["status"] == "creating":
            # Somebody else's words do not take it over; the same words complete it.
            if begun is not None:
                other = ["--label", "other", "--description", "x"]
                assert workspace.start("release", "create", f"r{step}", *other).wait() == 2
            done = workspace.json(*create)
            assert begun is None or done["digest"] == begun["digest"]
        released = workspace.json("release", "show", f"r{step}")
        assert released["status"] == "released" and len(released["datasets"]) == 2
        for member in released["datasets"]:
            versions = workspace.json("dataset", "show", member["dataset"])["versions"]
            assert [one["version"] for one in versions if f"r{step}" in one["releases"]] == [member["version"]]
    assert step > 5


def test_a_change_of_rows_killed_at_any_durable_step_is_made_or_not(
    make_workspace, small_corpus, small_reference, kill_library
):
    workspace = make_workspace(small_corpus)
    same_ingest(workspace, workspace.finish_ingest(), small_reference)
    workspace.json("run", workspace.pipeline)
    ids = sorted(workspace.ids("clean/web"))
    workspace.json("dataset", "update", "clean/web", "--set", "media_type=text/0", "--where", "true")
    was_killed, step, before = True, 0, "text/0"
    while was_killed:
        step += 1
        assert step < STEPS_MAX
        change = ("dataset", "update", "clean/web", "--set", f"media_type=text/{step}", "--where", "true")
        was_killed = workspace.killed_at(kill_library, step, *change)
        head = workspace("dataset", "head", "clean/web", "-n", "100000", "--json").stdout
        rows = [json.loads(line) for line in head.splitlines()]
        assert {row["media_type"] for row in rows} in ({before}, {f"text/{step}"})
        workspace.json(*change)
        before = f"text/{step}"
        assert sorted(workspace.ids("clean/web")) == ids
        assert workspace.json("trace", ids[0])["document"]["dataset"] == "clean/web"
    assert step > 10
    for path in workspace.warehouse.rglob("*"):
        os.utime(path, (0, 0))
    workspace.json("dataset", "clean", "clean/web")
    assert sorted(workspace.ids("clean/web")) == ids
