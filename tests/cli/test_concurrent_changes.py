# SPDX-License-Identifier: Apache-2.0
"""Several who change one table at once: the outcome is that of some order one after the other, whoever was faster, and
only real conflicts stop anybody."""

import collections
import hashlib
import pathlib
import subprocess

import pytest
from cli_support import strict_json

ROUNDS = 6


def together(*commands):
    """Starts commands at once; the JSON answer of each, which must have succeeded."""
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                for command in commands]  # fmt: skip
    answers = []
    for child in children:
        out, errors = child.communicate(timeout=300)
        assert child.returncode == 0, errors + out
        answers.append(strict_json(out))
    return answers


@pytest.fixture
def few(workspace):
    workspace.ingest(workspace.write_jsonl("few.jsonl", ["a", "b"], url="https://first.example/"))
    return workspace


def change(workspace, verb, *words):
    return workspace.command("dataset", verb, "raw/web", *words, "--json")


def test_one_new_key_is_added_once(few):
    """Of upserts that bring the same new key at once, the later see the row of the first."""
    for number in range(ROUNDS):
        files = [few.write_jsonl(f"{number}-{who}.jsonl", [f"new {number}"], url=f"https://{who}.example/")
                 for who in range(3)]  # fmt: skip
        answers = together(*[change(few, "upsert", path, "--key", "text") for path in files])
        assert sum(answer["rows"]["added"] for answer in answers) == 1
        assert sum(answer["rows"]["updated"] for answer in answers) == 2
    rows = few.rows()
    counts = collections.Counter(row["text"] for row in rows)
    assert counts == {"a": 1, "b": 1, **{f"new {number}": 1 for number in range(ROUNDS)}}
    ids = {row["id"] for row in rows}
    assert len(ids) == len(rows)
    urls = {row["url"] for row in rows if row["text"].startswith("new")}
    assert urls <= {f"https://{who}.example/" for who in range(3)}


def test_upserts_of_keys_that_overlap_at_once(few):
    """Five keys each, of which neighbours share most."""
    files = [few.write_jsonl(f"{who}.jsonl", [f"key {who + number}" for number in range(5)], url=f"https://{who}/")
             for who in range(5)]  # fmt: skip
    together(*[change(few, "upsert", path, "--key", "text") for path in files])
    rows = [row for row in few.rows() if row["text"].startswith("key")]
    assert sorted(row["text"] for row in rows) == sorted(f"key {number}" for number in range(9))
    for row in rows:
        number = int(row["text"].removeprefix("key "))
        givers = {f"https://{who}/" for who in range(5) if who <= number < who + 5}
        assert row["url"] in givers


def versions(workspace, dataset="raw/web"):
    """What each version holds, oldest first."""
    table = workspace.catalog().load_table(dataset.replace("/", "."))
    contents = []
    for snapshot in table.snapshots():
        rows = table.scan(snapshot_id=snapshot.snapshot_id).to_arrow().to_pylist()
        contents.append((snapshot.summary.get("gristmill.change"), rows))
    return contents


@pytest.mark.parametrize("verb", ["delete", "update", "overwrite"])
def test_a_change_sees_what_was_added_before_it_came_through(few, verb):
    """In each version that a change made, every row that met its condition has been changed."""
    for number in range(ROUNDS):
        batch = few.write_jsonl(f"{number}.jsonl", [f"hit {number}", f"miss {number}"])
        words = {
            "delete": ("--where", "text like 'hit%'"),
            "update": ("--set", "url=seen", "--where", "text like 'hit%'"),
            "overwrite": (few.write_jsonl(f"one{number}.jsonl", [f"instead {number}"]), "--where", "text like 'hit%'"),
        }[verb]
        ingest = few.command("ingest", batch, "--source", "web", "--license", "CC0-1.0", "--json")
        together(ingest, change(few, verb, *words))
    for made_by, rows in versions(few):
        texts = [row["text"] for row in rows]
        assert len({row["id"] for row in rows}) == len(rows)
        hits = [row for row in rows if row["text"].startswith("hit")]
        if made_by in ("delete", "overwrite"):
            assert hits == [], texts
        elif made_by == "update":
            assert {row["url"] for row in hits} <= {"seen"}
    texts = few.texts()
    assert [text for text in texts if text.startswith("miss")] == [f"miss {number}" for number in range(ROUNDS)]


def test_appends_never_fail_whatever_else_happens(few):
    """Eight ingestions beside compaction, row changes, new columns, tags and branches of the same table."""
    ingests = [
        few.command("ingest", few.write_jsonl(f"in{number}.jsonl", [f"in {number}"]), "--source", "web", "--license",
                    "CC0-1.0", "--json")
        for number in range(8)
    ]  # fmt: skip
    others = [
        change(few, "compact"),
        change(few, "update", "--set", "url=u", "--where", "text = 'a'"),
        change(few, "delete", "--where", "text = 'b'"),
        change(few, "schema", "--add", "colour:string"),
        change(few, "branch", "side"),
        few.command("release", "create", "now", "--label", "L", "--description", "D", "--dataset", "raw/web", "--json"),
    ]
    together(*ingests, *others)
    assert few.texts() == sorted(["a", *(f"in {number}" for number in range(8))])
    assert {row["url"] for row in few.rows() if row["text"] == "a"} == {"u"}
    assert len({row["id"] for row in few.rows()}) == 9


def test_a_compaction_comes_through_between_changes_of_the_same_files(few):
    """Each change rewrites the file that the compaction is at; the compaction's turn comes all the same."""
    for number in range(4):
        few.ingest(few.write_jsonl(f"more{number}.jsonl", [f"more {number}"]))
    for _ in range(2):
        changes = [change(few, "update", "--set", f"url=https://{who}/", "--where", "text = 'a'") for who in range(6)]
        together(*changes, change(few, "compact"), *changes, change(few, "compact", "--sort-by", "text"))
    assert few.texts() == ["a", "b", *(f"more {number}" for number in range(4))]
    ids = [row["id"] for row in few.rows()]
    assert len(set(ids)) == len(ids)


def test_files_do_not_depend_on_threads(workspace):
    """The same changes of the same version, on two branches, by one thread and by four."""
    for number in range(9):
        texts = [f"{number} {row:03}" for row in range(40)]
        workspace.ingest(workspace.write_jsonl(f"{number}.jsonl", texts, url=f"https://site{number % 3}.example/"))
    written = []
    for threads in (1, 4):
        workspace.configure(f"[resources]\nthreads = {threads}\n")
        name = f"by{threads}"
        workspace.json("dataset", "branch", "raw/web", name)
        workspace.json("dataset", "update", f"raw/web@{name}", "--set", "url=u", "--where", "text like '% 00%'")
        workspace.json("dataset", "delete", f"raw/web@{name}", "--where", "text like '% 01%' or text < '2'")
        files = workspace.json("dataset", "files", f"raw/web@{name}")
        paths = [pathlib.Path(file["path"]) for file in files]
        written.append([(path.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in paths])
    assert written[0] == written[1]
    assert len(written[0]) == 7
