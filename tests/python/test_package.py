# SPDX-License-Identifier: Apache-2.0
"""The package around the operators: quick import, fresh stubs, runs and datasets."""

import json
import subprocess
import sys

import pyarrow as pa
import pytest

import gristmill

PIPELINE = {
    "name": "clean",
    "inputs": ["raw/web"],
    "steps": ["normalize.unicode", {"dedup.exact": {}}],
    "output": "clean/web",
}


@pytest.fixture
def workspace(gristmill, tmp_path, monkeypatch):
    """A workspace with three documents, two of them equal; the package uses the command under test."""
    monkeypatch.setenv("GRISTMILL", str(gristmill.program))
    folder = tmp_path / "workspace"
    gristmill("init", folder)
    source = tmp_path / "texts.jsonl"
    source.write_text("".join(json.dumps({"text": text}) + "\n" for text in ("one text", "two texts", "one text")))
    gristmill("ingest", source, "--source", "test", "--license", "CC0-1.0", "--into", "raw/web", "--workspace", folder)
    return folder


def test_import_loads_nothing_that_is_not_used():
    code = "import sys, gristmill; print([m for m in ('pyarrow', 'numpy', 'pyiceberg', 'json') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_stubs_are_fresh(gristmill, source_root):
    command = [
        sys.executable,
        source_root / "tools" / "make_python_stubs.py",
        "--program",
        gristmill.program,
        "--print",
    ]
    made = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert (source_root / "python" / "gristmill" / "ops.pyi").read_text() == made, "run: tools/make_python_stubs.py"


def test_a_pipeline_runs_from_a_dict_and_its_output_is_read(workspace):
    run = gristmill.run(PIPELINE, workspace, settings={"seed": 7}, threads=1)
    assert run["status"] == "done"
    assert (run["documents"]["in"], run["documents"]["out"]) == (3, 2)
    dataset = gristmill.dataset(workspace, "clean/web")
    assert dataset.to_arrow().column("text").to_pylist() == ["one text", "two texts"]
    assert pa.table(dataset.select("text")).column_names == ["text"]
    assert sum(batch.num_rows for batch in dataset) == 2
    assert "id" in dataset.schema.names
    assert dataset.read_all().num_rows == dataset.read_all().num_rows


def test_a_pipeline_file_runs_once_for_one_key(workspace, tmp_path):
    path = tmp_path / "clean.yaml"
    path.write_text(json.dumps(PIPELINE))
    first = gristmill.run(path, workspace, idempotency_key="k")
    assert gristmill.run(path, workspace, idempotency_key="k")["run_id"] == first["run_id"]


def test_failures_are_exceptions_with_the_message(workspace):
    with pytest.raises(gristmill.Error, match=r"did you mean 'normalize\.unicode'") as caught:
        gristmill.run({**PIPELINE, "steps": ["normalize.unicod"]}, workspace)
    assert caught.value.code == "invalid_argument"
    with pytest.raises(gristmill.Error, match="clean/none"):
        gristmill.run({**PIPELINE, "inputs": ["clean/none"]}, workspace)
    with pytest.raises(LookupError, match="clean/none"):
        gristmill.dataset(workspace, "clean/none")


def test_a_missing_command_is_told(monkeypatch):
    monkeypatch.setenv("GRISTMILL", "/nonexistent/gristmill")
    with pytest.raises((gristmill.Error, FileNotFoundError)):
        gristmill.run(PIPELINE)
