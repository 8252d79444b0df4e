# SPDX-License-Identifier: Apache-2.0
"""What every Python test may ask for: the command under test and a place to run it."""

import json
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def source_root():
    """The root of the source tree."""
    return ROOT


@pytest.fixture(scope="session")
def shared_folder():
    """Data that lies beside the repository on some machines; tests that want it are skipped elsewhere."""
    folder = pathlib.Path(os.environ.get("GRISTMILL_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"no shared data at {folder}")
    return folder


class Command:
    """Runs the gristmill program: `command("runs", "list")` gives the finished process."""

    def __init__(self, program):
        self.program = program

    def __call__(self, *arguments, check=True, **options):
        options.setdefault("timeout", 600)
        done = subprocess.run([self.program, *map(str, arguments)], capture_output=True, text=True, **options)
        if check and done.returncode != 0:
            pytest.fail(f"gristmill {' '.join(map(str, arguments))} answered {done.returncode}:\n{done.stderr}")
        return done

    def json(self, *arguments, **options):
        """The one JSON document that the command prints with --json."""
        return json.loads(self(*arguments, "--json", **options).stdout)


@pytest.fixture(scope="session")
def gristmill():
    """The program that ctest built, or the developer's."""
    program = pathlib.Path(os.environ.get("GRISTMILL", ROOT / "build" / "dev" / "bin" / "gristmill"))
    if not program.exists():
        pytest.skip(f"{program} is not built: make dev")
    return Command(program)


@pytest.fixture(scope="session")
def kill_library():
    """The library that kills a process at a chosen durable step."""
    default = ROOT / "build" / "dev" / "tests" / "libkill_at_step.so"
    library = pathlib.Path(os.environ.get("KILL_AT_STEP_LIBRARY", default))
    if not library.exists():
        pytest.skip(f"{library} is not built: make dev")
    return library


@pytest.fixture(scope="session")
def duckdb_connection():
    """DuckDB with its Avro and Iceberg extensions, loaded out of their wheels: nothing is downloaded."""
    import duckdb
    import duckdb_extension_avro
    import duckdb_extension_iceberg

    connection = duckdb.connect()
    for module in (duckdb_extension_avro, duckdb_extension_iceberg):
        (file,) = pathlib.Path(module.__file__).parent.rglob("*.duckdb_extension")
        connection.execute(f"LOAD '{file}'")
    return connection
