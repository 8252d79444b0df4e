# SPDX-License-Identifier: Apache-2.0
"""Clocks that are set back or wrong: leases go by the database's, history stays in order, nothing goes too early."""

import glob
import json
import os
import pathlib
import signal
import time

import catalogs
import pytest
from team import counts

LIBRARIES = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
pytestmark = pytest.mark.skipif(not LIBRARIES, reason="libfaketime is not installed: apt-get install libfaketime")


def clock(offset):
    """The environment of a process whose wall clock is off by so much, or stands still at a time."""
    return {
        **os.environ,
        "LD_PRELOAD": LIBRARIES[0],
        "FAKETIME": offset,
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_NO_CACHE": "1",
    }


def land(workspace, number, **options):
    file = workspace.folder / f"text-{number}.txt"
    file.write_text(f"Text {number}.\n")
    return workspace.json("ingest", file, "--source", "web", "--license", "CC0-1.0", **options)


def metadata_of(workspace, dataset):
    place = workspace.json("dataset", "show", dataset)["metadata_location"]
    return json.loads(pathlib.Path(place.removeprefix("file://")).read_text())


def test_the_clock_is_what_the_environment_says(make_workspace):
    workspace = make_workspace()
    assert land(workspace, 1, env=clock("2020-01-02 03:04:05"))["started_at"].startswith("2020-01-0")


@pytest.mark.parametrize("on_server", [True, False])
def test_history_stays_in_order(make_workspace, server, on_server):
    workspace = make_workspace(server if on_server else None)
    for number, offset in enumerate(["+0", "-1d", "-3d", "+1d", "-400d", "+0"]):
        land(workspace, number, env=clock(offset))
    metadata = metadata_of(workspace, "raw/web")
    times = [snapshot["timestamp-ms"] for snapshot in metadata["snapshots"]]
    assert len(times) == 6 and times == sorted(set(times))
    log = [entry["timestamp-ms"] for entry in metadata["snapshot-log"]]
    assert log == sorted(log) and log[-1] == times[-1] and metadata["last-updated-ms"] >= times[-1]
    earlier = [entry["timestamp-ms"] for entry in metadata["metadata-log"]]
    assert earlier == sorted(earlier) and metadata["last-updated-ms"] >= earlier[-1]
    assert [snapshot["sequence-number"] for snapshot in metadata["snapshots"]] == [1, 2, 3, 4, 5, 6]
    # A rollback with the clock far behind goes to the end of the history too.
    first = str(metadata["snapshots"][0]["snapshot-id"])
    workspace.json("dataset", "rollback", f"raw/web@{first}", env=clock("-500d"))
    log = [entry["timestamp-ms"] for entry in metadata_of(workspace, "raw/web")["snapshot-log"]]
    assert log == sorted(log) and len(log) == 7
    table = catalogs.iceberg_catalog(workspace.folder, workspace.url).load_table("raw.web")
    assert len(table.scan().to_arrow()) == 1 and len(table.history()) == 7
    assert workspace.json("audit", "verify")["intact"]


def test_a_clock_ahead_removes_nothing_too_early(make_workspace, server):
    workspace = make_workspace(server)
    for number in range(3):
        land(workspace, number)
    orphan = workspace.folder / "warehouse" / "raw" / "web" / "data" / "lost" / "x.parquet"
    orphan.parent.mkdir()
    orphan.write_bytes(b"PAR1")
    ahead = clock("+400d")
    done = workspace.json("dataset", "expire", "raw/web", "--older-than", "7d", "--keep", "1", env=ahead)
    assert done["expired"] == [] and len(done["kept"]) == 3
    assert workspace.json("dataset", "clean", "raw/web", "--older-than", "3d", env=ahead)["files"] == 0
    assert orphan.exists()
    assert len(workspace.json("dataset", "show", "raw/web")["versions"]) == 3


@pytest.mark.parametrize("on_server", [True, False])
def test_a_clock_behind_removes_nothing_too_early(make_workspace, server, on_server):
    workspace = make_workspace(server if on_server else None)
    for number in range(3):
        land(workspace, number)
    behind = clock("-400d")
    done = workspace.json("dataset", "expire", "raw/web", "--older-than", "0s", "--keep", "1", env=behind)
    assert done["expired"] == []
    assert workspace.json("dataset", "clean", "raw/web", "--older-than", "1h", env=behind)["files"] == 0
    done = workspace.json("dataset", "expire", "raw/web", "--older-than", "0s", "--keep", "1")
    assert len(done["expired"]) == 2


def test_ids_are_unique_where_the_clock_stands_still(make_workspace, server):
    workspace = make_workspace(server)
    land(workspace, 1)
    still = clock("2026-11-01 10:00:00")
    started = [workspace.start("run", workspace.pipeline, "--detach", env=still) for _ in range(12)]
    handed = {workspace.end(process)["run_id"] for process in started}
    assert len(handed) == 12
    assert len({one.rsplit("-", 1)[0] for one in handed}) == 1


def held_leases(server, workspace):
    schema = workspace.url.rsplit("%3D", 1)[1]
    return server.sql(f"SELECT stage, task, worker, claims FROM {schema}.task_leases WHERE worker IS NOT NULL").split()


def test_leases_go_by_the_clock_of_the_database(make_workspace, server, corpus):
    workspace = make_workspace(server)
    workspace.ingest(corpus)
    workspace.json("run", workspace.pipeline, "--detach")
    holder = workspace.start("worker", "--until-idle", "--threads", "1")
    while not (held := held_leases(server, workspace)):
        time.sleep(0.005)
    holder.send_signal(signal.SIGSTOP)
    held = held_leases(server, workspace)
    eager = [workspace.start("worker", "--until-idle", env=clock(offset)) for offset in ("+2d", "-2d")]
    time.sleep(2.5)
    if held:  # Else it was stopped between two tasks, and the others rightly go on.
        assert set(held) <= set(held_leases(server, workspace))
    holder.send_signal(signal.SIGCONT)
    for worker in (holder, *eager):
        for report in workspace.end(worker):
            assert report["status"] == "done", report
    assert len(workspace.json("dataset", "show", "clean/web")["versions"]) == 1


@pytest.mark.parametrize("on_server", [True, False])
def test_killed_workers_with_wrong_clocks(make_workspace, server, corpus, on_server):
    workspace = make_workspace(server if on_server else None)
    workspace.configure("\n[workers]\nlease_seconds = 2\n")
    workspace.ingest(corpus)
    reference = workspace.json("run", workspace.pipeline, "--threads", "1")
    run = workspace.start("run", workspace.pipeline, "--threads", "1", "--share", env=clock("-1d"))
    for delay, offset in ((0.2, "+3d"), (0.35, "-3d"), (0.5, "+1h"), (0.3, "-1h")):
        worker = workspace.start("worker", "--threads", "1", env=clock(offset))
        time.sleep(delay)
        worker.kill()
    document = workspace.end(run)
    assert counts(document) == counts(reference)
    assert workspace.digests(document) == workspace.digests(reference)
    assert workspace.json("audit", "verify")["intact"]
