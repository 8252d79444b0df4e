# SPDX-License-Identifier: Apache-2.0
"""Datasets of Gristmill stay readable by its own commands after others commit to them, and releases stay whole."""

import pathlib

import pytest
from catalog_adapter import Adapter
from cli_support import Workspace, head_texts
from pyiceberg.types import LongType

LETTERS = list("abcdefghij")


@pytest.fixture
def workspace(gristmill, tmp_path):
    """clean/web: ten documents of one letter each; the release `first` pins them."""
    made = Workspace(gristmill.program, tmp_path)
    made.ingest(made.write_jsonl("letters.jsonl", LETTERS))
    made.run("normalize.unicode")
    words = ["--label", "Letters", "--description", "All ten", "--dataset", "clean/web"]
    made.json("release", "create", "first", *words)
    return made


@pytest.fixture
def adapter(workspace):
    served = Adapter(workspace.folder)
    yield served
    served.close()


def check(workspace, expected):
    """Every command of ours reads clean/web, and a run over it makes what it holds."""
    assert sorted(head_texts(workspace, "clean/web")) == expected
    assert workspace.json("dataset", "show", "clean/web")["documents"] == len(expected)
    pipeline = workspace.pipeline("normalize.unicode", inputs="clean/web", output="clean/next")
    run = workspace.json("run", pipeline)
    assert run["documents"]["in"] == run["documents"]["out"] == len(expected)
    assert sorted(head_texts(workspace, "clean/next")) == expected
    assert sorted(head_texts(workspace, "clean/web@first")) == LETTERS
    assert workspace.json("release", "verify", "first")["status"] == "ok"
    document = workspace.json_lines("dataset", "head", "clean/web", "-n", "1")[0]
    assert workspace.json("trace", document["id"])["document"]["id"] == document["id"]


def test_after_pyiceberg(workspace, adapter):
    table = adapter.pyiceberg().load_table("clean.web")
    more = table.scan(row_filter="text in ('a', 'b')").to_arrow()
    table.delete("text in ('a', 'b', 'j')")
    check(workspace, list("cdefghi"))
    table.append(more)
    check(workspace, list("abcdefghi"))
    with table.update_schema() as update:
        update.add_column("score", LongType())
    check(workspace, list("abcdefghi"))
    assert adapter.pyiceberg().load_table("clean.web").scan().to_arrow()["score"].null_count == 9
    workspace.ingest(workspace.write_jsonl("more.jsonl", ["k"]))
    workspace.run("normalize.unicode")
    assert "k" in head_texts(workspace, "clean/web")


def test_after_duckdb(workspace, adapter, duck):
    duck.execute("DELETE FROM lake.clean.web WHERE text IN ('a', 'b', 'j')")
    check(workspace, list("cdefghi"))
    duck.execute("INSERT INTO lake.clean.web SELECT * REPLACE ('z' AS text) FROM lake.clean.web WHERE text = 'c'")
    duck.execute("ALTER TABLE lake.clean.web ADD COLUMN score INTEGER")
    assert sorted(head_texts(workspace, "clean/web")) == list("cdefghiz")
    assert duck.execute("SELECT count(*) FROM lake.clean.web").fetchone() == (8,)


def test_deletes_that_no_longer_concern_a_row_are_not_counted(workspace, adapter, duck):
    """PyIceberg rewrites a file of which DuckDB had deleted rows, and leaves the delete file behind."""
    duck.execute("DELETE FROM lake.clean.web WHERE text IN ('a', 'b')")
    assert workspace.json("dataset", "show", "clean/web")["documents"] == 8
    adapter.pyiceberg().load_table("clean.web").delete("text = 'c'")
    snapshot = adapter.pyiceberg().load_table("clean.web").current_snapshot()
    assert int(snapshot.summary["total-position-deletes"]) > 0
    shown = workspace.json("dataset", "show", "clean/web")
    assert shown["documents"] == 7 and [one["documents"] for one in shown["versions"]] == [10, 8, 7]
    listed = {one["name"]: one["documents"] for one in workspace.json("dataset", "list")}
    assert listed["clean/web"] == 7
    words = ["--label", "Later", "--description", "Seven", "--dataset", "clean/web"]
    assert workspace.json("release", "create", "later", *words)["datasets"][0]["documents"] == 7
    check(workspace, list("defghij"))


def test_what_no_metadata_names_is_hidden_from_sweeps_of_orphans(workspace):
    """Other programs remove files of a table that its metadata does not name, but for names that begin with _ or a
    dot: our indexes of ids have such a name."""
    folder = workspace.folder / "warehouse" / "clean" / "web"
    paths = [path.relative_to(folder).parts for path in folder.rglob("*") if path.is_file()]
    assert {parts[0] for parts in paths} == {"data", "metadata", "_index"}
    assert {pathlib.PurePath(parts[-1]).suffix for parts in paths if parts[0] == "_index"} == {".ids"}
    assert {pathlib.PurePath(parts[-1]).suffix for parts in paths if parts[0] == "data"} == {".parquet"}


def refused(answer):
    assert answer[0] == 403, answer
    assert "release first" in answer[1]["error"]["message"]


def test_releases_are_out_of_reach(workspace, adapter):
    table = adapter.pyiceberg().load_table("clean.web")
    (version,) = [one.snapshot_id for one in table.snapshots()]
    path = "/v1/namespaces/clean/tables/web"
    rest = adapter.driver

    def commit(*updates):
        return rest("POST", path, {"requirements": [], "updates": list(updates)})

    table.delete("text = 'a'")
    (other,) = [one.snapshot_id for one in table.snapshots() if one.snapshot_id != version]
    untag = {"action": "remove-snapshot-ref", "ref-name": "first"}
    refused(commit(untag))
    refused(commit(untag, {"action": "remove-snapshots", "snapshot-ids": [version]}))
    refused(commit({"action": "set-snapshot-ref", "ref-name": "first", "type": "tag", "snapshot-id": other}))
    refused(commit({"action": "set-snapshot-ref", "ref-name": "first", "type": "branch", "snapshot-id": version}))
    refused(rest("DELETE", path))
    refused(rest("DELETE", path + "?purgeRequested=true"))
    names = [{"namespace": ["clean"], "name": name} for name in ("web", "moved")]
    refused(rest("POST", "/v1/tables/rename", {"source": names[0], "destination": names[1]}))
    # What no release pins may go.
    table.delete("text = 'b'")
    table.manage_snapshots().create_tag(other, "mine").commit()
    table.manage_snapshots().remove_tag("mine").commit()
    assert commit({"action": "remove-snapshots", "snapshot-ids": [other]})[0] == 200
    check(workspace, LETTERS[2:])
