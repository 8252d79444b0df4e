# SPDX-License-Identifier: Apache-2.0
"""Rows deleted, updated, upserted and overwritten: seen alike by us, PyIceberg and DuckDB, and nobody loses an id."""

import datetime
import decimal
import json
import subprocess

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cli_support import head_texts
from row_deletes import commit_deletes, equality_file, position_file

LETTERS = list("abcdef")


@pytest.fixture
def letters(workspace):
    """raw/web: six documents in three data files, two each."""
    for number in range(3):
        texts = LETTERS[2 * number : 2 * number + 2]
        workspace.ingest(workspace.write_jsonl(f"{number}.jsonl", texts, url=f"https://site{number}.example/"))
    workspace.table = workspace.catalog().load_table("raw.web")
    return workspace


def files_of(table):
    table.refresh()
    return {task.file.file_path for task in table.scan().plan_files()}


def by_text(workspace, dataset="raw/web"):
    return {row["text"]: row for row in workspace.rows(dataset)}


def check_alike(workspace, duckdb_connection, dataset="raw/web"):
    """PyIceberg, DuckDB and we see the same rows; gives their texts."""
    table = workspace.catalog().load_table(dataset.replace("/", "."))
    rows = sorted((row["id"], row["text"]) for row in workspace.rows(dataset))
    query = f"SELECT id, text FROM iceberg_scan('{table.metadata_location}')"
    assert sorted(duckdb_connection.execute(query).fetchall()) == rows
    ours = [(row["id"], row["text"]) for row in workspace.json_lines("dataset", "head", dataset, "-n", "10000")]
    assert sorted(ours) == rows
    assert workspace.json("dataset", "show", dataset)["documents"] == len(rows)
    return sorted(text for _, text in rows)


def audit(workspace, action):
    entries = workspace.json("audit", "log")
    return [entry for entry in entries if entry["action"] == action]


def test_delete_rewrites_only_files_with_such_rows(letters, duckdb_connection):
    before = by_text(letters)
    old_files = files_of(letters.table)
    done = letters.json("dataset", "delete", "raw/web", "--where", "text = 'c' or text = 'a'")
    assert done["rows"] == {"deleted": 2, "updated": 0, "added": 0}
    assert done["files"] == {"rewritten": 2, "kept": 1}
    assert check_alike(letters, duckdb_connection) == ["b", "d", "e", "f"]
    assert len(files_of(letters.table) & old_files) == 1
    left = by_text(letters)
    assert all(left[text] == before[text] for text in left)
    assert letters.texts("raw/web", version=letters.table.history()[-2].snapshot_id) == LETTERS
    (entry,) = audit(letters, "dataset.delete")
    assert entry["details"]["where"] == "text = 'c' or text = 'a'"
    assert entry["details"]["rows"]["deleted"] == 2
    # A removed row is not forgotten: who removed it, and why. A kept one is found in its new file.
    gone = letters.json("trace", before["a"]["id"])["document"]["outcomes"][0]
    assert gone["operator"] == "dataset.delete" and gone["reason"] == "text = 'c' or text = 'a'"
    assert gone["by"] == entry["actor"] and gone["change_id"] == done["change_id"]
    kept = letters.json("trace", before["b"]["id"])
    assert done["change_id"] in kept["document"]["file"]
    assert kept["ingestion"]["ingestion_id"] == before["b"]["ingestion_id"]


def test_a_delete_of_nothing_makes_no_version(letters):
    before = letters.json("dataset", "show", "raw/web")["current_version"]
    done = letters.json("dataset", "delete", "raw/web", "--where", "text = 'nothing'")
    assert done["changed"] is False and done["version"] == before
    assert letters.json("dataset", "show", "raw/web")["current_version"] == before
    assert audit(letters, "dataset.delete") == []


def test_all_rows_may_go(letters, duckdb_connection):
    letters.json("dataset", "delete", "raw/web", "--where", "text is not null")
    assert check_alike(letters, duckdb_connection) == []
    letters.table.refresh()
    assert letters.table.current_snapshot().summary.operation.value == "delete"
    assert files_of(letters.table) == set()
    letters.ingest(letters.write_jsonl("more.jsonl", ["x"]))
    assert check_alike(letters, duckdb_connection) == ["x"]


def test_update_sets_columns_and_nothing_else(letters, duckdb_connection):
    before = by_text(letters)
    done = letters.json(
        "dataset", "update", "raw/web", "--set", "url=https://new.example/", "--set", "text='ä new'", "--where",
        "url like '%site1%' and text < 'd'",
    )  # fmt: skip
    assert done["rows"] == {"deleted": 0, "updated": 1, "added": 0}
    assert check_alike(letters, duckdb_connection) == sorted(["a", "b", "ä new", "d", "e", "f"])
    after = by_text(letters)
    row, old = after["ä new"], before["c"]
    changed = {name for name in row if row[name] != old[name]}
    assert changed == {"text", "url", "content_digest"}
    assert row["url"] == "https://new.example/"
    shown = letters.json_lines("dataset", "head", "raw/web", "-n", "10")
    assert {line["content_digest"] for line in shown} == {line["content_digest"] for line in after.values()}
    letters.json("dataset", "update", "raw/web", "--set", "url=null", "--where", "text = 'ä new'")
    assert by_text(letters)["ä new"]["url"] is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("update", "--set", "id=1", "--where", "true"), "never changes"),
        (("update", "--set", "nothing=1", "--where", "true"), "there is no column 'nothing'"),
        (("update", "--set", "text=null", "--where", "true"), "must not be null"),
        (("update", "--set", "text", "--where", "true"), "COLUMN=VALUE"),
        (("delete", "--where", "txt = 'a'"), "txt"),
        (("delete", "--where", ""), "--where"),
        (("delete", "--where", "text = "), "where"),
        (("delete", "--where", "origin_offset * 9000000000000000000 * 9 >= 0 and text = 'b'"), "64 bits"),
    ],
)
def test_bad_changes_change_nothing(letters, arguments, words):
    verb, *rest = arguments
    message = letters.json("dataset", verb, "raw/web", *rest, code=2)["error"]["message"]
    assert words in message
    assert len(letters.json("dataset", "show", "raw/web")["versions"]) == 3


def test_versions_and_releases_never_change(letters):
    message = letters.json("dataset", "delete", "raw/web@v1", "--where", "true", code=2)["error"]["message"]
    assert "raw/web@v1" in message and "BRANCH" in message


def test_a_change_on_a_branch_is_seen_there_only(letters):
    letters.json("dataset", "branch", "raw/web", "trial")
    letters.json("dataset", "delete", "raw/web@trial", "--where", "text < 'c'")
    assert letters.texts() == LETTERS
    assert sorted(head_texts(letters, "raw/web@trial")) == LETTERS[2:]
    letters.json("dataset", "publish", "raw/web@trial")
    assert letters.texts() == LETTERS[2:]


def test_upsert_sets_known_rows_and_adds_new_ones(letters, duckdb_connection):
    before = by_text(letters)
    rows = [
        {"id": before["a"]["id"], "url": "https://changed.example/"},
        {"id": before["f"]["id"], "text": "F", "media_type": None},
        {"id": "00000000000000000000000000000abc", "text": "new", "url": "https://new.example/"},
    ]
    path = letters.write("rows.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    done = letters.json("dataset", "upsert", "raw/web", path, "--key", "id")
    assert done["rows"] == {"deleted": 0, "updated": 2, "added": 1}
    assert done["files"] == {"rewritten": 2, "kept": 1}
    assert check_alike(letters, duckdb_connection) == sorted(["a", "b", "c", "d", "e", "F", "new"])
    after = by_text(letters)
    assert after["a"] == {**before["a"], "url": "https://changed.example/"}
    assert after["F"]["id"] == before["f"]["id"] and after["F"]["media_type"] is None
    assert after["F"]["url"] == before["f"]["url"] and after["F"]["ingestion_id"] == before["f"]["ingestion_id"]
    traced = letters.json("trace", after["new"]["id"])
    assert traced["change"]["file"] == str(path) and traced["change"]["change_id"] == done["change_id"]
    assert traced["origin"]["uri"] == f"file://{path}"
    assert traced["origin"]["offset"] == sum(len(json.dumps(row)) + 1 for row in rows[:2])
    # The same again finds all of them.
    again = letters.json("dataset", "upsert", "raw/web", path, "--key", "id")
    assert again["rows"] == {"deleted": 0, "updated": 3, "added": 0}
    assert by_text(letters) == after


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_upsert_by_two_columns_from_any_form(letters, form):
    texts = {"text": ["a", "e", "a"], "url": ["https://site0.example/", "https://other.example/", "elsewhere"]}
    texts["media_type"] = ["text/one", "text/two", "text/three"]
    path = letters.inputs / f"rows.{form}"
    rows = [dict(zip(texts, values, strict=True)) for values in zip(*texts.values(), strict=True)]
    if form == "parquet":
        pq.write_table(pa.table(texts), path)
    elif form == "csv":
        path.write_text("text,url,media_type\n" + "".join(",".join(row.values()) + "\n" for row in rows))
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = letters.json("dataset", "upsert", "raw/web", path, "--key", "text,url")
    assert done["rows"] == {"deleted": 0, "updated": 1, "added": 2}
    kinds = sorted((row["text"], row["media_type"]) for row in letters.rows())
    assert [kind for kind in kinds if kind[1] != "text/plain"] == [
        ("a", "text/one"),
        ("a", "text/three"),
        ("e", "text/two"),
    ]
    ids = [row["id"] for row in letters.rows()]
    assert len(set(ids)) == len(ids) == 8 and all(len(identity) == 32 for identity in ids)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (['{"id": "0a", "text": "x"}'], "32 hex digits"),
        (['{"text": "x"}'], "row 1 has no value for the key column id"),
        ([f'{{"id": "{7:032x}", "text": "x"}}'] * 2, "rows 1 and 2 have the same key"),
        ([f'{{"id": "{7:032x}"}}'], "row 1 is new and has no value for the required column text"),
        ([f'{{"id": "{7:032x}", "text": "x", "colour": 1}}'], "there is no column 'colour'"),
        ([f'{{"id": "{7:032x}", "text": "x", "origin_offset": "ten"}}'], "origin_offset"),
        (["", "{bad"], "line 2"),
        (["[1]"], "line 1: not a JSON object"),
    ],
)
def test_bad_rows_are_named(letters, lines, words):
    path = letters.write("rows.jsonl", "\n".join(lines) + "\n")
    message = letters.json("dataset", "upsert", "raw/web", path, "--key", "id", code=2)["error"]["message"]
    assert words in message and "rows.jsonl" in message
    assert len(letters.json("dataset", "show", "raw/web")["versions"]) == 3


def test_overwrite_of_some_rows_and_of_all(letters, duckdb_connection):
    path = letters.write_jsonl("rows.jsonl", ["x", "y"])
    done = letters.json("dataset", "overwrite", "raw/web", path, "--where", "text in ('a', 'b', 'c')")
    assert done["rows"] == {"deleted": 3, "updated": 0, "added": 2}
    assert done["files"] == {"rewritten": 2, "kept": 1}
    assert check_alike(letters, duckdb_connection) == ["d", "e", "f", "x", "y"]
    done = letters.json("dataset", "overwrite", "raw/web", letters.write_jsonl("all.jsonl", ["z"]))
    assert done["rows"] == {"deleted": 5, "updated": 0, "added": 1}
    assert check_alike(letters, duckdb_connection) == ["z"]


def test_the_same_key_changes_once(letters):
    words = ("dataset", "delete", "raw/web", "--where", "text = 'a'", "--idempotency-key", "once")
    first = letters.json(*words)
    again = letters.json(*words)
    assert again["already_done"] and again["version"] == first["version"]
    assert len(letters.json("dataset", "show", "raw/web")["versions"]) == 4


def test_rows_that_others_deleted_stay_deleted(letters, duckdb_connection):
    files = sorted(files_of(letters.table))
    whose = {path: pq.read_table(path.removeprefix("file://"))["text"].to_pylist() for path in files}
    first = next(path for path in files if "a" in whose[path])
    commit_deletes(letters.table, position_file(letters.table, [(first, whose[first].index("a"))]))
    letters.json("dataset", "update", "raw/web", "--set", "url=u", "--where", "text = 'b'")
    assert check_alike(letters, duckdb_connection) == LETTERS[1:]
    letters.table.refresh()
    # What concerned only the rewritten file is gone with it.
    assert letters.table.current_snapshot().summary["total-delete-files"] == "0"
    commit_deletes(letters.table, equality_file(letters.table, text=["c", "f"]))
    letters.json("dataset", "delete", "raw/web", "--where", "text = 'd'")
    # PyIceberg reads no equality deletes.
    letters.table.refresh()
    query = f"SELECT text FROM iceberg_scan('{letters.table.metadata_location}')"
    assert sorted(duckdb_connection.execute(query).fetchall()) == [("b",), ("e",)]
    assert sorted(head_texts(letters, "raw/web")) == ["b", "e"]


def test_columns_of_other_writers_survive_a_rewrite(letters, duckdb_connection):
    from pyiceberg.types import DateType, DecimalType, ListType, LongType, StringType, TimestamptzType

    with letters.table.update_schema() as update:
        update.add_column("day", DateType())
        update.add_column("seen", TimestamptzType())
        update.add_column("price", DecimalType(10, 2))
        update.add_column("labels", ListType(element_id=1, element=StringType(), element_required=False))
        update.add_column("clicks", LongType())
    rows = letters.table.scan().to_arrow().slice(0, 2).to_pylist()
    values = {
        "day": datetime.date(2024, 2, 29),
        "seen": datetime.datetime(2024, 2, 29, 1, 2, 3, 4, tzinfo=datetime.UTC),
        "price": decimal.Decimal("12345678.90"),
        "labels": ["x", None, "y"],
        "clicks": 2**40,
    }
    for number, row in enumerate(rows):
        row.update(values, id=f"{number:032x}", text=f"theirs {number}")
    letters.table.append(pa.Table.from_pylist(rows, schema=letters.table.schema().as_arrow()))
    letters.json("dataset", "delete", "raw/web", "--where", "text = 'theirs 0' or text = 'a'")
    letters.json("dataset", "update", "raw/web", "--set", "price=-0.5", "--set", "day=1999-12-31", "--where",
                 "clicks > 5 or text = 'b'")  # fmt: skip
    assert check_alike(letters, duckdb_connection) == [*LETTERS[1:], "theirs 1"]
    after = by_text(letters)
    changed = {"price": decimal.Decimal("-0.50"), "day": datetime.date(1999, 12, 31)}
    assert {name: after["theirs 1"][name] for name in values} == {**values, **changed}
    assert {name: after["b"][name] for name in values} == {**dict.fromkeys(values), **changed}
    message = letters.json("dataset", "update", "raw/web", "--set", "day=soon", "--where", "true", code=2)
    assert "day" in message["error"]["message"] and "date" in message["error"]["message"]
    letters.json("dataset", "delete", "raw/web", "--where", "day = '1999-12-31' and text = 'b'")
    assert letters.texts() == [*LETTERS[2:], "theirs 1"]


def test_rows_without_an_id_of_ours_keep_the_one_they_were_read_with(letters):
    catalog = letters.catalog()
    schema = pa.schema([("text", pa.string()), ("number", pa.int32())])
    catalog.create_namespace("their")
    table = catalog.create_table("their.own", schema=schema)
    table.append(pa.table({"text": ["x", "y", "z"], "number": [1, 2, 3]}, schema=schema))
    letters.json("dataset", "delete", "their/own", "--where", "number = 2")
    assert sorted(row["text"] for row in letters.rows("their/own")) == ["x", "z"]
    assert set(letters.rows("their/own")[0]) == {"text", "number"}


def test_changes_at_the_same_time_lose_nothing(letters):
    """Eight processes, each with rows of its own in files that all share."""
    letters.ingest(letters.write_jsonl("many.jsonl", [f"{number:03}" for number in range(64)]))
    commands = [
        letters.command("dataset", "delete", "raw/web", "--where", f"text like '{number:02}%'", "--json")
        for number in range(6)
    ]
    commands.append(
        letters.command("dataset", "update", "raw/web", "--set", "url=u", "--where", "text = '063'", "--json")
    )
    commands.append(
        letters.command(
            "dataset", "upsert", "raw/web", letters.write_jsonl("r.jsonl", ["063x"]), "--key", "text", "--json"
        )
    )
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands]
    answers = [json.loads(child.communicate(timeout=300)[0]) for child in children]
    assert [child.returncode for child in children] == [0] * 8, answers
    rows = by_text(letters)
    assert sorted(rows) == sorted([*LETTERS, "060", "061", "062", "063", "063x"])
    assert rows["063"]["url"] == "u"


def test_an_append_of_others_is_no_conflict(letters):
    """A file that somebody adds between our reading and our commit stays."""
    path = letters.write_jsonl("more.jsonl", ["g"])
    ingest = letters.command("ingest", path, "--source", "web", "--license", "CC0-1.0", "--json")
    change = letters.command("dataset", "update", "raw/web", "--set", "url=u", "--where", "text < 'd'", "--json")
    children = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for command in (ingest, change)]
    assert [child.wait(timeout=300) for child in children] == [0, 0]
    rows = by_text(letters)
    assert sorted(rows) == [*LETTERS, "g"]
    assert [text for text in rows if rows[text]["url"] == "u"] == ["a", "b", "c"]
