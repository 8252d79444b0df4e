# SPDX-License-Identifier: Apache-2.0
"""Machines that ingest one source at once: folders of their own, one catalog on PostgreSQL, one bucket."""

import ctypes
import json
import os
import shutil
import signal
import subprocess
import time

import catalogs
import postgres_server
import pytest
from conftest import ObjectWorkspace
from small_store import Server

DOCUMENTS = 200
LOCK = "hashtextextended('{schema}' || 'ingest web into raw/web', 7308332182875957127)"


@pytest.fixture
def catalog():
    return catalogs.server().new_schema()


@pytest.fixture
def machine(make_workspace, catalog):
    """Makes machines of one team: workspaces whose folders have nothing in common."""
    return lambda name: make_workspace(name, catalog=catalog, timeout=10)


@pytest.fixture
def files(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    paths = [folder / f"part-{number}.jsonl" for number in range(6)]
    for path in paths:
        lines = [json.dumps({"text": f"{path.name}, document {number}"}) for number in range(DOCUMENTS)]
        path.write_text("\n".join(lines) + "\n")
    return paths


def start(workspace, paths):
    return workspace.start("ingest", *paths, "--source", "web", "--license", "CC0-1.0")


def start_for_people(workspace, paths):
    """The same without --json, which keeps messages for people back."""
    line = [workspace.command.program, "--workspace", workspace.folder, "ingest", *paths, "--source", "web"]
    return subprocess.Popen(
        list(map(str, line)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=workspace.environment
    )


def texts(workspace):
    rows = workspace("dataset", "head", "raw/web", "-n", "100000", "--json").stdout.splitlines()
    return sorted(json.loads(row)["text"] for row in rows)


def every_document(paths):
    return sorted(json.loads(line)["text"] for path in paths for line in path.read_text().splitlines())


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


class Holder:
    """Another machine that has the turn and does not stir."""

    def __init__(self, catalog):
        import psycopg2

        self.schema = catalog.rsplit("%3D", 1)[1]
        self.connection = psycopg2.connect(catalog)
        self.connection.autocommit = True
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(" + LOCK.format(schema=self.schema) + ")")

    def leave(self):
        self.connection.close()


def test_overlapping_batches_on_two_machines_double_nothing(machine, files):
    first, second = machine("first"), machine("second")
    processes = [start(first, files[:4]), start(second, files[2:])]
    records = [first.finish(process) for process in processes]
    assert texts(first) == texts(second) == every_document(files)
    assert sum(record["documents"] for record in records) == 6 * DOCUMENTS
    assert sorted(record["files_present"] for record in records) == [0, 2]
    listed = {one["ingestion_id"]: one["status"] for one in second.json("ingestions", "list")}
    assert listed == {record["ingestion_id"]: "complete" for record in records}
    assert first.json("audit", "verify")["intact"]


def test_the_same_batch_on_two_machines_lands_once(machine, files):
    first, second = machine("first"), machine("second")
    processes = [start(first, files), start(second, files)]
    for record in [first.finish(process) for process in processes]:
        assert record["documents"] == 6 * DOCUMENTS or record["already_present"]
    assert texts(first) == every_document(files)
    assert len(second.json("dataset", "show", "raw/web")["versions"]) == 1


def test_who_waits_says_so_and_can_be_interrupted(machine, catalog, files):
    workspace = machine("first")
    holder = Holder(catalog)
    process = start_for_people(workspace, files)
    line = process.stderr.readline()
    assert "waiting" in line and "web" in line and "raw/web" in line
    process.send_signal(signal.SIGTERM)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 143, (output, errors)
    assert "--resume" in errors
    holder.leave()
    assert workspace.finish(start(workspace, files))["documents"] == 6 * DOCUMENTS


def test_a_holder_that_dies_gives_the_turn_back(machine, catalog, files):
    workspace = machine("first")
    holder = Holder(catalog)
    process = start_for_people(workspace, files)
    assert "waiting" in process.stderr.readline()
    holder.leave()
    assert process.wait(timeout=60) == 0
    assert texts(workspace) == every_document(files)


def test_what_was_landed_by_others_meanwhile_is_not_landed_again_on_resuming(machine, store, files):
    first, second = machine("first"), machine("second")
    process = start(first, files[:4])
    wait_for(lambda: first.json("ingestions", "list"))
    wait_for(lambda: any("/landing/" in key for key in store.buckets["corpus"]) or process.poll() is not None)
    process.kill()
    process.communicate()
    assert second.finish(start(second, files[2:]))["status"] == "complete"
    first.finish(start(first, files[:4]))
    assert texts(first) == every_document(files)


def test_a_turn_that_was_lost_with_its_connection_doubles_nothing(gristmill, store, catalog, files, tmp_path):
    others = []

    def answer(method, target, *rest):
        # The first machine writes its documents: its turn is taken from it, and another does the same files.
        if method in ("PUT", "POST") and "/data/" in target and not others:
            others.append("begun")
            schema = catalog.rsplit("%3D", 1)[1]
            catalogs.server().sql(
                "SELECT pg_terminate_backend(l.pid) FROM pg_locks l WHERE l.locktype = 'advisory' AND "
                f"((l.classid::bigint << 32) | l.objid::bigint) = {LOCK.format(schema=schema)}"
            )
            others.append(second.finish(start(second, files[2:])))
        return store.answer(method, target, *rest)

    server = Server(answer)
    keys = (store.access_key, store.secret_key, store.token)
    first, second = (
        ObjectWorkspace(gristmill, tmp_path / name, server.endpoint, keys, catalog=catalog, timeout=30)
        for name in ("first", "second")
    )
    record = first.finish(start(first, files[:4]))
    server.shutdown()
    assert others[1]["documents"] == 4 * DOCUMENTS
    assert record["documents"] == record["files_landed"] * DOCUMENTS == 2 * DOCUMENTS
    server = Server(store.answer)
    reader = ObjectWorkspace(gristmill, tmp_path / "reader", server.endpoint, keys, catalog=catalog)
    assert texts(reader) == every_document(files)
    server.shutdown()


@pytest.fixture
def own_network():
    """A loopback of the test's own, on which addresses can be cut off; what the test starts is in it as well."""
    new_network, libc = 0x40000000, ctypes.CDLL(None, use_errno=True)
    with open("/proc/thread-self/ns/net") as before:
        if shutil.which("ip") is None or libc.unshare(new_network) != 0:
            pytest.skip("a network of one's own needs root and the command ip")
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        yield
        assert libc.setns(before.fileno(), new_network) == 0, os.strerror(ctypes.get_errno())


@pytest.mark.full
def test_a_machine_that_vanishes_whole_gives_the_turn_back(gristmill, own_network, store, files, tmp_path):
    far = "127.0.0.9"
    database = postgres_server.PostgresServer(addresses=f"127.0.0.1,{far}")
    catalog = database.new_schema()
    records = []

    def rules(*lines):
        for line in lines:
            subprocess.run(["ip", "rule", *line.split()], check=True)

    def answer(method, target, *rest):
        # The first machine writes its documents and has the turn: not a packet of it passes from now on, and nothing
        # says that its connections are gone. Another does the same files; then the first comes back.
        if method in ("PUT", "POST") and "/data/" in target and not records:
            records.append(None)
            process.send_signal(signal.SIGSTOP)
            rules("add pref 9 lookup local", f"add pref 1 from {far} blackhole", f"add pref 2 to {far} blackhole")
            rules("del pref 0")
            records[0] = second.finish(start(second, files[2:]))
            rules("add pref 0 lookup local", "del pref 1", "del pref 2", "del pref 9")
            process.send_signal(signal.SIGCONT)
        return store.answer(method, target, *rest)

    server = Server(answer)
    keys = (store.access_key, store.secret_key, store.token)
    first, second = (
        ObjectWorkspace(gristmill, tmp_path / name, server.endpoint, keys, catalog=place, timeout=120)
        for name, place in (("first", catalog.replace("127.0.0.1", far)), ("second", catalog))
    )
    process = start(first, files[:4])
    record = first.finish(process)
    assert records[0]["documents"] == 4 * DOCUMENTS
    assert record["documents"] == record["files_landed"] * DOCUMENTS == 2 * DOCUMENTS
    assert texts(second) == every_document(files)
    server.shutdown()
    database.remove()
