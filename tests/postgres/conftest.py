# SPDX-License-Identifier: Apache-2.0
"""Workspaces whose catalog is on a throw-away PostgreSQL server."""

import itertools
import json
from random import Random

import catalogs
import postgres_server
import pytest
from team import TeamWorkspace


@pytest.fixture(scope="session")
def server():
    return catalogs.server()


@pytest.fixture
def own_server():
    """A server that the test may stop; it keeps what it acknowledged."""
    if postgres_server.programs_folder() is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    server = postgres_server.PostgresServer(durable=True)
    yield server
    server.remove()


@pytest.fixture
def make_workspace(gristmill, tmp_path):
    """Makes a workspace; with a server its catalog is there, else in a file."""
    numbers = itertools.count()
    workspaces = []

    def make(server=None):
        url = server.new_schema() if server else None
        workspaces.append(TeamWorkspace(gristmill.program, tmp_path / f"w{next(numbers)}", url))
        return workspaces[-1]

    yield make
    for workspace in workspaces:
        for process in workspace.processes:
            if process.poll() is None:
                process.kill()
            process.communicate(timeout=60)


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    """Enough documents for many tasks, in files of which each makes a few."""
    folder = tmp_path_factory.mktemp("corpus")
    random = Random(5)
    words = [f"word{number}" for number in range(2000)]
    for number in range(24):
        lines = []
        for _ in range(150):
            text = " ".join(random.choices(words, k=random.randint(60, 400)))
            lines.append(json.dumps({"text": text}))
            if random.random() < 0.1:
                lines.append(lines[-1])
        (folder / f"part-{number:02}.jsonl").write_text("\n".join(lines) + "\n")
    return folder
