# SPDX-License-Identifier: Apache-2.0
"""A small object store on the loopback, and workspaces whose warehouse lies in it."""

import json
import os
import subprocess
import sys
import types
from pathlib import Path

import pytest
from small_store import Server, SmallStore

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "server"))

import server_support


def serve_workspace(workspace):
    """`gristmill serve` on an `ObjectWorkspace`, with the keys that its environment has."""

    def command(*words):
        return [str(workspace.command.program), "--workspace", str(workspace.folder), *map(str, words)]

    place = types.SimpleNamespace(folder=workspace.folder, command=command)
    return server_support.Server(place, environment=workspace.environment)


class ObjectWorkspace:
    """A workspace in a folder, with the settings and the environment that its store needs."""

    def __init__(
        self,
        gristmill,
        folder,
        endpoint,
        keys,
        warehouse="s3://corpus/team a/wh",
        extra="",
        timeout=1,
        catalog=None,
        **environment,
    ):
        self.command, self.folder, self.warehouse = gristmill, folder, warehouse
        plain = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self.environment = plain | {
            "HOME": str(folder.parent),
            "AWS_ACCESS_KEY_ID": keys[0],
            "AWS_SECRET_ACCESS_KEY": keys[1],
            "no_proxy": "127.0.0.1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        if len(keys) > 2 and keys[2]:
            self.environment["AWS_SESSION_TOKEN"] = keys[2]
        self.environment |= environment
        folder.mkdir(parents=True)
        self("init", folder, *(["--catalog", catalog] if catalog else []), workspace=False)
        settings = folder / "gristmill.toml"
        text = settings.read_text().replace('path = "warehouse"', f'path = "{warehouse}"')
        settings.write_text(f'{text}\n[s3]\nendpoint = "{endpoint}"\nattempts = 4\ntimeout = {timeout}\n{extra}')

    def __call__(self, *arguments, workspace=True, **options):
        place = ["--workspace", str(self.folder)] if workspace else []
        return self.command(*place, *arguments, env=self.environment, **options)

    def json(self, *arguments, **options):
        place = ["--workspace", str(self.folder)]
        return self.command.json(*place, *arguments, env=self.environment, **options)

    def start(self, *arguments):
        """Begins a command; `finish` gives the JSON that it prints."""
        line = [self.command.program, "--workspace", self.folder, *map(str, arguments), "--json"]
        pipe = subprocess.PIPE
        return subprocess.Popen(line, stdout=pipe, stderr=pipe, text=True, env=self.environment)

    @staticmethod
    def finish(process, code=0):
        output, errors = process.communicate(timeout=300)
        assert process.returncode == code, (
            f"answered {process.returncode}, not {code}:\n{errors[-3000:]}{output[-500:]}"
        )
        return json.loads(output)

    def fails(self, code, *arguments):
        """The message of a command that must fail with an exit code."""
        done = self(*arguments, check=False)
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        return done.stderr


@pytest.fixture
def store():
    return SmallStore()


@pytest.fixture
def server(store):
    server = Server(store.answer)
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def make_workspace(gristmill, tmp_path, store, server):
    """Makes further workspaces: `make_workspace("name", extra=...)`."""

    def make(name, **options):
        keys = (store.access_key, store.secret_key, store.token)
        return ObjectWorkspace(gristmill, tmp_path / name, server.endpoint, keys, **options)

    return make


@pytest.fixture
def workspace(make_workspace):
    return make_workspace("workspace")


@pytest.fixture
def small_corpus(tmp_path):
    """Three files with names that need escapes."""
    folder = tmp_path / "in"
    (folder / "sub folder").mkdir(parents=True)
    (folder / "a+b%20c.txt").write_text("A plain text.\n")
    (folder / "sub folder" / "日本 & co.jsonl").write_text('{"text": "first"}\n{"text": "second"}\n')
    (folder / "table.csv").write_text("text,url\nthird,http://example.org/3\n")
    return folder


@pytest.fixture
def serve():
    """Starts servers that end with the test: `serve(workspace)`."""
    servers = []

    def start(workspace):
        servers.append(serve_workspace(workspace))
        return servers[-1]

    yield start
    for one in servers:
        one.stop()
