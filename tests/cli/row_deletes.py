# SPDX-License-Identifier: Apache-2.0
"""Commits row-level delete files to an Iceberg table with PyIceberg's manifest writers, as Spark or DuckDB would."""

import random
import uuid

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.manifest import (
    DataFile,
    DataFileContent,
    FileFormat,
    ManifestContent,
    ManifestEntry,
    ManifestEntryStatus,
    ManifestWriterV2,
    write_manifest_list,
)
from pyiceberg.table.snapshots import Operation, Snapshot, Summary
from pyiceberg.table.update import AddSnapshotUpdate, AssertRefSnapshotId, SetSnapshotRefUpdate
from pyiceberg.typedef import Record

# Field ids reserved by the table specification.
FILE_PATH_ID, POSITION_ID = 2147483546, 2147483545


class DeleteManifestWriter(ManifestWriterV2):
    def content(self):
        return ManifestContent.DELETES

    @property
    def _meta(self):
        return {**super()._meta, "content": "deletes"}


def identified(name, kind, field_id):
    return pa.field(name, kind, nullable=False, metadata={"PARQUET:field_id": str(field_id)})


def position_file(table, rows):
    """A position delete file that names [(location, position)]; its DataFile arguments."""
    schema = pa.schema([identified("file_path", pa.string(), FILE_PATH_ID), identified("pos", pa.int64(), POSITION_ID)])
    columns = [[location for location, _ in rows], [position for _, position in rows]]
    return write(table, pa.table(columns, schema=schema), DataFileContent.POSITION_DELETES, None)


def equality_file(table, **values):
    """An equality delete file for rows whose columns have these values."""
    fields = [table.schema().find_field(name) for name in values]
    arrow = table.schema().as_arrow()
    schema = pa.schema(
        [
            pa.field(field.name, arrow.field(field.name).type, metadata={"PARQUET:field_id": str(field.field_id)})
            for field in fields
        ]
    )
    rows = pa.table([list(column) for column in values.values()], schema=schema)
    return write(table, rows, DataFileContent.EQUALITY_DELETES, [field.field_id for field in fields])


def write(table, rows, content, equality_ids):
    location = f"{table.location()}/data/{uuid.uuid4()}-deletes.parquet"
    with table.io.new_output(location).create(overwrite=True) as file:
        pq.write_table(rows, file)
    return {
        "content": content,
        "file_path": location,
        "file_format": FileFormat.PARQUET,
        "partition": Record(),
        "record_count": rows.num_rows,
        "file_size_in_bytes": len(table.io.new_input(location)),
        "equality_ids": equality_ids,
        "spec_id": 0,
    }


def commit_deletes(table, *files):
    """Adds the delete files in one snapshot."""
    parent = table.current_snapshot()
    snapshot_id = random.SystemRandom().getrandbits(62)
    sequence_number = table.metadata.last_sequence_number + 1
    manifest_output = table.io.new_output(f"{table.location()}/metadata/{uuid.uuid4()}-m0.avro")
    with DeleteManifestWriter(table.spec(), table.schema(), manifest_output, snapshot_id, "deflate") as writer:
        for file in files:
            entry = ManifestEntry.from_args(
                status=ManifestEntryStatus.ADDED, snapshot_id=snapshot_id, data_file=DataFile.from_args(**file)
            )
            writer.add(entry)
    manifest = writer.to_manifest_file()
    list_location = f"{table.location()}/metadata/snap-{snapshot_id}-0-{uuid.uuid4()}.avro"
    with write_manifest_list(
        2, table.io.new_output(list_location), snapshot_id, parent.snapshot_id, sequence_number, "deflate"
    ) as writer:
        writer.add_manifests([manifest, *parent.manifests(table.io)])
    kinds = [file["content"] for file in files]
    rows = {
        kind: sum(file["record_count"] for file in files if file["content"] == kind)
        for kind in (DataFileContent.POSITION_DELETES, DataFileContent.EQUALITY_DELETES)
    }
    totals = {
        "total-records": parent.summary["total-records"],
        "total-delete-files": str(len(kinds)),
        "total-position-deletes": str(rows[DataFileContent.POSITION_DELETES]),
        "total-equality-deletes": str(rows[DataFileContent.EQUALITY_DELETES]),
    }
    snapshot = Snapshot(
        **{
            "snapshot-id": snapshot_id,
            "parent-snapshot-id": parent.snapshot_id,
            "sequence-number": sequence_number,
            "timestamp-ms": table.metadata.last_updated_ms + 1,
            "manifest-list": list_location,
            "schema-id": table.schema().schema_id,
        },
        summary=Summary(Operation.DELETE, **totals),
    )
    with table.transaction() as transaction:
        transaction._apply(
            (
                AddSnapshotUpdate(snapshot=snapshot),
                SetSnapshotRefUpdate(ref_name="main", type="branch", snapshot_id=snapshot_id),
            ),
            (AssertRefSnapshotId(ref="main", snapshot_id=parent.snapshot_id),),
        )
    table.refresh()
