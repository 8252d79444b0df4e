# SPDX-License-Identifier: Apache-2.0
"""An orderly stop says how to go on; a crash inside an operator costs at most the document it happened on."""

import random
import re
import signal
import subprocess

import pytest
from crash_workspace import TIMEOUT_SECONDS, UNFINISHED, same_ingest, same_run

STOPS = {signal.SIGTERM: 143, signal.SIGINT: 130}
SEED = 20261123
# Signals are sent until one meets the work.
ATTEMPTS_MAX = 60
CRASHES_WANTED = 2
DELAY_STEP_SECONDS = 0.05

CRASH_PIPELINE = """\
name: crash-words
inputs: [raw/web]
steps:
  - normalize.unicode
  - filter.gopher_quality: {min_words: 5}
  - redact.pii
output: words/web
limits: {quarantine: 20%}
"""


def stop_after(workspace, number, delay_seconds, *arguments):
    """Sends the signal after a while; exit code and what was said."""
    process = workspace.start(*arguments)
    try:
        _, errors = process.communicate(timeout=delay_seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(number)
        _, errors = process.communicate(timeout=TIMEOUT_SECONDS)
    return process.returncode, errors


def interrupted(workspace, number, *arguments):
    """Tries delays until the signal meets the command at work; what it said, or nothing when it always got through."""
    for attempt in range(ATTEMPTS_MAX):
        code, errors = stop_after(workspace, number, 0.02 + DELAY_STEP_SECONDS * attempt, *arguments)
        # Before its handlers stand, a process dies of the signal as any other does.
        if code == -number:
            continue
        assert code in (0, 4, STOPS[number]), errors
        return errors if code == STOPS[number] else None
    return None


@pytest.mark.parametrize("number", STOPS)
def test_a_stopped_ingestion_and_run_say_how_to_go_on(make_workspace, large_corpus, large_reference, number):
    workspace = make_workspace(large_corpus)
    errors = interrupted(workspace, number, *workspace.ingest_arguments())
    assert errors is not None, "no signal met the ingestion"
    (task,) = re.findall(r"gristmill ingest --resume (task-[0-9a-f]+)", errors)
    assert task == workspace.ingestion()["task_id"]
    same_ingest(workspace, workspace.json("ingest", "--resume", task), large_reference)

    errors = interrupted(workspace, number, "run", workspace.pipeline, "--idempotency-key", "one")
    assert errors is not None, "no signal met the run"
    (run_id,) = re.findall(r"gristmill run --resume (run-[0-9a-z-]+)", errors)
    assert (workspace.run()["run_id"], workspace.run()["status"]) == (run_id, "interrupted")
    # The key leads to the same run.
    run = workspace.json("run", workspace.pipeline, "--idempotency-key", "one")
    assert run["run_id"] == run_id
    same_run(workspace, run, large_reference)
    assert workspace.leftovers() == []
    workspace.remove()


def test_a_crash_inside_an_operator_costs_at_most_its_document(make_workspace, large_corpus, large_reference):
    workspace = make_workspace(large_corpus)
    same_ingest(workspace, workspace.finish_ingest(), large_reference)
    pipeline = workspace.folder / "words.yaml"
    pipeline.write_text(CRASH_PIPELINE)
    plain = workspace.json("run", pipeline)
    generator = random.Random(SEED)
    crashes = 0
    for _ in range(ATTEMPTS_MAX):
        delay = generator.uniform(0.05, 0.05 + plain["wall_seconds"])
        code, errors = stop_after(workspace, signal.SIGSEGV, delay, "run", pipeline, "--threads", 1)
        assert code in (0, 4, -signal.SIGSEGV), errors
        if code == -signal.SIGSEGV and workspace.run()["status"] in UNFINISHED:
            crashes += check_crashed(workspace.finish_run("--threads", 2), plain)
        if crashes == CRASHES_WANTED:
            break
    assert crashes > 0
    workspace.remove()


def check_crashed(run, plain):
    """At most one document is missing, the sums close; 1 when a document was blamed."""
    documents = run["documents"]
    assert documents["in"] == documents["out"] + documents["dropped"] + documents["quarantined"]
    assert documents["in"] == plain["documents"]["in"]
    for one in run["operators"]:
        assert one["in"] == one["out"] + sum(one["dropped"].values()) + one["quarantined"]
    notes = run["quarantine"]
    assert len(notes) == documents["quarantined"] <= 1
    if not notes:
        assert run["content_digest"] == plain["content_digest"]
        return 0
    assert notes[0]["reason"] == "engine.crashed"
    assert plain["documents"]["out"] - documents["out"] in (0, 1)
    return 1
