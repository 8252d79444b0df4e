# SPDX-License-Identifier: Apache-2.0
"""Clients without keys of their own, the warehouse in a bucket of MinIO: PyIceberg and Spark, by keys and
signatures."""

import os

import pyarrow as pa
import pytest
from pyiceberg.catalog.rest import RestCatalog
from real_servers import KEYS, real_server
from server_support import Server, Workspace
from spark_support import documents, program, texts

WAYS = ["vended-credentials", "remote-signing"]
CLIENTS = '[iceberg]\nkeys_file = "clients.ini"\nwriter_profile = "writers"\nremote_signing = {}\n'


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory):
    with real_server("minio", tmp_path_factory.mktemp("minio")) as place:
        yield place


class BucketWorkspace(Workspace):
    """A workspace whose warehouse is in the bucket; its own keys are in a file that no client sees."""

    def __init__(self, folder, endpoint, way):
        super().__init__(program(), folder)
        sections = "".join(
            f"[{name}]\naws_access_key_id = {KEYS[0]}\naws_secret_access_key = {KEYS[1]}\n"
            for name in ("own", "writers")
        )
        (self.folder / "clients.ini").write_text(sections)
        self.configure(
            f'[warehouse]\npath = "s3://corpus/{folder.name}/wh"\n'
            f'[s3]\nendpoint = "{endpoint}"\nprofile = "own"\ncredentials_file = "clients.ini"\n'
            + CLIENTS.format("false" if way == "vended-credentials" else "true")
        )


@pytest.fixture(params=WAYS)
def way(request):
    return request.param


@pytest.fixture
def workspace(tmp_path, endpoint, way):
    return BucketWorkspace(tmp_path, endpoint, way)


@pytest.fixture
def server(workspace, monkeypatch):
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    served = Server(workspace)
    yield served
    served.stop()
    assert KEYS[1] not in served.log.read_text()


def rows(*numbers):
    return pa.table({"n": pa.array(numbers, pa.int64()), "text": [f"row {number}" for number in numbers]})


def test_pyiceberg(server, workspace, way):
    workspace.ingest(workspace.write_jsonl("a.jsonl", ["a", "b", "c"]))
    header = {"header.X-Iceberg-Access-Delegation": way}
    client = RestCatalog("gristmill", uri=f"{server.url}/iceberg", token=server.token, **header)
    table = client.load_table("raw.web")
    assert sorted(table.scan().to_arrow()["text"].to_pylist()) == ["a", "b", "c"]
    table.delete("text = 'b'")
    assert texts(workspace, "raw/web") == ["a", "c"]
    client.create_namespace("made")
    client.create_table("made.t", rows(1).schema).append(rows(1, 2, 3))
    with client.create_table_transaction("made.staged", rows(1).schema) as change:
        change.append(rows(4, 5))
    assert client.load_table("made.staged").scan().to_arrow().num_rows == documents(workspace, "made/staged") == 2
    assert texts(workspace, "made/t") == ["row 1", "row 2", "row 3"]


def test_spark(spark, server, workspace, way):
    workspace.ingest(workspace.write_jsonl("a.jsonl", ["a", "b", "c"]))
    header = {"header.X-Iceberg-Access-Delegation": way, "io-impl": "org.apache.iceberg.aws.s3.S3FileIO"}
    spark.add_rest_catalog("lake", server, **header)
    assert sorted(spark.column("SELECT text FROM lake.raw.web")) == ["a", "b", "c"]
    spark("DELETE FROM lake.raw.web WHERE text = 'b'")
    assert texts(workspace, "raw/web") == ["a", "c"]
    spark("CREATE NAMESPACE lake.made")
    spark("CREATE TABLE lake.made.t AS SELECT id AS n, concat('row ', id) AS text FROM range(10)")
    spark("UPDATE lake.made.t SET text = 'changed' WHERE n = 3")
    assert documents(workspace, "made/t") == 10 and "changed" in texts(workspace, "made/t")
    late = "TIMESTAMP '2099-01-01 00:00:00'"
    spark(f"CALL lake.system.expire_snapshots(table => 'made.t', older_than => {late}, retain_last => 1)")
    assert len(texts(workspace, "made/t")) == 10
    spark("DROP TABLE lake.made.t PURGE")
    assert spark("SHOW TABLES IN lake.made") == []
