# SPDX-License-Identifier: Apache-2.0
"""A committing process killed at any moment leaves a readable table with whole versions only."""

import os
import pathlib
import random
import signal
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
STEPS_MAX = 200


@pytest.fixture
def kill_at(driver):
    """Runs a command and kills it before its Nth durable step; true when it was killed, false when it got through."""
    default = ROOT / "build" / "dev" / "tests" / "libkill_at_step.so"
    library = pathlib.Path(os.environ.get("KILL_AT_STEP_LIBRARY", default))
    if not library.exists():
        pytest.skip(f"{library} is not built: make dev")

    def run(step, *arguments):
        environment = {**os.environ, "LD_PRELOAD": str(library), "KILL_AT_STEP": str(step)}
        done = subprocess.run(driver.command(*arguments), capture_output=True, text=True, timeout=300, env=environment)
        assert done.returncode in (0, -signal.SIGKILL), done.stdout + done.stderr
        return done.returncode != 0

    return run


def total(driver):
    """Rows of the current version, with every version checked for being whole."""
    snapshots, status = driver.lines("list", "raw/web")
    assert status == 0, snapshots
    for snapshot in snapshots:
        scanned = driver("scan", "raw/web", str(snapshot["id"]))
        assert str(scanned["records"]) == snapshot["summary"]["total-records"]
        assert all(pathlib.Path(file["path"]).exists() for file in scanned["files"])
    return scanned["records"]


def test_an_append_killed_at_each_durable_step_happens_once(driver, kill_at):
    driver("create", "raw/web")
    rows = 5
    driver("append", "raw/web", 0, rows)
    for step in range(1, STEPS_MAX):
        was_killed = kill_at(step, "append", "raw/web", 10 * step, 3, f"key-{step}")
        assert driver("scan", "raw/web")["records"] in (rows, rows + 3)
        # The caller, who heard nothing, asks again.
        driver("append", "raw/web", 10 * step, 3, f"key-{step}")
        rows += 3
        assert driver("scan", "raw/web")["records"] == rows
        if not was_killed:
            break
    assert 10 < step < STEPS_MAX - 1
    assert total(driver) == rows
    table = driver.pyiceberg().load_table("raw.web")
    assert table.scan().to_arrow().num_rows == rows


@pytest.mark.full
def test_a_replacement_killed_at_each_durable_step_is_old_or_new(driver, kill_at):
    driver("create", "raw/web")
    driver("append", "raw/web", 0, 7)
    for step in range(1, STEPS_MAX):
        count = 10 + step
        before = driver("scan", "raw/web")["records"]
        was_killed = kill_at(step, "replace", "raw/web", 0, count, f"key-{step}")
        assert driver("scan", "raw/web")["records"] in (before, count)
        driver("replace", "raw/web", 0, count, f"key-{step}")
        scanned = driver("scan", "raw/web")
        assert (scanned["records"], len(scanned["files"])) == (count, 1)
        if not was_killed:
            break
    assert 10 < step < STEPS_MAX - 1
    total(driver)


@pytest.mark.full
def test_a_creation_killed_at_each_durable_step_can_be_repeated(driver, kill_at):
    for step in range(1, STEPS_MAX):
        was_killed = kill_at(step, "create", f"raw/web{step}")
        lines, status = driver.lines("create", f"raw/web{step}")
        assert status == 0 or lines[-1]["error"] == "already_exists"
        driver("append", f"raw/web{step}", 0, 2)
        if not was_killed:
            break
    assert 3 < step < STEPS_MAX - 1
    assert len(driver.lines("list")[0]) == step


def test_appending_processes_killed_at_random_lose_and_double_nothing(driver):
    generator = random.Random(20261123)
    driver("create", "raw/web")
    confirmed = set()
    for turn in range(12):
        first = 1000 * turn
        workers = [
            subprocess.Popen(
                driver.command("append-many", "raw/web", 40, first + 100 * i), stdout=subprocess.PIPE, text=True
            )
            for i in range(2)
        ]
        time.sleep(generator.uniform(0.02, 0.4))
        for worker in workers:
            worker.kill()
        for worker in workers:
            confirmed.update(int(line) for line in worker.communicate()[0].splitlines() if line.strip())
    table = driver.pyiceberg().load_table("raw.web")
    found = table.scan().to_arrow()["origin_offset"].to_pylist()
    assert len(found) == len(set(found)), "a commit was doubled"
    # One more than confirmed is possible for each killed process: committed, but killed before it could say so.
    assert confirmed <= set(found)
    assert len(found) <= len(confirmed) + 24
    assert total(driver) == len(found)
