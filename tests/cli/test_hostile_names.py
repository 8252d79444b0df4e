# SPDX-License-Identifier: Apache-2.0
"""Names that try to be SQL, paths, shell words, HTML or terminal codes: they are refused, or they are only names."""

import json
import pathlib
from random import Random

import pytest

PIECES = [
    "x'; DROP TABLE audit; --",
    'x" OR "1"="1',
    "x'||(SELECT 1)||'",
    "../../escape",
    "..",
    "a/../../b",
    "/etc/passwd",
    "$(touch MARK)",
    "`touch MARK`",
    "; touch MARK",
    "<script>alert(1)</script>",
    "a\nb",
    "a\r\nSet-Cookie: c",
    "a\tb",
    "\x1b[31mred",
    "a b",
    "%2e%2e%2f",
    "{0}%s%n",
    "\u202egnp.exe",
    "x" * 300,
    "é",
    "a\\..\\b",
    "a\x7f",
]


def hostile_names():
    random = Random(20261123)
    return PIECES + ["".join(random.sample(PIECES, 3))[:180] for _ in range(6)]


def files_below(folder):
    return {path for path in folder.rglob("*") if path.is_file() and ".gristmill" not in path.parts}


@pytest.fixture
def filled(workspace):
    workspace.ingest(workspace.write_jsonl("a.jsonl", ["One text.", "Another text."]))
    return workspace


def test_names_of_things(filled, tmp_path):
    new = filled.write_jsonl("new.jsonl", ["A third text."])
    words = ["--label", "L", "--description", "D", "--dataset", "raw/web"]
    before = files_below(tmp_path)
    for number, name in enumerate(hostile_names()):
        lines = (
            ["ingest", new, f"--source={name}"],
            ["ingest", new, "--source=web", f"--into={name}"],
            ["ingest", new, "--source=web", f"--into=raw/{name}"],
            ["release", "create", name, *words],
            ["dataset", "branch", "raw/web", name],
            ["dataset", "show", f"raw/web@{name}"],
            ["dataset", "show", name],
            ["artifact", "add", new, f"--name={name}"],
        )
        # Each kind of thing meets each kind of trick, not each single one.
        for line in (lines[number % 8], lines[(number * 3 + 1) % 8]):
            done = filled.call(*line, "--json", code=2, cwd=tmp_path)
            assert json.loads(done.stdout)["error"]["message"], line
            assert "\x1b" not in done.stderr, line
    assert files_below(tmp_path) == before
    assert not list(pathlib.Path(tmp_path).rglob("MARK"))
    assert [one["name"] for one in filled.json("dataset", "list")] == ["raw/web"]
    shown = filled.json("dataset", "show", "raw/web")
    assert len(shown["versions"]) == 1 and shown["versions"][0]["branches"] in ([], ["main"])
    assert filled.json("release", "list") == [] and filled.json("artifact", "list") == []
    assert filled.json("audit", "verify")["intact"]


def test_words_of_people_are_kept_as_they_are(filled):
    for number, text in enumerate(hostile_names()[::4]):
        words = ["--label", text[:80], "--description", text, "--dataset", "raw/web"]
        made = filled.json("release", "create", f"r{number}", *words, code=None)
        assert filled.json("release", "show", f"r{number}")["description"] == made["description"] == text
    assert filled.json("audit", "verify")["intact"]
    assert filled.texts() == ["Another text.", "One text."]


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "x'; DROP TABLE runs; --", "../../up"])
def test_names_of_pipelines_and_texts_in_the_report(filled, tmp_path, name):
    filled.ingest(filled.write_jsonl("b.jsonl", [f"{name} is a text " + "of some words " * 5]), source="web")
    steps = 'steps:\n  - filter.expression: {where: "length(text) > 5000"}\n'
    path = filled.folder / "hostile.yaml"
    path.write_text(f"name: {json.dumps(name)}\ninputs: [raw/web]\n{steps}output: clean/web\n")
    before = files_below(tmp_path)
    run = filled.json("run", path, code=None)
    report = pathlib.Path(run["report"])
    assert "<script>alert" not in report.read_text()
    new = files_below(tmp_path) - before
    assert all((filled.folder / "warehouse") in one.parents or one == report for one in new), new
    assert filled.json("runs", "show", run["run_id"])["pipeline"] == name
    assert filled.json("audit", "verify")["intact"]
