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
    query = "SELECT table_namespace, table_name, metadata_location FROM iceberg_tables WHERE catalog_name = ?"
    rows = _rows(workspace, query, CATALOG)
    return {(space, name): location for space, name, location in sorted(rows) if location}


def _rows(workspace, query, parameter):
    settings = {}
    with contextlib.suppress(FileNotFoundError):
        text = (pathlib.Path(workspace) / "gristmill.toml").read_text(encoding="utf-8")
        settings = tomllib.loads(text).get("catalog", {})
    if "url" in settings:
        return _rows_of_postgres(settings["url"], query.replace("?", "%s"), parameter)
    return _rows_of_file(pathlib.Path(workspace) / settings.get("path", ".gristmill/catalog.db"), query, parameter)


def _rows_of_file(path, query, parameter):
    if not path.is_file():
        raise LookupError(f"no catalog at {path}: name a workspace made by `gristmill init`")
    try:
        # Read-only: a query must never change or lock what runs are writing.
        uri = f"{path.resolve().as_uri()}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=30)) as database:
            return database.execute(query, (parameter,)).fetchall()
    except sqlite3.Error as error:
        raise LookupError(f"cannot read the catalog {path}: {error}") from error


def _rows_of_postgres(url, query, parameter):
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
            cursor.execute(query, (parameter,))
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


def read_metadata(location, store=None):
    """The table metadata as a dictionary; `store` is where objects are read from."""
    try:
        data = store.read(location) if store else _local_path(location).read_bytes()
        return json.loads(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)
    except (OSError, ValueError) as error:
        raise LookupError(f"cannot read the table metadata {location}: {error}") from error


def _local_path(location):
    return pathlib.Path("/" + location.removeprefix("file:").removeprefix("//localhost").lstrip("/"))


def pinned(workspace, name, selector):
    """The version of a dataset that a release pins by its own record; None when there is no such release or the dataset
    is not in it. PermissionError while the release waits for approval."""
    try:
        found = _rows(workspace, "SELECT status, contents FROM releases WHERE name = ?", selector)
    except LookupError as error:
        # Catalogs of before there were releases, and those of other programs, have no such table.
        state = getattr(error.__cause__, "pgcode", None) or getattr(error.__cause__, "sqlstate", None)
        if "no such table" in str(error) or state == "42P01":
            return None
        raise
    for status, contents in found:
        for member in json.loads(contents)["datasets"]:
            if member["dataset"] != name:
                continue
            if status != "released":
                state = "waiting for approval" if status == "pending" else "not completed"
                raise PermissionError(
                    f"release '{selector}' is {state}; `gristmill release show {selector}` says what is missing"
                )
            return member["version"]
    return None


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


def snapshot_id(workspace, location, name, selector="", store=None):
    """The snapshot that a version selector means; None for the current one of a table that has none yet."""
    metadata = read_metadata(location, store)
    ids = {snapshot["snapshot-id"]: snapshot for snapshot in metadata.get("snapshots", [])}
    # What the record of a release says counts before a tag, which other programs may move.
    found = int(selector) if selector.isdecimal() and int(selector) in ids else pinned(workspace, name, selector)
    if found is None:
        found = metadata.get("refs", {}).get(selector, {}).get("snapshot-id")
    if found is None and selector in ("", "latest", "main"):
        current = metadata.get("current-snapshot-id")
        return current if current in ids else None
    if found is None and selector[:1] == "v" and selector[1:].isdecimal():
        found = next((key for key, one in ids.items() if one.get("sequence-number") == int(selector[1:])), None)
    if found is None:
        found = _snapshot_at(metadata, selector)
    if found not in ids:
        releases = ", ".join(sorted(ref for ref in metadata.get("refs", {}) if ref != "main"))
        raise LookupError(
            f'dataset {name} has no version "{selector}": give v1, v2, ..., a release'
            f"{f' ({releases})' if releases else ''}, a snapshot id or a time such as 2026-11-01T00:00:00Z"
        )
    return found
