# SPDX-License-Identifier: Apache-2.0
"""Versions, releases and exports, and what other programs read of them and add to them."""

import json
import re

import pyarrow as pa
import pyarrow.parquet as pq
from cli_support import EXPECTED, KEPT, head_texts
from pyiceberg.types import StringType

# Versions


def test_time_travel(history):
    for number, texts in enumerate(EXPECTED):
        for selector in (history.versions[number], f"v{number + 1}", history.moments[number]):
            assert sorted(head_texts(history, f"clean/web@{selector}")) == texts, selector
    assert sorted(head_texts(history, "clean/web@two")) == EXPECTED[1]
    assert sorted(head_texts(history, "clean/web")) == EXPECTED[2]
    for selector in ("v9", "nope", "2001-01-01T00:00:00Z", "12345"):
        answer = history.json("dataset", "show", f"clean/web@{selector}", code=2)
        assert "clean/web" in answer["error"]["message"]
    pipeline = history.pipeline("normalize.unicode", inputs="raw/web@v1", output="clean/old")
    assert history.json("run", pipeline)["documents"]["in"] == 1


def test_releases(history):
    assert [one["name"] for one in history.json("release", "list")] == ["two"]
    shown = history.json("release", "show", "two")
    assert [(one["dataset"], one["version"]) for one in shown["datasets"]] == [("clean/web", history.versions[1])]
    assert shown["digest"] == history.release["digest"]
    words = ["--label", "x", "--description", "x", "--dataset", "clean/web"]
    assert "two" in history.json("release", "create", "two", *words, code=2)["error"]["message"]
    versions = history.json("dataset", "show", "clean/web")["versions"]
    assert {tuple(one["releases"]) for one in versions if one["version"] == history.versions[1]} == {("two",)}


def test_diff(history):
    diff = history.json("dataset", "diff", "clean/web@v1", "clean/web@v3")
    assert diff["documents"] == {"added": 3, "removed": 0, "changed": 0, "unchanged": 1}
    diff = history.json("dataset", "diff", "clean/web@v3", "clean/web@v2")
    assert diff["documents"] == {"added": 0, "removed": 2, "changed": 0, "unchanged": 2}
    assert (diff["before"]["version"], diff["after"]["version"]) == (history.versions[2], history.versions[1])


def test_rollback(history):
    history.json("dataset", "rollback", "clean/web@v1")
    assert head_texts(history, "clean/web") == ["a"]
    assert history.texts("clean/web") == ["a"]
    assert sorted(head_texts(history, f"clean/web@{history.versions[2]}")) == EXPECTED[2]
    history.json("dataset", "rollback", f"clean/web@{history.versions[2]}")
    assert sorted(head_texts(history, "clean/web")) == EXPECTED[2]
    assert history.run("normalize.unicode")["documents"]["out"] == 4


# Export, SQL, other programs


def test_export(built, tmp_path):
    rows = sorted(built.rows("clean/web"), key=lambda row: row["id"])
    told = built.json("dataset", "export", "clean/web", "--to", tmp_path / "out.parquet")
    assert told["documents"] == len(rows)
    exported = sorted(pq.read_table(tmp_path / "out.parquet").to_pylist(), key=lambda row: row["id"])
    assert exported == rows
    built.json("dataset", "export", "clean/web", "--to", tmp_path / "out.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    lines.sort(key=lambda row: row["id"])
    assert len(lines) == len(rows)
    for line, row in zip(lines, rows, strict=True):
        assert {name: row[name] for name in line} == line
        assert set(row) - set(line) <= {"content_digest"}
    answer = built.json("dataset", "export", "clean/web", "--to", tmp_path / "out.xyz", code=2)
    assert ".jsonl" in answer["error"]["message"] and not (tmp_path / "out.xyz").exists()


def test_sql(built):
    rows = built.json_lines("sql", 'SELECT language, count(*) AS n FROM "clean/web" GROUP BY 1')
    assert rows == [{"language": "en", "n": 43}]
    assert built.json_lines("sql", 'SELECT count(*) AS n FROM "raw/web@v1"') == [{"n": 54}]
    assert "54" in built.call("sql", 'SELECT count(*) AS n FROM "raw/web"').stdout
    assert "clean/web" in built.call("sql", 'SELECT * FROM "clean/wob"', code=2).stderr
    for query in ('SELECT * FROM "clean/wob"', "SELEC 1"):
        assert built.json("sql", query, code=2)["error"]["message"]
    (row,) = built.json_lines("sql", "SELECT 1e308::DOUBLE * 10 AS infinite, [1.5, 'nan'::DOUBLE] AS list")
    assert row == {"infinite": None, "list": [1.5, None]}


def test_pyiceberg_and_duckdb_read_every_version(history, duckdb_connection):
    location = history.json("dataset", "show", "clean/web")["metadata_location"]
    table = history.catalog().load_table("clean.web")
    assert table.metadata_location == location
    for version, texts in zip(history.versions, EXPECTED, strict=True):
        assert history.texts("clean/web", version) == texts
        query = f"SELECT text FROM iceberg_scan('{location}', snapshot_from_id={version}::UBIGINT)"
        assert sorted(row[0] for row in duckdb_connection.execute(query).fetchall()) == texts
    assert table.snapshot_by_name("two").snapshot_id == history.versions[1]
    assert sorted(
        row[0] for row in duckdb_connection.execute(f"SELECT text FROM iceberg_scan('{location}')").fetchall()
    )
    summary = table.current_snapshot().summary
    newest = history.json("runs", "list")[0]
    assert summary["gristmill.run-id"] == newest["run_id"] and summary["gristmill.documents"] == "4"
    assert re.fullmatch("[0-9a-f]{64}", summary["gristmill.fingerprint"])


def test_what_pyiceberg_appends_is_read(history):
    table = history.catalog().load_table("raw.web")
    schema = table.schema().as_arrow()
    appended = []
    for number in range(3):
        row = {field.name: None for field in schema}
        row |= {
            "id": f"{number + 1:032x}",
            "text": f"appended {number}",
            "origin_uri": "elsewhere",
            "origin_offset": number,
        }
        appended.append(row)
    table.append(pa.Table.from_pylist(appended, schema=schema))
    document = history.run("normalize.unicode")
    assert document["documents"]["in"] == 7 and document["documents"]["out"] == 7
    assert history.texts("clean/web") == sorted([*EXPECTED[2], *(row["text"] for row in appended)])
    assert sorted(head_texts(history, "raw/web@v3")) == EXPECTED[2]
    # And the other way round again: an ingestion on top of a foreign commit.
    history.ingest(history.write_jsonl("later.jsonl", ["later"]))
    assert len(history.rows("raw/web")) == 8


def test_columns_that_others_renamed_dropped_and_made_anew_are_read(workspace):
    workspace.ingest(workspace.write_jsonl("texts.jsonl", KEPT[:5]))
    workspace.run("normalize.unicode", "language.identify", "filter.gopher_quality: {annotate: true}")
    table = workspace.catalog().load_table("clean.web")
    (annotation, *_) = [name for name in table.schema().column_names if name.startswith("gopher_quality")]
    with table.update_schema() as update:
        update.rename_column("language", "tongue")
        update.delete_column(annotation)
    with table.update_schema() as update:
        update.add_column(annotation, StringType())
        update.add_column("language", StringType())
    scanned = {row["id"]: row for row in table.scan().to_arrow().to_pylist()}
    heads = workspace.json_lines("dataset", "head", "clean/web")
    assert len(heads) == len(scanned) == 5
    for head in heads:
        row = scanned[head["id"]]
        assert head["tongue"] == row["tongue"] == "en"
        assert head["language"] is row["language"] is head[annotation] is row[annotation] is None
    # The next run sees the columns by their new names, and gives its own new ids.
    step = "filter.expression: {where: \"tongue = 'en' and language is null\"}"
    run = workspace.json("run", workspace.pipeline(step, inputs="clean/web", output="clean/next"))
    assert run["documents"]["out"] == 5
    # And a run into the table itself takes the old name for a column of its own.
    again = workspace.run("normalize.unicode", "language.identify")
    assert again["documents"]["out"] == 5
    assert {row["language"] for row in workspace.rows("clean/web")} == {"en"}
    assert "tongue" not in workspace.rows("clean/web")[0]


def test_columns_say_what_they_mean(workspace):
    workspace.ingest(workspace.write_jsonl("texts.jsonl", [f"The text of number {number}." for number in range(3)]))
    steps = ("language.identify", "filter.gopher_quality: {annotate: true}")
    workspace.run(*steps)
    meanings = {column["name"]: column["doc"] for column in workspace.json("dataset", "schema", "clean/web")}
    assert all(meanings.values()), meanings
    helps = {}
    for name in ("language.identify", "filter.gopher_quality"):
        shown = workspace.json("ops", "show", name)
        for column in shown["columns_out"] + shown["annotation_columns"]:
            helps[column["name"]] = column["help"]
    assert helps and helps.items() <= meanings.items()
    assert "filter.gopher_quality" in meanings["filter_gopher_quality_reason"]
    # Other programs see it, and what is made of the dataset keeps it.
    fields = workspace.catalog().load_table("clean.web").schema().fields
    assert {field.name: field.doc for field in fields} == meanings
    workspace.json("run", workspace.pipeline("normalize.unicode", inputs="clean/web", output="clean/next"))
    later = {column["name"]: column["doc"] for column in workspace.json("dataset", "schema", "clean/next")}
    assert meanings.items() < later.items()
