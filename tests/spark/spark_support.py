# SPDX-License-Identifier: Apache-2.0
"""Spark as its users drive it, and what Gristmill shows of the same tables."""

import json
import os
import pathlib
import threading
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

AGE_SECONDS = 40 * 86400
MERGE_ON_READ = ", ".join(f"'write.{verb}.mode' = 'merge-on-read'" for verb in ("delete", "update", "merge"))


def program():
    built = os.environ.get("GRISTMILL")
    path = pathlib.Path(built) if built else ROOT / "build" / "dev" / "bin" / "gristmill"
    if not path.exists():
        pytest.skip(f"{path} is not built: make dev")
    return path


class Spark:
    """A session; `spark("SELECT 1")` gives rows as tuples."""

    def __init__(self, session):
        self.session = session

    def __call__(self, query):
        return [tuple(row) for row in self.session.sql(query).collect()]

    def value(self, query):
        ((value,),) = self(query)
        return value

    def column(self, query):
        return [row[0] for row in self(query)]

    def fails(self, query):
        """The message of a statement that must fail."""
        try:
            self(query)
        except Exception as error:
            return str(error)
        raise AssertionError(f"nothing was wrong with: {query}")

    def add_catalog(self, name, **properties):
        """Property names have dots, so they come as `add_catalog("lake", **{"s3.x": ...})`."""
        place = f"spark.sql.catalog.{name}"
        self.session.conf.set(place, "org.apache.iceberg.spark.SparkCatalog")
        for key, value in {"cache-enabled": "false", **properties}.items():
            self.session.conf.set(f"{place}.{key}", value)

    def add_rest_catalog(self, name, server, **properties):
        self.add_catalog(name, type="rest", uri=f"{server.url}/iceberg", **{"token": server.token, **properties})


def documents(workspace, dataset):
    """What `dataset show` counts."""
    return workspace.json("dataset", "show", dataset)["documents"]


def exported(workspace, dataset):
    """All rows of a dataset, as `dataset export` writes them."""
    path = workspace.folder.parent / f"export-{time.monotonic_ns()}.jsonl"
    workspace.json("dataset", "export", dataset, "--to", path)
    return [json.loads(line) for line in path.read_text().splitlines()]


def texts(workspace, dataset):
    return sorted(row["text"] for row in workspace.json_lines("dataset", "head", dataset, "-n", "1000"))


def write_at_once(writers, count=4):
    """Runs all writers side by side, each with numbers of its own: from 1000 on the first, from 2000 the second, ..."""
    failures = []

    def repeat(write, first):
        try:
            for number in range(first, first + count):
                write(number)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=repeat, args=(write, 1000 * i)) for i, write in enumerate(writers, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def make_old(folder):
    """Lets all files look as if nobody had touched them for long."""
    then = time.time() - AGE_SECONDS
    for path in folder.rglob("*"):
        if path.is_file():
            os.utime(path, (then, then))
