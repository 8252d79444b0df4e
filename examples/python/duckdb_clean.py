# SPDX-License-Identifier: Apache-2.0
"""Operators as SQL functions in DuckDB.

python examples/python/duckdb_clean.py INPUT.parquet
"""

import sys

import duckdb

import gristmill


def main(source):
    connection = duckdb.connect()
    strip = gristmill.Operator("extract.strip_tags", separator="space", whitespace="collapse")
    gristmill.duckdb.register(connection, strip, "strip_tags")
    gristmill.duckdb.register(connection, "filter.noise")
    query = """
        SELECT coalesce(filter_noise(text), 'kept') AS verdict, count(*) AS pages, sum(length(text)) AS characters
        FROM (SELECT strip_tags(text) AS text FROM read_parquet(?))
        GROUP BY ALL ORDER BY verdict
    """
    for verdict, pages, characters in connection.execute(query, [source]).fetchall():
        print(f"{verdict}: {pages} pages, {characters} characters")


if __name__ == "__main__":
    main(*sys.argv[1:])
