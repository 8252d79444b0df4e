# SPDX-License-Identifier: Apache-2.0
"""Runs pipelines: the engine works in a process of its own, so that a crash or a memory limit never hits the caller."""

import contextlib
import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import tempfile
from typing import Any


class Error(Exception):
    """A failed call. `code` is the stable word for its kind ("not_found", "unavailable", ...)."""

    def __init__(self, message: str, code: str = "internal", run: dict | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.run = run

    def __reduce__(self):
        return Error, (self.args[0], self.code, self.run)


def program() -> str:
    """The gristmill command that belongs to this package; the environment variable GRISTMILL overrides it."""
    if given := os.environ.get("GRISTMILL"):
        return given
    package = pathlib.Path(__file__).resolve().parent
    for candidate in (package / "bin" / "gristmill", package.parents[1] / "build" / "dev" / "bin" / "gristmill"):
        if candidate.is_file():
            return str(candidate)
    raise Error("the gristmill command is not installed with this package: run `make dev`", "not_found")


def command_environment() -> dict[str, str]:
    """The environment in which the command finds this interpreter, for operators written in Python, and Arrow."""
    environment = {"GRISTMILL_PYTHON": sys.executable, **os.environ}
    # Found without importing it: Arrow's libraries lie there, wherever pyarrow was installed.
    arrow = importlib.util.find_spec("pyarrow")
    if arrow is not None and arrow.origin:
        folders = [str(pathlib.Path(arrow.origin).parent), environment.get("LD_LIBRARY_PATH", "")]
        environment["LD_LIBRARY_PATH"] = os.pathsep.join(filter(None, folders))
    return environment


def call(*arguments: str) -> Any:
    """Calls the command and returns its JSON answer; raises Error when it fails."""
    done = subprocess.run(
        [program(), *arguments, "--json"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        env=command_environment(),
    )
    with contextlib.suppress(json.JSONDecodeError):
        answer = json.loads(done.stdout)
        if isinstance(answer, dict) and isinstance(answer.get("error"), dict):
            raise Error(answer["error"]["message"], answer["error"]["code"])
        if isinstance(answer, dict) and answer.get("status") == "failed":
            raise Error(answer.get("error", "the run failed"), "check_failed", answer)
        if done.returncode in (0, 4):
            return answer
    message = done.stderr.strip().removeprefix("gristmill: ")
    raise Error(message or f"gristmill ended with status {done.returncode}", "internal")


def _settings(settings):
    words = []
    for name, value in (settings or {}).items():
        text = value if isinstance(value, str) else json.dumps(value, default=os.fspath)
        words += ["--set", f"{name}={text}"]
    return words


@contextlib.contextmanager
def _pipeline_file(pipeline):
    """The path of a pipeline; one given as data is written out. JSON is YAML."""
    if not isinstance(pipeline, dict):
        yield os.fspath(pipeline)
        return
    with tempfile.TemporaryDirectory(prefix="gristmill-") as folder:
        path = pathlib.Path(folder) / f"{pipeline.get('name', 'pipeline')}.yaml"
        path.write_text(json.dumps(pipeline, default=os.fspath), encoding="utf-8")
        yield str(path)


def run(
    pipeline: Any,
    workspace: Any = ".",
    *,
    settings: dict[str, Any] | None = None,
    threads: int | None = None,
    memory: str | None = None,
    idempotency_key: str | None = None,
) -> dict[str, Any]:
    """Runs a pipeline and returns the run document: counts, operators, output version, report.

    `pipeline` is a file, the name of a recipe, or the pipeline itself as a dict. `settings` are what `--set` takes:
    {"output": "clean/web", "filter.gopher_quality.min_words": 20}. A run that passes an alert limit returns with status
    "alerts"; a failed one raises Error with the message, and its document as `run` where there is one.
    """
    words = ["--workspace", os.fspath(workspace), *_settings(settings)]
    if threads is not None:
        words += ["--threads", str(threads)]
    if memory is not None:
        words += ["--memory", str(memory)]
    if idempotency_key is not None:
        words += ["--idempotency-key", idempotency_key]
    with _pipeline_file(pipeline) as path:
        return call("run", path, *words)
