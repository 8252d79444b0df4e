# SPDX-License-Identifier: Apache-2.0
"""Tables that other programs made and changed: what we write anew must hold what they wrote."""

import datetime
import json
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cli_support import head_texts
from row_deletes import commit_deletes, equality_file


def make_table(workspace, schema, **properties):
    catalog = workspace.catalog()
    catalog.create_namespace("their")
    return catalog.create_table("their.own", schema=schema, properties=properties)


def rows_of(workspace):
    return sorted(workspace.rows("their/own"), key=lambda row: row["text"])


def duckdb_rows(workspace, connection):
    """The rows as DuckDB reads them, as dictionaries."""
    location = workspace.catalog().load_table("their.own").metadata_location
    found = connection.execute(f"SELECT * FROM iceberg_scan('{location}') ORDER BY text")
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def plain(schema):
    """The schema without field ids."""

    def bare(kind):
        if pa.types.is_struct(kind):
            return pa.struct([pa.field(part.name, bare(part.type)) for part in kind])
        if pa.types.is_list(kind) or pa.types.is_large_list(kind):
            return pa.list_(bare(kind.value_type))
        if pa.types.is_map(kind):
            return pa.map_(bare(kind.key_type), bare(kind.item_type))
        return kind

    return pa.schema([pa.field(field.name, bare(field.type)) for field in schema])


@pytest.mark.parametrize("change", ["compact", "delete"])
def test_fields_inside_columns_survive(workspace, duckdb_connection, change):
    from pyiceberg.types import LongType, StringType

    point = pa.struct([("x", pa.int32()), ("y", pa.string())])
    schema = pa.schema(
        [
            ("text", pa.string()),
            ("place", point),
            ("track", pa.list_(point)),
            ("named", pa.map_(pa.string(), point)),
        ]
    )
    table = make_table(workspace, schema)

    def row(text, value):
        return {"text": text, "place": value, "track": [value, None], "named": [("k", value)]}

    old = [row("a", {"x": 1, "y": "one"}), row("b", None), row("c", {"x": None, "y": "three"})]
    table.append(pa.Table.from_pylist(old, schema=schema))
    with table.update_schema() as update:
        for path in (("place",), ("track", "element"), ("named", "value")):
            update.add_column((*path, "z"), StringType())
            update.rename_column((*path, "y"), "label")
            update.update_column((*path, "x"), LongType())
            update.move_first((*path, "z"))
    late = {"z": "precious", "x": 1 << 40, "label": "four"}
    schema = plain(table.schema().as_arrow())
    table.append(pa.Table.from_pylist([row("d", late), row("e", {"z": "x", "x": 5, "label": None})], schema=schema))
    before = rows_of(workspace)
    assert [one["place"] for one in before][::3] == [{"z": None, "x": 1, "label": "one"}, late]
    if change == "compact":
        assert workspace.json("dataset", "compact", "their/own")["files"]["after"] == 1
    else:
        workspace.json("dataset", "delete", "their/own", "--where", "text = 'b' or text = 'e'")
        before = [one for one in before if one["text"] not in "be"]
    assert rows_of(workspace) == before
    # A map is a dictionary there.
    as_lists = [{**one, "named": list(one["named"].items())} for one in duckdb_rows(workspace, duckdb_connection)]
    assert as_lists == before


def test_files_without_field_ids(workspace, duckdb_connection):
    schema = pa.schema(
        [
            ("text", pa.string()),
            ("score", pa.int64()),
            ("place", pa.struct([("x", pa.int64()), ("y", pa.string())])),
            ("track", pa.list_(pa.int64())),
            ("named", pa.map_(pa.string(), pa.int64())),
        ]
    )
    table = make_table(workspace, schema)
    rows = [
        {"text": text, "score": number, "place": {"x": number, "y": text}, "track": [number], "named": [(text, number)]}
        for number, text in enumerate("abc")
    ]
    path = workspace.folder / "plain.parquet"
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)
    table.add_files([f"file://{path}"])
    # What columns were called is not forgotten when they are renamed, nor what is inside of them.
    workspace.json("dataset", "schema", "their/own", "--rename", "score:quality", "--add", "more:int")
    expected = [{**one, "quality": one["score"], "more": None} for one in rows]
    for one in expected:
        del one["score"]
    assert rows_of(workspace) == expected
    seen = workspace.json_lines("dataset", "head", "their/own")
    assert [(one["quality"], json.loads(one["place"]), one["track"]) for one in seen] == [
        (number, {"x": number, "y": text}, f"[{number}]") for number, text in enumerate("abc")
    ]
    for where in ("place is null", "quality is null", "quality > 2"):
        assert not workspace.json("dataset", "delete", "their/own", "--where", where)["changed"]
    assert workspace.json("dataset", "delete", "their/own", "--where", "quality = 1")["rows"]["deleted"] == 1
    assert rows_of(workspace) == [expected[0], expected[2]]
    as_lists = [{**one, "named": list(one["named"].items())} for one in duckdb_rows(workspace, duckdb_connection)]
    assert as_lists == [expected[0], expected[2]]


def test_documents_whose_text_was_called_otherwise(workspace):
    table = make_table(workspace, pa.schema([("content", pa.string()), ("url", pa.string())]))
    table.append(pa.table({"content": ["a", "b"], "url": ["u", "v"]}))
    with table.update_schema() as update:
        update.rename_column("content", "text")
        update.rename_column("url", "link")
    table.append(pa.table({"text": ["c"], "link": ["w"]}))
    assert sorted(head_texts(workspace, "their/own")) == ["a", "b", "c"]
    seen = workspace.json_lines("dataset", "head", "their/own")
    assert {(one["text"], one["link"], one["url"]) for one in seen} == {
        ("a", "u", None),
        ("b", "v", None),
        ("c", "w", None),
    }


def test_files_of_a_table_that_was_of_version_1(workspace, duckdb_connection):
    schema = pa.schema([("text", pa.string())])
    table = make_table(workspace, schema, **{"format-version": "1"})
    paths = []
    for name, texts in (("one", ["a", "b"]), ("two", ["c", "d"])):
        paths.append(f"file://{workspace.folder}/{name}.parquet")
        pq.write_table(pa.table({"text": texts}, schema=schema), paths[-1].removeprefix("file://"))
    table.add_files(paths)
    with table.transaction() as transaction:
        transaction.upgrade_table_version(2)
    commit_deletes(table, equality_file(table, text=["c"]))
    assert sorted(head_texts(workspace, "their/own")) == ["a", "b", "d"]
    # Rewrites one of the two files that the old manifest lists; the other keeps its place before the delete.
    workspace.json("dataset", "delete", "their/own", "--where", "text = 'a'")
    assert sorted(head_texts(workspace, "their/own")) == ["b", "d"]
    assert [one["text"] for one in duckdb_rows(workspace, duckdb_connection)] == ["b", "d"]
    table.refresh()
    manifests = [one for one in table.current_snapshot().manifests(table.io) if one.content == 0]
    entries = {
        entry.data_file.file_path.rsplit("/", 1)[1]: (manifest.min_sequence_number, entry.sequence_number)
        for manifest in manifests
        for entry in manifest.fetch_manifest_entry(table.io)
    }
    assert entries["two.parquet"] == (0, 0)


def test_columns_that_only_partitions_hold(workspace, duckdb_connection):
    """As Spark's procedures leave tables of Hive: the files lie in folders named by a column and do not hold it."""
    from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
    from pyiceberg.typedef import Record

    schema = pa.schema([("text", pa.string()), ("day", pa.date32()), ("region", pa.string())])
    table = make_table(workspace, schema)
    with table.update_spec() as update:
        update.add_identity("day")
        update.add_identity("region")
    day, number = datetime.date(2024, 2, 29), 19782
    with table.transaction() as transaction, transaction.update_snapshot().fast_append() as append:
        for region, texts in (("eu", ["a", "b"]), (None, ["c", "d"])):
            path = workspace.folder / f"{region}.parquet"
            pq.write_table(pa.table({"text": texts}, schema=schema.empty_table().select(["text"]).schema), path)
            append.append_data_file(
                DataFile.from_args(
                    content=DataFileContent.DATA,
                    file_path=f"file://{path}",
                    file_format=FileFormat.PARQUET,
                    partition=Record(number, region),
                    record_count=2,
                    file_size_in_bytes=path.stat().st_size,
                    spec_id=table.spec().spec_id,
                )
            )
    mapping = [{"field-id": field.field_id, "names": [field.name]} for field in table.schema().fields]
    with table.transaction() as transaction:
        transaction.set_properties({"schema.name-mapping.default": json.dumps(mapping)})
    seen = workspace.json_lines("dataset", "head", "their/own")
    expected = [("a", "eu"), ("b", "eu"), ("c", None), ("d", None)]
    assert sorted((one["text"], one["region"]) for one in seen) == expected
    assert {one["day"] for one in seen} == {"2024-02-29"}
    assert not workspace.json("dataset", "delete", "their/own", "--where", "region = 'us' or day is null")["changed"]
    words = ("--where", "region = 'eu' and text = 'a' or text = 'c'")
    assert workspace.json("dataset", "delete", "their/own", *words)["rows"]["deleted"] == 2
    assert workspace.json("dataset", "compact", "their/own", "--sort-by", "text")["changed"]
    table.refresh()
    assert (
        rows_of(workspace)
        == [
            {"text": "b", "day": day, "region": "eu"},
            {"text": "d", "day": day, "region": None},
        ]
        == duckdb_rows(workspace, duckdb_connection)
    )
    partitions = {tuple(task.file.partition) for task in table.scan().plan_files()}
    assert partitions == {(number, "eu"), (number, None)}


def add_without_columns(table, folder, spec_id, files):
    """Adds data files of texts, {(region,): texts}, that do not hold the column `region`; without field ids."""
    from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
    from pyiceberg.typedef import Record

    with table.transaction() as transaction, transaction.update_snapshot().fast_append() as append:
        for number, (partition, texts) in enumerate(files.items()):
            path = folder / f"{number}.parquet"
            pq.write_table(pa.table({"text": texts}), path)
            facts = {
                "content": DataFileContent.DATA,
                "file_path": f"file://{path}",
                "file_format": FileFormat.PARQUET,
                "partition": Record(*partition),
                "record_count": len(texts),
                "file_size_in_bytes": path.stat().st_size,
                "spec_id": spec_id,
            }
            append.append_data_file(DataFile.from_args(**facts))
    mapping = [{"field-id": field.field_id, "names": [field.name]} for field in table.schema().fields]
    with table.transaction() as transaction:
        transaction.set_properties({"schema.name-mapping.default": json.dumps(mapping)})


def test_keys_that_only_partitions_hold(workspace, duckdb_connection):
    from pyiceberg.typedef import Record

    schema = pa.schema([("text", pa.string()), ("region", pa.string()), ("score", pa.int64())])
    table = make_table(workspace, schema)
    with table.update_spec() as update:
        update.add_identity("region")
    files = {("eu",): ["a", "b"], ("us",): ["a", "b", "c"], (None,): ["a", "b"]}
    add_without_columns(table, workspace.folder, table.spec().spec_id, files)
    for region, text in (("eu", "a"), ("us", "b"), (None, "a")):
        file = equality_file(table, text=[text], region=[region])
        commit_deletes(table, {**file, "partition": Record(region), "spec_id": table.spec().spec_id})
    left = [("a", "us"), ("b", "eu"), ("b", None), ("c", "us")]

    def seen():
        rows = [
            (one["text"], one["region"], one["score"]) for one in workspace.json_lines("dataset", "head", "their/own")
        ]
        return sorted(rows, key=str)

    assert seen() == sorted([(text, region, None) for text, region in left], key=str)
    given = workspace.folder / "given.jsonl"
    rows = [{"text": "b", "region": "eu", "score": 1}, {"text": "c", "region": "eu", "score": 2}]
    given.write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = workspace.json("dataset", "upsert", "their/own", given, "--key", "region,text")
    assert done["rows"] == {"deleted": 0, "updated": 1, "added": 1}
    expected = sorted(
        [("b", "eu", 1), ("c", "eu", 2), ("a", "us", None), ("b", None, None), ("c", "us", None)], key=str
    )
    assert seen() == expected
    # The partition column alone is a key as well.
    given.write_text(json.dumps({"region": "us", "score": 7}) + "\n")
    done = workspace.json("dataset", "upsert", "their/own", given, "--key", "region")
    assert done["rows"] == {"deleted": 0, "updated": 2, "added": 0}
    workspace.json("dataset", "compact", "their/own", "--sort-by", "text")
    expected = [(text, region, 7 if region == "us" else score) for text, region, score in expected]
    rows = [(one["text"], one["region"], one["score"]) for one in duckdb_rows(workspace, duckdb_connection)]
    assert sorted(rows, key=str) == seen() == sorted(expected, key=str)


def test_names_inside_columns_that_changed_in_files_without_field_ids(workspace):
    from pyiceberg.types import LongType

    point = pa.struct([("x", pa.int32()), ("y", pa.string())])
    schema = pa.schema(
        [
            ("text", pa.string()),
            ("place", point),
            ("track", pa.list_(point)),
            ("named", pa.map_(pa.string(), point)),
        ]
    )
    table = make_table(workspace, schema)
    value = {"x": 1, "y": "one"}
    rows = [{"text": "a", "place": value, "track": [value], "named": [("k", value)]}, {"text": "b"}]
    path = workspace.folder / "plain.parquet"
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)
    table.add_files([f"file://{path}"])
    with table.update_schema() as update:
        for name in (("place",), ("track", "element"), ("named", "value")):
            update.rename_column((*name, "y"), "label")
            update.update_column((*name, "x"), LongType())
            # Another field takes the old name: old files hold nothing of it.
            update.add_column((*name, "z"), LongType())
    late = {"x": 1, "label": "one", "z": None}
    expected = {"text": "a", "place": late, "track": [late], "named": [("k", late)]}
    assert rows_of(workspace)[0] == expected
    first = next(one for one in workspace.json_lines("dataset", "head", "their/own") if one["text"] == "a")
    assert json.loads(first["place"]) == late
    assert json.loads(first["track"]) == [late] and json.loads(first["named"]) == {"k": late}
    workspace.json("dataset", "delete", "their/own", "--where", "text = 'b'")
    assert rows_of(workspace) == [expected]


def test_partitions_that_are_all_void(workspace):
    """As version 1 leaves them when nothing is partitioned any more: an equality delete concerns all files then."""
    from pyiceberg.typedef import Record

    schema = pa.schema([("text", pa.string()), ("region", pa.string())])
    table = make_table(workspace, schema, **{"format-version": "1"})
    with table.update_spec() as update:
        update.add_identity("region")
    add_without_columns(table, workspace.folder, table.spec().spec_id, {("eu",): ["a", "b"], ("us",): ["a", "c"]})
    with table.update_spec() as update:
        update.remove_field("region")
    (field,) = table.spec().fields
    assert str(field.transform) == "void"
    with table.transaction() as transaction:
        transaction.upgrade_table_version(2)
    file = equality_file(table, text=["a"])
    commit_deletes(table, {**file, "partition": Record(None), "spec_id": table.spec().spec_id})
    assert sorted(head_texts(workspace, "their/own")) == ["b", "c"]
    # Rows that change go into files without a partition, whether or not the column is still there.
    assert workspace.json("dataset", "delete", "their/own", "--where", "text = 'c'")["rows"]["deleted"] == 1
    workspace.json("dataset", "compact", "their/own")
    assert rows_of(workspace) == [{"text": "b", "region": "eu"}]
    with table.refresh().update_schema() as update:
        update.delete_column("region")
    given = workspace.folder / "given.jsonl"
    given.write_text('{"text": "d"}\n')
    workspace.json("dataset", "upsert", "their/own", given, "--key", "text")
    workspace.json("dataset", "compact", "their/own", "--sort-by", "text")
    assert rows_of(workspace) == [{"text": "b"}, {"text": "d"}]


def test_a_run_into_a_table_that_documents_do_not_fit_is_refused_at_once(workspace):
    make_table(workspace, pa.schema([("text", pa.string()), ("score", pa.int64())]))
    workspace.ingest(workspace.write_jsonl("texts.jsonl", ["a"]))

    def refused(output):
        pipeline = workspace.pipeline("normalize.unicode", inputs="raw/web", output=output)
        message = workspace.json("run", pipeline, code=2)["error"]["message"]
        assert output in message
        return message

    assert "another program made it" in refused("their/own")
    workspace.run("normalize.unicode")
    with workspace.catalog().load_table("clean.web").update_schema() as update:
        update.rename_column("url", "link")
    assert "renamed its column url" in refused("clean/web")
    # Renamed back it is the column that it was.
    with workspace.catalog().load_table("clean.web").update_schema() as update:
        update.rename_column("link", "url")
    workspace.run("normalize.unicode")
    metadata = pathlib.Path(workspace.catalog().load_table("clean.web").metadata_location.removeprefix("file://"))
    document = json.loads(metadata.read_text())
    metadata.write_text(json.dumps({**document, "format-version": 3, "next-row-id": 1}))
    assert "only version 2 is written" in refused("clean/web")
    assert len(workspace.json("runs", "list")) == 2


@pytest.mark.parametrize("codec", ["zstd", "gzip", "null"])
def test_manifests_of_every_compression(workspace, codec):
    schema = pa.schema([("text", pa.string()), ("score", pa.int64())])
    table = make_table(workspace, schema, **{"write.avro.compression-codec": codec})
    for texts in (["a", "b"], ["c"]):
        table.append(pa.table({"text": texts, "score": [1] * len(texts)}, schema=schema))
    manifest = pathlib.Path(table.current_snapshot().manifest_list.removeprefix("file://")).read_bytes()
    assert {"zstd": b"zstandard", "gzip": b"deflate", "null": b"null"}[codec] in manifest
    assert sorted(head_texts(workspace, "their/own")) == ["a", "b", "c"]
    workspace.json("dataset", "delete", "their/own", "--where", "text = 'a'")
    assert [row["text"] for row in rows_of(workspace)] == ["b", "c"]
    for path in pathlib.Path(table.location().removeprefix("file://")).rglob("*.avro"):
        path.write_bytes(path.read_bytes().replace(b"zstandard", b"brotli123").replace(b"deflate", b"brotli1"))
    if codec != "null":
        message = workspace.json("dataset", "head", "their/own", code=1)["error"]["message"]
        assert "brotli1" in message and "is not supported" in message
