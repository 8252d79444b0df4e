# SPDX-License-Identifier: Apache-2.0
"""A server over a workspace of its own, and clients that speak to it well and badly."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading

import requests

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
from cli_support import Workspace

TIMEOUT_SECONDS = 60


class Server:
    """`gristmill serve` at a free port."""

    def __init__(self, workspace, *arguments, environment=None, stderr=None):
        self.workspace = workspace
        self.log = workspace.folder.parent / "server.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                workspace.command("serve", "--port", "0", "--json", "--verbose", *arguments),
                stdout=subprocess.PIPE,
                stderr=log if stderr is None else stderr,
                env={**os.environ, **(environment or {})},
            )
        watchdog = threading.Timer(TIMEOUT_SECONDS, self.process.kill)
        watchdog.start()
        line = self.process.stdout.readline()
        watchdog.cancel()
        assert line, self.log.read_text()
        self.started = json.loads(line)
        self.url = self.started["url"]
        self.port = int(self.url.rsplit(":", 1)[1])
        self.token = (workspace.folder / ".gristmill" / "admin-token").read_text().strip()

    def headers(self, token=None):
        return {"Authorization": f"Bearer {token or self.token}"}

    def call(self, method, path, token=None, status=None, **options):
        options.setdefault("timeout", TIMEOUT_SECONDS)
        headers = {**self.headers(token), **options.pop("headers", {})}
        answer = requests.request(method, self.url + path, headers=headers, **options)
        if status is not None:
            assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer

    def get(self, path, status=200, **options):
        return self.call("GET", path, status=status, **options)

    def connect(self):
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT_SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def raw(self, request):
        """Sends bytes, then reads until the server closes: every answer, as it came."""
        with self.connect() as connection:
            connection.sendall(request)
            return read_all(connection)

    def stop(self, number=signal.SIGTERM):
        """Asks it to end; gives the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(TIMEOUT_SECONDS)
        self.process.stdout.close()
        return code


def read_all(connection):
    received = b""
    while True:
        try:
            piece = connection.recv(65536)
        except ConnectionResetError:
            return received
        if not piece:
            return received
        received += piece


def statuses(received):
    """The status of each answer in a byte stream of answers that carry Content-Length."""
    found = []
    while received:
        head, _, received = received.partition(b"\r\n\r\n")
        found.append(int(head.split(b" ", 2)[1]))
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                received = received[int(value) :]
    return found


__all__ = ["Server", "Workspace", "read_all", "statuses"]
