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

    `workspace` is the folder with gristmill.toml, `name` a dataset such as "clean/web". `version` is a release, `v3`, a
    snapshot id or a time such as "2026-11-01T00:00:00Z"; the current version when left out. Raises LookupError when
    there is no such dataset or version.
    """
    # Imported here, so that `import gristmill` stays quick.
    from gristmill.catalog import metadata_location, snapshot_id

    location = metadata_location(workspace, name)
    snapshot = snapshot_id(location, name, "" if version is None else str(version))
    from pyiceberg.table import StaticTable

    return StaticTable.from_metadata(location).scan(snapshot_id=snapshot).to_arrow_batch_reader()
