# SPDX-License-Identifier: Apache-2.0
"""Finds tables in the workspace's catalog, a SQLite file in the schema of the Iceberg SQL catalog."""

import contextlib
import pathlib
import sqlite3

CATALOG = "gristmill"


def _rows(workspace):
    path = pathlib.Path(workspace) / ".gristmill" / "catalog.db"
    if not path.is_file():
        raise LookupError(f"no catalog at {path}: name a workspace made by `gristmill init`")
    query = "SELECT table_namespace, table_name, metadata_location FROM iceberg_tables WHERE catalog_name = ?"
    try:
        # Read-only: a query must never change or lock what runs are writing.
        with contextlib.closing(
            sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=30)
        ) as database:
            return database.execute(query, (CATALOG,)).fetchall()
    except sqlite3.Error as error:
        raise LookupError(f"cannot read the catalog {path}: {error}") from error


def tables(workspace):
    """All datasets as {"namespace/name": metadata location}, sorted by name."""
    rows = _rows(workspace)
    return {f"{space.replace('.', '/')}/{name}": location for space, name, location in sorted(rows) if location}


def metadata_location(workspace, name):
    """Where the current metadata of a dataset lies; LookupError names what there is."""
    known = tables(workspace)
    if name not in known:
        raise LookupError(f"no dataset {name}; there are: {', '.join(known) or 'none yet'}")
    return known[name]
