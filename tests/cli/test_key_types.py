# SPDX-License-Identifier: Apache-2.0
"""Values of every type are told apart as keys, taken from files whole, and put in their order."""

import datetime
import decimal
import json
import math
import uuid

import pyarrow as pa
import pyarrow.parquet as pq
from row_deletes import commit_deletes, equality_file

# Four of each: none is like another, though some have no words in JSON.
VALUES = {
    "uuid": (pa.binary(16), [uuid.UUID(int=number).bytes for number in (2**127, 1, 2**128 - 1, 0)]),
    "double": (pa.float64(), [math.inf, -math.inf, math.nan, -1.5]),
    "float": (pa.float32(), [math.nan, 0.5, math.inf, -math.inf]),
    "fixed": (pa.binary(3), [b"\xff\x00\x01", b"\xff\x01\x01", b"abc", b"\0\0\0"]),
    "binary": (pa.binary(), [b"\xff\x00", b"\xff\x01", b"", b"abc"]),
    "time": (pa.time64("us"), [datetime.time(0, 0, 0, 1), datetime.time(23, 59, 59, 999999), datetime.time(12),
                               datetime.time()]),
    "price": (pa.decimal128(20, 2), [decimal.Decimal(text) for text in ("10.50", "9.50", "-10.50", "-9.50")]),
    "moment": (pa.timestamp("us"), [datetime.datetime(year, 12, 31, 23, 59, 59, 999999)
                                    for year in (1969, 1900, 1970, 2024)]),
}  # fmt: skip


def make_table(workspace):
    from pyiceberg.schema import Schema
    from pyiceberg.types import (
        BinaryType,
        DecimalType,
        DoubleType,
        FixedType,
        FloatType,
        LongType,
        NestedField,
        StringType,
        TimestampType,
        TimeType,
        UUIDType,
    )

    kinds = {
        "text": StringType(),
        "score": LongType(),
        "uuid": UUIDType(),
        "double": DoubleType(),
        "float": FloatType(),
        "fixed": FixedType(3),
        "binary": BinaryType(),
        "time": TimeType(),
        "price": DecimalType(20, 2),
        "moment": TimestampType(),
    }
    fields = [NestedField(number, name, kind, required=False) for number, (name, kind) in enumerate(kinds.items(), 1)]
    catalog = workspace.catalog()
    catalog.create_namespace("their")
    table = catalog.create_table("their.own", Schema(*fields))
    columns = {"text": list("0123"), "score": pa.nulls(4, pa.int64())}
    columns |= {name: pa.array(values, kind) for name, (kind, values) in VALUES.items()}
    table.append(pa.table(columns))
    return table, pa.table(columns)


def same(one, other):
    """Also of what is no number."""
    one = one.bytes if isinstance(one, uuid.UUID) else one
    return one == other or (one != one and other != other)


def test_upserts_find_keys_of_every_type(workspace):
    _, rows = make_table(workspace)
    given = workspace.folder / "given.parquet"
    for number, name in enumerate(VALUES):
        # The other columns are given as well, and come out as they went in.
        scores = pa.array([10 * number + row for row in range(4)], pa.int64())
        pq.write_table(rows.set_column(1, "score", scores), given)
        done = workspace.json("dataset", "upsert", "their/own", given, "--key", name)
        assert done["rows"] == {"deleted": 0, "updated": 4, "added": 0}, name
        found = sorted(workspace.rows("their/own"), key=lambda row: row["text"])
        assert [row["score"] for row in found] == scores.to_pylist(), name
    for name, (_, values) in VALUES.items():
        assert all(same(row[name], value) for row, value in zip(found, values, strict=True)), name
    seen = {row["text"]: row for row in workspace.json_lines("dataset", "head", "their/own")}
    assert seen["2"]["uuid"] == "ffffffff-ffff-ffff-ffff-ffffffffffff"
    # As it is shown, it is given.
    given = workspace.folder / "given.jsonl"
    given.write_text(json.dumps({"uuid": seen["0"]["uuid"], "time": "23:00:00", "score": -1}) + "\n")
    assert workspace.json("dataset", "upsert", "their/own", given, "--key", "uuid")["rows"]["updated"] == 1
    (row,) = [row for row in workspace.rows("their/own") if row["text"] == "0"]
    assert row["score"] == -1 and row["time"] == datetime.time(23)
    for value in ("00112233", "something that is no uuid at all"):
        given.write_text(json.dumps({"uuid": value}) + "\n")
        message = workspace.json("dataset", "upsert", "their/own", given, "--key", "uuid", code=2)["error"]["message"]
        assert "row 1: column uuid is of type uuid" in message


def test_equality_deletes_tell_values_of_every_type_apart(workspace):
    table, _ = make_table(workspace)
    left = "0123"
    for name, (_, values) in VALUES.items():
        if name in ("uuid", "double", "price"):
            number = ["uuid", "double", "price"].index(name)
            commit_deletes(table, equality_file(table, **{name: [values[number]]}))
            left = left.replace(str(number), "")
        else:
            absent = {"fixed": b"abd", "binary": b"\xff", "time": datetime.time(1), "float": 0.25}
            value = absent.get(name, datetime.datetime(2000, 1, 1))
            commit_deletes(table, equality_file(table, **{name: [value]}))
    assert sorted(row["text"] for row in workspace.json_lines("dataset", "head", "their/own")) == list(left)


def test_rows_in_order_of_decimals_and_bytes(workspace):
    table, _ = make_table(workspace)
    for name, order in (("price", "2310"), ("uuid", "3102"), ("moment", "1023")):
        workspace.json("dataset", "compact", "their/own", "--sort-by", name)
        table.refresh()
        (task,) = table.scan().plan_files()
        found = pq.read_table(task.file.file_path.removeprefix("file://"), columns=["text"])
        assert "".join(found["text"].to_pylist()) == order, name


def test_the_least_numbers_are_truncated_as_elsewhere(workspace):
    """Java's subtraction wraps around; a number that fits no column would make a manifest that nobody reads."""
    schema = pa.schema([("text", pa.string()), ("small", pa.int32()), ("large", pa.int64())])
    catalog = workspace.catalog()
    catalog.create_namespace("their")
    table = catalog.create_table("their.own", schema=schema)
    rows = {"text": ["a", "b"], "small": [-(2**31), -1], "large": [-(2**63), -1]}
    table.append(pa.table(rows, schema=schema))
    workspace.json("dataset", "partition", "their/own", "--by", "truncate(10,small),truncate(10,large)")
    workspace.json("dataset", "compact", "their/own")
    table.refresh()
    partitions = {tuple(task.file.partition) for task in table.scan().plan_files()}
    assert partitions == {(2**31 - 2, 2**63 - 2), (-10, -10)}
    assert workspace.json("dataset", "delete", "their/own", "--where", f"small = {-(2**31)}")["rows"]["deleted"] == 1
