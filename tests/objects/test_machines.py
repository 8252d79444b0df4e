# SPDX-License-Identifier: Apache-2.0
"""Several machines work on one run: folders of their own, one catalog on PostgreSQL, one bucket."""

import shutil
import time

import catalogs
import pytest
from conftest import ObjectWorkspace
from machines import counts, write_corpus, write_pipeline
from real_servers import KEYS, real_server

LEASE = "\n[workers]\nlease_seconds = 2\n"


@pytest.fixture
def catalog():
    return catalogs.server().new_schema()


def tasks_recorded(catalog):
    """How many tasks the catalog knows, asked for without a process of ours."""
    schema = catalog.rsplit("%3D", 1)[1]
    return int(catalogs.server().sql(f"SELECT count(*) FROM {schema}.tasks"))


def wait_for(condition, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@pytest.fixture
def machine(make_workspace, catalog):
    """Makes machines of one team: workspaces whose folders have nothing in common."""
    return lambda name, **options: make_workspace(name, catalog=catalog, extra=LEASE, timeout=10, **options)


def left_behind(store):
    return [key for key in store.buckets["corpus"] if "/.runs/" in key]


def test_each_machine_does_a_part(gristmill, machine, catalog, store, tmp_path):
    corpus, pipeline = write_corpus(tmp_path / "in", 3), write_pipeline(tmp_path / "home")
    gristmill("init", tmp_path / "alone")
    gristmill("--workspace", tmp_path / "alone", "ingest", corpus, "--source", "web")
    alone = gristmill.json("--workspace", tmp_path / "alone", "run", pipeline)
    first = machine("first")
    first("ingest", corpus, "--source", "web")
    handed = first.json("run", pipeline, "--detach")["run_id"]
    shutil.rmtree(tmp_path / "home")  # Another machine has no such folder.
    for number in range(4):
        worker = machine(f"worker-{number}").start("worker", "--until-idle", "--threads", "1")
        wait_for(lambda done=number, it=worker: tasks_recorded(catalog) > done or it.poll() is not None)
        worker.kill()
        worker.communicate()
        shutil.rmtree(tmp_path / f"worker-{number}")  # A machine that vanishes takes its disk with it.
    last = machine("last")
    (report,) = last.json("worker", "--until-idle")
    assert report["status"] == "done", report
    run = last.json("runs", "show", handed)
    assert run["resumed_tasks"] >= 2
    assert counts(run) == counts(alone)
    assert len(last.json("dataset", "show", "clean/web")["versions"]) == 1
    assert not left_behind(store) and not list((last.folder / ".gristmill" / "runs").iterdir())
    assert last.json("audit", "verify")["intact"]


def test_a_run_alone_keeps_its_files_on_the_disk(make_workspace, store, tmp_path):
    alone = make_workspace("alone")
    alone("ingest", write_corpus(tmp_path / "in", 1), "--source", "web")
    alone("run", write_pipeline(tmp_path / "home"))
    assert not any("/.runs/" in key for _, _, key, _, _ in store.requests)


def test_what_a_late_worker_left_is_swept(machine, store, tmp_path):
    first = machine("first")
    pipeline = write_pipeline(tmp_path / "home")
    first("ingest", write_corpus(tmp_path / "in", 1), "--source", "web")
    done = first.json("run", pipeline)["run_id"]
    objects = store.buckets["corpus"]
    store.store(objects, f"team a/wh/.runs/{done}/map-0-000000.parquet", b"late", {})
    store.store(objects, "team a/wh/.runs/run-of-another-catalog/place", b"mark", {})
    first("run", pipeline)
    assert [key.split("/")[3] for key in left_behind(store)] == ["run-of-another-catalog"]


def shared_run_elsewhere(gristmill, catalog, tmp_path):
    """A run handed out in a workspace with a warehouse on its own disk."""
    home = tmp_path / "home"
    gristmill("init", home, "--catalog", catalog)
    gristmill("--workspace", home, "ingest", write_corpus(tmp_path / "in", 1), "--source", "web")
    return home, gristmill.json("--workspace", home, "run", write_pipeline(tmp_path / "steps"), "--detach")["run_id"]


def test_a_warehouse_that_is_not_shared_is_refused(gristmill, catalog, tmp_path):
    home, run = shared_run_elsewhere(gristmill, catalog, tmp_path)
    gristmill("init", tmp_path / "other", "--catalog", catalog)
    other = ["--workspace", tmp_path / "other"]
    for words in (["worker", "--run", run], ["worker", "--until-idle"], ["run", "--resume", run]):
        refused = gristmill(*other, *words, check=False)
        assert refused.returncode == 2, (words, refused.stdout, refused.stderr)
        told = refused.stdout + refused.stderr
        assert f"{home}/warehouse" in told and f"{tmp_path}/other/warehouse" in told
        assert "set [warehouse] path to s3://" in told
    # Nothing of it has harmed the run.
    (report,) = gristmill.json("--workspace", home, "worker", "--until-idle")
    assert report["status"] == "done"
    assert gristmill.json(*other, "runs", "show", run)["status"] == "done"


def test_another_folder_of_the_same_name_is_refused(gristmill, catalog, tmp_path):
    home, run = shared_run_elsewhere(gristmill, catalog, tmp_path)
    # As on a machine that was set up by copying the first one.
    (home / "warehouse").rename(home / "warehouse-of-the-first")
    shutil.copytree(home / "warehouse-of-the-first", home / "warehouse", ignore=shutil.ignore_patterns(".runs"))
    refused = gristmill("--workspace", home, "worker", "--run", run, check=False)
    assert refused.returncode == 2 and "mounted at the same path" in refused.stdout + refused.stderr
    shutil.rmtree(home / "warehouse")
    (home / "warehouse-of-the-first").rename(home / "warehouse")
    assert gristmill.json("--workspace", home, "worker", "--run", run)[0]["status"] == "done"


@pytest.mark.full
def test_killed_machines_and_minio(gristmill, catalog, tmp_path):
    corpus, pipeline = write_corpus(tmp_path / "in", 6, 4000, 50), write_pipeline(tmp_path / "home")
    gristmill("init", tmp_path / "alone")
    gristmill("--workspace", tmp_path / "alone", "ingest", corpus, "--source", "web")
    alone = gristmill.json("--workspace", tmp_path / "alone", "run", pipeline)
    with real_server("minio", tmp_path) as endpoint:

        def machine(name):
            extra = {"warehouse": "s3://corpus/team", "extra": LEASE, "timeout": 20, "catalog": catalog}
            return ObjectWorkspace(gristmill, tmp_path / name, endpoint, KEYS, **extra)

        first = machine("first")
        first("ingest", corpus, "--source", "web")
        handed = first.json("run", pipeline, "--detach")["run_id"]
        steady = [machine(f"steady-{number}").start("worker", "--until-idle", "--threads", "1") for number in range(2)]
        killed = 0
        for number in range(8):
            worker = machine(f"killed-{number}").start("worker", "--until-idle", "--threads", "2")
            time.sleep(0.4 + 0.35 * number)
            killed += worker.poll() is None
            worker.kill()
            worker.communicate()
        reports = [first.finish(worker) for worker in steady]
        assert all(one["status"] == "done" for report in reports for one in report), reports
        run = first.json("runs", "show", handed)
        assert counts(run) == counts(alone)
        assert killed >= 3 and run["resumed_tasks"] > 0
        assert first.json("dataset", "show", "clean/web")["documents"] == alone["documents"]["out"]
        assert first.json("audit", "verify")["intact"]
