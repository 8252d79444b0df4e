# SPDX-License-Identifier: Apache-2.0
"""A workspace of its own for each test, one that was built once, and one with a history."""

import datetime
import time

import pytest
from cli_support import GERMAN, KEPT, SHORT, STEPS, TOKENS, Workspace, english, near_copy


@pytest.fixture
def workspace(gristmill, tmp_path):
    return Workspace(gristmill.program, tmp_path)


@pytest.fixture(scope="module")
def built(gristmill, tmp_path_factory):
    """A workspace with one ingestion and one run whose every number is known from the inputs."""
    workspace = Workspace(gristmill.program, tmp_path_factory.mktemp("built"))
    workspace.write_jsonl("a-kept.jsonl", KEPT)
    workspace.write_jsonl("b-again.jsonl", KEPT[:5])
    workspace.write_jsonl("c-near.jsonl", [near_copy(english(seed, 40)) for seed in (500, 501)])
    workspace.write_jsonl("b-near-source.jsonl", [english(seed, 40) for seed in (500, 501)])
    workspace.write_jsonl("d-mail.jsonl", [english(600) + " Write to someone@example.com about it."])
    workspace.write_jsonl("e-other.jsonl", [GERMAN, *SHORT])
    workspace.write("f-bad.jsonl", '{"text": 1}\n{broken\n')
    workspace.record = workspace.ingest(workspace.inputs)
    workspace.document = workspace.run(*STEPS, more=TOKENS)
    return workspace


@pytest.fixture
def history(workspace):
    """clean/web in three versions: 1, 2 and 4 documents."""
    workspace.moments = []
    workspace.versions = []
    for number, texts in enumerate((["a"], ["b"], ["c", "d"])):
        workspace.ingest(workspace.write_jsonl(f"{number}.jsonl", texts))
        document = workspace.run("normalize.unicode")
        workspace.versions.append(document["output"]["version"])
        time.sleep(0.02)
        workspace.moments.append(datetime.datetime.now(datetime.UTC).isoformat().replace("+00:00", "Z"))
        time.sleep(0.02)
        if number == 1:
            words = ["--label", "Second", "--description", "Two texts", "--dataset", "clean/web"]
            workspace.release = workspace.json("release", "create", "two", *words)
    return workspace
