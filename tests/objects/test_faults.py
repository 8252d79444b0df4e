# SPDX-License-Identifier: Apache-2.0
"""What object stores do wrong, and what becomes of it: nothing is lost or doubled, and errors say what to do."""

import datetime
import json
import shutil
import ssl
import subprocess

import pytest

import gristmill as gristmill_module

COMMITTED = ("complete", 4)


def ingest(workspace, folder):
    record = workspace.json("ingest", folder, "--source", "web")
    return record["status"], record["documents"]


def versions(workspace):
    return len(workspace.json("dataset", "show", "raw/web")["versions"])


@pytest.mark.parametrize(
    ("fault", "method", "pattern", "times"),
    [
        ("slow_down", "PUT", "parquet", 2),
        ("internal", "PUT", "metadata.json", 2),
        ("reset", "PUT", "landing", 2),
        ("reset", "GET", "metadata.json", 1),
        ("lost", "PUT", "metadata.json", 1),
        ("lost", "PUT", r"-m0\.avro", 2),
        ("lost", "PUT", "landing", 1),
        ("truncated", "GET", "landing", 2),
        ("truncated", "GET", "avro", 1),
        ("flipped", "GET", "landing", 2),
        ("flipped", "GET", "metadata.json", 1),
        ("stall", "PUT", "snap-", 1),
        ("slow_down", "GET", "list-type", 1),
    ],
)
def test_faults_that_pass(workspace, server, small_corpus, fault, method, pattern, times):
    server.plan(fault, method, pattern, times)
    assert ingest(workspace, small_corpus) == COMMITTED
    (small_corpus / "more.txt").write_text("More.\n")
    assert ingest(workspace, small_corpus) == ("complete", 1)
    workspace("dataset", "expire", "raw/web", "--older-than", "0s", "--keep", "1")
    assert versions(workspace) == 1
    assert len(workspace("dataset", "head", "raw/web", "-n", "9", "--json").stdout.splitlines()) == 5
    assert server.met == [fault] * times


@pytest.mark.parametrize("fault", ["lost", "late", "slow_down", "internal", "reset"])
def test_completion_of_an_upload_in_parts(workspace, store, server, tmp_path, fault):
    text = tmp_path / "large.txt"
    text.write_bytes(b"0123456789abcde\n" * (1 << 20))
    server.plan(fault, "POST", "uploadId", 2 if fault != "lost" else 1)
    assert workspace.json("ingest", text, "--source", "web")["status"] == "complete"
    assert not store.uploads
    (body,) = [item[0] for key, item in store.buckets["corpus"].items() if "/landing/" in key]
    assert body == text.read_bytes()


def test_an_upload_that_fails_is_aborted(workspace, store, server, tmp_path):
    text = tmp_path / "large.txt"
    text.write_bytes(b"0123456789abcde\n" * (1 << 20))
    server.plan("denied", "PUT", "partNumber=2")
    assert "do not allow s3:PutObject" in workspace.fails(3, "ingest", text, "--source", "web")
    assert not store.uploads
    assert workspace.json("ingest", text, "--source", "web")["status"] == "complete"


def test_faults_that_stay_end_and_the_work_goes_on_later(workspace, server, small_corpus):
    server.plan("internal", "PUT", "metadata", 1000)
    told = workspace.fails(5, "ingest", small_corpus, "--source", "web")
    assert "InternalError" in told and "after 4 attempts" in told
    server.faults.clear()
    assert ingest(workspace, small_corpus) == COMMITTED
    assert versions(workspace) == 1
    server.plan("flipped", "GET", "metadata.json", 1000)
    assert "CRC-32" in workspace.fails(5, "dataset", "show", "raw/web")


def test_single_keys_of_many_that_are_not_removed_at_once(workspace, store, small_corpus):
    """Of many keys some are refused: for now, and they go with the next try; or for good, and that is told."""

    def lists():
        return [key for key in store.buckets["corpus"] if "/raw/web/metadata/snap-" in key]

    for number in range(3):
        old = lists()
        (small_corpus / "a+b%20c.txt").write_text(f"A text of {number}.\n")
        workspace.json("ingest", small_corpus, "--source", "web")
    store.kept = {old[0]: ["SlowDown"] * 9, old[1]: ["AccessDenied"] * 9}
    told = workspace.fails(5, "dataset", "expire", "raw/web", "--older-than", "0s", "--keep", "1")
    assert old[0] in told and "SlowDown" in told and "after 4 attempts" in told
    # What was left is swept like what killed processes leave.
    objects = store.buckets["corpus"]
    for key, (body, etag, moment, *facts) in objects.items():
        objects[key] = (body, etag, moment - 7200, *facts)
    clean = ("dataset", "clean", "raw/web", "--older-than", "1h")
    store.kept = {old[0]: ["SlowDown", "InternalError"], old[1]: ["AccessDenied"] * 9}
    told = workspace.fails(3, *clean)
    assert old[1] in told and "AccessDenied" in told
    assert old[0] not in objects and old[1] in objects and versions(workspace) == 1


def test_a_server_that_ignores_conditions_gets_no_commits(make_workspace, store, small_corpus):
    store.heeds_conditions = False
    workspace = make_workspace("careless")
    told = workspace.fails(3, "ingest", small_corpus, "--source", "web")
    assert "ignores If-None-Match" in told and "versitygw" in told
    assert not [key for key in store.buckets["corpus"] if "metadata" in key or "probe" in key]
    assert "ignores If-None-Match" in workspace("doctor", check=False).stdout
    # Reading from there is no problem: the warehouse may be elsewhere.
    store.store(store.buckets["corpus"], "in/a.txt", b"A text.", {})
    local = make_workspace("local", warehouse="warehouse")
    assert local.json("ingest", "s3://corpus/in", "--source", "web")["documents"] == 1


def test_the_server_is_probed_once_a_process(workspace, store, small_corpus):
    assert ingest(workspace, small_corpus) == COMMITTED
    probes = [method for method, _, key, _, _ in store.requests if "probe-" in key]
    assert probes.count("PUT") == 2 and probes.count("DELETE") == 1


def test_a_bucket_that_vanishes(workspace, store, small_corpus):
    assert ingest(workspace, small_corpus) == COMMITTED
    kept = store.buckets.pop("corpus")
    (small_corpus / "more.txt").write_text("More.\n")
    for command in (("ingest", small_corpus, "--source", "web"), ("dataset", "show", "raw/web"), ("dataset", "list")):
        told = workspace.fails(5, *command)
        assert "s3://corpus: there is no such bucket" in told and "repeat the command" in told
    for command in (("dataset", "clean", "raw/web"), ("dataset", "expire", "raw/web", "--older-than", "0s")):
        assert "no such bucket" in workspace.fails(5, *command)
    store.buckets["corpus"] = kept
    assert ingest(workspace, small_corpus) == ("complete", 1)
    assert versions(workspace) == 2
    # An empty bucket of the same name is not an empty table.
    store.buckets["corpus"] = {}
    told = workspace.fails(1, "dataset", "show", "raw/web")
    assert "raw/web" in told and "no such object" in told
    workspace.fails(1, "ingest", small_corpus, "--source", "other", "--into", "raw/web")
    store.buckets["corpus"] = kept
    assert versions(workspace) >= 2


def test_refusals_say_what_to_do(workspace, store, small_corpus):
    assert ingest(workspace, small_corpus) == COMMITTED
    show = ("dataset", "show", "raw/web")
    store.expired.add(store.access_key)
    assert "session token has expired: get fresh credentials" in workspace.fails(3, *show)
    store.expired.clear()
    store.region = "eu-central-1"
    assert 'set [s3] region = "eu-central-1"' in workspace.fails(2, *show)
    store.region = "us-east-1"
    store.clock_offset_s = 3600
    told = workspace.fails(5, *show)
    assert "clock" in told and str(datetime.datetime.now(datetime.UTC).year) in told
    store.clock_offset_s = 0
    workspace.environment["AWS_SECRET_ACCESS_KEY"] = "wrong"
    assert "secret key does not fit" in workspace.fails(3, *show)
    workspace.environment["AWS_ACCESS_KEY_ID"] = "AKIAWRONG"
    assert "does not know the access key" in workspace.fails(3, *show)
    del workspace.environment["AWS_ACCESS_KEY_ID"]
    assert "no credentials for the object store" in workspace.fails(3, *show)
    workspace.environment["AWS_ENDPOINT_URL"] = "ftp://x"
    settings = workspace.folder / "gristmill.toml"
    settings.write_text(settings.read_text().replace("endpoint =", "# endpoint ="))
    assert "is no S3 endpoint" in workspace.fails(2, *show)


def test_a_server_that_is_away(make_workspace, server):
    workspace = make_workspace("lonely")
    server.shutdown()
    server.server_close()
    told = workspace.fails(5, "ingest", workspace.folder / "gristmill.toml", "--source", "web")
    assert "127.0.0.1" in told and "after 4 attempts" in told


def test_credentials_from_a_file_that_is_renewed(make_workspace, store, small_corpus):
    workspace = make_workspace("filed", extra='profile = "team"\ncredentials_file = "keys.ini"\n')
    text = f"[team]\naws_access_key_id = {store.access_key}\naws_secret_access_key = {store.secret_key}\n"
    (workspace.folder / "keys.ini").write_text(text)
    # The named profile counts, whatever the environment holds.
    workspace.environment["AWS_ACCESS_KEY_ID"] = "AKIAOTHER"
    assert ingest(workspace, small_corpus) == COMMITTED


@pytest.fixture
def certificate(tmp_path):
    if shutil.which("openssl") is None:
        pytest.skip("no openssl command to make a certificate")
    key, file = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=store"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", key, "-out", file]
    subprocess.run(command, check=True, capture_output=True)
    return key, file


def assert_others_read(workspace, monkeypatch):
    """DuckDB and PyIceberg reach the store by the same settings."""
    pytest.importorskip("duckdb")
    answer = workspace("sql", 'SELECT count(*) AS n FROM "raw/web"', "--json")
    assert json.loads(answer.stdout) == {"n": COMMITTED[1]}
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, workspace.environment[name])
    assert gristmill_module.dataset(workspace.folder, "raw/web").read_all().num_rows == COMMITTED[1]


def test_tls_with_an_authority_of_ones_own(make_workspace, server, small_corpus, certificate, monkeypatch):
    key, file = certificate
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    workspace = make_workspace("guarded")
    settings = workspace.folder / "gristmill.toml"
    settings.write_text(settings.read_text().replace("http://", "https://"))
    told = workspace.fails(3, "ingest", small_corpus, "--source", "web")
    assert "certificate is not trusted" in told and "[s3] ca_file" in told
    shutil.copy(file, workspace.folder / "ca.pem")
    settings.write_text(settings.read_text() + 'ca_file = "ca.pem"\n')
    assert ingest(workspace, small_corpus) == COMMITTED
    assert_others_read(workspace, monkeypatch)


def test_bucket_in_the_host_name(make_workspace, store, server, small_corpus, monkeypatch):
    def by_host(method, target, headers, body):
        return store.answer(method, target, headers, body, bucket=headers["host"].split(".")[0])

    server.backend = by_host
    workspace = make_workspace("virtual", extra="path_style = false\n")
    settings = workspace.folder / "gristmill.toml"
    settings.write_text(settings.read_text().replace("127.0.0.1", "localhost"))
    workspace.environment["no_proxy"] = "localhost"
    assert ingest(workspace, small_corpus) == COMMITTED
    assert_others_read(workspace, monkeypatch)
    assert {bucket for _, bucket, *_ in store.requests} == {"corpus"}
    assert {headers["host"].split(":")[0] for *_, headers in store.requests} == {"corpus.localhost"}
