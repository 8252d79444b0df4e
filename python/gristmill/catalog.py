# SPDX-License-Identifier: Apache-2.0
"""Finds tables and their versions in a workspace's catalog: an SQLite file or a PostgreSQL database with the tables of
the Iceberg SQL catalog."""

import contextlib
import datetime
import gzip
import json
import pathlib
import sqlite3
import tomllib

CATALOG = "gristmill"
# Datasets without a namespace are kept in this one, and shown without it.
DEFAULT_NAMESPACE = "default"


def tables(workspace):
    """All datasets as {(namespace, name): metadata location}, sorted; namespaces with dots as in the catalog."""
    settings = {}
    with contextlib.suppress(FileNotFoundError):
        text = (pathlib.Path(workspace) / "gristmill.toml").read_text(encoding="utf-8")
        settings = tomllib.loads(text).get("catalog", {})
    query = "SELECT table_namespace, table_name, metadata_location FROM iceberg_tables WHERE catalog_name = "
    if "url" in settings:
        rows = _rows_of_postgres(settings["url"], query + "%s")
    else:
        rows = _rows_of_file(pathlib.Path(workspace) / settings.get("path", ".gristmill/catalog.db"), query + "?")
    return {(space, name): location for space, name, location in sorted(rows) if location}


def _rows_of_file(path, query):
    if not path.is_file():
        raise LookupError(f"no catalog at {path}: name a workspace made by `gristmill init`")
    try:
        # Read-only: a query must never change or lock what runs are writing.
        uri = f"{path.resolve().as_uri()}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=30)) as database:
            return database.execute(query, (CATALOG,)).fetchall()
    except sqlite3.Error as error:
        raise LookupError(f"cannot read the catalog {path}: {error}") from error


def _rows_of_postgres(url, query):
    try:
        import psycopg2 as driver
    except ImportError:
        try:
            import psycopg as driver
        except ImportError:
            raise LookupError("the catalog is in PostgreSQL: install psycopg2-binary or psycopg to read it") from None
    try:
        with contextlib.closing(driver.connect(url)) as database:
            database.autocommit = True
            cursor = database.cursor()
            cursor.execute(query, (CATALOG,))
            return cursor.fetchall()
    except driver.Error as error:
        raise LookupError(f"cannot read the catalog: {error}") from error


def display_name(space, name):
    """The name that people write: `clean/web`."""
    return name if space == DEFAULT_NAMESPACE else f"{space.replace('.', '/')}/{name}"


def metadata_location(workspace, name):
    """Where the current metadata of a dataset lies; LookupError names what there is."""
    known = {display_name(*key): location for key, location in tables(workspace).items()}
    if name not in known:
        raise LookupError(f"no dataset {name}; there are: {', '.join(known) or 'none yet'}")
    return known[name]


def read_metadata(location):
    """The table metadata as a dictionary."""
    path = pathlib.Path("/" + location.removeprefix("file:").removeprefix("//localhost").lstrip("/"))
    try:
        data = path.read_bytes()
        return json.loads(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)
    except (OSError, ValueError) as error:
        raise LookupError(f"cannot read the table metadata {path}: {error}") from error


def _snapshot_at(metadata, selector):
    """What was current at a time; None when the selector is no time or there was nothing yet."""
    try:
        when = datetime.datetime.fromisoformat(selector)
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=datetime.UTC)
    milliseconds = int(when.timestamp() * 1000)
    log = [entry for entry in metadata.get("snapshot-log", []) if entry["timestamp-ms"] <= milliseconds]
    return log[-1]["snapshot-id"] if log else None


def snapshot_id(location, name, selector=""):
    """The snapshot that a version selector means; None for the current one of a table that has none yet."""
    metadata = read_metadata(location)
    ids = {snapshot["snapshot-id"]: snapshot for snapshot in metadata.get("snapshots", [])}
    if selector in ("", "latest", "main"):
        current = metadata.get("current-snapshot-id")
        return current if current in ids else None
    found = metadata.get("refs", {}).get(selector, {}).get("snapshot-id")
    if found is None and selector[:1] == "v" and selector[1:].isdecimal():
        found = next((key for key, one in ids.items() if one.get("sequence-number") == int(selector[1:])), None)
    if found is None and selector.isdecimal():
        found = int(selector)
    if found is None:
        found = _snapshot_at(metadata, selector)
    if found not in ids:
        releases = ", ".join(sorted(ref for ref in metadata.get("refs", {}) if ref != "main"))
        raise LookupError(
            f'dataset {name} has no version "{selector}": give v1, v2, ..., a release'
            f"{f' ({releases})' if releases else ''}, a snapshot id or a time such as 2026-11-01T00:00:00Z"
        )
    return found
