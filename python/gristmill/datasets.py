# SPDX-License-Identifier: Apache-2.0
"""Reads the datasets of a workspace as Arrow, Polars or pandas."""

from typing import Any


class Dataset:
    """One version of a dataset. Iterate for record batches, or take it whole; each use reads anew.

    Speaks the Arrow PyCapsule interface: `polars.DataFrame(d)`, `pyarrow.table(d)` and DuckDB's replacement scans
    take it as it is.
    """

    def __init__(self, location: str, snapshot: int | None, store: Any = None) -> None:
        from pyiceberg.table import StaticTable

        self.version = snapshot
        self._table = _table_of_objects(location, store) if store else StaticTable.from_metadata(location)
        self._columns: tuple[str, ...] = ("*",)

    def select(self, *columns: str) -> "Dataset":
        """The same dataset with these columns only: the others are not read."""
        chosen = object.__new__(Dataset)
        chosen.version, chosen._table, chosen._columns = self.version, self._table, columns
        return chosen

    @property
    def schema(self):
        """The Arrow schema."""
        return self.reader().schema

    def reader(self):
        """A pyarrow RecordBatchReader: batch by batch, without holding the whole."""
        return self._scan().to_arrow_batch_reader()

    def __iter__(self):
        return iter(self.reader())

    def __arrow_c_stream__(self, requested_schema=None):
        return self.reader().__arrow_c_stream__(requested_schema)

    def read_all(self):
        """Everything as one pyarrow Table."""
        return self.reader().read_all()

    to_arrow = read_all

    def to_polars(self):
        """Everything as a Polars DataFrame."""
        import polars

        return polars.DataFrame(self.read_all())

    def to_pandas(self):
        """Everything as a pandas DataFrame."""
        return self.read_all().to_pandas()

    def _scan(self):
        return self._table.scan(snapshot_id=self.version, selected_fields=self._columns)


def _table_of_objects(location, store):
    from pyiceberg.catalog.noop import NoopCatalog
    from pyiceberg.serializers import FromInputFile
    from pyiceberg.table import StaticTable

    file_io = store.file_io()
    metadata = FromInputFile.table_metadata(file_io.new_input(location))
    return StaticTable(("static-table", location), metadata, location, file_io, NoopCatalog("static-table"))


def dataset(workspace: Any, name: str, version: Any = None) -> Dataset:
    """Opens a dataset for reading.

    `workspace` is the folder with gristmill.toml, `name` a dataset such as "clean/web". `version` is a release, `v3`, a
    snapshot id or a time such as "2026-11-01T00:00:00Z"; the current version when left out. Raises LookupError when
    there is no such dataset or version, PermissionError for a release that waits for approval.
    """
    from gristmill import catalog, objects

    location = catalog.metadata_location(workspace, name)
    store = objects.store(workspace) if objects.is_object(location) else None
    snapshot = catalog.snapshot_id(workspace, location, name, "" if version is None else str(version), store)
    return Dataset(location, snapshot, store)
