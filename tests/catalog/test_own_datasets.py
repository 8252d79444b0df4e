# SPDX-License-Identifier: Apache-2.0
"""Datasets of Gristmill stay readable by its own commands after others commit to them, and releases stay whole."""

import pathlib
import threading

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


def test_a_release_holds_versions_of_one_moment(workspace, adapter):
    """One commit turns two datasets back and forth, again and again, while releases are made of both."""
    names = ["clean/web", "clean/other"]
    workspace.json("run", workspace.pipeline("normalize.unicode", inputs="clean/web", output="clean/other"))
    versions = {}
    for name in names:
        workspace.json("dataset", "delete", name, "--where", "text = 'a'")
        versions[name] = [entry["version"] for entry in workspace.json("dataset", "show", name)["versions"]]
        assert len(versions[name]) == 2

    def change(name, turn):
        ref = {"ref-name": "main", "type": "branch", "snapshot-id": versions[name][turn]}
        space, table = name.split("/")
        update = {"action": "set-snapshot-ref", **ref}
        return {"identifier": {"namespace": [space], "name": table}, "requirements": [], "updates": [update]}

    done = threading.Event()
    statuses = []

    def turn_both():
        while not done.is_set():
            changes = [change(name, len(statuses) % 2) for name in names]
            statuses.append(adapter.driver("POST", "/v1/transactions/commit", {"table-changes": changes})[0])

    assert adapter.driver("POST", "/v1/transactions/commit", {"table-changes": [change(n, 1) for n in names]})[0] == 204
    turning = threading.Thread(target=turn_both)
    turning.start()
    try:
        for number in range(25):
            words = ["--label", "Both", "--description", "At one moment", "--dataset", names[0], "--dataset", names[1]]
            release = workspace.json("release", "create", f"both-{number}", *words)
            pinned = {entry["dataset"]: entry["version"] for entry in release["datasets"]}
            assert versions[names[0]].index(pinned[names[0]]) == versions[names[1]].index(pinned[names[1]])
    finally:
        done.set()
        turning.join()
    assert len(statuses) > 25 and set(statuses) == {204}
