# SPDX-License-Identifier: Apache-2.0
"""Rows that other writers deleted without rewriting data files are gone from everything we read."""

import pytest
from cli_support import head_texts
from row_deletes import commit_deletes, equality_file, position_file

LETTERS = list("abcdefghij")


@pytest.fixture
def letters(workspace):
    """clean/web: ten documents, one letter each, in one data file; raw/web behind it."""
    workspace.ingest(workspace.write_jsonl("letters.jsonl", LETTERS))
    workspace.run("normalize.unicode")
    return workspace


def only_file(table):
    (task,) = table.scan().plan_files()
    return task.file.file_path


def rows_of(table, *texts):
    """Row numbers in the only data file."""
    import pyarrow.parquet as pq

    path = only_file(table).removeprefix("file://")
    column = pq.read_table(path, columns=["text"])["text"].to_pylist()
    return [column.index(text) for text in texts]


def duckdb_texts(connection, table):
    found = connection.execute(f"SELECT text FROM iceberg_scan('{table.metadata_location}')").fetchall()
    return sorted(row[0] for row in found)


def check_left(workspace, table, duckdb_connection, expected):
    """We, DuckDB and the next run see the same documents."""
    assert duckdb_texts(duckdb_connection, table) == expected
    assert sorted(head_texts(workspace, "clean/web")) == expected
    pipeline = workspace.pipeline("normalize.unicode", inputs="clean/web", output="clean/next")
    run = workspace.json("run", pipeline)
    assert run["documents"]["in"] == run["documents"]["out"] == len(expected)
    assert run["inputs"][0]["documents"] == len(expected)
    assert workspace.texts("clean/next") == expected


def test_position_deletes(letters, duckdb_connection):
    table = letters.catalog().load_table("clean.web")
    before = {row["text"]: row["id"] for row in letters.rows("clean/web")}
    location = only_file(table)
    rows = rows_of(table, "a", "d", "j")
    # Twice the same row, another file's rows, and a row that is not there: all are allowed.
    commit_deletes(
        table,
        position_file(table, [(location, row) for row in (rows[0], rows[1], rows[0])]),
        position_file(table, [("file:///elsewhere.parquet", 1), (location, rows[2]), (location, 5_000)]),
    )
    left = [letter for letter in LETTERS if letter not in "adj"]
    assert sorted(table.scan().to_arrow()["text"].to_pylist()) == left
    assert letters.json("trace", before["b"])["document"]["dataset"] == "clean/web"
    assert letters.json("trace", before["d"])["document"]["dataset"] == "raw/web"
    check_left(letters, table, duckdb_connection, left)
    diff = letters.json("dataset", "diff", "clean/web@v1", "clean/web")["documents"]
    assert diff == {"added": 0, "removed": 3, "changed": 0, "unchanged": 7}
    exported = letters.json("dataset", "export", "clean/web", "--to", letters.folder / "left.jsonl")
    assert exported["documents"] == 7


@pytest.mark.parametrize("columns", [("text",), ("text", "origin_offset"), ("text", "url")])
def test_equality_deletes(letters, duckdb_connection, columns):
    table = letters.catalog().load_table("clean.web")
    rows = {row["text"]: row for row in letters.rows("clean/web")}
    values = {name: [rows[letter][name] for letter in "ceg"] for name in columns}
    commit_deletes(table, equality_file(table, **values))
    left = [letter for letter in LETTERS if letter not in "ceg"]
    check_left(letters, table, duckdb_connection, left)
    # It is not known how many documents are left without reading them.
    assert letters.json("dataset", "show", "clean/web")["documents"] is None


def test_a_delete_concerns_what_was_there_before_it(letters, duckdb_connection):
    table = letters.catalog().load_table("raw.web")
    commit_deletes(table, equality_file(table, text=["a", "b"]))
    letters.ingest(letters.write_jsonl("again.jsonl", ["a", "z"]))
    assert sorted(head_texts(letters, "raw/web")) == sorted([*LETTERS[2:], "a", "z"])
    table.refresh()
    assert duckdb_texts(duckdb_connection, table) == sorted([*LETTERS[2:], "a", "z"])
    run = letters.run("normalize.unicode")
    assert run["documents"]["in"] == 10


def test_our_replacement_ends_the_deletes(letters, duckdb_connection):
    table = letters.catalog().load_table("clean.web")
    commit_deletes(table, equality_file(table, text=["a"]))
    letters.run("normalize.unicode")
    table.refresh()
    assert letters.texts("clean/web") == LETTERS == duckdb_texts(duckdb_connection, table)
    assert table.current_snapshot().summary["total-delete-files"] == "0"


def test_a_missing_delete_file_is_named(letters):
    table = letters.catalog().load_table("clean.web")
    file = position_file(table, [(only_file(table), 0)])
    commit_deletes(table, file)
    table.io.delete(file["file_path"])
    message = letters.json("dataset", "head", "clean/web", code=1)["error"]["message"]
    assert file["file_path"].rsplit("/", 1)[1] in message
