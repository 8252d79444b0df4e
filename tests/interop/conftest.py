# SPDX-License-Identifier: Apache-2.0
"""The store driver, and the Iceberg readers of others on the same table."""

import json
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


class Driver:
    """Runs the store driver on a catalog and warehouse of the test's own."""

    def __init__(self, program, folder):
        self.program = str(program)
        self.folder = folder
        self.database = str(folder / "catalog.db")
        self.warehouse = str(folder / "warehouse")

    def command(self, *arguments):
        return [self.program, self.database, self.warehouse, *map(str, arguments)]

    def lines(self, *arguments, environment=None):
        """The JSON lines that a command printed, and its exit status."""
        done = subprocess.run(
            self.command(*arguments),
            capture_output=True,
            text=True,
            timeout=300,
            env={**os.environ, **(environment or {})},
        )
        assert done.stderr == "", done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()], done.returncode

    def __call__(self, *arguments):
        lines, status = self.lines(*arguments)
        assert status == 0, lines
        return lines[0] if lines else None

    def error(self, *arguments):
        lines, status = self.lines(*arguments)
        assert status == 1, lines
        return lines[-1]

    def pyiceberg(self):
        from pyiceberg.catalog.sql import SqlCatalog

        return SqlCatalog("gristmill", uri=f"sqlite:///{self.database}", warehouse=f"file://{self.warehouse}")


def find_driver():
    program = pathlib.Path(os.environ.get("GRISTMILL_STORE_DRIVER", ROOT / "build" / "dev" / "tests" / "store_driver"))
    if not program.exists():
        pytest.skip(f"{program} is not built: make dev")
    return program


@pytest.fixture
def driver(tmp_path):
    return Driver(find_driver(), tmp_path)
