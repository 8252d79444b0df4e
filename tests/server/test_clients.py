# SPDX-License-Identifier: Apache-2.0
"""Slow, many and encrypted clients, and the command line beside the server."""

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest
import requests
from server_support import Server, read_all, statuses

HEAD = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n"


def test_slow_clients_are_given_up(serve):
    """Slowloris: a byte now and then holds no connection for long."""
    server = serve("--head-timeout", "0.5", "--body-timeout", "0.5", "--idle-timeout", "0.5")
    with server.connect() as idle, server.connect() as slow_head, server.connect() as slow_body:
        slow_head.sendall(HEAD)
        body = b"POST /api/v1/runs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"
        slow_body.sendall(body)
        for _ in range(2):
            time.sleep(0.2)
            slow_head.sendall(b"X")
            slow_body.sendall(b" ")
        assert statuses(read_all(slow_head)) == [408]
        assert statuses(read_all(slow_body)) == [408]
        assert read_all(idle) == b""
    server.get("/health/live")


def test_a_client_that_reads_nothing_is_given_up(serve, workspace):
    workspace.write_jsonl("a.jsonl", ["word " * 200_000 for _ in range(12)])
    workspace.ingest()
    server = serve("--write-timeout", "0.3")
    request = b"GET /api/v1/datasets/raw/web/documents?limit=200 HTTP/1.1\r\nHost: localhost\r\n"
    request += f"Authorization: Bearer {server.token}\r\n\r\n".encode()
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", server.port))
    connection.sendall(request)
    whole = server.get("/api/v1/datasets/raw/web/documents?limit=200")
    assert len(whole.json()["items"]) == 12
    connection.close()


def test_large_bodies_share_their_memory(serve):
    server = serve("--body-memory", "1MB")
    small = {"type": "rating", "rating": 1}
    large = json.dumps({**small, "x": "y" * 600_000}).encode()
    head = "POST /api/v1/feedback HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    head = (head + f"Authorization: Bearer {server.token}\r\nContent-Length: {len(large)}\r\n\r\n").encode()

    def send(body, status):
        return server.call("POST", "/api/v1/feedback", json=json.loads(body), status=status)

    with server.connect() as slow:
        slow.sendall(head + large[:-1])
        time.sleep(0.3)
        refused = send(large, 429)
        assert refused.headers["Retry-After"] == "1" and refused.headers["Connection"] == "close"
        send(json.dumps(small), 201)
        slow.sendall(large[-1:])
        assert slow.recv(65536).startswith(b"HTTP/1.1 201")
        send(large, 201)
        # Half a body of a client that goes takes nothing.
        slow.sendall(head + large[:-1])
        time.sleep(0.3)
        send(large, 429)
    time.sleep(0.3)
    send(large, 201)
    # What never fits is told so; a body whose length is not told counts as the largest.
    send(json.dumps({**small, "x": "y" * 1_000_001}), 413)
    chunked = server.call("POST", "/api/v1/feedback", data=iter([large]), headers={"Content-Type": "application/json"})
    assert chunked.status_code == 201
    assert "\ngristmill_http_bodies_refused_total 2\n" in server.get("/metrics").text


def test_beyond_the_limit_connections_are_closed(serve):
    server = serve("--connections", "5")
    held = [server.connect() for _ in range(5)]
    for connection in held:
        connection.sendall(HEAD + b"\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")
    with server.connect() as refused:
        assert read_all(refused) == b""
    for connection in held:
        connection.close()
    for _ in range(100):
        with server.connect() as connection:
            connection.sendall(HEAD + b"Connection: close\r\n\r\n")
            if read_all(connection).startswith(b"HTTP/1.1 200"):
                break
        time.sleep(0.05)
    else:
        raise AssertionError("the closed connections are still counted")


@pytest.fixture
def certificate(tmp_path):
    return make_certificate(tmp_path)


def make_certificate(folder):
    """A self-signed certificate for localhost, and its key."""
    paths = folder / "certificate.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run([*command, "-out", paths[0], "-keyout", paths[1]], check=True, capture_output=True)
    return paths


def test_tls_is_modern(serve, certificate):
    server = serve("--tls-certificate", certificate[0], "--tls-key", certificate[1])
    assert server.url.startswith("https://")
    answer = server.get("/api/v1/datasets", verify=str(certificate[0]))
    assert "max-age" in answer.headers["Strict-Transport-Security"]
    context = ssl.create_default_context(cafile=str(certificate[0]))
    with context.wrap_socket(server.connect(), server_hostname="localhost") as connection:
        assert connection.version() == "TLSv1.3"
        connection.sendall(HEAD + b"\r\n" + HEAD + b"Connection: close\r\n\r\n")
        assert statuses(read_all(connection)) == [200, 200]
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with context.wrap_socket(server.connect(), server_hostname="localhost") as connection:
        assert "GCM" in connection.cipher()[0] or "POLY1305" in connection.cipher()[0]
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, OSError)), server.connect() as plain:
        old.wrap_socket(plain)
    # Plain HTTP at a TLS port gets no answer, and holds nobody up.
    assert not server.raw(HEAD + b"\r\n").startswith(b"HTTP")
    server.get("/health/live", verify=str(certificate[0]))


def shown_certificate(server):
    return ssl.get_server_certificate(("127.0.0.1", server.port), timeout=20)


def until(is_true):
    for _ in range(400):
        if is_true():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come to pass")


def test_a_renewed_certificate_is_taken_up(serve, certificate, tmp_path):
    server = serve("--tls-certificate", os.path.relpath(certificate[0]), "--tls-key", os.path.relpath(certificate[1]))
    before = certificate[0].read_text()
    context = ssl.create_default_context(cafile=str(certificate[0]))
    (tmp_path / "new").mkdir()
    renewed = make_certificate(tmp_path / "new")
    with context.wrap_socket(server.connect(), server_hostname="localhost") as held:
        assert shown_certificate(server) == before
        for new, old in zip(renewed, certificate, strict=True):
            os.replace(new, old)
        until(lambda: shown_certificate(server) == certificate[0].read_text() != before)
        held.sendall(HEAD + b"Connection: close\r\n\r\n")
        assert statuses(read_all(held)) == [200]
    server.get("/api/v1/datasets", verify=str(certificate[0]))
    # What cannot be used is told, and changes nothing.
    good = certificate[0].read_text()
    certificate[0].write_text("nonsense")
    until(lambda: "the certificate before goes on: TLS certificate" in server.log.read_text())
    assert shown_certificate(server) == good


def test_a_refusal_reaches_a_client_that_is_still_sending(serve, certificate):
    """Of a body that is too large nothing is read; closing at once would cost the client our answer."""
    server = serve("--tls-certificate", certificate[0], "--tls-key", certificate[1])
    head = f"POST /api/v1/feedback HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {server.token}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {17 << 20}\r\n\r\n"
    context = ssl.create_default_context(cafile=str(certificate[0]))
    with context.wrap_socket(server.connect(), server_hostname="localhost") as connection:
        connection.sendall(head.encode())
        for _ in range(17 * 16):
            connection.sendall(b" " * 65536)
        assert statuses(read_all(connection)) == [413]


def test_a_reader_of_the_log_that_goes_does_not_end_the_server(workspace):
    read_end, write_end = os.pipe()
    command = workspace.command("serve", "--port", "0", "--json", "--verbose")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=write_end) as process:
        os.close(write_end)
        url = json.loads(process.stdout.readline())["url"]
        os.close(read_end)
        for _ in range(3):
            assert requests.get(f"{url}/health/live", timeout=60).status_code == 200
        process.terminate()
        assert process.wait(60) == 0


def test_a_reader_of_the_log_that_stalls_holds_nobody_up(workspace):
    """Nobody reads the pipe, and yet all are answered; what had no room is counted, and the server ends."""
    read, write = os.pipe()
    server = Server(workspace, stderr=write)
    os.close(write)
    path = "/" + "a" * 8000
    with requests.Session() as session:
        for _ in range(400):
            assert session.get(server.url + path, timeout=20).status_code == 404
    received = b""
    while b"in time: " not in received:
        received += os.read(read, 65536)
        assert requests.get(server.url + "/health/live", timeout=20).status_code == 200
    assert len(received.split(b"\n")[0].split(b" ")[3]) == len(path), "lines are whole"
    for _ in range(400):
        requests.get(server.url + path, timeout=20)
    assert server.stop() == 0
    os.close(read)


def test_a_key_of_another_certificate_is_refused(workspace, certificate, tmp_path):
    other = tmp_path / "other.pem"
    subprocess.run(["openssl", "ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", other], check=True)
    done = workspace.call("serve", "--tls-certificate", certificate[0], "--tls-key", other, code=2)
    assert "TLS key" in done.stderr


def test_the_settings_say_what_no_flag_says(workspace, serve, certificate):
    settings = workspace.folder / "gristmill.toml"
    usual = settings.read_text()
    # Names of files are looked for beside the settings, wherever the server is started.
    for path in certificate:
        shutil.copy(path, workspace.folder)
    tls = f'tls_certificate = "{certificate[0].name}"\ntls_key = "{certificate[1].name}"\n'
    settings.write_text(f"{usual}\n[server]\n{tls}connections = 1\nrate = 1\n")
    server = serve("--rate", "1000")
    with server.connect() as only, server.connect() as refused:
        assert server.url.startswith("https://") and only
        assert refused.recv(1) == b""
    options = {"headers": server.headers(), "verify": str(certificate[0])}
    with requests.Session() as session:
        for _ in range(200):
            try:
                codes = [session.get(server.url + "/api/v1/workspace", **options).status_code]
                break
            except requests.ConnectionError:
                time.sleep(0.05)  # The closed connection is still counted.
        codes += [session.get(server.url + "/api/v1/workspace", **options).status_code for _ in range(20)]
    assert codes == [200] * 21, "the flag goes before the setting"
    server.stop()
    for line, message in (
        ("port = 70000", "server.port must be a whole number from 0 to 65535"),
        ("host = 5", "server.host must be a string"),
        ("plain_http = 1", "server.plain_http must be true or false"),
        ("prot = 1", "did you mean 'server.port'"),
        ('tls_key = "k.pem"', "needs both"),
        ('host = "0.0.0.0"', "--plain-http"),
    ):
        settings.write_text(f"{usual}\n[server]\n{line}\n")
        assert message in workspace.call("serve", code=2).stderr


def test_a_stop_finishes_what_is_under_way(serve):
    server = serve()
    with server.connect() as connection:
        connection.sendall(HEAD)
        time.sleep(0.2)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        with pytest.raises(OSError):
            server.connect()
        connection.sendall(b"\r\n")
        received = read_all(connection)
        assert statuses(received) == [200] and b"Connection: close" in received
    assert server.process.wait(60) == 0


def test_command_line_and_server_write_at_once(serve, workspace):
    """Both make versions of the same dataset and releases at the same time: nothing is lost, nothing fails."""
    server = serve("--jobs", "4")
    workspace.write_jsonl("a.jsonl", [f"Document number {i}." for i in range(5)])
    workspace.ingest()
    text = "name: both\ninputs: [raw/web]\nsteps:\n  - normalize.unicode\noutput: clean/{}\n"
    path = workspace.folder / "cli.yaml"
    path.write_text(text.format("cli"))
    faults = []

    def by_server():
        try:
            for _ in range(4):
                begun = server.call("POST", "/api/v1/runs", json={"pipeline": text.format("api")}, status=202)
                run = begun.json()["run_id"]
                while server.get(f"/api/v1/runs/{run}").json()["status"] == "running":
                    time.sleep(0.02)
                assert server.get(f"/api/v1/runs/{run}").json()["status"] == "done"
                event = {"type": "rating", "schema_version": 1, "consent": True, "rating": 1, "subject": run}
                server.call("POST", "/api/v1/feedback", json=event, status=201)
        except AssertionError as fault:
            faults.append(fault)

    def by_hand():
        try:
            for number in range(4):
                assert workspace.json("run", path)["status"] == "done"
                workspace.json("token", "create", "--name", f"token-{number}")
        except AssertionError as fault:
            faults.append(fault)

    threads = [threading.Thread(target=work) for work in (by_server, by_hand)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults, faults
    for name in ("clean/api", "clean/cli"):
        assert len(server.get(f"/api/v1/datasets/{name}").json()["versions"]) == 4
    assert "chain intact" in workspace.call("doctor").stdout
