# SPDX-License-Identifier: Apache-2.0
"""What scripts rely on: results in JSON, exit codes, settings, the same bytes on any number of threads."""

import datetime
import hashlib
import json
import pathlib
import re
import shutil
from random import Random

import pytest
from cli_support import KEPT, SHORT, STEPS, TOKENS, Workspace, assert_sums_close, check_members, english

# Results


def test_ingest_result(built):
    record = built.record
    members = {"ingestion_id": str, "task_id": str, "status": str, "documents": int, "raw_file_count": int}
    members |= {"raw_size_bytes": int, "quarantined": int, "already_present": bool, "source": str, "license": str}
    members |= {"license_evidence": str, "owner": str, "sensitivity": str, "storage_prefix": str, "agent": dict}
    check_members(record, members | {"started_at": str, "completed_at": str, "source_url": list})
    files = sorted(built.inputs.iterdir())
    assert record["raw_file_count"] == len(files)
    assert record["raw_size_bytes"] == sum(file.stat().st_size for file in files)
    assert (record["documents"], record["quarantined"]) == (40 + 5 + 2 + 2 + 1 + 4, 2)
    assert record["already_present"] is False and record["license"] == "CC0-1.0"
    shown = built.json("ingestions", "show", record["ingestion_id"])
    digests = {file["name"]: file["sha256"] for file in shown["files"]}
    assert digests == {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    landed = pathlib.Path(record["storage_prefix"])
    assert {file.name: file.read_bytes() for file in landed.iterdir()} == {
        file.name: file.read_bytes() for file in files
    }
    assert [one["ingestion_id"] for one in built.json("ingestions", "list")] == [record["ingestion_id"]]


def test_run_result(built):
    document = built.document
    members = {"run_id": str, "status": str, "fingerprint": str, "inputs": list, "output": dict, "documents": dict}
    members |= {"operators": list, "bytes": dict, "wall_seconds": float, "cpu_seconds": float, "peak_memory_bytes": int}
    check_members(document, members | {"cost": dict, "alerts": list, "resumed_tasks": int, "retries": int})
    for given in document["inputs"]:
        check_members(given, {"dataset": str, "version": int})
    check_members(document["output"], {"dataset": str, "version": int})
    counts = dict.fromkeys(("in", "created", "out", "dropped", "merged", "quarantined"), int)
    check_members(document["documents"], counts)
    check_members(document["bytes"], {"in": int, "out": int})
    assert {"amount", "currency"} <= set(document["cost"])
    members = {"name": str, "version": int, "in": int, "out": int, "dropped": dict, "quarantined": int}
    for step in document["operators"]:
        check_members(step, members | {"cpu_seconds": float, "bytes_in": int, "bytes_out": int})
    assert re.fullmatch("[0-9a-f]{64}", document["fingerprint"])


def test_run_counts_every_document_once(built):
    document = built.document
    assert_sums_close(document)
    assert document["status"] == "done"
    total = document["documents"]
    assert (total["in"], total["out"], total["dropped"]) == (54, 43, 1 + 3 + 5 + 2)
    dropped = {step["name"]: step["dropped"] for step in document["operators"]}
    assert dropped["dedup.exact"] == {"exact.duplicate": 5}
    assert dropped["dedup.minhash"] == {"minhash.near_duplicate": 2}
    # A short text may already be too little to tell the language by.
    too_short = sum(dropped["filter.language"].values()) - 1 + sum(dropped["filter.gopher_quality"].values())
    assert dropped["filter.language"]["language.other"] >= 1 and too_short == len(SHORT)
    texts = built.texts("clean/web")
    expected = [*KEPT, *(english(seed, 40) for seed in (500, 501))]
    mail = next(text for text in texts if text.startswith(english(600)))
    assert "someone@example.com" not in mail
    assert sorted([*expected, mail]) == texts


def test_dataset_show_result(built):
    shown = built.json("dataset", "show", "clean/web")
    members = {"name": str, "location": str, "metadata_location": str, "current_version": int, "versions": list}
    check_members(shown, members | {"schema": list})
    (version,) = shown["versions"]
    members = {"version": int, "timestamp": str, "operation": str, "run_id": str, "documents": int, "bytes": int}
    check_members(version, members | {"releases": list})
    assert version["version"] == shown["current_version"] == built.document["output"]["version"]
    assert version["run_id"] == built.document["run_id"] and version["documents"] == 43
    datetime.datetime.fromisoformat(version["timestamp"])
    names = [column["name"] for column in shown["schema"]]
    assert names[0] == "id" and {"ingestion_id", "origin_uri", "origin_offset", "text", "content_digest"} <= set(names)
    assert {"language", "language_score", "token_count"} <= set(names)
    files = built.catalog().load_table("clean.web").inspect.files().to_pylist()
    assert version["bytes"] == sum(file["file_size_in_bytes"] for file in files)
    assert pathlib.Path(shown["metadata_location"].removeprefix("file://")).is_file()


def test_runs_and_other_lists(built):
    (row,) = built.json("runs", "list")
    assert row["run_id"] == built.document["run_id"] and row["status"] == "done"
    assert built.json("runs", "show", row["run_id"])["documents"] == built.document["documents"]
    assert built.json("runs", "show", "last")["run_id"] == row["run_id"]
    assert {one["name"]: one["documents"] for one in built.json("dataset", "list")} == {"clean/web": 43, "raw/web": 54}
    assert all(finding["ok"] for finding in built.json("doctor"))
    names = {one["name"] for one in built.json("ops", "list")}
    assert {
        "extract.html",
        "normalize.unicode",
        "language.identify",
        "filter.language",
        "filter.gopher_quality",
    } <= names
    assert {"dedup.exact", "dedup.minhash", "redact.pii", "tokenize.bpe"} <= names
    assert built.json("ops", "show", "dedup.minhash")["name"] == "dedup.minhash"
    assert "web-to-tokens" in built.json("recipes", "list")
    assert built.json("audit", "verify")["intact"] is True
    assert {"ingest.start", "ingest.finish", "run.start", "run.finish"} <= {
        entry["action"] for entry in built.json("audit", "log")
    }


def test_report_is_one_file_without_the_network(built):
    report = pathlib.Path(built.document["report"]).read_text(encoding="utf-8")
    assert built.document["run_id"] in report and built.document["fingerprint"] in report
    assert "exact.duplicate" in report
    assert not re.search(r"""(?:src|href)\s*=\s*["']https?://""", report) and "@import" not in report


# Settings of a run


def test_set_changes_what_it_names(built):
    pipeline = built.pipeline(*STEPS)
    words = ["--set", "output=clean/other", "--set", "filter.gopher_quality.min_words=1000"]
    # Nothing is kept: the run is finished, but somebody should look.
    document = built.json("run", pipeline, *words, code=4)
    assert document["output"]["dataset"] == "clean/other" and document["documents"]["out"] == 0
    assert document["status"] == "alerts" and document["alerts"]
    assert document["fingerprint"] != built.document["fingerprint"]
    for pair, expected in (("nonsense", "KEY=VALUE"), ("no.such=1", "no.such"), ("seed=x", "seed")):
        answer = built.json("run", pipeline, "--set", "output=clean/never", "--set", pair, code=2)
        assert expected in answer["error"]["message"]


def test_dry_run_changes_nothing(built):
    before = built.json("dataset", "list"), built.json("runs", "list")
    plan = built.json("run", built.pipeline(*STEPS, output="clean/never", more=TOKENS), "--dry-run")
    assert plan["stages"] and plan["inputs"][0]["documents"] == 54
    assert (built.json("dataset", "list"), built.json("runs", "list")) == before


def test_idempotency_key_attaches_again(workspace):
    workspace.write_jsonl("one.jsonl", ["a"])
    workspace.ingest()
    pipeline = workspace.pipeline("normalize.unicode")
    first = workspace.json("run", pipeline, "--idempotency-key", "key-1")
    again = workspace.json("run", pipeline, "--idempotency-key", "key-1")
    assert again["run_id"] == first["run_id"] and again["output"] == first["output"]
    other = workspace.json("run", pipeline, "--idempotency-key", "key-2")
    assert other["run_id"] != first["run_id"]
    assert len(workspace.json("dataset", "show", "clean/web")["versions"]) == 2


def test_resuming_a_finished_run_gives_its_result(built):
    document = built.json("run", "--resume", built.document["run_id"])
    assert document["output"] == built.document["output"]
    assert "run" in built.json("run", "--resume", "run-absent", code=2)["error"]["message"]


# Usage


WRONG_CALLS = [
    ["frobnicate"],
    ["run"],
    ["run", "x.yaml", "--nope"],
    ["run", "x.yaml", "--threads", "0"],
    ["run", "x.yaml", "--threads", "many"],
    ["run", "x.yaml", "--memory", "lots"],
    ["dataset"],
    ["dataset", "show"],
    ["dataset", "show", "raw/absent"],
    ["dataset", "head", "raw/absent"],
    ["ingest"],
    ["ingest", "/absent", "--source", "x", "--license", "CC0-1.0"],
    ["ingest", ".", "--source", "x"],
    ["ingest", ".", "--source", "../x", "--license", "CC0-1.0"],
    ["ingest", ".", "--source", "x", "--license", "CC0-1.0", "--sensitivity", "secretish"],
    ["ingest", "--resume", "task-absent"],
    ["ops", "show", "filter.absent"],
    ["recipes", "show", "absent"],
    ["dataset", "head", "absent", "-n", "-1"],
    ["release", "show", "absent"],
    ["runs", "show", "absent"],
    ["ingestions", "show", "absent"],
    ["init", "--profile", "absent", "elsewhere"],
]


@pytest.mark.parametrize("words", WRONG_CALLS, ids=lambda words: " ".join(words) or "none")
def test_wrong_usage_is_2_and_one_document(workspace, words):
    answer = workspace.json(*words, code=2, cwd=workspace.inputs)
    assert set(answer) == {"error"} and answer["error"]["message"] and answer["error"]["code"]
    plain = workspace.call(*words, code=2, cwd=workspace.inputs)
    assert plain.stdout == "" and plain.stderr


def test_no_workspace(workspace, tmp_path):
    answer = workspace.json("dataset", "list", code=2, inside=False, cwd=tmp_path)
    assert "gristmill init" in answer["error"]["message"]


def test_the_workspace_is_found_from_below(workspace):
    deep = workspace.folder / "a" / "b"
    deep.mkdir(parents=True)
    assert workspace.json("dataset", "list", inside=False, cwd=deep) == []


def subcommands(text):
    """Names in the list of subcommands of a help text."""
    part = text.partition("Subcommands:\n")[2]
    return re.findall(r"^  ([a-z]+) ", part, re.M)


def test_every_command_has_help_with_an_example(workspace):
    pending, without = [()], []
    while pending:
        words = pending.pop()
        text = workspace.call(*words, "--help", inside=False).stdout
        below = subcommands(text)
        pending += [(*words, name) for name in below]
        if "Example: gristmill " + " ".join(words) not in text:
            without.append(" ".join(words))
    assert without == []


def test_quiet_and_plain_output(workspace):
    workspace.write_jsonl("one.jsonl", ["a"])
    plain = workspace.call("ingest", workspace.inputs, "--source", "web", "--license", "CC0-1.0")
    assert "raw/web" in plain.stdout and "\x1b" not in plain.stdout + plain.stderr
    assert "clean/web" in workspace.call("run", workspace.pipeline("normalize.unicode")).stdout
    assert workspace.call("version").stdout.startswith("gristmill ")


# The same bytes


def data_digests(workspace, dataset):
    """SHA-256 of the data files of the current version, by the name within the folder of their run."""
    files = workspace.catalog().load_table(dataset.replace("/", ".")).inspect.files().to_pylist()
    paths = [pathlib.Path(file["file_path"].removeprefix("file://")) for file in files]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def same_on_any_number_of_threads(gristmill, tmp_path, inputs):
    """Ingests and runs on 1, 2 and 3 threads, each in a workspace of its own; gives the digests of one."""
    results = []
    for threads in (1, 2, 3):
        place = tmp_path / f"threads-{threads}"
        place.mkdir()
        workspace = Workspace(gristmill.program, place)
        words = ["--source", "web", "--license", "CC0-1.0", "--threads", threads]
        workspace.json("ingest", inputs, *words)
        document = workspace.run(*STEPS, more=TOKENS, arguments=["--threads", threads])
        shards = {pathlib.Path(shard["path"]).name: shard["sha256"] for shard in document["tokens"]["shards"]}
        results.append((data_digests(workspace, "raw/web"), data_digests(workspace, "clean/web"), shards))
        tasks = document["tasks"]
        shutil.rmtree(place)
    assert results[0] == results[1] == results[2]
    return tasks


def test_threads_do_not_change_the_bytes(built, gristmill, tmp_path):
    same_on_any_number_of_threads(gristmill, tmp_path, built.inputs)


@pytest.mark.full
def test_threads_do_not_change_the_bytes_of_many_tasks(gristmill, tmp_path):
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    blocks = [english(seed, 8) for seed in range(2000)]
    random = Random(7)
    for number in range(2):
        with open(inputs / f"{number}.jsonl", "w", encoding="utf-8") as file:
            for _ in range(11_000):
                text = " ".join(random.choices(blocks, k=3))
                file.write(json.dumps({"text": text}) + "\n")
    assert sum(file.stat().st_size for file in inputs.iterdir()) > 33 << 20
    tasks = same_on_any_number_of_threads(gristmill, tmp_path, inputs)
    assert tasks > 5
