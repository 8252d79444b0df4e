# SPDX-License-Identifier: Apache-2.0
"""PyIceberg through the REST catalog: create, append, evolve, delete, read, and all at once."""

import threading

import pyarrow as pa
import pytest
from pyiceberg.exceptions import (
    CommitFailedException,
    NamespaceAlreadyExistsError,
    NamespaceNotEmptyError,
    NoSuchNamespaceError,
    NoSuchTableError,
    TableAlreadyExistsError,
)
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import BucketTransform, IdentityTransform
from pyiceberg.types import IntegerType, ListType, LongType, NestedField, StringType, StructType


def rows(first, count):
    numbers = range(first, first + count)
    return pa.table({"n": pa.array(numbers, pa.int64()), "text": [f"row {number} é" for number in numbers]})


def texts(table, **options):
    return sorted(table.scan(**options).to_arrow()["text"].to_pylist())


@pytest.fixture
def catalog(adapter):
    client = adapter.pyiceberg()
    client.create_namespace("raw")
    return client


def test_namespaces(adapter):
    client = adapter.pyiceberg()
    client.create_namespace("raw", {"owner": "it's us", "note": "a"})
    client.create_namespace(("deep", "er"))
    assert sorted(client.list_namespaces()) == [("deep",), ("raw",)]
    assert client.list_namespaces("deep") == [("deep", "er")]
    assert client.namespace_exists("raw") and not client.namespace_exists("cooked")
    assert client.load_namespace_properties("raw") == {"owner": "it's us", "note": "a"}
    done = client.update_namespace_properties("raw", removals={"note", "absent"}, updates={"color": "red"})
    assert (done.removed, done.updated, done.missing) == (["note"], ["color"], ["absent"])
    assert client.load_namespace_properties("raw") == {"owner": "it's us", "color": "red"}
    with pytest.raises(NamespaceAlreadyExistsError):
        client.create_namespace("raw")
    with pytest.raises(NoSuchNamespaceError):
        client.list_tables("cooked")
    client.create_table("raw.web", rows(0, 1).schema)
    with pytest.raises(NamespaceNotEmptyError):
        client.drop_namespace("raw")
    client.drop_table("raw.web")
    client.drop_namespace("raw")
    assert client.list_namespaces() == [("deep",)]


def test_append_evolve_delete_and_time_travel(catalog):
    table = catalog.create_table("raw.web", rows(0, 1).schema, properties={"color": "red"})
    assert table.properties["color"] == "red"
    table.append(rows(0, 100))
    first = table.current_snapshot().snapshot_id
    table.append(rows(100, 50))
    table.manage_snapshots().create_tag(first, "v1").create_branch(first, "audit").commit()
    with table.update_schema() as update:
        update.add_column("score", IntegerType())
        update.rename_column("text", "body")
    table.delete("n >= 120")
    again = catalog.load_table("raw.web")
    assert again.schema().column_names == ["n", "body", "score"]
    assert again.scan().to_arrow().num_rows == 120
    assert again.scan(snapshot_id=first).to_arrow().num_rows == 100
    assert again.scan().use_ref("v1").to_arrow().num_rows == 100
    assert [str(one.summary.operation.value) for one in again.snapshots()] == ["append", "append", "overwrite"]
    with again.update_schema() as update:
        update.delete_column("score")
    again.manage_snapshots().remove_tag("v1").commit()
    assert set(again.refresh().refs()) == {"main", "audit"}
    with again.transaction() as change:
        change.set_properties(color="blue")
        change.remove_properties("write.parquet.compression-codec")
    assert catalog.load_table("raw.web").properties["color"] == "blue"
    again.overwrite(rows(0, 3).rename_columns(["n", "body"]))
    assert again.scan().to_arrow().num_rows == 3
    again.manage_snapshots().set_current_snapshot(snapshot_id=first).commit()
    assert catalog.load_table("raw.web").scan().to_arrow().num_rows == 100


def test_nested_types_get_fresh_ids(catalog):
    place = StructType(NestedField(31, "city", StringType()), NestedField(32, "zip", IntegerType(), required=True))
    schema = Schema(
        NestedField(7, "key", LongType(), required=True),
        NestedField(5, "places", ListType(30, place, element_required=True)),
        NestedField(9, "day", StringType()),
        schema_id=4,
        identifier_field_ids=[7],
    )
    spec = PartitionSpec(PartitionField(9, 1000, IdentityTransform(), "day"))
    table = catalog.create_table("raw.nested", schema, partition_spec=spec)
    assert [field.field_id for field in table.schema().fields] == [1, 2, 3]
    assert table.schema().identifier_field_ids == [1]
    assert table.schema().find_field("places.element.zip").field_id == 6
    assert table.spec().fields[0].source_id == 3
    with table.update_spec() as update:
        update.add_field("key", BucketTransform(8), "bucket")
    assert [field.field_id for field in catalog.load_table("raw.nested").spec().fields] == [1000, 1001]


def test_a_staged_table_appears_with_its_first_commit(catalog):
    with catalog.create_table_transaction("raw.staged", rows(0, 1).schema) as change:
        change.append(rows(0, 5))
        assert not catalog.table_exists("raw.staged")
    assert texts(catalog.load_table("raw.staged")) == sorted(rows(0, 5)["text"].to_pylist())
    with pytest.raises(TableAlreadyExistsError):
        catalog.create_table("raw.staged", rows(0, 1).schema)


def test_rename_register_and_drop(catalog):
    catalog.create_namespace("clean")
    table = catalog.create_table("raw.web", rows(0, 1).schema)
    table.append(rows(0, 5))
    moved = catalog.rename_table("raw.web", "clean.web")
    assert moved.scan().to_arrow().num_rows == 5
    assert catalog.list_tables("raw") == []
    with pytest.raises(TableAlreadyExistsError):
        catalog.register_table("raw.again", moved.metadata_location)
    catalog.drop_table("clean.web")
    with pytest.raises(NoSuchTableError):
        catalog.load_table("clean.web")
    assert catalog.register_table("raw.again", moved.metadata_location).scan().to_arrow().num_rows == 5


def test_a_stale_writer_is_told(catalog):
    table = catalog.create_table("raw.web", rows(0, 1).schema)
    stale = catalog.load_table("raw.web")
    with table.update_schema() as update:
        update.add_column("a", StringType())
    with pytest.raises(CommitFailedException), stale.update_schema() as update:
        update.add_column("b", StringType())


def test_eight_committers_lose_nothing(adapter, catalog):
    catalog.create_table("raw.web", rows(0, 1).schema, properties={"commit.retry.num-retries": "50"})
    failures = []

    def append(number):
        try:
            client = adapter.pyiceberg()
            for i in range(4):
                client.load_table("raw.web").append(rows(number * 100 + i * 10, 10))
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=append, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    table = catalog.load_table("raw.web")
    assert failures == []
    assert len(table.snapshots()) == 32
    expected = [f"row {number * 100 + i} é" for number in range(8) for i in range(40)]
    assert texts(table) == sorted(expected)
