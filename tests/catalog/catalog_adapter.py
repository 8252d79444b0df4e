# SPDX-License-Identifier: Apache-2.0
"""The REST catalog on a loopback port, over the driver that answers requests without a network."""

import http.server
import itertools
import json
import os
import pathlib
import queue
import subprocess
import threading

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PREFIX = "/iceberg"


def find_driver():
    program = pathlib.Path(os.environ.get("GRISTMILL_REST_DRIVER", ROOT / "build" / "dev" / "tests" / "rest_driver"))
    if not program.exists():
        pytest.skip(f"{program} is not built: make dev")
    return str(program)


class Driver:
    """Sends requests to the driver; any number of threads may ask at once."""

    def __init__(self, workspace):
        self.process = subprocess.Popen(
            [find_driver(), str(workspace)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.numbers = itertools.count()
        self.waiting = {}
        self.lock = threading.Lock()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            answer = json.loads(line)
            self.waiting.pop(answer["id"]).put(answer)

    def send(self, request):
        answers = queue.Queue()
        with self.lock:
            number = next(self.numbers)
            self.waiting[number] = answers
            self.process.stdin.write(json.dumps({**request, "id": number}) + "\n")
            self.process.stdin.flush()
        return answers.get(timeout=120)

    def __call__(self, method, path, body=None, **options):
        """Status and JSON of one request; the path may hold a query."""
        path, _, query = path.partition("?")
        text = body if isinstance(body, str) else "" if body is None else json.dumps(body)
        request = {"method": method, "path": path, "query": query, "body": text, "headers": {}, "caller": "tester"}
        answer = self.send({**request, **options})
        return answer["status"], json.loads(answer["body"]) if answer["body"] else None

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=60)
        self.process.stdout.close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _answer(self):
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if not path.startswith(PREFIX):
            answer = {"status": 404, "headers": {}, "body": ""}
        else:
            request = {"method": self.command, "path": path.removeprefix(PREFIX), "query": query, "body": body}
            answer = self.server.driver.send({**request, "headers": dict(self.headers), "caller": "tester"})
        self.server.log.append((self.command, self.path, answer["status"], body, answer["body"]))
        data = answer["body"].encode()
        self.send_response(answer["status"])
        for name, value in answer["headers"].items():
            self.send_header(name, value)
        if answer["status"] not in (204, 304):
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD" and answer["status"] not in (204, 304):
            self.wfile.write(data)

    do_GET = do_HEAD = do_POST = do_DELETE = _answer

    def log_message(self, *arguments):
        pass


class Adapter:
    """One workspace, served."""

    def __init__(self, workspace):
        self.workspace = pathlib.Path(workspace)
        self.driver = Driver(workspace)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.driver = self.driver
        self.server.log = self.log = []
        self.uri = f"http://127.0.0.1:{self.server.server_address[1]}{PREFIX}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def pyiceberg(self, **properties):
        from pyiceberg.catalog.rest import RestCatalog

        return RestCatalog("gristmill", uri=self.uri, **properties)

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.driver.close()
