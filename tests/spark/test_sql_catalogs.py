# SPDX-License-Identifier: Apache-2.0
"""Spark's JdbcCatalog and PyIceberg's SqlCatalog open the workspace's database themselves, on SQLite and PostgreSQL."""

import urllib.parse

import catalogs
import pyarrow as pa
import pytest
from pyiceberg.exceptions import CommitFailedException
from server_support import Workspace
from spark_support import MERGE_ON_READ, documents, exported, program, texts, write_at_once


@pytest.fixture(params=["sqlite", "postgresql"])
def workspace(request, tmp_path, monkeypatch):
    monkeypatch.setattr(catalogs, "ON_POSTGRES", request.param == "postgresql")
    return Workspace(program(), tmp_path)


def jdbc_properties(workspace):
    if not workspace.catalog_url:
        return {"uri": f"jdbc:sqlite:{workspace.folder}/.gristmill/catalog.db"}
    place = urllib.parse.urlparse(workspace.catalog_url)
    schema = urllib.parse.unquote(place.query).rpartition("search_path=")[2]
    uri = f"jdbc:postgresql://{place.hostname}:{place.port}{place.path}?currentSchema={schema}"
    return {"uri": uri, "jdbc.user": place.username, "jdbc.password": "none"}


@pytest.fixture
def lake(spark, workspace):
    """Spark with the database itself as its catalog. The catalog's name is part of every row."""
    properties = jdbc_properties(workspace)
    spark.add_catalog("gristmill", type="jdbc", warehouse=f"file://{workspace.folder}/warehouse", **properties)
    return spark


def row(number, text):
    return pa.table({"n": pa.array([number], pa.int64()), "text": [text]})


def test_all_three_write_and_read(lake, workspace):
    workspace.ingest(workspace.write_jsonl("a.jsonl", ["a", "b", "c"]))
    workspace.run("normalize.unicode")
    assert lake("SHOW NAMESPACES IN gristmill") == [("clean",), ("raw",)]
    web = "gristmill.clean.web"
    assert sorted(lake.column(f"SELECT text FROM {web}")) == ["a", "b", "c"]
    lake(f"ALTER TABLE {web} SET TBLPROPERTIES ({MERGE_ON_READ})")
    lake(f"UPDATE {web} SET text = 'bb' WHERE text = 'b'")
    lake(f"ALTER TABLE {web} ADD COLUMN score DOUBLE")
    client = workspace.catalog()
    client.load_table("clean.web").delete("text = 'c'")
    assert texts(workspace, "clean/web") == ["a", "bb"] and documents(workspace, "clean/web") == 2
    workspace.ingest(workspace.write_jsonl("d.jsonl", ["d"]))
    workspace.run("normalize.unicode")
    assert texts(workspace, "clean/web") == sorted(lake.column(f"SELECT text FROM {web}")) == ["a", "b", "c", "d"]
    # Tables of their own, in namespaces of their own.
    lake("CREATE NAMESPACE gristmill.spark.deep")
    lake("CREATE TABLE gristmill.spark.deep.t (n BIGINT, text STRING) PARTITIONED BY (bucket(2, n))")
    lake("INSERT INTO gristmill.spark.deep.t VALUES (1, 'one'), (2, 'two')")
    client.create_namespace("python")
    client.create_table("python.t", row(3, "three").schema).append(row(3, "three"))
    client.load_table("spark.deep.t").append(row(4, "four"))
    lake("INSERT INTO gristmill.python.t VALUES (5, 'five')")
    assert texts(workspace, "spark/deep/t") == ["four", "one", "two"]
    assert texts(workspace, "python/t") == ["five", "three"]
    lake("ALTER TABLE gristmill.spark.deep.t RENAME TO python.moved")
    workspace.json("dataset", "delete", "python/moved", "--where", "n = 1")
    assert sorted(lake.column("SELECT text FROM gristmill.python.moved")) == ["four", "two"]
    lake("DROP TABLE gristmill.python.moved")
    assert {one["name"] for one in workspace.json("dataset", "list")} == {"raw/web", "clean/web", "python/t"}


def test_all_at_once(lake, workspace):
    """Two threads of Spark, one of PyIceberg, two processes of ours: every commit is there, once."""
    lake("CREATE NAMESPACE gristmill.many")
    retries = "'commit.retry.num-retries' = '50', 'commit.retry.max-wait-ms' = '500'"
    table = "gristmill.many.t"
    lake(f"CREATE TABLE {table} (n BIGINT, text STRING) TBLPROPERTIES ({retries})")
    workspace.catalog().load_table("many.t").append(
        pa.table({"n": pa.array(range(10), pa.int64()), "text": [str(number) for number in range(10)]})
    )

    def by_spark(number):
        lake(f"INSERT INTO {table} VALUES ({number}, '{number}')")

    def by_pyiceberg(number):
        for _ in range(100):
            try:
                return workspace.catalog().load_table("many.t").append(row(number, str(number)))
            except CommitFailedException:
                continue
        raise AssertionError("never came through")

    def by_gristmill(number):
        workspace.json("dataset", "delete", "many/t", "--where", f"n = {number % 1000}")

    def by_ingestion(number):
        workspace.ingest(workspace.write_jsonl(f"{number}.jsonl", [str(number)]))

    write_at_once((by_spark, by_spark, by_pyiceberg, by_gristmill, by_ingestion))
    expected = [*range(4, 10), *(first + i for first in (1000, 2000, 3000) for i in range(4))]
    assert sorted(lake.column(f"SELECT n FROM {table}")) == expected
    assert sorted(one["n"] for one in exported(workspace, "many/t")) == expected
    assert documents(workspace, "raw/web") == 4
