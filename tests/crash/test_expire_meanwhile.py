# SPDX-License-Identifier: Apache-2.0
"""Old versions expire while somebody is about to read them: nobody loses what he reads without being told."""

import json
import os
import signal
import subprocess

import pytest

TIMEOUT_SECONDS = 120
TEXTS = (["one", "two"], ["three"])


@pytest.fixture
def two_versions(make_workspace, tmp_path):
    """raw/web with the versions v1 and v2, of which an expiry takes the first; raw/last beside it."""
    workspace = make_workspace(tmp_path)

    def ingest(name, texts, into):
        path = tmp_path / f"{name}.jsonl"
        path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
        workspace.json("ingest", path, "--source", into.split("/")[1], "--license", "CC0-1.0", "--into", into)

    ingest("one", TEXTS[0], "raw/web")
    ingest("two", TEXTS[1], "raw/web")
    # Rewritten whole, so that the files of the first version are nobody else's.
    workspace.json("dataset", "update", "raw/web", "--set", "url=u", "--where", "true")
    ingest("last", ["last"], "raw/last")
    return workspace


def pipeline(workspace):
    path = workspace.folder / "old.yaml"
    path.write_text("name: old\ninputs: [raw/web@v1, raw/last]\nsteps:\n  - normalize.unicode\noutput: clean/old\n")
    return path


def stopped_at(workspace, library, words, *arguments):
    """Starts a command and stops it just before it opens a file whose path holds these words."""
    process = workspace.start(*arguments, environment={"LD_PRELOAD": str(library), "STOP_AT_OPEN": words})
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status), f"{arguments} opened no {words}"
    return process


def go_on(process):
    os.kill(process.pid, signal.SIGCONT)
    try:
        output, errors = process.communicate(timeout=TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return process.returncode, output, errors


def expire(workspace):
    return workspace.json("dataset", "expire", "raw/web", "--older-than", "0s")


def file_name(workspace, selector):
    """Of the only data file; with its folder, since there are more of that name."""
    (file,) = workspace.json("dataset", "files", selector)
    return "/".join(file["path"].rsplit("/", 2)[1:])


def test_a_run_whose_input_expires_before_it_is_recorded_is_refused(two_versions, kill_library):
    # It has looked at the first input when it comes to the second, and nobody knows of it yet.
    process = stopped_at(two_versions, kill_library, "/raw/last/metadata/", "run", pipeline(two_versions))
    assert [one["ordinal"] for one in expire(two_versions)["expired"]] == ["v1", "v2"]
    code, _, errors = go_on(process)
    assert code != 0 and "expired just now" in errors and "raw/web" in errors
    assert two_versions.json("runs", "list") == []
    assert "clean/old" not in two_versions.datasets()


def test_a_run_that_is_recorded_keeps_its_input(two_versions, kill_library):
    # Data files are opened when it has been recorded.
    name = file_name(two_versions, "raw/web@v1")
    process = stopped_at(two_versions, kill_library, name, "run", pipeline(two_versions))
    told = expire(two_versions)
    assert any("unfinished run" in one["why"] for one in told["kept"])
    code, _, errors = go_on(process)
    assert code == 0, errors
    assert two_versions.run()["documents"]["in"] == 3
    # Nobody reads it any more.
    assert "v1" in [one["ordinal"] for one in expire(two_versions)["expired"]]


def test_a_reader_whose_version_expires_is_told(two_versions, kill_library):
    name = file_name(two_versions, "raw/web@v1")
    target = two_versions.folder / "out.jsonl"
    words = ("dataset", "export", "raw/web@v1", "--to", target)
    process = stopped_at(two_versions, kill_library, name, *words)
    assert expire(two_versions)["files"] > 0
    code, _, errors = go_on(process)
    assert code != 0 and name in errors and "expired" in errors
    assert not target.exists()
