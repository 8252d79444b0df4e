# SPDX-License-Identifier: Apache-2.0
import os
import pathlib

import pytest
from server_support import Server, Workspace


def program():
    built = os.environ.get("GRISTMILL")
    return pathlib.Path(built) if built else pathlib.Path(__file__).resolve().parents[2] / "build/dev/bin/gristmill"


@pytest.fixture(scope="session")
def served(tmp_path_factory):
    """A server with a little data, shared by the tests that do not change it."""
    workspace = Workspace(program(), tmp_path_factory.mktemp("served"))
    workspace.write_jsonl("a.jsonl", [f"Document number {i} has some words in it." for i in range(20)])
    workspace.ingest()
    workspace.run("normalize.unicode")
    server = Server(workspace)
    yield server
    assert server.stop() == 0


@pytest.fixture
def workspace(tmp_path):
    return Workspace(program(), tmp_path)


@pytest.fixture
def serve(workspace):
    """Starts servers over a fresh workspace and ends them."""
    servers = []

    def start(*arguments, **options):
        servers.append(Server(workspace, *arguments, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()
