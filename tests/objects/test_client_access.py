# SPDX-License-Identifier: Apache-2.0
"""Iceberg clients that have no keys of the bucket: they get some of their own, or signatures for what they send."""

import json
import urllib.parse
import urllib.request

import pytest
from small_store import SmallStore

SIGNING = {"X-Iceberg-Access-Delegation": "remote-signing"}
KEYS = "[writers]\naws_access_key_id = {}\naws_secret_access_key = {}\n"


@pytest.fixture
def served(workspace, serve):
    """A server, and the place of its table raw/mixed."""
    folder = workspace.folder.parent / "given"
    folder.mkdir()
    (folder / "a.jsonl").write_text('{"text": "first"}\n{"text": "second"}\n')
    workspace("ingest", folder, "--source", "mixed", "--license", "CC0-1.0")
    server = serve(workspace)
    server.place = "corpus/team a/wh/raw/mixed"
    return server


def reader_token(server, workspace):
    words = ("token", "create", "--name", "reader", "--scope", "read")
    return workspace.json(*words)["token"]


def sign(server, endpoint, method, path, token=None, path_is_url=False, **fields):
    uri = path if path_is_url else f"{endpoint}/{urllib.parse.quote(path, safe='/?=&%')}"
    body = {"region": "us-east-1", "method": method, "uri": uri, "headers": {}, **fields}
    return server.call("POST", "/iceberg/v1/aws/s3/sign", token=token, json=body)


def send(method, answer, body=None):
    """Sends what was signed; the small store checks the signature."""
    assert answer.status_code == 200, answer.text
    signed = answer.json()
    headers = {name: ", ".join(values) for name, values in signed["headers"].items()}
    request = urllib.request.Request(signed["uri"], data=body, headers=headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as response:
        return response.read()


def test_what_is_signed_reaches_the_table(served, store, server):
    path = f"{served.place}/data/of a client+1.parquet"
    headers = {"Content-Type": ["x/y"], "x-amz-content-sha256": ["UNSIGNED-PAYLOAD"]}
    send("PUT", sign(served, server.endpoint, "PUT", path, headers=headers), b"content")
    assert store.buckets["corpus"][path.removeprefix("corpus/")][0] == b"content"
    assert send("GET", sign(served, server.endpoint, "GET", path)) == b"content"
    listed = sign(served, server.endpoint, "GET", "corpus?list-type=2&prefix=team%20a/wh/raw/mixed/data/of")
    assert b"client" in send("GET", listed)
    send("DELETE", sign(served, server.endpoint, "DELETE", path))
    assert path.removeprefix("corpus/") not in store.buckets["corpus"]
    of_table = served.call(
        "POST",
        "/iceberg/v1/namespaces/raw/tables/mixed/sign",
        json={"region": "us-east-1", "method": "HEAD", "uri": f"{server.endpoint}/{path.replace(' ', '%20')}"},
    )
    assert of_table.status_code == 200 and of_table.headers["Cache-Control"] == "no-store"


REFUSED = [
    ("GET", "corpus/team a/wh/raw/mixed-2/data/x", {}),
    ("GET", "corpus/team a/wh/raw/mixed", {}),
    ("GET", "corpus/team a/wh/landing/mixed/x", {}),
    ("GET", "corpus/secret", {}),
    ("GET", "other/team a/wh/raw/mixed/data/x", {}),
    ("GET", "corpus?list-type=2&prefix=team a/wh/raw/", {}),
    ("GET", "corpus?list-type=2&prefix=team a/wh/raw/mixed", {}),
    ("GET", "corpus?list-type=2", {}),
    ("GET", "corpus?prefix=team a/wh/raw/mixed/", {}),
    ("GET", "corpus?policy", {}),
    ("PUT", "corpus", {}),
    ("DELETE", "corpus", {}),
    ("GET", "{place}/x?acl", {}),
    ("PUT", "{place}/x?acl=", {}),
    ("PUT", "{place}/x?tagging", {}),
    ("DELETE", "{place}/x?versionId=7", {}),
    ("POST", "{place}/x", {}),
    ("POST", "{place}/x?restore", {}),
    ("OPTIONS", "{place}/x", {}),
    ("PUT", "{place}/x", {"headers": {"X-Amz-Acl": ["public-read"]}}),
    ("PUT", "{place}/x", {"headers": {"x-amz-grant-read": ["uri=all"]}}),
    ("PUT", "{place}/x", {"headers": {"x-amz-copy-source": ["corpus/secret"]}}),
    ("PUT", "{place}/x", {"headers": {"x-amz-copy-source": ["/corpus/team%20a/wh/raw/mixed/../secret"]}}),
    ("PUT", "{place}/x", {"headers": {"x-amz-content-sha256": ["STREAMING-AWS4-HMAC-SHA256-PAYLOAD"]}}),
    ("PUT", "{place}/x", {"headers": {"x-amz-meta-a": ["b\r\nx-amz-acl: public-read"]}}),
    ("PUT", "{place}/x", {"headers": {"x-amz-meta-a": ["b"], "X-Amz-Meta-A": ["c"]}}),
    ("GET", "{place}/../secret", {}),
    ("GET", "{place}/%2E%2E/secret", {}),
    ("GET", "{place}/..%2Fsecret", {}),
    ("GET", "{place}//x", {}),
    ("GET", "{place}/a%00b", {}),
    ("GET", "{place}/x?x-id=1&x-id=2", {}),
    ("POST", "corpus?delete", {}),
    ("POST", "corpus?delete", {"body": "<Delete><Object><Key>secret</Key></Object></Delete>"}),
    ("POST", "corpus?delete", {"body": "<Delete><Object><Key>{key}/x</Key><Key>secret</Key></Object></Delete>"}),
    (
        "POST",
        "corpus?delete",
        {"body": "<Delete><Object><Key>{key}/x</Key><VersionId>1</VersionId></Object></Delete>"},
    ),
    ("POST", "corpus?delete", {"body": "<!DOCTYPE a><Delete><Object><Key>{key}/x</Key></Object></Delete>"}),
]


@pytest.fixture(scope="module")
def refusing(gristmill, tmp_path_factory):
    """One server for all that is refused; the store is never asked."""
    from conftest import ObjectWorkspace, serve_workspace
    from small_store import Server as StoreServer

    store = SmallStore()
    store_server = StoreServer(store.answer)
    keys = (store.access_key, store.secret_key, store.token)
    workspace = ObjectWorkspace(gristmill, tmp_path_factory.mktemp("refusing") / "w", store_server.endpoint, keys)
    folder = workspace.folder.parent / "given"
    folder.mkdir()
    (folder / "a.txt").write_text("A text.\n")
    workspace("ingest", folder, "--source", "mixed", "--license", "CC0-1.0")
    server = serve_workspace(workspace)
    server.store, server.endpoint, server.gristmill = store, store_server.endpoint, workspace
    yield server
    server.stop()
    store_server.shutdown()
    store_server.server_close()


@pytest.mark.parametrize(("method", "path", "fields"), REFUSED)
def test_nothing_else_is_signed(refusing, method, path, fields):
    key = "team a/wh/raw/mixed"
    fields = json.loads(json.dumps(fields).replace("{key}", key))
    before = len(refusing.store.requests)
    answer = sign(refusing, refusing.endpoint, method, path.replace("{place}", f"corpus/{key}"), **fields)
    assert answer.status_code in (400, 403), answer.text
    assert "uri" not in answer.json() and len(refusing.store.requests) == before
    for secret in (refusing.store.access_key, refusing.store.secret_key):
        assert secret not in answer.text


@pytest.mark.parametrize(
    "url",
    [
        "https://{host}/corpus/team%20a/wh/raw/mixed/x",
        "http://corpus.{host}/team%20a/wh/raw/mixed/x",
        "http://{host}.example.org/corpus/team%20a/wh/raw/mixed/x",
        "http://user@{host}/corpus/team%20a/wh/raw/mixed/x",
        "http://{host}/corpus/team%20a/wh/raw/mixed/x#y",
        "/corpus/team%20a/wh/raw/mixed/x",
        "",
    ],
)
def test_other_hosts_are_refused(refusing, url):
    host = refusing.endpoint.removeprefix("http://")
    answer = sign(refusing, "", "GET", url.replace("{host}", host), path_is_url=True)
    assert answer.status_code in (400, 403), answer.text


def test_who_may_only_read_gets_signatures_for_that(refusing):
    token = reader_token(refusing, refusing.gristmill)
    path = "corpus/team a/wh/raw/mixed/data/x"
    assert sign(refusing, refusing.endpoint, "GET", path, token=token).status_code == 200
    for method in ("PUT", "DELETE"):
        assert sign(refusing, refusing.endpoint, method, path, token=token).status_code == 403
    refusing.call("POST", "/iceberg/v1/aws/s3/sign", token="none", json={}, status=401)


def test_a_table_that_is_being_created_can_be_written(served, server):
    schema = {"type": "struct", "fields": [{"id": 1, "name": "n", "required": False, "type": "long"}]}
    body = {"name": "staged", "schema": schema, "stage-create": True}
    answer = served.call("POST", "/iceberg/v1/namespaces/raw/tables", json=body, headers=SIGNING, status=200).json()
    assert answer["config"]["s3.remote-signing-enabled"] == "true" and "storage-credentials" not in answer
    place = answer["metadata"]["location"].removeprefix("s3://")
    assert sign(served, server.endpoint, "PUT", f"{place}/data/x.parquet").status_code == 200
    assert sign(served, server.endpoint, "PUT", f"{place}-2/data/x.parquet").status_code == 403


def test_keys_for_clients_are_those_that_the_settings_name(make_workspace, serve, store, server, small_corpus):
    workspace = make_workspace("keyed", extra='[iceberg]\nkeys_file = "clients.ini"\nwriter_profile = "writers"\n')
    workspace("ingest", small_corpus, "--source", "mixed")
    assert "writers" in workspace.fails(3, "serve", "--port", "0")
    (workspace.folder / "clients.ini").write_text(KEYS.format(store.access_key, store.secret_key))
    served = serve(workspace)
    load = "/iceberg/v1/namespaces/raw/tables/mixed"
    vended = {"X-Iceberg-Access-Delegation": "vended-credentials,remote-signing"}
    (found,) = served.get(load, headers=vended).json()["storage-credentials"]
    assert found["prefix"] == "s3://corpus/team a/wh/raw/mixed/"
    assert found["config"]["s3.access-key-id"] == store.access_key
    assert served.get(f"{load}/credentials").json()["storage-credentials"] == [found]
    assert "storage-credentials" not in served.get(load).json()
    assert store.secret_key not in served.get(load).text + served.get("/iceberg/v1/config").text
    # Who may only read has no profile here, and so signatures at most.
    token = reader_token(served, workspace)
    answer = served.get(load, token=token, headers=vended).json()
    assert "storage-credentials" not in answer and answer["config"]["s3.remote-signing-enabled"] == "true"
    assert served.get(f"{load}/credentials", token=token).json()["storage-credentials"] == []

    from pyiceberg.catalog.rest import RestCatalog

    client = RestCatalog("gristmill", uri=f"{served.url}/iceberg", token=served.token)
    table = client.load_table("raw.mixed")
    rows = table.scan().to_arrow()
    assert rows.num_rows == 4
    assert store.secret_key not in served.log.read_text()
