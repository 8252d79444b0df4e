# SPDX-License-Identifier: Apache-2.0
"""DuckDB with the REST catalog attached; its position deletes are read by Gristmill and PyIceberg."""


def count(duck, table, at=""):
    return duck.execute(f"SELECT count(*) FROM lake.{table} {at}").fetchone()[0]


def test_create_insert_delete_update_and_time_travel(duck, adapter, gristmill, workspace):
    duck.execute("CREATE SCHEMA lake.raw")
    duck.execute("CREATE TABLE lake.raw.web (id BIGINT, text VARCHAR)")
    duck.execute("INSERT INTO lake.raw.web SELECT i, 'row ' || i FROM range(100) t(i)")
    first = adapter.pyiceberg().load_table("raw.web").current_snapshot().snapshot_id
    duck.execute("DELETE FROM lake.raw.web WHERE id >= 90")
    duck.execute("UPDATE lake.raw.web SET text = 'changed' WHERE id = 5")
    assert count(duck, "raw.web") == 90
    assert count(duck, "raw.web", f"AT (VERSION => {first})") == 100
    assert duck.execute("SELECT text FROM lake.raw.web WHERE id = 5").fetchall() == [("changed",)]
    table = adapter.pyiceberg().load_table("raw.web")
    assert table.scan().to_arrow().num_rows == 90
    shown = gristmill.json("dataset", "show", "raw/web", cwd=workspace)
    assert len(shown["versions"]) == 3 or len(shown["versions"]) == 4
    duck.execute("DROP TABLE lake.raw.web")
    assert not adapter.pyiceberg().table_exists("raw.web")


def test_create_as_select_and_a_transaction_over_two_tables(duck, adapter):
    duck.execute("CREATE SCHEMA lake.raw")
    duck.execute("CREATE TABLE lake.raw.one AS SELECT 1 AS n, 'a' AS text")
    duck.execute("CREATE TABLE lake.raw.two AS SELECT 2 AS n, 'b' AS text")
    duck.execute("BEGIN")
    duck.execute("INSERT INTO lake.raw.one VALUES (3, 'c')")
    duck.execute("INSERT INTO lake.raw.two VALUES (4, 'd')")
    duck.execute("COMMIT")
    assert count(duck, "raw.one") == count(duck, "raw.two") == 2
    assert any(path.endswith("/v1/transactions/commit") for _, path, *_ in adapter.log)
    duck.execute("ALTER TABLE lake.raw.one ADD COLUMN extra INTEGER")
    assert adapter.pyiceberg().load_table("raw.one").schema().column_names == ["n", "text", "extra"]
