# SPDX-License-Identifier: Apache-2.0
"""What operators cost: all CPU time of a run is named, and measured speeds are told where they were measured."""

import json
import os
import pathlib
import subprocess

import pytest
from cli_support import STEPS, TOKENS, Workspace, english

PARTS = ["start", "read", "write", "token shards", "journal", "engine", "commit"]


@pytest.fixture(scope="module")
def large(gristmill, tmp_path_factory):
    """A workspace with enough text that a run takes some tenths of a second of CPU time."""
    workspace = Workspace(gristmill.program, tmp_path_factory.mktemp("large"))
    workspace.write_jsonl("texts.jsonl", [english(seed, 60) * 4 for seed in range(3000)])
    workspace.ingest()
    return workspace


@pytest.mark.parametrize("threads", [1, 2])
def test_operators_and_parts_are_all_the_cpu_time(large, threads):
    measured = large.measured("run", large.pipeline(*STEPS, more=TOKENS), "--threads", threads)
    document, spent = measured.document, measured.cpu_seconds
    parts = {part["name"]: part for part in document["parts"]}
    assert list(parts) == PARTS
    steps = document["operators"]
    named = sum(item["cpu_seconds"] for item in [*steps, *document["parts"]])
    assert document["cpu_seconds"] == pytest.approx(named)
    # Beyond it are the transaction, the report and the end of the process only.
    assert 0.9 * spent <= named <= 1.02 * spent
    # What is named after nothing in particular stays small.
    assert parts["engine"]["cpu_seconds"] <= 0.2 * named
    for step in steps:
        assert step["cpu_seconds"] > 0 and step["bytes_in"] > 0, step["name"]
    for name in ("read", "write", "token shards"):
        assert parts[name]["cpu_seconds"] > 0 and parts[name]["bytes"] > 0
    assert parts["write"]["bytes"] == document["bytes"]["files"]
    assert parts["token shards"]["bytes"] == document["tokens"]["bytes"]
    report = pathlib.Path(document["report"]).read_text(encoding="utf-8")
    assert all(f'<th scope="row">{name}</th>' in report for name in PARTS)
    assert "beside the operators: start " in large.call("runs", "show", document["run_id"]).stdout


def test_an_ingestion_names_its_cpu_time(workspace):
    path = workspace.write_jsonl("texts.jsonl", [english(seed, 60) * 4 for seed in range(3000)])
    measured = workspace.measured("ingest", path, "--source", "web", "--license", "CC0-1.0", "--threads", 1)
    record, spent = measured.document, measured.cpu_seconds
    parts = {part["name"]: part for part in record["parts"]}
    assert list(parts) == ["start", "land", "read", "write", "journal", "engine", "commit"]
    assert record["cpu_seconds"] == pytest.approx(sum(part["cpu_seconds"] for part in record["parts"]))
    assert 0.85 * spent <= record["cpu_seconds"] <= 1.02 * spent
    assert parts["land"]["bytes"] == path.stat().st_size and parts["read"]["bytes"] == record["text_bytes"]
    assert workspace.json("ingestions", "show", record["ingestion_id"])["parts"] == record["parts"]


def test_a_deduplication_costs_its_keys_and_its_clusters(large):
    """Hashing the shingles is most of the work, and is done a stage before anything is dropped."""
    document = large.run("dedup.minhash", output="clean/minhash")
    (step,) = document["operators"]
    others = sum(part["cpu_seconds"] for part in document["parts"] if part["name"] in ("engine", "journal"))
    assert step["cpu_seconds"] > others


BURN = """
def burn(batch):
    for text in batch["text"]:
        sum(map(len, text.split() * 20))
"""


def test_the_cpu_time_of_workers_is_that_of_their_operator(large):
    (large.inputs / "burn.py").write_text(BURN)
    step = f"python: {{function: '{large.inputs / 'burn.py'}:burn'}}"
    measured = large.measured("run", large.pipeline("filter.noise", step, output="clean/burnt"), "--threads", 1)
    document, spent = measured.document, measured.cpu_seconds
    parts = {part["name"]: part["cpu_seconds"] for part in document["parts"]}
    assert 0.85 * spent <= document["cpu_seconds"] <= 1.02 * spent
    assert document["operators"][-1]["cpu_seconds"] > 0.5 * spent and parts["engine"] < 0.2 * spent


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(": ", 1)[1]
    return os.uname().machine


def test_measured_speeds_are_told(gristmill, tmp_path):
    description = gristmill.json("ops", "show", "filter.gopher_quality")
    rates = {
        "machine": f"{processor()}, {os.cpu_count()} cores",
        "at": "2026-11-01T00:00:00Z",
        "corpus": "10 MB of pages",
        "operators": {
            "filter.gopher_quality": {"version": description["version"], "mb_per_second": 123.4},
            "dedup.exact": {"version": 999, "mb_per_second": 1},
        },
    }
    path = tmp_path / "gristmill" / "operator-rates.json"
    path.parent.mkdir()

    def ask(*words):
        environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
        return subprocess.run([gristmill.program, *words], env=environment, capture_output=True, text=True, check=True)

    def measured(name):
        return json.loads(ask("ops", "show", name, "--json").stdout).get("measured")

    assert measured("filter.gopher_quality") is None
    path.write_text(json.dumps(rates))
    expected = {"mb_per_second": 123.4, "machine": rates["machine"], "at": rates["at"], "corpus": "10 MB of pages"}
    assert measured("filter.gopher_quality") == expected
    assert "measured: 123.4 MB/s" in ask("ops", "show", "filter.gopher_quality").stdout
    assert "123.4" in ask("ops", "list").stdout
    # Another version of the operator, one that nobody measured, another machine, a broken file: nothing is told.
    assert measured("dedup.exact") is None and measured("normalize.unicode") is None
    assert ask("ops", "docs").stdout == gristmill("ops", "docs").stdout
    path.write_text(json.dumps({**rates, "machine": "another"}))
    assert measured("filter.gopher_quality") is None
    path.write_text("{")
    assert measured("filter.gopher_quality") is None
