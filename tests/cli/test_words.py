# SPDX-License-Identifier: Apache-2.0
"""What people read: calls that were not understood, counts, ids and texts on the terminal."""

import os
import re


def message_of(workspace, *words):
    """What a call that was not understood is answered, on both channels."""
    answer = workspace.json(*words, code=2)["error"]
    assert answer["code"] == "invalid_argument"
    assert workspace.call(*words, code=2).stderr == f"gristmill: {answer['message']}\n"
    return answer["message"]


def test_an_unknown_command_is_named_with_those_there_are(workspace):
    assert re.search(r"no command 'datasets'.*dataset.*gristmill --help", message_of(workspace, "datasets", "list"))
    for words in (["dataset", "delte", "raw/web"], ["dataset", "delte"]):
        message = message_of(workspace, *words)
        assert "gristmill dataset has no command 'delte'" in message and "delete" in message
    assert "gristmill dataset needs one of these: list," in message_of(workspace, "dataset")
    assert "no option '--nope'" in message_of(workspace, "--nope")
    # The usage of the command at hand, not of the program.
    assert "`gristmill dataset show --help`" in message_of(workspace, "dataset", "show")
    # Help of a command that there is not would be that of another.
    done = workspace.call("dataset", "delte", "--help", code=2)
    assert done.stdout == "" and "'delte'" in done.stderr
    assert "Subcommands:" in workspace.call("dataset", "--help").stdout


def test_a_pipeline_may_stand_behind_settings(workspace):
    workspace.ingest(workspace.write_jsonl("a.jsonl", ["one"]))
    path = workspace.pipeline("normalize.unicode")
    document = workspace.json("run", "--set", "output=clean/other", path)
    assert document["output"]["dataset"] == "clean/other"
    two = workspace.json("run", "--set", "name=x", "--set", "output=clean/third", path, "--threads", "1")
    assert two["pipeline"] == "x" and two["output"]["dataset"] == "clean/third"
    answer = workspace.json("run", path, "--set", "output=clean/other", "nonsense", code=2)
    assert "--set nonsense: write KEY=VALUE" in answer["error"]["message"]


def test_head_cuts_between_characters(workspace):
    texts = ["a" * count + "語é ende" for count in range(291, 304)]
    workspace.ingest(workspace.write_jsonl("a.jsonl", ["café", "a" * 300, *texts]))
    # `call` decodes strictly: half a character would fail here.
    shown = workspace.call("dataset", "head", "raw/web", "-n", "20").stdout
    assert "café\n" in shown and "a" * 300 + "\n" in shown
    cut = re.findall(r"(aaa.*) \.\.\. \((\d+) B in all\)\n", shown)
    assert [int(size) for _, size in cut] == [len(text.encode()) for text in texts]
    for (beginning, _), text in zip(cut, texts, strict=True):
        assert text.startswith(beginning) and 297 <= len(beginning.encode()) <= 300


def test_texts_cannot_command_a_terminal(workspace):
    workspace.ingest(workspace.write_jsonl("a.jsonl", ["\x1b[2Jgone\r\nnext \x9b31m\x7f"], title="\x1b]0;x\x07"))
    shown = workspace.call("dataset", "head", "raw/web").stdout
    assert "?[2Jgone\nnext ?31m?" in shown
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", shown)
    # Programs get what is there.
    (document,) = workspace.json_lines("dataset", "head", "raw/web")
    assert document["text"] == "\x1b[2Jgone\r\nnext \x9b31m\x7f"


def test_ids_are_for_copying_and_counts_for_reading(workspace):
    assert workspace.call("audit", "verify").stdout == "1 entry, chain intact\n"
    first = workspace.ingest(workspace.write_jsonl("a.jsonl", ["x"] * 1234))["version"]
    workspace.ingest(workspace.write_jsonl("b.jsonl", ["y"]))
    current = workspace.json("dataset", "show", "raw/web")["current_version"]
    rolled = workspace.call("dataset", "rollback", f"raw/web@{first}").stdout
    assert re.search(rf"^from: +{current}$", rolled, re.M) and re.search(rf"current_version: +{first}$", rolled, re.M)
    record = workspace.json("ingestions", "list")[0]["ingestion_id"]
    shown = workspace.call("ingestions", "show", record).stdout
    assert re.search(r"^documents: +1,234$", shown, re.M) and re.search(r"^formats: +jsonl 1$", shown, re.M)
    assert re.search(r"^parts: +start \d+\.\d\d, .* CPU s$", shown, re.M) and "[" not in shown
    expired = workspace.call("dataset", "expire", "raw/web", "--older-than", "0s", "--dry-run").stdout
    assert "1 version and " in expired


def test_a_dataset_is_released_by_itself(workspace):
    first = workspace.ingest(workspace.write_jsonl("a.jsonl", ["one"]))["version"]
    workspace.ingest(workspace.write_jsonl("b.jsonl", ["two"]), source="other")
    words = ["--label", "First", "--description", "One text"]
    made = workspace.json("dataset", "release", "raw/web@v1", "one", *words)
    assert [(item["dataset"], item["version"]) for item in made["datasets"]] == [("raw/web", first)]
    assert workspace.json("release", "show", "one")["digest"] == made["digest"]
    assert "approvals:    none needed" in workspace.call("release", "show", "one").stdout
    assert workspace.json("dataset", "release", "raw/web", "one", *words, code=2)["error"]["code"] == "already_exists"


def test_doctor_tells_of_all_and_mends_only_what_is_broken(workspace):
    findings = workspace.json("doctor")
    for word in ("workspace", "catalog", "audit log: 1 entry", "warehouse", "engines: local", "models: ", "free space"):
        assert any(word in finding["what"] for finding in findings), word
    assert all(finding["mend"] == "" for finding in findings if "engines" not in finding["what"])
    told = workspace.json("doctor", env=os.environ | {"GRISTMILL_PYTHON": "/absent"})
    (engines,) = [finding for finding in told if "engines" in finding["what"]]
    assert engines["ok"] and "no DuckDB" in engines["what"] and "GRISTMILL_PYTHON" in engines["mend"]


def test_too_little_memory_is_not_called_damage(workspace):
    workspace.ingest(workspace.write_jsonl("a.jsonl", ["text " * 1000] * 50))
    path = workspace.pipeline("normalize.unicode")
    error = workspace.json("run", path, "--memory", "1KiB", code=1)["error"]
    assert error["code"] == "limit_exceeded" and "--memory" in error["message"] and "not a readable" not in str(error)


def test_a_claim_that_changes_nothing_is_told(workspace):
    path = workspace.write_jsonl("a.jsonl", ["one"])
    workspace.call("ingest", path, "--source", "web")
    assert "gristmill:" not in workspace.call("ingest", path, "--source", "web").stderr
    told = workspace.call("ingest", path, "--source", "web", "--license", "MIT", "--owner", "anna").stderr
    assert "license 'MIT' is not noted" in told and "'Unknown'" in told and "owner 'anna'" in told
    assert workspace.json("ingestions", "list")[0]["license"] == "Unknown"


def test_too_little_memory_of_a_worker_ends_no_run(workspace):
    workspace.ingest(workspace.write_jsonl("a.jsonl", ["text " * 1000] * 50))
    begun = workspace.json("run", workspace.pipeline("normalize.unicode"), "--detach")
    shown = workspace.call("runs", "show").stdout
    assert f"{begun['run_id']}  test  running" in shown and "under way" in shown
    (report,) = workspace.json("worker", "--until-idle", "--memory", "1KiB", code=1)
    assert report["code"] == "limit_exceeded" and workspace.json("runs", "show")["status"] == "running"
    (report,) = workspace.json("worker", "--until-idle")
    assert report["status"] == "done" and workspace.json("runs", "show")["documents"]["out"] == 50


def test_wrong_words_name_what_would_be_right(workspace):
    workspace.ingest(workspace.write_jsonl("a.jsonl", ["one"]))
    message = message_of(workspace, "dataset", "delete", "raw/web", "--where", "nothing_like_it = 1")
    assert "no column 'nothing_like_it'" in message and "conversation" in message
    assert "COLUMN:TYPE" in message_of(workspace, "dataset", "schema", "raw/web", "--add", "day")
    assert "--limit" in message_of(workspace, "audit", "log", "--limit", "0")
    assert "not an artifact name" in message_of(workspace, "artifact", "add", workspace.inputs, "--name", "a b")
