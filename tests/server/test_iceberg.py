# SPDX-License-Identifier: Apache-2.0
"""Iceberg clients at the server: PyIceberg and DuckDB with tokens, and what they are refused."""

import pathlib

import pyarrow as pa
import pytest
import requests

ROWS = pa.table({"n": range(10), "text": [f"row {number}" for number in range(10)]})


@pytest.fixture
def server(serve):
    return serve()


def pyiceberg(server, **properties):
    from pyiceberg.catalog.rest import RestCatalog

    return RestCatalog("gristmill", uri=server.started["iceberg_uri"], **properties)


def duckdb(server, secret):
    import duckdb as library
    import duckdb_extension_avro
    import duckdb_extension_httpfs
    import duckdb_extension_iceberg

    connection = library.connect()
    for module in (duckdb_extension_avro, duckdb_extension_httpfs, duckdb_extension_iceberg):
        (file,) = pathlib.Path(module.__file__).parent.rglob("*.duckdb_extension")
        connection.execute(f"LOAD '{file}'")
    connection.execute(f"CREATE SECRET gristmill (TYPE iceberg, {secret})")
    uri = server.started["iceberg_uri"]
    connection.execute(f"ATTACH 'warehouse' AS lake (TYPE iceberg, ENDPOINT '{uri}', SECRET gristmill)")
    return connection


@pytest.mark.parametrize("credential", [False, True])
def test_pyiceberg(server, credential):
    given = {"credential": f"me:{server.token}"} if credential else {"token": server.token}
    catalog = pyiceberg(server, **given)
    catalog.create_namespace("raw")
    table = catalog.create_table("raw.web", ROWS.schema)
    table.append(ROWS)
    table.delete("n > 6")
    assert catalog.load_table("raw.web").scan().to_arrow().num_rows == 7
    assert catalog.list_tables("raw") == [("raw", "web")]
    entries = server.workspace.json("audit", "log")
    assert entries[0]["action"] == "dataset.commit"
    assert entries[0]["actor"].startswith("token:")


@pytest.mark.parametrize("form", ["TOKEN", "CLIENT_SECRET"])
def test_duckdb(server, form):
    login = f"OAUTH2_SERVER_URI '{server.started['iceberg_uri']}/v1/oauth/tokens'"
    secret = f"TOKEN '{server.token}'"
    if form == "CLIENT_SECRET":
        secret = f"CLIENT_ID 'me', CLIENT_SECRET '{server.token}', {login}"
    connection = duckdb(server, secret)
    connection.execute("CREATE SCHEMA lake.raw")
    connection.execute("CREATE TABLE lake.raw.web AS SELECT i AS n, 'row ' || i AS text FROM range(10) t(i)")
    connection.execute("DELETE FROM lake.raw.web WHERE n > 6")
    assert connection.execute("SELECT count(*) FROM lake.raw.web").fetchone() == (7,)
    assert pyiceberg(server, token=server.token).load_table("raw.web").scan().to_arrow().num_rows == 7


def test_who_is_refused(server):
    uri = server.started["iceberg_uri"]
    for headers in ({}, {"Authorization": "Bearer None"}, {"Authorization": "Bearer wrong"}):
        answer = requests.get(f"{uri}/v1/config", headers=headers, timeout=60)
        assert answer.status_code == 401
        assert answer.json()["error"]["type"] == "NotAuthorizedException"
    form = {"grant_type": "client_credentials", "client_id": "me", "client_secret": "wrong"}
    assert requests.post(f"{uri}/v1/oauth/tokens", data=form, timeout=60).json()["error"] == "invalid_client"
    token = server.workspace.json("token", "create", "--name", "reader")["token"]
    reader = {"Authorization": f"Bearer {token}"}
    assert requests.get(f"{uri}/v1/namespaces", headers=reader, timeout=60).json() == {"namespaces": []}
    refused = requests.post(f"{uri}/v1/namespaces", json={"namespace": ["a"]}, headers=reader, timeout=60)
    assert (refused.status_code, refused.json()["error"]["type"]) == (403, "ForbiddenException")


def test_names_with_separators_reach_the_catalog(server):
    catalog = pyiceberg(server, token=server.token)
    catalog.create_namespace(("deep", "er"))
    catalog.create_table(("deep", "er", "web"), ROWS.schema).append(ROWS)
    assert catalog.load_table(("deep", "er", "web")).scan().to_arrow().num_rows == 10
    assert server.workspace.json("dataset", "show", "deep/er/web")["documents"] == 10
