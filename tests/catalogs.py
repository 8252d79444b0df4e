# SPDX-License-Identifier: Apache-2.0
"""Where the workspaces of the tests keep their catalog: in a file of their own, or, with
GRISTMILL_TEST_CATALOG=postgresql, in a schema of their own on a throw-away PostgreSQL server."""

import functools
import os

import postgres_server
import pytest

ON_POSTGRES = os.environ.get("GRISTMILL_TEST_CATALOG") == "postgresql"
sqlite_only = pytest.mark.skipif(ON_POSTGRES, reason="is about the SQLite file")


@functools.cache
def server():
    """The server that all tests of this process share; skips where PostgreSQL is not installed."""
    if postgres_server.programs_folder() is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    return postgres_server.PostgresServer()


def new_catalog():
    """The address of a new catalog, or nothing for a file in the workspace."""
    return server().new_schema() if ON_POSTGRES else None


def init_options(url):
    return ["--catalog", url] if url else []


def iceberg_catalog(folder, url):
    """The workspace in `folder` opened by PyIceberg, as it comes."""
    from pyiceberg.catalog.sql import SqlCatalog

    uri = f"sqlite:///{folder / '.gristmill' / 'catalog.db'}"
    if url:
        uri = url.replace("postgresql://", "postgresql+psycopg2://")
    return SqlCatalog("gristmill", uri=uri, warehouse=f"file://{folder}/warehouse")
