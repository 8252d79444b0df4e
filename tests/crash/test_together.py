# SPDX-License-Identifier: Apache-2.0
"""Processes that work on one workspace at once: nothing is lost and nothing doubled."""

import json

import crash_corpus
from crash_workspace import TIMEOUT_SECONDS, same_ingest, same_run

ROUNDS = 3
RETRY = 5


def together(workspace, *commands):
    """Starts the commands at once; exit code, JSON answer and messages of each."""
    processes = [workspace.start(*arguments) for arguments in commands]
    results = []
    for process in processes:
        out, errors = process.communicate(timeout=TIMEOUT_SECONDS)
        results.append((process.returncode, json.loads(out), errors))
    return results


def test_the_same_ingest_twice_at_once_lands_once(make_workspace, large_corpus, large_reference):
    for number in range(ROUNDS):
        workspace = make_workspace(large_corpus)
        if number > 0:
            workspace.killed(0.1 * number, *workspace.ingest_arguments())
        results = together(workspace, *[workspace.ingest_arguments()] * 3)
        for code, answer, errors in results:
            assert code in (0, 4, RETRY), errors
            if code == RETRY:
                assert "at work on this already" in errors
            else:
                assert answer["documents"] == large_reference["record"]["documents"]
        landed = [item for item in workspace.json("ingestions", "list") if item["status"] != "already_present"]
        assert len(landed) == 1
        same_ingest(workspace, landed[0], large_reference)
        workspace.remove()


def test_the_same_run_resumed_twice_at_once_happens_once(make_workspace, large_corpus, large_reference):
    workspace = make_workspace(large_corpus)
    same_ingest(workspace, workspace.finish_ingest(), large_reference)
    workspace.killed(0.2, "run", workspace.pipeline)
    known = workspace.json("runs", "list") or [workspace.json("run", workspace.pipeline)]
    run_id = known[0]["run_id"]
    for code, answer, errors in together(workspace, *[["run", "--resume", run_id]] * 3):
        assert code in (0, RETRY), errors
        if code == RETRY:
            assert "at work on this already" in errors
        else:
            assert answer["run_id"] == run_id
    (run,) = workspace.json("runs", "list")
    assert run["status"] == "done"
    assert workspace.datasets()["clean/web"]["versions"] == 1
    same_run(workspace, workspace.json("run", "--resume", run_id), large_reference)
    workspace.remove()


def test_a_run_that_owes_only_its_report_is_resumed_by_several_at_once(make_workspace, small_corpus, small_reference):
    workspace = make_workspace(small_corpus)
    same_ingest(workspace, workspace.finish_ingest(), small_reference)
    run_id = workspace.json("run", workspace.pipeline)["run_id"]
    report = workspace.folder / "reports" / f"{run_id}.html"
    # Each of them tidies up what the others may be looking at just now.
    for _ in range(20):
        report.unlink()
        for code, answer, errors in together(workspace, *[["run", "--resume", run_id]] * 3):
            assert code in (0, RETRY), errors
            assert code == RETRY or answer["run_id"] == run_id
        assert report.exists()
    assert workspace.leftovers() == []
    workspace.remove()


def test_two_runs_into_one_output_at_once(make_workspace, small_corpus, small_reference):
    workspace = make_workspace(small_corpus)
    same_ingest(workspace, workspace.finish_ingest(), small_reference)
    succeeded = []
    for _ in range(ROUNDS):
        for code, answer, errors in together(workspace, *[["run", workspace.pipeline]] * 2):
            assert code in (0, RETRY), errors
            if code == 0:
                same_run(workspace, answer, small_reference)
                succeeded.append(answer)
            else:
                assert "run again" in errors
        shown = workspace.json("dataset", "show", "clean/web")
        assert {item["run_id"] for item in shown["versions"]} == {run["run_id"] for run in succeeded}
        assert len(shown["versions"]) == len(succeeded)
        assert shown["documents"] == small_reference["run"]["documents"]["out"]
    assert len(succeeded) >= ROUNDS
    workspace.remove()


def test_two_pipelines_with_other_columns_into_one_new_output_at_once(make_workspace, small_corpus):
    for _ in range(ROUNDS):
        workspace = make_workspace(small_corpus)
        workspace.finish_ingest()
        other = workspace.folder / "other.yaml"
        other.write_text("name: other\ninputs: [raw/web]\nsteps: [redact.pii, language.identify]\noutput: clean/web\n")
        results = together(workspace, ["run", workspace.pipeline], ["run", other])
        succeeded = [answer["run_id"] for code, answer, _ in results if code == 0]
        for code, _, errors in results:
            assert code in (0, RETRY), errors
            assert code == 0 or "start the run again" in errors
        states = {run["run_id"]: run["status"] for run in workspace.json("runs", "list")}
        assert {run for run, status in states.items() if status == "done"} == set(succeeded)
        assert set(states.values()) <= {"done", "failed"}
        shown = workspace.json("dataset", "show", "clean/web")
        assert {item["run_id"] for item in shown["versions"]} == set(succeeded)
        assert len(workspace.ids("clean/web")) == shown["documents"] > 0
        workspace.remove()


def test_two_ingests_into_one_dataset_at_once(make_workspace, small_corpus, tmp_path):
    workspace = make_workspace(small_corpus)
    batches = [crash_corpus.write_small(tmp_path / str(number), seed=100 + number) for number in range(6)]
    expected = 0
    for first, second in zip(batches[::2], batches[1::2], strict=True):
        commands = [
            ["ingest", folder, "--source", f"source-{folder.name}", "--license", "CC0-1.0", "--into", "raw/web"]
            for folder in (first, second)
        ]
        for (code, answer, errors), arguments in zip(together(workspace, *commands), commands, strict=True):
            assert code in (0, 4, RETRY), errors
            record = workspace.json(*arguments) if code == RETRY else answer
            expected += record["documents"]
        shown = workspace.json("dataset", "show", "raw/web")
        assert shown["documents"] == expected
    assert len(shown["versions"]) == len(batches)
    workspace.remove()


def test_overlapping_batches_of_one_source_at_once_double_nothing(make_workspace, small_corpus, tmp_path):
    for number in range(ROUNDS):
        workspace = make_workspace(small_corpus)
        shared, others = crash_corpus.write_small(tmp_path / f"shared-{number}", seed=7), []
        for side in range(2):
            folder = tmp_path / f"side-{number}-{side}"
            folder.mkdir()
            (folder / f"own-{side}.txt").write_text(f"A text of side {side} alone, in round {number}.")
            others.append(folder)
        commands = [
            ["ingest", folder, shared, "--source", "web", "--license", "CC0-1.0", "--into", "raw/web"]
            for folder in others
        ]
        for code, _, errors in together(workspace, *commands):
            assert code in (0, 4, RETRY), errors
        for arguments in commands:
            workspace.json(*arguments)
        alone = make_workspace(small_corpus)
        for arguments in commands:
            alone.json(*arguments)
        assert sorted(workspace.ids("raw/web")) == sorted(alone.ids("raw/web"))
        workspace.remove()
