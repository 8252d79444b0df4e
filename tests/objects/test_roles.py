# SPDX-License-Identifier: Apache-2.0
"""Credentials of a role: from the instance metadata service and from a container's, renewed before they expire."""

import datetime
import json
import subprocess
import sys

import pytest
from small_store import Server
from test_client_access import send, sign

TOKEN = "session==token"
ROLES = "/latest/meta-data/iam/security-credentials/"


class RoleService:
    """What machines and containers of AWS ask for credentials. Each time it is asked it gives new ones, and the store
    takes only the newest."""

    def __init__(self, store, minutes=60):
        self.store, self.minutes, self.given, self.asked, self.role = store, minutes, 0, [], "web-role"
        self.authorization, self.renews = "", True

    def credentials(self):
        self.given += self.renews
        keys = self.store.access_key, self.store.secret_key, self.store.token = (
            f"ASIA{self.given:04}",
            f"secret/{self.given}",
            f"token+{self.given}=",
        )
        until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=self.minutes)
        names = ("AccessKeyId", "SecretAccessKey", "Token")
        return {**dict(zip(names, keys, strict=True)), "Expiration": until.strftime("%Y-%m-%dT%H:%M:%SZ")}

    def answer(self, method, target, headers, body):
        self.asked.append((method, target))
        if target == "/v2/credentials/task":
            if headers.get("authorization", "") != self.authorization:
                return 401, {}, b"{}"
            return 200, {}, json.dumps(self.credentials()).encode()
        if (method, target) == ("PUT", "/latest/api/token"):
            assert int(headers["x-aws-ec2-metadata-token-ttl-seconds"]) > 0 and body == b""
            return 200, {}, TOKEN.encode()
        if headers.get("x-aws-ec2-metadata-token") != TOKEN:
            return 401, {}, b""
        if not self.role:
            return 404, {}, b""
        if target in (ROLES, ROLES.rstrip("/")):
            return 200, {}, self.role.encode()
        if target == ROLES + self.role:
            return 200, {}, json.dumps({"Code": "Success", **self.credentials()}).encode()
        return 404, {}, b""


@pytest.fixture
def service(store):
    return RoleService(store)


@pytest.fixture
def address(service):
    server = Server(service.answer)
    yield server.endpoint
    server.shutdown()
    server.server_close()


@pytest.fixture
def keyless(make_workspace):
    """A workspace without any keys of its own."""

    def make(**environment):
        workspace = make_workspace("keyless", AWS_EC2_METADATA_DISABLED="false", **environment)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            del workspace.environment[name]
        return workspace

    return make


def ingest(workspace, folder):
    return workspace.json("ingest", folder, "--source", "web", "--threads", "1")["documents"]


def test_the_role_of_a_machine(keyless, service, address, small_corpus):
    workspace = keyless(AWS_EC2_METADATA_SERVICE_ENDPOINT=address + "/")
    assert ingest(workspace, small_corpus) == 4
    assert service.asked == [("PUT", "/latest/api/token"), ("GET", ROLES), ("GET", ROLES + "web-role")]
    kept = [path.read_bytes() for path in workspace.folder.rglob("*") if path.is_file()]
    assert not any(b"secret/1" in text or b"token+1" in text for text in kept)


def rows_in_python(workspace):
    """What a program in Python reads that has this workspace's environment, and no keys but what it finds there."""
    program = "import sys, gristmill; print(gristmill.dataset(sys.argv[1], 'raw/web').read_all().num_rows)"
    line = [sys.executable, "-c", program, str(workspace.folder)]
    done = subprocess.run(line, env=workspace.environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    return int(done.stdout)


def test_python_by_the_role_of_a_machine(keyless, service, address, small_corpus):
    workspace = keyless(AWS_EC2_METADATA_SERVICE_ENDPOINT=address)
    ingest(workspace, small_corpus)
    # Arrow asks several times before its first request, and all that it is given is good until it expires.
    service.renews = False
    service.asked.clear()
    assert rows_in_python(workspace) == 4
    assert ("GET", ROLES + "web-role") in service.asked


@pytest.mark.parametrize("place", ["settings", "environment"])
def test_python_by_a_profile(make_workspace, store, small_corpus, tmp_path, place):
    keys = f"[team]\naws_access_key_id = {store.access_key}\naws_secret_access_key = {store.secret_key}\n"
    (tmp_path / "keys").write_text(keys)
    extra, environment = ('profile = "team"\n', {}) if place == "settings" else ("", {"AWS_PROFILE": "team"})
    workspace = make_workspace("filed", extra=extra, AWS_SHARED_CREDENTIALS_FILE=str(tmp_path / "keys"), **environment)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        del workspace.environment[name]
    ingest(workspace, small_corpus)
    assert rows_in_python(workspace) == 4


def test_sql_by_the_role_of_a_machine(keyless, service, address, small_corpus):
    pytest.importorskip("duckdb")
    workspace = keyless(AWS_EC2_METADATA_SERVICE_ENDPOINT=address)
    ingest(workspace, small_corpus)
    assert workspace("sql", 'SELECT count(*) AS n FROM "raw/web"', "--json").stdout.strip() == '{"n": 4}'


@pytest.mark.parametrize("as_file", [False, True])
def test_the_role_of_a_container(keyless, service, address, small_corpus, tmp_path, as_file):
    service.authorization = "Bearer of/the=pod"
    given = {"AWS_CONTAINER_AUTHORIZATION_TOKEN": service.authorization}
    if as_file:
        (tmp_path / "token").write_text(service.authorization + "\n")
        given = {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(tmp_path / "token")}
    workspace = keyless(AWS_CONTAINER_CREDENTIALS_FULL_URI=f"{address}/v2/credentials/task", **given)
    assert ingest(workspace, small_corpus) == 4
    assert service.asked == [("GET", "/v2/credentials/task")]
    assert rows_in_python(workspace) == 4


def test_renewed_before_they_expire(keyless, service, address, small_corpus):
    service.minutes = 2  # Less than what is left when new ones are fetched.
    workspace = keyless(AWS_EC2_METADATA_SERVICE_ENDPOINT=address)
    assert ingest(workspace, small_corpus) == 4
    assert service.given == 2


def test_renewed_when_the_store_says_so(keyless, service, store, address, small_corpus):
    workspace = keyless(AWS_EC2_METADATA_SERVICE_ENDPOINT=address)
    store.expired.add("ASIA0001")
    assert ingest(workspace, small_corpus) == 4
    assert service.given == 2


def test_one_set_signs_for_many_clients(keyless, service, store, server, address, small_corpus, serve):
    workspace = keyless(AWS_EC2_METADATA_SERVICE_ENDPOINT=address)
    ingest(workspace, small_corpus)
    served = serve(workspace)
    path = "corpus/team a/wh/raw/web/data/x"
    send("PUT", sign(served, server.endpoint, "PUT", path), b"content")
    given = service.given
    service.asked.clear()
    for _ in range(20):
        assert send("GET", sign(served, server.endpoint, "GET", path)) == b"content"
    assert service.given == given


def test_new_keys_in_a_file_sign_at_once(make_workspace, store, server, small_corpus, serve, tmp_path):
    keys = "[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n"
    (tmp_path / "keys").write_text(keys.format(store.access_key, store.secret_key))
    store.token = ""
    workspace = make_workspace("filed", AWS_SHARED_CREDENTIALS_FILE=str(tmp_path / "keys"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        del workspace.environment[name]
    workspace.environment.pop("AWS_SESSION_TOKEN", None)
    ingest(workspace, small_corpus)
    served = serve(workspace)
    path = "corpus/team a/wh/raw/web/data/x"
    send("PUT", sign(served, server.endpoint, "PUT", path), b"content")
    store.access_key, store.secret_key = "AKIANEXT", "next/secret"
    (tmp_path / "keys").write_text(keys.format(store.access_key, store.secret_key))
    assert send("GET", sign(served, server.endpoint, "GET", path)) == b"content"


def test_keys_of_ones_own_come_first(make_workspace, service, address, small_corpus):
    workspace = make_workspace("keyed", AWS_EC2_METADATA_SERVICE_ENDPOINT=address)
    assert ingest(workspace, small_corpus) == 4
    assert service.asked == []
    # A profile that is named and missing is an error, not a reason to take what else there is.
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        del workspace.environment[name]
    workspace.environment["AWS_PROFILE"] = "team"
    assert "the profile 'team'" in workspace.fails(3, "dataset", "show", "raw/web")
    assert service.asked == []


def test_no_role_and_strange_places_are_refused(keyless, service, address, small_corpus):
    workspace = keyless(AWS_EC2_METADATA_SERVICE_ENDPOINT=address)
    service.role = ""
    told = workspace.fails(3, "ingest", small_corpus, "--source", "web")
    assert "no credentials for the object store" in told and "answers with status 404" in told
    service.role = "../../../etc/passwd"
    assert "names no role" in workspace.fails(3, "ingest", small_corpus, "--source", "web")
    workspace.environment["AWS_EC2_METADATA_DISABLED"] = "TRUE"
    service.asked.clear()
    assert "AWS_EC2_METADATA_DISABLED" in workspace.fails(3, "ingest", small_corpus, "--source", "web")
    assert service.asked == []
    for place in ("http://example.org/x", "http://127.0.0.1@example.org/", "http://127.0.0.1.example.org/", "ftp://x"):
        workspace.environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = place
        told = workspace.fails(2, "ingest", small_corpus, "--source", "web")
        assert "nothing is asked there" in told
