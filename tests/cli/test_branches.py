# SPDX-License-Identifier: Apache-2.0
"""Write, audit, publish: what a run wrote to a branch is seen by nobody until it is published in one step."""

import pytest
from cli_support import EXPECTED, KEPT, head_texts

AUDIT = {"output": "clean/web@audit"}


def branches(workspace):
    """What PyIceberg says of the branches of clean/web."""
    references = workspace.catalog().load_table("clean.web").metadata.refs
    return {name: one.snapshot_id for name, one in references.items() if one.snapshot_ref_type == "branch"}


def publish(workspace, *words, **options):
    return workspace.json("dataset", "publish", "clean/web@audit", *words, **options)


def test_a_run_to_a_branch_is_seen_only_there_until_it_is_published(history, duckdb_connection):
    main = history.versions[-1]
    history.ingest(history.write_jsonl("more.jsonl", [KEPT[0]]))
    run = history.run("normalize.unicode", "filter.gopher_quality: {annotate: true}", **AUDIT)
    assert run["output"]["branch"] == "audit"
    audited = run["output"]["version"]
    new = sorted([*EXPECTED[2], KEPT[0]])

    assert branches(history) == {"main": main, "audit": audited}
    assert history.texts("clean/web") == sorted(head_texts(history, "clean/web")) == EXPECTED[2]
    assert sorted(head_texts(history, "clean/web@audit")) == history.texts("clean/web", audited) == new
    assert history.json("dataset", "show", "clean/web")["current_version"] == main
    names = [column["name"] for column in history.json("dataset", "schema", "clean/web")]
    audited_names = [column["name"] for column in history.json("dataset", "schema", "clean/web@audit")]
    assert set(names) < set(audited_names)
    assert history.json("dataset", "diff", "clean/web", "clean/web@audit")["documents"]["added"] == 1
    # The branch, like a release, is not for expiry.
    history.json("dataset", "expire", "clean/web", "--older-than", "0s")
    assert branches(history)["audit"] == audited

    done = publish(history)
    assert (done["from"], done["current_version"]) == (main, audited)
    assert branches(history) == {"main": audited}
    table = history.catalog().load_table("clean.web")
    found = duckdb_connection.execute(f"SELECT text FROM iceberg_scan('{table.metadata_location}')").fetchall()
    assert (
        sorted(row[0] for row in found) == history.texts("clean/web") == sorted(head_texts(history, "clean/web")) == new
    )
    assert [column["name"] for column in history.json("dataset", "schema", "clean/web")] == audited_names
    assert "audit" in publish(history, code=2)["error"]["message"]
    actions = [one["action"] for one in history.json("audit", "log")]
    assert actions.count("dataset.publish") == 1


def test_a_branch_goes_on_from_its_own_newest_version(history):
    first = history.run("normalize.unicode", **AUDIT)["output"]["version"]
    second = history.run("normalize.unicode", **AUDIT)["output"]["version"]
    table = history.catalog().load_table("clean.web")
    assert table.snapshot_by_id(second).parent_snapshot_id == first
    assert table.snapshot_by_id(first).parent_snapshot_id == history.versions[-1]
    publish(history)
    assert [entry.snapshot_id for entry in history.catalog().load_table("clean.web").history()][-1] == second


def test_a_branch_that_main_left_behind_is_not_published(history):
    history.run("normalize.unicode", **AUDIT)
    current = history.run("normalize.unicode")["output"]["version"]
    error = publish(history, code=5)["error"]
    assert error["code"] == "conflict" and str(current) in error["message"]
    assert history.json("dataset", "show", "clean/web")["current_version"] == current
    history.json("dataset", "branch", "clean/web", "audit", "--remove")
    assert branches(history) == {"main": current}


def test_alerts_hold_a_branch_back(workspace):
    workspace.ingest(workspace.write_jsonl("texts.jsonl", KEPT[:3]))
    script = workspace.folder / "fussy.py"
    script.write_text(f"def fussy(batch):\n    if {KEPT[0]!r} in batch['text']:\n        raise ValueError('no')\n")
    step = f"python: {{function: '{script}:fussy'}}"
    run = workspace.run(step, more="limits: {quarantine: 1%}\n", code=4, **AUDIT)
    assert run["status"] == "alerts"
    error = publish(workspace, code=4)["error"]
    assert run["run_id"] in error["message"]
    assert workspace.json("dataset", "list")[0]["documents"] == 0
    publish(workspace, "--with-alerts")
    assert len(head_texts(workspace, "clean/web")) == 2


def test_branches_of_a_dataset_that_has_nothing_else(workspace):
    workspace.ingest(workspace.write_jsonl("texts.jsonl", ["one"]))
    version = workspace.run("normalize.unicode", **AUDIT)["output"]["version"]
    assert head_texts(workspace, "clean/web@audit") == ["one"]
    assert "no version yet" in workspace.json("dataset", "head", "clean/web", code=2)["error"]["message"]
    done = publish(workspace)
    assert done["from"] is None and done["current_version"] == version
    assert workspace.texts("clean/web") == ["one"]


def test_branches_by_hand(history):
    made = history.json("dataset", "branch", "clean/web@v1", "old")
    assert made["version"] == history.versions[0] == branches(history)["old"]
    history.json("dataset", "branch", "clean/web@v1", "old")
    assert history.json("dataset", "branch", "clean/web@v2", "old", code=2)["error"]["code"] == "already_exists"
    assert history.json("dataset", "branch", "clean/web", "two", code=2)["error"]["code"] == "already_exists"
    rows = {one["version"]: one["branches"] for one in history.json("dataset", "show", "clean/web")["versions"]}
    assert rows[history.versions[0]] == ["old"]
    assert head_texts(history, "clean/web@old") == ["a"]
    # A release is no branch: it is neither written to, published nor removed as one.
    assert history.run("normalize.unicode", output="clean/web@two", code=2)["error"]["code"] == "already_exists"
    assert history.json("dataset", "publish", "clean/web@two", code=2)["error"]
    assert history.json("dataset", "branch", "clean/web", "two", "--remove", code=2)["error"]
    assert history.json("release", "show", "two")
    history.json("dataset", "branch", "clean/web", "old", "--remove")
    assert set(branches(history)) == {"main"}


@pytest.mark.parametrize("name", ["main", "a b", "a@b", "", "../x", "v2", "latest"])
def test_bad_names_are_refused(history, name):
    assert history.json("dataset", "branch", "clean/web", name, code=2)["error"]["message"]
    if name != "main":
        assert history.json("run", history.pipeline(output=f"'clean/web@{name}'"), code=2)["error"]["message"]
    assert set(branches(history)) == {"main"}


def names_at(workspace, selector):
    return [column["name"] for column in workspace.json("dataset", "schema", selector)]


@pytest.mark.parametrize("change", ["delete", "compact"])
def test_a_change_on_a_branch_keeps_the_columns_of_the_branch(history, change):
    history.run("normalize.unicode", "filter.gopher_quality: {annotate: true}", **AUDIT)
    names = names_at(history, "clean/web@audit")
    assert set(names) > set(names_at(history, "clean/web"))
    if change == "delete":
        history.json("dataset", "delete", "clean/web@audit", "--where", "text = 'c'")
    else:
        history.json("dataset", "partition", "clean/web", "--by", "bucket(2,id)")
        assert history.json("dataset", "compact", "clean/web@audit")["changed"]
    assert names_at(history, "clean/web@audit") == names
    publish(history)
    assert names_at(history, "clean/web") == names
    assert all(row["filter_gopher_quality_reason"] for row in history.rows("clean/web"))


def test_columns_that_change_meanwhile_outlive_the_publication(history):
    history.json("dataset", "branch", "clean/web", "audit")
    history.json("dataset", "delete", "clean/web@audit", "--where", "text = 'c'")
    history.json("dataset", "schema", "clean/web", "--add", "reviewed:boolean")
    names = names_at(history, "clean/web")
    publish(history)
    assert names_at(history, "clean/web") == names
    assert sorted(head_texts(history, "clean/web")) == ["a", "b", "d"]


def test_partitions_of_a_branch_are_its_own_until_it_is_published(history, duckdb_connection):
    import pyarrow as pa

    steps = ("normalize.unicode", "filter.gopher_quality: {annotate: true}")
    history.run(*steps, more="partition_by: filter_gopher_quality_reason\n", **AUDIT)
    table = history.catalog().load_table("clean.web")
    assert table.spec().fields == ()
    # Everybody goes on as before: a change of ours, a writer of others.
    history.json("dataset", "update", "clean/web", "--set", "url=u", "--where", "text = 'c'")
    table.refresh()
    table.append(pa.Table.from_pylist(table.scan().to_arrow().slice(0, 1).to_pylist(), table.schema().as_arrow()))
    history.json("dataset", "branch", "clean/web", "audit", "--remove")
    history.run(*steps, more="partition_by: filter_gopher_quality_reason\n", **AUDIT)
    publish(history)
    table.refresh()
    assert [field.name for field in table.spec().fields] == ["filter_gopher_quality_reason"]
    found = duckdb_connection.execute(f"SELECT count(*) FROM iceberg_scan('{table.metadata_location}')").fetchone()
    assert found == (4,)
    history.run(*steps, more="partition_by: filter_gopher_quality_reason\n")


def test_a_branch_can_be_published_after_old_versions_expired(history):
    for _ in range(3):
        version = history.run("normalize.unicode", **AUDIT)["output"]["version"]
    done = history.json("dataset", "expire", "clean/web", "--older-than", "0s", "--keep", "1")
    assert [one["version"] for one in done["expired"]] == history.versions[:1]
    assert publish(history)["current_version"] == version
    done = history.json("dataset", "expire", "clean/web", "--older-than", "0s", "--keep", "1")
    assert len(done["expired"]) == 3
