# SPDX-License-Identifier: Apache-2.0
"""Full and read-only disks, two processes at once, foreign databases, and work that must not look done."""

import json
import os
import sqlite3
import subprocess

import catalogs
import pytest
from cli_support import GOOD, MIB, Workspace, as_nobody

# Places that cannot be written


class SmallDisk:
    """A tmpfs of a few megabytes, mounted for one test."""

    def __init__(self, folder, size):
        self.folder = folder
        folder.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True)
        if done.returncode != 0:
            pytest.skip(f"no file system can be mounted here: {done.stderr.decode().strip()}")

    def remount(self, options):
        subprocess.run(["mount", "-o", f"remount,{options}", str(self.folder)], check=True, timeout=60)

    def unmount(self):
        subprocess.run(["umount", "-l", str(self.folder)], check=False, timeout=60)


@pytest.fixture
def small_disk(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    disk = SmallDisk(tmp_path / "disk", "48m")
    yield disk
    disk.unmount()


def put_warehouse_on(workspace, disk):
    """The warehouse is on the small disk, the catalog is not."""
    workspace.configure(f'[warehouse]\npath = "{disk.folder}/warehouse"\n')


def large_texts(megabytes):
    """Text that does not compress well."""
    return [os.urandom(1 << 18).hex() for _ in range(megabytes * 2)]


def fill(disk, left):
    """Fills the disk until about `left` bytes are free; gives the file that does so."""
    facts = os.statvfs(disk.folder)
    filler = disk.folder / "filler"
    filler.write_bytes(b"\0" * (facts.f_bavail * facts.f_frsize - left))
    return filler


def test_full_disk_while_landing(workspace, small_disk):
    put_warehouse_on(workspace, small_disk)
    texts = large_texts(4)
    workspace.write_jsonl("large.jsonl", texts)
    workspace.ingest(workspace.write_jsonl("small.jsonl", GOOD))
    filler = fill(small_disk, 2 * MIB)
    answer = workspace.json("ingest", workspace.inputs, "--source", "web", "--license", "CC0-1.0", code=5)
    assert "space" in answer["error"]["message"]
    assert workspace.texts() == sorted(GOOD)
    assert len(workspace.json("dataset", "show", "raw/web")["versions"]) == 1
    filler.unlink()
    (unfinished,) = [one for one in workspace.json("ingestions", "list") if one["status"] in ("running", "failed")]
    record = workspace.json("ingest", "--resume", unfinished["task_id"])
    assert record["documents"] == len(texts)
    assert workspace.texts() == sorted(GOOD + texts)
    assert not list(small_disk.folder.rglob("*.tmp*"))


def test_full_disk_while_running(workspace, small_disk):
    put_warehouse_on(workspace, small_disk)
    texts = large_texts(6)
    workspace.write_jsonl("large.jsonl", texts)
    workspace.ingest()
    filler = fill(small_disk, 1 * MIB)
    pipeline = workspace.pipeline("normalize.unicode", "dedup.exact")
    answer = workspace.json("run", pipeline, code=5)
    assert "space" in answer["error"]["message"]
    assert [one["name"] for one in workspace.json("dataset", "list")] == ["raw/web"]
    assert workspace.json("runs", "list")[0]["status"] not in ("done", "alerts")
    filler.unlink()
    document = workspace.json("run", "--resume", "last")
    assert document["status"] == "done" and document["documents"]["out"] == len(texts)
    assert workspace.texts("clean/web") == sorted(texts)


def test_full_disk_under_the_catalog(gristmill, small_disk, tmp_path):
    place = small_disk.folder / "all"
    place.mkdir()
    workspace = Workspace(gristmill.program, place)
    workspace.inputs = tmp_path / "inputs"
    workspace.inputs.mkdir()
    workspace.ingest(workspace.write_jsonl("small.jsonl", GOOD))
    filler = fill(small_disk, 0)
    workspace.write_jsonl("more.jsonl", [f"text {number}" for number in range(1000)])
    answer = workspace.json("ingest", workspace.inputs, "--source", "web", "--license", "CC0-1.0", code=5)
    assert answer["error"]["message"]
    filler.unlink()
    assert workspace.ingest()["documents"] == 1000
    assert len(workspace.rows()) == 1000 + len(GOOD)


def test_read_only_warehouse(workspace, small_disk):
    put_warehouse_on(workspace, small_disk)
    workspace.write_jsonl("good.jsonl", GOOD)
    workspace.ingest()
    workspace.write_jsonl("more.jsonl", ["another"])
    small_disk.remount("ro")
    answer = workspace.json("ingest", workspace.inputs, "--source", "web", "--license", "CC0-1.0", code=3)
    assert "ead-only" in answer["error"]["message"]
    answer = workspace.json("run", workspace.pipeline("normalize.unicode"), code=3)
    assert "ead-only" in answer["error"]["message"]
    assert workspace.texts() == sorted(GOOD)
    assert len(workspace.json_lines("dataset", "head", "raw/web")) == len(GOOD)
    small_disk.remount("rw")
    assert workspace.ingest()["documents"] == 1


def test_warehouse_without_permission(workspace):
    workspace.write_jsonl("good.jsonl", GOOD)
    workspace.ingest()
    workspace.write_jsonl("more.jsonl", ["another"])
    as_nobody(workspace)
    folders = [workspace.folder / "warehouse", *(workspace.folder / "warehouse").rglob("*")]
    folders = [folder for folder in folders if folder.is_dir()]
    for folder in folders:
        folder.chmod(0o555)
    answer = workspace.json("ingest", workspace.inputs, "--source", "web", "--license", "CC0-1.0", code=3)
    assert "ermission denied" in answer["error"]["message"] and "warehouse" in answer["error"]["message"]
    for folder in folders:
        folder.chmod(0o755)
    assert workspace.texts() == sorted(GOOD)


# Two at once


def test_processes_that_commit_at_once(workspace):
    batches = {f"batch-{number}": [f"batch {number} text {n}" for n in range(50)] for number in range(4)}
    paths = [workspace.write_jsonl(f"{name}.jsonl", texts) for name, texts in batches.items()]
    words = ["--source", "web", "--license", "CC0-1.0", "--json"]
    children = [
        subprocess.Popen(
            workspace.command("ingest", path, *words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for path in paths
    ]
    records = []
    for child in children:
        out, error = child.communicate(timeout=120)
        assert child.returncode == 0, error
        records.append(json.loads(out))
    assert len({record["ingestion_id"] for record in records}) == 4
    versions = workspace.json("dataset", "show", "raw/web")["versions"]
    assert {version["version"] for version in versions} == {record["version"] for record in records}
    assert workspace.texts() == sorted(text for texts in batches.values() for text in texts)
    assert sorted(version["documents"] for version in versions) == [50, 100, 150, 200]


def test_runs_that_commit_at_once(workspace):
    workspace.write_jsonl("good.jsonl", GOOD)
    workspace.ingest()
    pipelines = [workspace.pipeline("normalize.unicode") for _ in range(3)]
    children = [
        subprocess.Popen(workspace.command("run", path, "--json"), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for path in pipelines
    ]
    codes = []
    documents = []
    for child in children:
        out, error = child.communicate(timeout=120)
        codes.append(child.returncode)
        assert child.returncode in (0, 5), error
        if child.returncode == 0:
            documents.append(json.loads(out))
    assert 0 in codes
    versions = workspace.json("dataset", "show", "clean/web")["versions"]
    assert {version["version"] for version in versions} == {one["output"]["version"] for one in documents}
    assert {version["run_id"] for version in versions} == {one["run_id"] for one in documents}
    assert workspace.texts("clean/web") == sorted(GOOD)


# Databases, and work that must not look done


@catalogs.sqlite_only
def test_database_newer_than_the_program(workspace):
    workspace.write_jsonl("good.jsonl", GOOD)
    workspace.ingest()
    database = workspace.folder / ".gristmill" / "catalog.db"
    with sqlite3.connect(database) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(schema_migrations)")]
        newest = connection.execute("SELECT * FROM schema_migrations ORDER BY 1 DESC LIMIT 1").fetchone()
        values = [newest[0] + 1000, *newest[1:]]
        connection.execute(f"INSERT INTO schema_migrations VALUES ({', '.join('?' * len(columns))})", values)
    connection.close()
    before = database.read_bytes()
    for words in (["dataset", "list"], ["run", workspace.pipeline("normalize.unicode")], ["ingestions", "list"]):
        message = workspace.json(*words, code=3)["error"]["message"]
        assert str(newest[0] + 1000) in message and str(newest[0]) in message, message
    assert database.read_bytes() == before


@catalogs.sqlite_only
def test_a_file_that_is_no_database(workspace):
    (workspace.folder / ".gristmill" / "catalog.db").write_bytes(b"this is no database " * 300)
    answer = workspace.json("dataset", "list", code=1)
    assert "catalog.db" in answer["error"]["message"]


def test_an_ingestion_in_which_every_record_fails(workspace):
    workspace.write("bad.jsonl", "{\n" * 20)
    record = workspace.ingest(code=1)
    assert record["status"] == "failed"
    assert (record["documents"], record["quarantined"]) == (0, 20)
    assert workspace.json("dataset", "list") == []
    assert workspace.ingest(code=1)["status"] == "failed"


def test_a_run_that_quarantines_every_document(workspace):
    page = "<html><body>" + "<p>one</p>" * 2000 + "</body></html>"
    for number in range(3):
        workspace.write(f"page-{number}.html", page + str(number))
    workspace.ingest()
    document = workspace.run("extract.html: {max_nodes: 1000}", code=1)
    assert document["status"] == "failed" and document["documents"]["quarantined"] == 3
    assert [one["name"] for one in workspace.json("dataset", "list")] == ["raw/web"]
    assert workspace.json("runs", "list")[0]["status"] == "failed"
    assert workspace.json("runs", "show", document["run_id"])["status"] == "failed"


def test_a_run_over_the_quarantine_limit(workspace):
    workspace.write("big.html", "<html><body>" + "<p>one</p>" * 2000 + "</body></html>")
    workspace.write_jsonl("good.jsonl", GOOD)
    workspace.ingest()
    step = "extract.html: {max_nodes: 1000}"
    document = workspace.run(step, code=4, more="limits: {quarantine: 10%}\n")
    assert document["documents"]["quarantined"] == 1 and document["alerts"]
    assert workspace.run(step, output="clean/more", more="limits: {quarantine: 50%}\n")["status"] == "done"


# Addresses of places that are no folders


@pytest.mark.parametrize("address", ["gs://corpus/x", "S3://corpus/x", "file:///nowhere/x"])
def test_addresses_that_nothing_here_writes_to_make_no_folders(workspace, tmp_path, address):
    workspace.ingest(workspace.write_jsonl("a.jsonl", GOOD))
    workspace.json("artifact", "add", workspace.write("a.bin", "a"), "--name", "a")
    for words in (
        ("artifact", "push", "a", address),
        ("artifact", "get", "a", address),
        ("dataset", "export", "raw/web", "--to", f"{address}.jsonl"),
        ("dvc", "export", address, "--dataset", "raw/web"),
    ):
        answer = workspace.json(*words, code=2, cwd=tmp_path)["error"]
        assert "s3://BUCKET" in answer["message"] and address in answer["message"], words
    settings = workspace.folder / "gristmill.toml"
    settings.write_text(settings.read_text().replace('path = "warehouse"', f'path = "{address}"'))
    told = workspace.json("dataset", "list", code=2, cwd=tmp_path)["error"]["message"]
    assert address in told and "[warehouse]" in told
    for folder in (tmp_path, workspace.folder):
        assert not [path.name for path in folder.iterdir() if ":" in path.name]
