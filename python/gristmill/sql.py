# SPDX-License-Identifier: Apache-2.0
"""SQL over the datasets of a workspace, through DuckDB.

    python -m gristmill.sql --workspace DIR [--json] 'SELECT language, count(*) FROM "clean/web" GROUP BY ALL'

A dataset is written "clean/web" or clean.web; an older version "clean/web@v3", with what follows the @ being a release,
a version, a snapshot id or a time.
"""

import argparse
import base64
import contextlib
import datetime
import decimal
import importlib.util
import json
import math
import pathlib
import re
import sys
import unicodedata

from gristmill import catalog, objects

CELL_WIDTH_MAX = 60
# What may hold a name of ours, after what may not: strings and comments are stepped over.
NAME = r'(?:"(?:[^"]|"")+"|[A-Za-z_]\w*)'
SCAN = re.compile(rf"'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/|({NAME}(?:\s*\.\s*{NAME})*)", re.S)


def mentioned(query):
    """The identifier chains of a query as tuples of parts: `a."b c"` gives ("a", "b c")."""
    chains = []
    for match in SCAN.finditer(query):
        if match.group(1):
            parts = re.findall(NAME, match.group(1))
            chains.append(tuple(part[1:-1].replace('""', '"') if part[0] == '"' else part for part in parts))
    return chains


def wanted_tables(query, known):
    """The (chain, namespace, name, selector) of every dataset that the query names; chains as the query writes them."""
    by_text = {catalog.display_name(*key): key for key in known}
    by_parts = {(*space.split("."), name): (space, name) for space, name in known}
    found = {}
    for chain in mentioned(query):
        # A longer chain may go on with columns: clean.web.text.
        for length in range(len(chain), 0, -1):
            *front, last = chain[:length]
            plain, _, selector = last.partition("@")
            key = by_text.get(plain) if not front else None
            key = key or by_parts.get((*front, plain)) or by_text.get("/".join((*front, plain)))
            if key:
                found[chain[:length]] = (*key, selector)
                break
    return [(chain, *value) for chain, value in found.items()]


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def extension_path(name, version):
    """The extension file inside its wheel: loaded by path, so that no network is needed."""
    package = importlib.util.find_spec(f"duckdb_extension_{name}")
    if package is None or package.origin is None:
        raise LookupError(f"the package duckdb-extension-{name} is missing: run tools/setup.sh")
    path = pathlib.Path(package.origin).parent / "extensions" / f"v{version}" / f"{name}.duckdb_extension"
    if not path.is_file():
        raise LookupError(f"duckdb {version} and duckdb-extension-{name} do not fit together: run tools/setup.sh")
    return path


def connect(store=None):
    """A fresh in-memory DuckDB that reads Iceberg tables, from an object store too when one is given, and never looks
    for extensions on the network."""
    try:
        import duckdb
    except ImportError as error:
        raise LookupError("SQL needs the Python package duckdb: run tools/setup.sh") from error
    settings = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    connection = duckdb.connect(":memory:", config=settings)
    for name in ("avro", "iceberg", *(("httpfs",) if store else ())):
        path = str(extension_path(name, duckdb.__version__)).replace("'", "''")
        connection.execute(f"LOAD '{path}'")
    for statement in store.duckdb_settings() if store else ():
        connection.execute(statement)
    return connection


def empty_select(metadata):
    """A table without a version has columns and no rows; DuckDB's reader refuses it."""
    schema = next(s for s in metadata["schemas"] if s["schema-id"] == metadata["current-schema-id"])
    types = {"string": "VARCHAR", "long": "BIGINT", "int": "INTEGER", "double": "DOUBLE", "boolean": "BOOLEAN"}
    columns = [f"NULL::{types.get(str(f['type']), 'VARCHAR')} AS {quoted(f['name'])}" for f in schema["fields"]]
    return f"SELECT {', '.join(columns) or 'NULL'} WHERE false"


def make_views(connection, workspace, query, known, store):
    """Creates a view for each dataset that the query names, under the name that it uses."""
    for chain, space, name, selector in wanted_tables(query, known):
        location = known[(space, name)]
        place = store if objects.is_object(location) else None
        snapshot = catalog.snapshot_id(workspace, location, catalog.display_name(space, name), selector, place)
        if snapshot is None:
            select = empty_select(catalog.read_metadata(location, place))
        else:
            path = location.replace("'", "''")
            select = f"SELECT * FROM iceberg_scan('{path}', snapshot_from_id => {snapshot}::UBIGINT)"
        if len(chain) > 2:
            raise LookupError(f'write "{catalog.display_name(space, name)}" for {".".join(chain)}')
        if len(chain) == 2:
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(chain[0])}")
        connection.execute(f"CREATE OR REPLACE VIEW {'.'.join(map(quoted, chain))} AS {select}")


def plain(value):
    """A value as JSON has it."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None  # JSON has no infinities.
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)


def width(text):
    """Columns of a terminal that a text takes: wide characters take two, marks none."""
    return sum(
        0 if unicodedata.combining(mark) else 2 if unicodedata.east_asian_width(mark) in "WF" else 1 for mark in text
    )


def cell(value, cut):
    """One line for a value; unprintable characters cannot disturb a terminal."""
    value = plain(value)
    text = "NULL" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = "".join(mark if mark.isprintable() else " " for mark in text)
    if cut and width(text) > CELL_WIDTH_MAX:
        while width(text) > CELL_WIDTH_MAX - 1:
            text = text[: min(len(text) - 1, CELL_WIDTH_MAX)]
        text += "…"
    return text


def print_table(names, rows, out, cut=True):
    """An aligned table, numbers to the right."""
    numeric = [all(row[i] is None or isinstance(row[i], int | float) for row in rows) for i in range(len(names))]
    lines = [names, *([cell(value, cut) for value in row] for row in rows)]
    widths = [max(width(line[i]) for line in lines) for i in range(len(names))]

    def line_of(line):
        padded = []
        for i, text in enumerate(line):
            space = " " * (widths[i] - width(text))
            padded.append(space + text if numeric[i] else text + space)
        return "  ".join(padded).rstrip()

    print(line_of(lines[0]), file=out)
    print("  ".join("─" * size for size in widths), file=out)
    for line in lines[1:]:
        print(line_of(line), file=out)
    print(f"({len(rows)} row{'' if len(rows) == 1 else 's'})", file=out)


def explain(error, workspace):
    """DuckDB's message, and the datasets there are when it missed a table."""
    message = str(error).strip()
    if "does not exist" in message and "Table" in message:
        names = ", ".join(f'"{catalog.display_name(*key)}"' for key in catalog.tables(workspace))
        message = f"{message.splitlines()[0]}\ndatasets: {names or 'none yet'}"
    # Servers and DuckDB tell what they were given.
    with contextlib.suppress(LookupError, OSError):
        message = objects.store(workspace).without_secrets(message)
    return message


def run(workspace, query, as_json, out):
    """Runs the query and prints its rows; the last statement's when there are several."""
    known = catalog.tables(workspace)
    wanted = (known[(space, name)] for _, space, name, _ in wanted_tables(query, known))
    store = objects.store(workspace) if any(map(objects.is_object, wanted)) else None
    connection = connect(store)
    make_views(connection, workspace, query, known, store)
    result = connection.execute(query)
    if result is None:
        raise LookupError("the query says nothing: write SELECT ...")
    if result.description is None:
        return
    names = [column[0] for column in result.description]
    if not as_json:
        print_table(names, result.fetchall(), out, cut=out.isatty())
        return
    while rows := result.fetchmany(1024):
        for row in rows:
            print(json.dumps(dict(zip(names, map(plain, row), strict=True)), ensure_ascii=False), file=out)


def fail(message, as_json, code="invalid_argument"):
    """Says what was wrong on stderr, and as the one JSON document when JSON was asked for."""
    print(f"gristmill sql: {message}", file=sys.stderr)
    if as_json:
        print(json.dumps({"error": {"code": code, "message": message}}, ensure_ascii=False))
    return {"denied": 3, "interrupted": 130}.get(code, 2)


def main():
    parser = argparse.ArgumentParser(prog="gristmill sql", description="SQL over datasets through DuckDB.")
    parser.add_argument("--workspace", default=".", help="folder with gristmill.toml")
    parser.add_argument("--json", action="store_true", help="one JSON object a row")
    parser.add_argument("query", help='SELECT ... FROM "clean/web"')
    given = parser.parse_args()
    try:
        run(given.workspace, given.query, given.json, sys.stdout)
    except LookupError as error:
        return fail(str(error), given.json)
    except PermissionError as error:
        return fail(str(error), given.json, "denied")
    except BrokenPipeError:
        return 0
    except KeyboardInterrupt:
        return fail("interrupted", given.json, "interrupted")
    except UnicodeError:
        return fail("the query is not well-formed UTF-8", given.json)
    except Exception as error:
        if isinstance(error.__cause__, KeyboardInterrupt):  # As DuckDB tells of it.
            return fail("interrupted", given.json, "interrupted")
        # DuckDB is imported late, so its error class is told by its module.
        if type(error).__module__.split(".")[0] not in ("duckdb", "_duckdb"):
            raise
        return fail(explain(error, given.workspace), given.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
