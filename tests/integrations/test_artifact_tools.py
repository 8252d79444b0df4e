# SPDX-License-Identifier: Apache-2.0
"""Round trips with the real DVC and MLflow, from an environment of their own (tools/test_integrations.sh)."""

import json
import os
import pathlib
import subprocess
from random import Random

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TOOLS = ROOT / ".venv-artifact-tools"
PROGRAM = os.environ.get("GRISTMILL", str(ROOT / "build" / "dev" / "bin" / "gristmill"))

pytestmark = pytest.mark.skipif(
    not (TOOLS / "bin" / "dvc").exists(), reason="DVC and MLflow are not installed: make test-integrations"
)


def gristmill(workspace, *words):
    command = [PROGRAM, "--workspace", workspace, *words, "--json"]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def tool(name, *words, cwd, **environment):
    environment = {**os.environ, "DVC_NO_ANALYTICS": "1", "HOME": str(cwd), **environment}
    done = subprocess.run(
        [str(TOOLS / "bin" / name), *map(str, words)],
        cwd=cwd,
        capture_output=True,
        text=True,
        env=environment,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


@pytest.fixture
def workspace(tmp_path):
    folder = tmp_path / "workspace"
    subprocess.run([PROGRAM, "init", folder, "--quiet"], check=True, capture_output=True)
    return folder


def test_dvc_tracked_folder_is_ingested(workspace, tmp_path):
    repository = tmp_path / "repository"
    (repository / "corpus" / "deep").mkdir(parents=True)
    for number in range(3):
        text = "".join(json.dumps({"text": f"{number}-{line}"}) + "\n" for line in range(10))
        (repository / "corpus" / ("deep" if number else ".") / f"{number}.jsonl").write_text(text)
    tool("dvc", "init", "--no-scm", "--quiet", cwd=repository)
    tool("dvc", "add", "--quiet", "corpus", cwd=repository)
    subprocess.run(["rm", "-r", repository / "corpus"], check=True)
    words = ["--source", "dvc", "--license", "CC0-1.0"]
    assert gristmill(workspace, "ingest", repository / "corpus.dvc", *words)["documents"] == 30


def test_dvc_pulls_what_was_exported(workspace, tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "one"}\n{"text": "two"}\n')
    gristmill(workspace, "ingest", tmp_path / "a.jsonl", "--source", "web", "--license", "CC0-1.0")
    gristmill(workspace, "release", "create", "first", "--label", "First", "--description", "Two texts")
    place = tmp_path / "handover"
    (entry,) = gristmill(workspace, "dvc", "export", place, "--release", "first")["datasets"]
    tool("dvc", "pull", "--quiet", cwd=place)
    stored = place / "remote" / "files" / "md5" / entry["md5"][:2] / entry["md5"][2:]
    assert (place / "raw" / "web.parquet").read_bytes() == stored.read_bytes()
    assert "up to date" in tool("dvc", "status", cwd=place)


SCRIPT = """
import pathlib, sys
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.store.artifact.artifact_repository_registry import _artifact_repository_registry as registry
from gristmill.mlflow import GristmillArtifactRepository
registry.register("gristmill", GristmillArtifactRepository)
source, target = map(pathlib.Path, sys.argv[1:])
repository = get_artifact_repository("gristmill://models/0/abc/artifacts")
repository.log_artifacts(str(source), "model")
repository.log_artifact(str(source / "a.bin"))
repository.log_artifact(str(source / "a.bin"), "model/again")
print([(info.path, info.is_dir, info.file_size) for info in repository.list_artifacts()])
print([info.path for info in repository.list_artifacts("model")])
repository.download_artifacts("", str(target))
"""


LINKS_SCRIPT = """
import pathlib, sys
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.store.artifact.artifact_repository_registry import _artifact_repository_registry as registry
from gristmill.mlflow import GristmillArtifactRepository
registry.register("gristmill", GristmillArtifactRepository)
source, target = map(pathlib.Path, sys.argv[1:])
repository = get_artifact_repository("gristmill://links/0/abc/artifacts")
for state in ("one", "two", "one"):
    (source.parent / "state.json").write_text(state)
    repository.log_artifact(str(source.parent / "state.json"))
repository.log_artifacts(str(source), "run")
repository.download_artifacts("", str(target))
"""


def mlflow_settings(workspace, tmp_path):
    """The modules as they are, without the package's own imports."""
    package = tmp_path / "package" / "gristmill"
    package.mkdir(parents=True)
    for name in ("mlflow.py", "runs.py"):
        (package / name).write_text((ROOT / "python" / "gristmill" / name).read_text())
    (package / "__init__.py").write_text("")
    return {"PYTHONPATH": str(package.parent), "GRISTMILL_WORKSPACE": str(workspace), "GRISTMILL": PROGRAM}


def test_mlflow_gives_back_what_was_logged_last_and_what_links_lead_to(workspace, tmp_path):
    source = tmp_path / "source"
    (source / "step-1").mkdir(parents=True)
    (source / "empty").mkdir()
    (source / "step-1" / "weights").write_text("1")
    (source / "alias").symlink_to("step-1/weights")
    (source / "latest").symlink_to("step-1")
    (tmp_path / "outside").write_text("away")
    (source / "linked").symlink_to(tmp_path / "outside")
    (tmp_path / "script.py").write_text(LINKS_SCRIPT)
    target = tmp_path / "target"
    target.mkdir()
    tool("python", tmp_path / "script.py", source, target, cwd=tmp_path, **mlflow_settings(workspace, tmp_path))
    read = {path.relative_to(target).as_posix(): path.read_text() for path in target.rglob("*") if path.is_file()}
    assert read == {
        "state.json": "one",
        "run/alias": "1",
        "run/latest/weights": "1",
        "run/linked": "away",
        "run/step-1/weights": "1",
    }


def test_mlflow_logs_lists_and_downloads(workspace, tmp_path):
    source = tmp_path / "source"
    (source / "deep").mkdir(parents=True)
    (source / "a.bin").write_bytes(Random(1).randbytes(700_000))
    (source / "deep" / "b.bin").write_bytes(Random(2).randbytes(100))
    target = tmp_path / "target"
    target.mkdir()
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    settings = mlflow_settings(workspace, tmp_path)
    listed = tool("python", script, source, target, cwd=tmp_path, **settings).splitlines()
    assert listed[-2:] == [
        "[('a.bin', False, 700000), ('model', True, None)]",
        "['model/a.bin', 'model/again', 'model/deep']",
    ]
    for name in ("a.bin", "model/a.bin", "model/again/a.bin"):
        assert (target / name).read_bytes() == (source / "a.bin").read_bytes()
    assert (target / "model" / "deep" / "b.bin").read_bytes() == (source / "deep" / "b.bin").read_bytes()
