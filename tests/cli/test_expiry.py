# SPDX-License-Identifier: Apache-2.0
"""Old versions expire, orphans go, and nothing that somebody needs goes with them."""

import os
import pathlib
import time

import pytest
from cli_support import EXPECTED, STEPS, TOKENS, head_texts

HOUR = 3600


def files_of(history, dataset="clean/web"):
    """All files in a dataset's folder."""
    location = pathlib.Path(history.json("dataset", "show", dataset)["location"].removeprefix("file://"))
    return {path for path in location.rglob("*") if path.is_file()}


def needed_files(history):
    """What PyIceberg says that the versions of clean/web consist of."""
    table = history.catalog().load_table("clean.web")
    needed = {table.metadata_location, *(entry.metadata_file for entry in table.metadata.metadata_log)}
    for snapshot in table.snapshots():
        needed.add(snapshot.manifest_list)
        for manifest in snapshot.manifests(table.io):
            needed.add(manifest.manifest_path)
            needed.update(entry.data_file.file_path for entry in manifest.fetch_manifest_entry(table.io))
    return {pathlib.Path(name.removeprefix("file://")) for name in needed}


def expire(history, *words, **options):
    return history.json("dataset", "expire", "clean/web", *words, **options)


def test_releases_and_the_newest_stay_and_files_of_the_rest_go(history):
    before = files_of(history)
    told = expire(history, "--older-than", "0s", "--dry-run")
    assert told["dry_run"] and [one["version"] for one in told["expired"]] == history.versions[:1]
    assert files_of(history) == before

    done = expire(history, "--older-than", "0s")
    assert [one["ordinal"] for one in done["expired"]] == ["v1"]
    assert {one["version"]: one["why"] for one in done["kept"]} == {
        history.versions[1]: "release two",
        history.versions[2]: "current",
    }
    gone = before - files_of(history)
    assert len(gone) == done["files"] == told["files"] > 0
    assert sum(path.suffix == ".parquet" for path in gone) == 1
    assert done["bytes"] == told["bytes"] > 0
    # PyIceberg's view of what is left: every file is there, and nothing else is but for the index of each data file.
    needed = needed_files(history)
    indexes = {
        path.parents[2] / "_index" / path.parent.name / f"{path.stem}.ids"
        for path in needed
        if path.suffix == ".parquet"
    }
    assert files_of(history) == needed | indexes

    for number in (1, 2):
        assert sorted(head_texts(history, f"clean/web@v{number + 1}")) == EXPECTED[number]
        assert history.texts("clean/web", history.versions[number]) == EXPECTED[number]
    for selector in ("v1", history.versions[0]):
        assert "two" in history.json("dataset", "show", f"clean/web@{selector}", code=2)["error"]["message"]
    message = history.json("dataset", "show", f"clean/web@{history.moments[0]}", code=2)["error"]["message"]
    assert "expired" in message
    assert expire(history, "--older-than", "0s")["expired"] == []
    assert history.run("normalize.unicode")["documents"]["out"] == 4
    assert [one["action"] for one in history.json("audit", "log")].count("dataset.expire") == 1


def test_age_and_count_hold_versions_back(history):
    assert expire(history)["expired"] == []
    assert expire(history, "--older-than", "1h")["expired"] == []
    assert expire(history, "--older-than", "0s", "--keep", 3)["expired"] == []
    assert len(expire(history, "--older-than", "0s", "--keep", 2)["expired"]) == 1


def test_a_version_that_was_rolled_back_goes_by_its_age(history):
    history.json("dataset", "rollback", "clean/web@v1")
    assert expire(history, "--older-than", "1h")["expired"] == []
    done = expire(history, "--older-than", "0s")
    assert [one["version"] for one in done["expired"]] == history.versions[2:]
    assert head_texts(history, "clean/web") == ["a"]


def test_branches_and_tags_of_others_keep_what_they_name(history):
    table = history.catalog().load_table("clean.web")
    table.manage_snapshots().create_branch(history.versions[0], "audit").commit()
    done = expire(history, "--older-than", "0s")
    assert done["expired"] == []
    assert {one["why"] for one in done["kept"]} == {"branch audit", "release two", "current"}
    history.catalog().load_table("clean.web").manage_snapshots().remove_branch("audit").commit()
    assert len(expire(history, "--older-than", "0s")["expired"]) == 1


def test_what_tokens_were_made_from_stays_traceable(workspace):
    steps = ("normalize.unicode", STEPS[-1])
    for number in range(2):
        workspace.ingest(workspace.write_jsonl(f"{number}.jsonl", [f"text number {number}"]))
        workspace.run(*steps, more=TOKENS)
    done = expire(workspace, "--older-than", "0s")
    assert done["expired"] == [] and "tokens" in done["kept"][0]["why"]
    assert len(expire(workspace, "--older-than", "0s", "--with-token-sources")["expired"]) == 1


def age(path, hours):
    moment = time.time() - hours * HOUR
    os.utime(path, (moment, moment))


def test_clean_removes_old_orphans_only(history):
    folder = pathlib.Path(history.json("dataset", "show", "clean/web")["location"].removeprefix("file://"))
    for path in files_of(history):
        age(path, 24 * 30)
    needed = files_of(history)
    old = [folder / "metadata" / "snap-1-lost.avro.tmp-77", folder / "data" / "run-lost" / "part-0.parquet"]
    young = folder / "metadata" / "just-written.avro"
    elsewhere = folder / "notes.txt"
    for path in (*old, young, elsewhere):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"lost")
    for path in (*old, elsewhere):
        age(path, 24 * 4)
    clean = ("dataset", "clean", "clean/web")
    told = history.json(*clean, "--dry-run")
    assert told["files"] == 2 and told["bytes"] == 8 and set(told["paths"]) == set(map(str, old))
    assert all(path.exists() for path in old)
    history.json(*clean)
    assert files_of(history) == needed | {young, elsewhere}
    assert not (folder / "data" / "run-lost").exists()
    assert history.json(*clean, "--older-than", "1h")["files"] == 0
    assert "hour" in history.json(*clean, "--older-than", "59m", code=2)["error"]["message"]
    assert history.texts("clean/web") == EXPECTED[2]


def test_what_cannot_be_read_stops_both_before_anything_is_gone(history):
    table = history.catalog().load_table("clean.web")
    manifest = pathlib.Path(table.current_snapshot().manifests(table.io)[0].manifest_path.removeprefix("file://"))
    good = manifest.read_bytes()
    manifest.write_bytes(good[: len(good) // 2])
    before = files_of(history)
    for words in (("expire", "clean/web", "--older-than", "0s"), ("clean", "clean/web")):
        message = history.json("dataset", *words, code=1)["error"]["message"]
        assert manifest.name in message
    assert files_of(history) == before
    manifest.write_bytes(good)
    assert len(expire(history, "--older-than", "0s")["expired"]) == 1


@pytest.mark.parametrize("words", [("--older-than", "soon"), ("--older-than", "-1d"), ("--keep", "0"), ("--keep", "x")])
def test_bad_words_are_refused(history, words):
    assert expire(history, *words, code=2)["error"]["message"]


def test_an_unknown_dataset_is_named(history):
    for verb in ("expire", "clean"):
        assert "raw/none" in history.json("dataset", verb, "raw/none", code=2)["error"]["message"]


def test_clean_leaves_what_a_renamed_table_has_in_the_same_folder(workspace):
    """Iceberg renames a table without moving its files, and its old name may be given away again."""
    workspace.ingest(workspace.write_jsonl("1.jsonl", ["first"]))
    workspace.catalog().rename_table("raw.web", "raw.kept")
    workspace.ingest(workspace.write_jsonl("2.jsonl", ["second"]))
    places = {workspace.json("dataset", "show", dataset)["location"] for dataset in ("raw/web", "raw/kept")}
    assert len(places) == 1
    for dataset in ("raw/web", "raw/kept"):
        for path in files_of(workspace, dataset):
            age(path, 24 * 30)
    for dataset in ("raw/web", "raw/kept"):
        workspace.json("dataset", "clean", dataset)
    assert workspace.texts("raw/web") == ["second"]
    assert workspace.texts("raw/kept") == ["first"]


def test_files_that_others_may_share_stay(history):
    before = files_of(history)
    table = history.catalog().load_table("clean.web")
    with table.transaction() as transaction:
        transaction.set_properties({"gc.enabled": "False"})
    for words in (("expire", "--older-than", "0s"), ("clean", "--older-than", "1h")):
        for dry in ((), ("--dry-run",)):
            message = history.json("dataset", words[0], "clean/web", *words[1:], *dry, code=3)["error"]["message"]
            assert "gc.enabled" in message and "clean/web" in message
    assert before <= files_of(history)
