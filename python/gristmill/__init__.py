# SPDX-License-Identifier: Apache-2.0
"""Reads the datasets of a Gristmill workspace from Python.

>>> import gristmill
>>> for batch in gristmill.dataset("demo", "clean/web"):
...     print(batch.num_rows)
"""

import pathlib

__all__ = ["__version__", "dataset"]

__version__ = (pathlib.Path(__file__).resolve().parents[2] / "VERSION").read_text().strip()


def dataset(workspace, name, version=None):
    """Returns a pyarrow RecordBatchReader over a dataset.

    `workspace` is the folder with gristmill.toml, `name` a dataset such as "clean/web", `version` a snapshot id; the
    current version when left out. Raises LookupError when there is no such dataset or version.
    """
    # Imported here, so that `import gristmill` stays quick.
    from gristmill.catalog import metadata_location

    location = metadata_location(pathlib.Path(workspace), name)
    from pyiceberg.table import StaticTable

    table = StaticTable.from_metadata(location)
    if version is not None and table.snapshot_by_id(int(version)) is None:
        known = ", ".join(str(snapshot.snapshot_id) for snapshot in table.snapshots())
        raise LookupError(f"{name} has no version {version}; it has: {known or 'none'}")
    scan = table.scan(snapshot_id=None if version is None else int(version))
    return scan.to_arrow_batch_reader()
