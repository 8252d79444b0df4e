# SPDX-License-Identifier: Apache-2.0
"""PyIceberg on the table that table_rate built: `commit COUNT FIRST`, `plan COUNT LOW HIGH` and
`compete SECONDS FIRST`; one JSON line each. With CATALOG_URL the catalog is on that PostgreSQL server."""

import json
import os
import pathlib
import statistics
import sys
import time

from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.conversions import to_bytes
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.typedef import Record
from pyiceberg.types import LongType
from sqlalchemy.exc import OperationalError


def data_file(folder, number):
    low, high = (to_bytes(LongType(), 1000 * number + end) for end in (0, 999))
    columns = range(1, 11)
    made = DataFile.from_args(
        content=DataFileContent.DATA,
        file_path=f"file://{folder}/table/data/{number:08}.parquet",
        file_format=FileFormat.PARQUET,
        partition=Record(),
        record_count=1000,
        file_size_in_bytes=100_000,
        column_sizes=dict.fromkeys(columns, 10_000),
        value_counts=dict.fromkeys(columns, 1000),
        null_value_counts=dict.fromkeys(columns, 0),
        nan_value_counts=None,
        lower_bounds={column: b"a" * 16 for column in columns if column != 7} | {4: low},
        upper_bounds={column: b"z" * 16 for column in columns if column != 7} | {4: high},
        key_metadata=None,
        split_offsets=[4],
        equality_ids=None,
        sort_order_id=None,
    )
    made.spec_id = 0
    return made


def append(table, folder, number):
    with table.transaction() as transaction, transaction.update_snapshot().fast_append() as update:
        update.append_data_file(data_file(folder, number))


def commit(catalog, folder, count, first):
    table = catalog.load_table("bench.files")
    walls, cpu = [], time.process_time()
    for number in range(first, first + count):
        before = time.perf_counter()
        append(table, folder, number)
        walls.append(1e3 * (time.perf_counter() - before))
    cpu = 1e3 * (time.process_time() - cpu) / count
    return {"commits": count, "wall_ms_p50": statistics.median(walls), "cpu_ms": cpu}


def compete(catalog, folder, seconds, first):
    """Appends until the time is up, with PyIceberg's own retries; an append that fails all the same is begun anew."""
    table = catalog.load_table("bench.files")
    walls, failures = [], 0
    print("ready", flush=True)
    sys.stdin.readline()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        before = time.perf_counter()
        while True:
            try:
                append(table, folder, first)
                break
            except (CommitFailedException, OperationalError):
                failures += 1
                table = catalog.load_table("bench.files")
        first += 1
        walls.append(1e3 * (time.perf_counter() - before))
    return {"wall_ms": walls, "failures": failures, "cpu_ms": 1e3 * time.process_time()}


def plan(catalog, count, low, high):
    cpu = []
    for _ in range(count):
        before = time.process_time()
        table = catalog.load_table("bench.files")
        files = list(table.scan(f"origin_offset >= {low} and origin_offset < {high}").plan_files())
        cpu.append(1e3 * (time.process_time() - before))
    return {"files": len(files), "cpu_ms_p50": statistics.median(cpu)}


def main(folder, verb, *numbers):
    folder = pathlib.Path(folder).absolute()
    uri = os.environ.get("CATALOG_URL", f"sqlite:///{folder}/catalog.db")
    uri = uri.replace("postgresql://", "postgresql+psycopg2://")
    catalog = SqlCatalog("gristmill", uri=uri, warehouse=f"file://{folder}")
    numbers = [int(number) for number in numbers]
    if verb == "plan":
        done = plan(catalog, *numbers)
    else:
        done = {"commit": commit, "compete": compete}[verb](catalog, folder, *numbers)
    print(json.dumps(done))


main(*sys.argv[1:])
