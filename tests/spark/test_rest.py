# SPDX-License-Identifier: Apache-2.0
"""Spark through the REST catalog: its own tables, read by Gristmill, and Gristmill's, changed by Spark."""

import pathlib
import re

import pyarrow as pa
import pytest
from spark_support import MERGE_ON_READ, documents, exported, make_old, texts, write_at_once

ROWS = "SELECT id AS n, concat('row ', id) AS text, TIMESTAMP'2024-01-01 10:00:00' AS at FROM range({}, {})"


@pytest.fixture
def table(lake):
    """lake.spark.t: a hundred rows."""
    lake("CREATE NAMESPACE lake.spark")
    lake("CREATE TABLE lake.spark.t (n INT, text STRING, at TIMESTAMP, p STRUCT<a:INT,b:FLOAT>, m MAP<STRING,INT>)")
    lake(f"INSERT INTO lake.spark.t (n, text, at) {ROWS.format(0, 100)}")
    return "lake.spark.t"


def agree(lake, workspace, table, dataset):
    """The rows as Spark reads them, once Gristmill has shown that it reads the same."""
    rows = sorted(lake(f"SELECT n, body FROM {table}"))
    assert documents(workspace, dataset) == len(rows)
    assert sorted((row["n"], row["body"]) for row in exported(workspace, dataset)) == rows
    return dict(rows)


def test_namespaces_and_names(lake):
    lake("CREATE NAMESPACE lake.spark COMMENT 'of Spark' WITH PROPERTIES (color = 'red')")
    lake("CREATE NAMESPACE lake.spark.deep")
    assert lake("SHOW NAMESPACES IN lake") == [("spark",)]
    assert lake("SHOW NAMESPACES IN lake.spark") == [("spark.deep",)]
    lake("ALTER NAMESPACE lake.spark SET PROPERTIES (color = 'blue')")
    assert "(color,blue)" in str(lake("DESCRIBE NAMESPACE EXTENDED lake.spark"))
    lake("CREATE TABLE lake.spark.t AS SELECT 1 AS n")
    lake("ALTER TABLE lake.spark.t RENAME TO spark.deep.moved")
    assert lake("SHOW TABLES IN lake.spark.deep") == [("spark.deep", "moved", False)]
    assert "not empty" in lake.fails("DROP NAMESPACE lake.spark.deep")
    lake("CREATE OR REPLACE TABLE lake.spark.deep.moved PARTITIONED BY (bucket(2, k)) AS SELECT 7L AS k")
    assert lake("SELECT * FROM lake.spark.deep.moved") == [(7,)]
    assert "cannot be found" in lake.fails("SELECT * FROM lake.spark.none")
    assert "does not support endpoint" in lake.fails("CREATE VIEW lake.spark.v AS SELECT 1")
    assert lake("SHOW VIEWS IN lake.spark") == []
    assert "format version 3" in lake.fails("CREATE TABLE lake.spark.v3 (n INT) TBLPROPERTIES ('format-version' = '3')")
    lake("DROP TABLE lake.spark.deep.moved PURGE")
    lake("DROP NAMESPACE lake.spark.deep")
    lake("DROP NAMESPACE lake.spark")
    assert lake("SHOW NAMESPACES IN lake") == []


def test_schema_and_partitions_evolve(lake, table, workspace):
    for change in (
        "ADD COLUMN score DOUBLE",
        "ADD COLUMN p.c STRING",
        "RENAME COLUMN text TO body",
        "ALTER COLUMN n TYPE BIGINT",
        "ALTER COLUMN p.b TYPE DOUBLE",
        "ALTER COLUMN score FIRST",
        "ALTER COLUMN n AFTER body",
        "DROP COLUMN m",
        "ALTER COLUMN body COMMENT 'words'",
        "SET TBLPROPERTIES ('a' = 'b')",
        "UNSET TBLPROPERTIES ('a')",
    ):
        lake(f"ALTER TABLE {table} {change}")
    assert lake.column(f"DESCRIBE {table}")[:5] == ["score", "body", "n", "at", "p"]
    more = f"INSERT INTO {table} (n, body, at) {{}}"
    lake(more.format(ROWS.format(100, 110)))
    for change in (
        "ADD PARTITION FIELD days(at)",
        "ADD PARTITION FIELD bucket(4, n)",
        "ADD PARTITION FIELD truncate(body, 5) AS first",
    ):
        lake(f"ALTER TABLE {table} {change}")
    lake(more.format(ROWS.format(110, 120)))
    lake(f"ALTER TABLE {table} REPLACE PARTITION FIELD bucket(4, n) WITH bucket(8, n)")
    lake(f"ALTER TABLE {table} DROP PARTITION FIELD first")
    lake(f"ALTER TABLE {table} WRITE ORDERED BY n DESC")
    lake(more.format(ROWS.format(120, 130)))
    rows = agree(lake, workspace, table, "spark/t")
    assert rows == {number: f"row {number}" for number in range(130)}
    workspace.json("dataset", "compact", "spark/t")
    assert agree(lake, workspace, table, "spark/t") == rows


@pytest.mark.parametrize("mode", ["copy-on-write", "merge-on-read"])
def test_rows_change(lake, table, workspace, mode):
    lake(f"ALTER TABLE {table} RENAME COLUMN text TO body")
    lake(f"ALTER TABLE {table} SET TBLPROPERTIES ({MERGE_ON_READ.replace('merge-on-read', mode)})")
    lake(f"DELETE FROM {table} WHERE n % 10 = 3")
    lake(f"UPDATE {table} SET body = 'changed' WHERE n % 10 = 5")
    lake(
        f"MERGE INTO {table} t USING (SELECT explode(array(1, 2, 1000)) AS k) u ON t.n = u.k WHEN MATCHED AND u.k = 1 "
        "THEN DELETE WHEN MATCHED THEN UPDATE SET body = 'merged' WHEN NOT MATCHED THEN INSERT (n, body) "
        "VALUES (u.k, 'new')"
    )
    expected = {n: "changed" if n % 10 == 5 else f"row {n}" for n in range(100) if n % 10 != 3 and n != 1}
    expected |= {2: "merged", 1000: "new"}
    assert agree(lake, workspace, table, "spark/t") == expected
    deletes = lake.value(f"SELECT count(*) FROM {table}.all_delete_files")
    assert (deletes > 0) == (mode == "merge-on-read")
    # Changes and compaction of our own apply what Spark deleted, once.
    workspace.json("dataset", "update", "spark/t", "--where", "n = 5", "--set", "body='ours'")
    workspace.json("dataset", "delete", "spark/t", "--where", "n = 4")
    expected[5] = "ours"
    del expected[4]
    assert agree(lake, workspace, table, "spark/t") == expected
    workspace.json("dataset", "compact", "spark/t")
    assert agree(lake, workspace, table, "spark/t") == expected
    lake(f"DELETE FROM {table} WHERE n = 5")
    del expected[5]
    assert agree(lake, workspace, table, "spark/t") == expected


def test_versions_branches_and_upkeep(lake, table, workspace):
    lake(f"INSERT INTO {table} (n, text, at) {ROWS.format(100, 110)}")
    (first, _), (second, time) = lake(f"SELECT snapshot_id, committed_at FROM {table}.snapshots ORDER BY committed_at")
    assert lake.value(f"SELECT count(*) FROM {table} VERSION AS OF {first}") == 100
    assert lake.value(f"SELECT count(*) FROM {table} TIMESTAMP AS OF '{time}'") == 110
    lake(f"ALTER TABLE {table} CREATE TAG one AS OF VERSION {first} RETAIN 30 DAYS")
    lake(f"ALTER TABLE {table} CREATE BRANCH audit")
    lake(f"INSERT INTO {table}.branch_audit (n, text) VALUES (5000, 'on the branch')")
    assert lake.value(f"SELECT count(*) FROM {table} VERSION AS OF 'audit'") == 111
    assert [documents(workspace, f"spark/t{ref}") for ref in ("", "@one", "@audit")] == [110, 100, 111]
    lake("CALL lake.system.fast_forward('spark.t', 'main', 'audit')")
    lake(f"ALTER TABLE {table} DROP BRANCH audit")
    newest = lake.value(f"SELECT snapshot_id FROM {table}.refs WHERE name = 'main'")
    lake(f"CALL lake.system.rollback_to_snapshot('spark.t', {second})")
    assert documents(workspace, "spark/t") == 110
    lake(f"CALL lake.system.cherrypick_snapshot('spark.t', {newest})")
    lake("CALL lake.system.rewrite_data_files(table => 'spark.t', options => map('rewrite-all', 'true'))")
    lake("CALL lake.system.rewrite_manifests('spark.t')")
    lake("CALL lake.system.compute_table_stats('spark.t')")
    late = "TIMESTAMP '2099-01-01 00:00:00'"
    lake(f"CALL lake.system.expire_snapshots(table => 'spark.t', older_than => {late}, retain_last => 1)")
    assert len(lake(f"SELECT 1 FROM {table}.snapshots")) == 2
    assert [documents(workspace, f"spark/t{ref}") for ref in ("", "@one")] == [111, 100]
    assert len(exported(workspace, "spark/t")) == 111 and len(exported(workspace, "spark/t@one")) == 100
    # What neither refers to is swept on both sides; what one needs the other keeps.
    folder = pathlib.Path(workspace.json("dataset", "show", "spark/t")["location"].removeprefix("file://"))
    make_old(folder)
    lake("CALL lake.system.remove_orphan_files(table => 'spark.t')")
    workspace.json("dataset", "clean", "spark/t", "--older-than", "1d")
    assert len(exported(workspace, "spark/t@one")) == 100
    assert lake.value(f"SELECT count(DISTINCT n) FROM {table}") == 111


LETTERS = list("abcdefghij")
STEPS = ("normalize.unicode", "dedup.exact")


@pytest.fixture
def web(workspace):
    """clean/web: ten documents of one letter each in the release `first`, three later ones in partitions. An eleventh
    was dropped as a copy."""
    workspace.ingest(workspace.write_jsonl("a.jsonl", [*LETTERS, "a"]))
    workspace.run(*STEPS)
    words = ["--label", "Letters", "--description", "All ten", "--dataset", "clean/web"]
    workspace.json("release", "create", "first", *words)
    workspace.json("dataset", "partition", "clean/web", "--by", "bucket(4,id)")
    workspace.ingest(workspace.write_jsonl("k.jsonl", ["k", "l", "m"]))
    workspace.run(*STEPS)
    return "lake.clean.web"


def append(lake, table, letter):
    """A row that differs from that of `a` in id and text."""
    columns = {name: name for name in lake.column(f"DESCRIBE {table}") if name and not name.startswith(("#", "Part"))}
    columns |= {"id": f"md5('{letter}')", "text": f"'{letter}'"}
    lake(f"INSERT INTO {table} SELECT {', '.join(columns.values())} FROM {table} WHERE text = 'a'")


def test_our_tables_changed_by_spark(lake, web, workspace):
    assert sorted(lake.column(f"SELECT text FROM {web}")) == [*LETTERS, "k", "l", "m"]
    assert sorted(lake.column(f"SELECT text FROM {web} VERSION AS OF 'first'")) == LETTERS
    assert len(lake(f"SELECT * FROM {web}.partitions")) > 1
    assert lake.column(f"SELECT text FROM {web} WHERE text > 'l'") == ["m"]
    append(lake, web, "z")
    lake(f"ALTER TABLE {web} SET TBLPROPERTIES ({MERGE_ON_READ})")
    lake(f"DELETE FROM {web} WHERE text = 'b'")
    lake(f"UPDATE {web} SET text = 'cc' WHERE text = 'c'")
    lake(f"ALTER TABLE {web} ADD COLUMN score DOUBLE")
    expected = ["a", "cc", *"defghijklmz"]
    assert texts(workspace, "clean/web") == expected and documents(workspace, "clean/web") == len(expected)
    run = workspace.run("normalize.unicode", inputs="clean/web", output="clean/next")
    assert run["documents"]["in"] == run["documents"]["out"] == len(expected)
    workspace.json("dataset", "compact", "clean/web", "--sort-by", "text")
    workspace.json("dataset", "delete", "clean/web", "--where", "text = 'd'")
    lake(f"MERGE INTO {web} t USING (SELECT 'e' AS k) u ON t.text = u.k WHEN MATCHED THEN UPDATE SET text = 'ee'")
    workspace.json("dataset", "update", "clean/web", "--where", "text = 'ee'", "--set", "text='eee'")
    expected = sorted(["a", "cc", "eee", *"fghijklmz"])
    assert texts(workspace, "clean/web") == sorted(lake.column(f"SELECT text FROM {web}")) == expected
    # The next ingestion appends to what Spark left, the next run reads it and makes its output anew.
    lake("DELETE FROM lake.raw.web WHERE text = 'm'")
    workspace.ingest(workspace.write_jsonl("n.jsonl", ["n"]))
    workspace.run(*STEPS)
    expected = [*LETTERS, "k", "l", "n"]
    assert texts(workspace, "clean/web") == sorted(lake.column(f"SELECT text FROM {web}")) == expected
    assert texts(workspace, "clean/web@first") == LETTERS
    assert workspace.json("release", "verify", "first")["status"] == "ok"


def test_releases_and_what_gristmill_keeps_stay(lake, web, workspace):
    for statement in (
        f"ALTER TABLE {web} DROP TAG first",
        f"ALTER TABLE {web} CREATE OR REPLACE TAG first",
        f"DROP TABLE {web} PURGE",
        f"ALTER TABLE {web} RENAME TO clean.moved",
    ):
        assert "release first" in lake.fails(statement)
    kept = {row["id"] for row in workspace.rows("clean/web")}
    (dropped,) = [row for row in workspace.rows() if row["id"] not in kept]
    (gone,) = [row for row in workspace.rows("clean/web") if row["text"] == "m"]
    workspace.json("dataset", "delete", "clean/web", "--where", "text = 'm'")
    before = [workspace.json("trace", row["id"])["document"]["outcomes"] for row in (dropped, gone)]
    assert [len(outcomes) for outcomes in before] == [1, 1]
    folder = pathlib.Path(workspace.json("dataset", "show", "clean/web")["location"].removeprefix("file://"))
    make_old(folder)
    # The indexes of ids, which no other program knows, are no orphans to Spark.
    assert lake("CALL lake.system.remove_orphan_files(table => 'clean.web')") == []
    assert [workspace.json("trace", row["id"])["document"]["outcomes"] for row in (dropped, gone)] == before
    late = "TIMESTAMP '2099-01-01 00:00:00'"
    lake(f"CALL lake.system.expire_snapshots(table => 'clean.web', older_than => {late}, retain_last => 1)")
    assert workspace.json("trace", gone["id"])["document"]["outcomes"] == before[1]
    assert texts(workspace, "clean/web@first") == LETTERS
    assert workspace.json("release", "verify", "first")["status"] == "ok"
    workspace.json("dataset", "clean", "clean/web", "--older-than", "1d")
    assert sorted(lake.column(f"SELECT text FROM {web}")) == [*LETTERS, "k", "l"]


def test_all_at_once(lake, table, workspace, server):
    """Two threads of Spark, one of PyIceberg and one of Gristmill commit to one table: nothing is lost."""
    from pyiceberg.catalog.rest import RestCatalog

    retries = "'commit.retry.num-retries' = '50', 'commit.retry.max-wait-ms' = '500'"
    lake(f"ALTER TABLE {table} SET TBLPROPERTIES ({retries})")

    def by_spark(number):
        lake(f"INSERT INTO {table} (n, text) VALUES ({number}, 'by Spark')")

    def by_pyiceberg(number):
        client = RestCatalog("gristmill", uri=f"{server.url}/iceberg", token=server.token)
        row = {"n": pa.array([number], pa.int32()), "text": ["by PyIceberg"]}
        client.load_table("spark.t").append(pa.table(row))

    def by_gristmill(number):
        workspace.json("dataset", "delete", "spark/t", "--where", f"n = {number % 1000}")

    write_at_once((by_spark, by_spark, by_pyiceberg, by_gristmill))
    expected = [*range(4, 100), *(first + i for first in (1000, 2000, 3000) for i in range(4))]
    assert sorted(lake.column(f"SELECT n FROM {table}")) == expected
    assert sorted(row["n"] for row in exported(workspace, "spark/t")) == expected


def test_reports_are_counted(lake, table, server):
    lake(f"SELECT count(*) FROM {table} WHERE n < 10")
    counted = dict(
        re.findall(r'^gristmill_iceberg_reports_total\{kind="(\w+)"\} (\d+)$', server.get("/metrics").text, re.M)
    )
    assert int(counted["scan"]) >= 1 and int(counted["commit"]) >= 1


def test_a_replaced_table_and_its_releases(lake, workspace):
    """Spark puts a table of its own in the place of a dataset: what was released stays, and nothing is lost in it."""
    first = workspace.ingest(workspace.write_jsonl("a.jsonl", [f"Text {n}." for n in range(5)]))
    workspace.run("normalize.unicode")
    workspace.json("release", "create", "one", "--label", "L", "--description", "D")
    before = texts(workspace, "raw/web")
    for dataset in ("raw.web", "clean.web"):
        lake(f"CREATE OR REPLACE TABLE lake.{dataset} AS SELECT 'of Spark' AS words, 7 AS n")
    assert workspace.json("release", "verify", "one")["status"] == "ok"
    assert texts(workspace, "raw/web@one") == texts(workspace, "clean/web@one") == before
    # Documents that nobody would see are not added; what Spark wrote is not touched.
    more = workspace.write_jsonl("b.jsonl", ["New."])
    told = workspace.call("ingest", more, "--source", "web", code=2).stderr
    assert "raw/web" in told and "columns id, text are gone" in told and "dataset rollback raw/web@VERSION" in told
    assert lake("SELECT * FROM lake.raw.web") == [("of Spark", 7)]
    # A run replaces its output with the columns that it needs.
    run = workspace.run("normalize.unicode", inputs=f"raw/web@{first['version']}")
    assert sorted(lake.column("SELECT text FROM lake.clean.web")) == before
    assert texts(workspace, f"clean/web@{run['output']['version']}") == before
    # Back at the version before, the same ingestion comes to its end.
    workspace.json("dataset", "rollback", f"raw/web@{first['version']}")
    assert workspace.ingest(more)["documents"] == 1
    assert texts(workspace, "raw/web") == sorted([*before, "New."])
    assert sorted(lake.column("SELECT text FROM lake.raw.web")) == sorted([*before, "New."])
    for dataset in ("raw/web", "clean/web"):
        workspace.json("dataset", "expire", dataset, "--older-than", "0s", "--keep", "1")
        workspace.json("dataset", "compact", dataset)
    assert workspace.json("release", "verify", "one")["status"] == "ok"
