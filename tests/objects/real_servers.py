# SPDX-License-Identifier: Apache-2.0
"""Object stores of others, as processes on the loopback, and a place between them and us where faults happen."""

import contextlib
import http.client
import os
import pathlib
import socket
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PEERS = ROOT / ".venv-objects" / "bin"
KEYS = ("testadmin", "testsecret-123/with+signs")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def minio_program():
    cache = os.environ.get("GRISTMILL_CACHE")
    base = pathlib.Path(cache) if cache else pathlib.Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "gristmill"
    found = sorted(base.expanduser().glob("minio-v*[0-9a-f]"))
    return found[-1] if found else None


def command_of(kind, port, folder):
    if not (PEERS / "moto_server").exists():
        pytest.skip("no .venv-objects: tools/setup_object_stores.sh makes it")
    if kind == "moto":
        return [PEERS / "moto_server", "-H", "127.0.0.1", "-p", str(port)]
    if minio_program() is None:
        pytest.skip("MinIO is not built: tools/setup_object_stores.sh builds it")
    return [minio_program(), "server", "--quiet", "--address", f"127.0.0.1:{port}", folder]


def in_peers(script, *arguments, endpoint=""):
    """Runs Python code in the environment of moto and botocore, and gives what it prints."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {"AWS_ACCESS_KEY_ID": KEYS[0], "AWS_SECRET_ACCESS_KEY": KEYS[1], "AWS_REGION": "us-east-1"}
    environment |= {"AWS_ENDPOINT_URL": endpoint, "AWS_EC2_METADATA_DISABLED": "true", "no_proxy": "127.0.0.1"}
    command = [PEERS / "python", "-c", script, *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


MAKE_BUCKET = "import boto3, sys; boto3.client('s3', region_name='us-east-1').create_bucket(Bucket=sys.argv[1])"
LIST_UPLOADS = (
    "import boto3, sys\n"
    "for key in sys.argv[2:]:\n"
    "    answer = boto3.client('s3', region_name='us-east-1').list_multipart_uploads(Bucket=sys.argv[1], Prefix=key)\n"
    "    print(*[u['Key'] for u in answer.get('Uploads', [])])"
)


@contextlib.contextmanager
def real_server(kind, folder):
    """The endpoint of a fresh server with the bucket `corpus`."""
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    environment = os.environ | {"MINIO_ROOT_USER": KEYS[0], "MINIO_ROOT_PASSWORD": KEYS[1], "MINIO_UPDATE": "off"}
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command_of(kind, port, folder / "data"), env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        for _ in range(600):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            assert process.poll() is None, (folder / "server.log").read_text()
            time.sleep(0.1)
        for attempt in range(50):
            try:
                in_peers(MAKE_BUCKET, "corpus", endpoint=endpoint)
                break
            except AssertionError:
                if attempt == 49:
                    raise
                time.sleep(0.2)
        yield endpoint
    finally:
        process.kill()
        process.wait()


def forwarder(endpoint):
    """Hands requests on as they are, with the host name that they were signed for."""
    address = endpoint.removeprefix("http://")

    def answer(method, target, headers, body):
        connection = http.client.HTTPConnection(address, timeout=60)
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            if name != "connection":
                connection.putheader(name, value)
        connection.endheaders(body)
        response = connection.getresponse()
        content = response.read()
        skipped = {"transfer-encoding", "connection", "date"} | (set() if method == "HEAD" else {"content-length"})
        kept = {name: value for name, value in response.getheaders() if name.lower() not in skipped}
        connection.close()
        return response.status, kept, content

    return answer
