# SPDX-License-Identifier: Apache-2.0
"""A workspace with its REST catalog on a loopback port, and the clients of others."""

import pathlib
import sys

import pytest

# The program driven as a user drives it is at home with the tests of the command line.
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))

from catalog_adapter import Adapter


@pytest.fixture
def workspace(gristmill, tmp_path):
    folder = tmp_path / "work space"
    gristmill("init", folder)
    return folder


@pytest.fixture
def adapter(workspace):
    served = Adapter(workspace)
    yield served
    served.close()


@pytest.fixture
def rest(adapter):
    """Plain requests: `rest("GET", "/v1/config")` gives status and JSON."""
    return adapter.driver


@pytest.fixture
def duck(adapter):
    """DuckDB with the catalog attached as `lake`. The extensions come out of their wheels."""
    import duckdb
    import duckdb_extension_avro
    import duckdb_extension_httpfs
    import duckdb_extension_iceberg

    connection = duckdb.connect()
    for module in (duckdb_extension_avro, duckdb_extension_httpfs, duckdb_extension_iceberg):
        (file,) = pathlib.Path(module.__file__).parent.rglob("*.duckdb_extension")
        connection.execute(f"LOAD '{file}'")
    connection.execute(
        f"ATTACH 'gristmill' AS lake (TYPE iceberg, ENDPOINT '{adapter.uri}', AUTHORIZATION_TYPE 'none')"
    )
    return connection
