# SPDX-License-Identifier: Apache-2.0
"""Columns that change, partitions and compaction, as PyIceberg and DuckDB see them."""

import json

import pyarrow.parquet as pq
import pytest
from cli_support import english
from row_deletes import commit_deletes, position_file

TEXTS = [f"text {number:02}" for number in range(20)]


@pytest.fixture
def filled(workspace):
    """raw/web: twenty documents in four data files."""
    for number in range(4):
        workspace.ingest(workspace.write_jsonl(f"{number}.jsonl", TEXTS[5 * number : 5 * number + 5], url=f"u{number}"))
    return workspace


def load(workspace, dataset="raw/web"):
    return workspace.catalog().load_table(dataset.replace("/", "."))


def columns_of(workspace):
    return {column["name"]: column for column in workspace.json("dataset", "schema", "raw/web")}


def data_files(table, row_filter=None):
    scan = table.scan(row_filter) if row_filter is not None else table.scan()
    return [task.file for task in scan.plan_files()]


def duckdb_rows(connection, table, columns="text"):
    return sorted(connection.execute(f"SELECT {columns} FROM iceberg_scan('{table.metadata_location}')").fetchall())


def test_columns_change_and_keep_their_ids(filled, duckdb_connection):
    filled.json(
        "dataset", "schema", "raw/web", "--add", "clicks:int", "--add", "rate:float", "--add", "price:decimal(8,2)"
    )
    added = columns_of(filled)
    assert [added[name]["type"] for name in ("clicks", "rate", "price")] == ["int", "float", "decimal(8, 2)"]
    filled.json(
        "dataset",
        "update",
        "raw/web",
        "--set",
        "clicks=7",
        "--set",
        "rate=0.5",
        "--set",
        "price=1.25",
        "--where",
        "url = 'u1'",
    )
    widened = ["--widen", "visits:long", "--widen", "rate:double", "--widen", "price:decimal(20,2)"]
    moved = ["--rename", "clicks:visits", "--move", "visits:after:url", "--move", "price:first"]
    filled.json("dataset", "schema", "raw/web", *widened, *moved)
    changed = columns_of(filled)
    assert next(iter(changed)) == "price" and list(changed).index("visits") == list(changed).index("url") + 1
    assert [changed[name]["type"] for name in ("visits", "rate", "price")] == ["long", "double", "decimal(20, 2)"]
    assert changed["visits"]["id"] == added["clicks"]["id"]
    rows = [(row["text"], row["visits"], row["rate"], str(row["price"])) for row in filled.rows() if row["url"] == "u1"]
    assert sorted(rows) == [(text, 7, 0.5, "1.25") for text in TEXTS[5:10]]
    table = load(filled)
    query = f"SELECT text, visits, rate FROM iceberg_scan('{table.metadata_location}') WHERE visits = 7"
    assert len(duckdb_connection.execute(query).fetchall()) == 5
    # Rewritten in the new types, old values stay.
    filled.json("dataset", "update", "raw/web", "--set", f"visits={2**40}", "--where", "text = 'text 06'")
    assert {row["text"]: row["visits"] for row in filled.rows()}["text 06"] == 2**40
    assert {row["text"]: row["visits"] for row in filled.rows()}["text 07"] == 7
    filled.json("dataset", "schema", "raw/web", "--drop", "visits")
    assert "visits" not in columns_of(filled)
    filled.json("dataset", "schema", "raw/web", "--add", "visits:string")
    again = columns_of(filled)["visits"]
    assert again["id"] > added["price"]["id"] and {row["visits"] for row in filled.rows()} == {None}
    # What comes later keeps the columns.
    filled.ingest(filled.write_jsonl("more.jsonl", ["later"]))
    assert columns_of(filled)["visits"]["id"] == again["id"]
    assert [entry["action"] for entry in filled.json("audit", "log")].count("dataset.schema") == 4


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--drop", "text"], "Gristmill itself needs it"),
        (["--rename", "id:key"], "Gristmill itself needs it"),
        (["--drop", "nothing"], "there is no column 'nothing'"),
        (["--add", "url:string"], "there is a column 'url' already"),
        (["--add", "URL:string"], "there is a column 'url' already"),
        (["--add", "x:varchar"], "unknown type 'varchar'"),
        (["--add", "x:decimal(40,2)"], "unknown type"),
        (["--add", "a.b:int"], "no dot"),
        (["--widen", "score:string"], "cannot become string"),
        (["--widen", "score:int"], "never narrowed"),
        (["--move", "score:behind:url"], "after:COLUMN"),
        (["--move", "score:after:score"], "past itself"),
        (["--rename", "score"], "COLUMN:NEWNAME"),
    ],
)
def test_what_columns_cannot_do_is_said(filled, arguments, words):
    filled.json("dataset", "schema", "raw/web", "--add", "score:long")
    before = filled.json("dataset", "schema", "raw/web")
    done = filled.call("dataset", "schema", "raw/web", *arguments, code=2)
    assert words in done.stderr + done.stdout
    assert filled.json("dataset", "schema", "raw/web") == before


def test_partitions_are_written_and_prune(filled, duckdb_connection):
    from pyiceberg.expressions import EqualTo

    filled.json("dataset", "partition", "raw/web", "--by", "identity media_type,bucket(4,id),truncate(6,text)")
    table = load(filled)
    assert [(field.name, str(field.transform)) for field in table.spec().fields] == [
        ("media_type", "identity"), ("id_bucket_4", "bucket[4]"), ("text_trunc_6", "truncate[6]")]  # fmt: skip
    assert all(file.spec_id == 0 for file in data_files(table))
    new = [f"new {number}" for number in range(10)]
    filled.ingest(filled.write_jsonl("new.jsonl", new))
    table.refresh()
    files = [file for file in data_files(table) if file.spec_id == 1]
    assert len(files) > 1
    from pyiceberg.transforms import BucketTransform
    from pyiceberg.types import StringType

    bucket = BucketTransform(4).transform(StringType())
    for file in files:
        rows = pq.read_table(file.file_path.removeprefix("file://")).to_pylist()
        assert {(row["media_type"], bucket(row["id"]), row["text"][:6]) for row in rows} == {tuple(file.partition)}
    assert filled.texts() == sorted(TEXTS + new)
    assert duckdb_rows(duckdb_connection, table) == [(text,) for text in sorted(TEXTS + new)]
    found = {row["text"]: row["id"] for row in filled.rows()}
    assert len([file for file in data_files(table, EqualTo("id", found["new 3"])) if file.spec_id == 1]) < len(files)
    for text in ("new 3", "text 07"):
        traced = filled.json("trace", found[text])
        assert traced["document"]["dataset"] == "raw/web" and traced["ingestion"] is not None
    # Rows that change stay in their partitions, and move when they must.
    filled.json(
        "dataset", "update", "raw/web", "--set", "media_type=text/html", "--where", "text in ('new 1', 'text 01')"
    )
    filled.json("dataset", "delete", "raw/web", "--where", "text = 'new 2' or text = 'text 02'")
    table.refresh()
    html = data_files(table, EqualTo("media_type", "text/html"))
    assert sorted(row["text"] for row in table.scan(EqualTo("media_type", "text/html")).to_arrow().to_pylist()) == [
        "new 1",
        "text 01",
    ]
    assert {file.partition[0] for file in html if file.spec_id == 1} == {"text/html"}
    assert sorted(filled.texts()) == sorted(set(TEXTS + new) - {"new 2", "text 02"})
    # Another way from now on; compaction brings what is there along.
    filled.json("dataset", "partition", "raw/web", "--by", "identity media_type")
    filled.json("dataset", "compact", "raw/web")
    table.refresh()
    assert {file.spec_id for file in data_files(table)} == {2}
    assert sorted(tuple(file.partition) for file in data_files(table)) == [("text/html",), ("text/plain",)]
    assert duckdb_rows(duckdb_connection, table) == [(text,) for text in sorted(filled.texts())]
    assert load(filled).specs()[1].fields[0].field_id == load(filled).specs()[2].fields[0].field_id
    message = filled.call("dataset", "partition", "raw/web", "--by", "week(text)", code=2).stderr
    assert "week(text)" in message


def test_days_and_months(filled, duckdb_connection):
    import datetime

    filled.json("dataset", "schema", "raw/web", "--add", "day:date", "--add", "seen:timestamptz")
    filled.json("dataset", "partition", "raw/web", "--by", "month(day),day(seen)")
    rows = [
        {"text": "a", "day": "1969-12-31", "seen": "1969-12-31 23:59:59Z"},
        {"text": "b", "day": "2024-02-29", "seen": "2024-02-29 00:00:00Z"},
        {"text": "c", "day": None, "seen": None},
    ]
    path = filled.write("rows.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    filled.json("dataset", "upsert", "raw/web", path, "--key", "text")
    table = load(filled)
    files = [file for file in data_files(table) if file.spec_id == 1]
    values = {tuple(file.partition) for file in files}
    assert values == {(-1, -1), (649, (datetime.date(2024, 2, 29) - datetime.date(1970, 1, 1)).days), (None, None)}
    more = filled.write("more.jsonl", json.dumps({**rows[1], "text": "theirs"}))
    filled.json("dataset", "upsert", "raw/web", more, "--key", "text")
    assert "theirs" in filled.texts()
    filled.json("dataset", "delete", "raw/web", "--where", "day > '2000-01-01' and text = 'b'")
    table.refresh()
    assert sorted(row["text"] for row in table.scan("day > '2000-01-01'").to_arrow().to_pylist()) == ["theirs"]
    assert ("theirs",) in duckdb_rows(duckdb_connection, table)


def test_a_pipeline_partitions_its_output(filled, duckdb_connection):
    run = filled.run("normalize.unicode", more='partition_by: "bucket(2,id)"\n')
    table = load(filled, "clean/web")
    assert sorted(tuple(file.partition) for file in data_files(table)) == [(0,), (1,)]
    assert sorted(filled.texts("clean/web")) == TEXTS and run["documents"]["out"] == 20
    assert duckdb_rows(duckdb_connection, table) == [(text,) for text in TEXTS]
    first = {row["id"]: row["text"] for row in filled.rows("clean/web")}
    for identity in list(first)[:3]:
        assert filled.json("trace", identity)["run"]["run_id"] == run["run_id"]
    again = filled.run("normalize.unicode", arguments=("--threads", "1"))
    table.refresh()
    digests = {tuple(file.partition): (file.record_count, file.file_size_in_bytes) for file in data_files(table)}
    filled.run("normalize.unicode", arguments=("--threads", "2"))
    table.refresh()
    assert {
        tuple(file.partition): (file.record_count, file.file_size_in_bytes) for file in data_files(table)
    } == digests
    assert again["documents"]["out"] == 20
    bad = filled.pipeline("normalize.unicode", more="partition_by: identity nothing\n")
    assert "nothing" in filled.json("run", bad, code=2)["error"]["message"]


def test_compaction_makes_few_files_of_many(filled, duckdb_connection):
    before = filled.rows()
    table = load(filled)
    first = data_files(table)[0]
    victim = pq.read_table(first.file_path.removeprefix("file://"))["text"].to_pylist()[2]
    commit_deletes(table, position_file(table, [(first.file_path, 2)]))
    done = filled.json("dataset", "compact", "raw/web")
    assert done["files"] == {"before": 4, "rewritten": 4, "written": 1, "after": 1}
    table.refresh()
    snapshot = table.current_snapshot()
    assert snapshot.summary.operation.value == "replace" and snapshot.summary["total-delete-files"] == "0"
    key = lambda row: row["id"]  # noqa: E731
    assert sorted(filled.rows(), key=key) == sorted((row for row in before if row["text"] != victim), key=key)
    assert len(duckdb_rows(duckdb_connection, table)) == 19 == filled.json("dataset", "show", "raw/web")["documents"]
    identity = next(row["id"] for row in before if row["text"] == TEXTS[7])
    assert "compact-" in filled.json("trace", identity)["document"]["file"]
    assert filled.json("dataset", "compact", "raw/web")["changed"] is False
    run = filled.run("normalize.unicode")
    assert run["documents"]["in"] == 19


def test_compaction_cuts_large_files_and_sorts(workspace, duckdb_connection):
    texts = [english(seed, 60) for seed in range(400)]
    workspace.ingest(workspace.write_jsonl("large.jsonl", texts))
    workspace.ingest(workspace.write_jsonl("more.jsonl", ["zz last", "", "aa first"]))
    done = workspace.json("dataset", "compact", "raw/web", "--sort-by", "text", "--target-size", "1MiB")
    assert done["files"]["rewritten"] == 2
    table = load(workspace)
    files = sorted(data_files(table), key=lambda file: file.file_path)
    ordered = [
        text for file in files for text in pq.read_table(file.file_path.removeprefix("file://"))["text"].to_pylist()
    ]
    assert ordered == sorted(ordered) and set(ordered) >= {"zz last", "aa first"}
    assert len(duckdb_rows(duckdb_connection, table)) == len(ordered)
    message = workspace.json("dataset", "compact", "raw/web", "--sort-by", "nothing", code=2)["error"]["message"]
    assert "nothing" in message


def test_conditions_leave_only_files_that_may_hold_such_rows(filled):
    found = {row["text"]: row["id"] for row in filled.rows()}

    def count(where):
        return len(filled.json("dataset", "files", "raw/web", "--where", where))

    assert len(filled.json("dataset", "files", "raw/web")) == 4
    assert [count(f"url {test} 'u1'") for test in ("=", "<", "<=", ">", ">=")] == [1, 1, 2, 2, 3]
    assert [count("'u1' < url"), count("url in ('u0', 'u3', 'x')"), count("url > 'u0' and url < 'u3'")] == [2, 2, 2]
    assert count("url = 'u1' and length(text) > 3") == 1 and count("url = 'u1' or text = 'x'") == 4
    assert count(f"id = '{found[TEXTS[3]]}'") <= 4 and count("url = 'nowhere'") == 0
    filled.json("dataset", "schema", "raw/web", "--add", "day:date", "--add", "clicks:int")
    for number, url in enumerate(("u0", "u1")):
        changes = ["--set", f"day=2024-0{number + 1}-15", "--set", f"clicks={number}"]
        filled.json("dataset", "update", "raw/web", *changes, "--where", f"url = '{url}'")
    # Files that do not hold the column say nothing of it.
    assert count("day < '2024-02-01'") == 3 and count("clicks = 1") == 3
    filled.json("dataset", "partition", "raw/web", "--by", "bucket(8,id),month(day)")
    filled.json("dataset", "compact", "raw/web")
    whole = len(filled.json("dataset", "files", "raw/web"))
    for text in TEXTS:
        paths = filled.json("dataset", "files", "raw/web", "--where", f"id = '{found[text]}'")
        assert len(paths) < whole
        texts = [row for path in paths for row in pq.read_table(path["path"])["text"].to_pylist()]
        assert text in texts
    done = filled.json("dataset", "delete", "raw/web", "--where", f"id = '{found[TEXTS[3]]}' and day < '2024-02-01'")
    assert done["rows"]["deleted"] == 1 and done["files"] == {"rewritten": 1, "kept": whole - 1}
    assert filled.texts() == [text for text in TEXTS if text != TEXTS[3]]


def test_bounds_hold_whatever_the_text_is(workspace):
    from pyiceberg.expressions import EqualTo, GreaterThan, IsNull

    urls = ["日本語" * 10, "é" * 30, "z" * 40, "\U0010ffff" * 8, "퟿" * 10, "~" * 20 + "é", "short"]
    for number, url in enumerate(urls):
        workspace.ingest(workspace.write_jsonl(f"{number}.jsonl", [f"text {number}"], url=url))
    table = load(workspace)
    field_id = table.schema().find_field("url").field_id
    for task in table.scan().plan_files():
        url = pq.read_table(task.file.file_path.removeprefix("file://"))["url"][0].as_py().encode()
        lower = task.file.lower_bounds[field_id]
        upper = task.file.upper_bounds.get(field_id)
        lower.decode()
        assert lower <= url and (upper is None or (upper.decode() and url <= upper))
        assert (upper is None) == (url.decode()[0] == "\U0010ffff")
    for url in urls:
        assert table.scan(EqualTo("url", url)).to_arrow()["url"].to_pylist() == [url]
        found = table.scan(GreaterThan("url", url)).to_arrow()["url"].to_pylist()
        assert sorted(found) == sorted(other for other in urls if other.encode() > url.encode())
        ours = workspace.json("dataset", "files", "raw/web", "--where", f"url = '{url}'")
        assert url in [pq.read_table(file["path"])["url"][0].as_py() for file in ours]
    # What was not counted is not said to be none.
    assert table.scan(IsNull("conversation")).to_arrow().num_rows == len(urls)


def test_a_rollback_to_before_the_column_of_a_partition(filled, duckdb_connection):
    import pyarrow as pa

    filled.json("dataset", "schema", "raw/web", "--add", "region:string")
    filled.json("dataset", "update", "raw/web", "--set", "region=eu", "--where", "text < 'text 05'")
    filled.json("dataset", "partition", "raw/web", "--by", "identity region,bucket(2,id)")
    filled.json("dataset", "rollback", "raw/web@v4")
    table = load(filled)
    assert [field.name for field in table.spec().fields] == ["id_bucket_2"]
    filled.ingest(filled.write_jsonl("late.jsonl", ["late"]))
    filled.json("dataset", "delete", "raw/web", "--where", "text = 'text 00'")
    table.refresh()
    (row,) = table.scan("text == 'late'").to_arrow().to_pylist()
    table.append(pa.Table.from_pylist([{**row, "text": "theirs"}], table.schema().as_arrow()))
    expected = sorted([*TEXTS[1:], "late", "theirs"])
    assert filled.texts() == [text for (text,) in duckdb_rows(duckdb_connection, table)] == expected
