# SPDX-License-Identifier: Apache-2.0
"""The feedback log and its compaction, killed at random and at each durable step: nothing acknowledged is lost, nothing
is there twice."""

import contextlib
import http.client
import itertools
import json
import os
import signal
import subprocess
import threading
from random import Random

import pyarrow.compute as compute
import pytest


class Log:
    """A workspace whose feedback log is written, killed, and written again."""

    def __init__(self, program, folder, seed):
        self.program = str(program)
        self.folder = folder
        self.random = Random(seed)
        self.acknowledged = set()  # Numbers of requests.
        self.refused = []
        self.call("init", folder, inside=False)

    def command(self, *words, inside=True):
        return [self.program, *(["--workspace", str(self.folder)] if inside else []), *map(str, words)]

    def call(self, *words, inside=True, codes=(0,), **options):
        done = subprocess.run(
            self.command(*words, inside=inside), capture_output=True, text=True, timeout=600, **options
        )
        assert done.returncode in codes, done.stderr
        return done.stdout

    def write_until_killed(self, begin, events_each, answers_wanted):
        """Feeds requests from number `begin` on until so many were answered, then kills; notes which were answered."""
        writer = subprocess.Popen(
            self.command("feedback", "add", "-", "--json"), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

        def feed():
            try:
                for number in itertools.count(begin):
                    writer.stdin.write(request_line(number, events_each))
                writer.stdin.flush()
            except (BrokenPipeError, ValueError):
                pass

        feeder = threading.Thread(target=feed)
        feeder.start()
        for answered, line in enumerate(writer.stdout):
            if not line.endswith(b"\n"):
                break
            answer = json.loads(line)
            assert "events" in answer, answer
            self.acknowledged.add(begin + answered)
            if answered + 1 == answers_wanted:
                writer.send_signal(signal.SIGKILL)
        writer.kill()
        writer.wait()
        feeder.join()
        with contextlib.suppress(BrokenPipeError):
            writer.stdin.close()

    def stored(self):
        """The subjects in the dataset, as PyIceberg reads them."""
        from pyiceberg.catalog.sql import SqlCatalog

        uri = f"sqlite:///{self.folder}/.gristmill/catalog.db"
        catalog = SqlCatalog("gristmill", uri=uri, warehouse=f"file://{self.folder}/warehouse")
        return catalog.load_table("feedback.events").scan(selected_fields=("subject", "origin_offset")).to_arrow()


class ServedLog(Log):
    """The same, written by a server for clients on several connections."""

    CONNECTIONS = 12

    def write_until_killed(self, begin, events_each, answers_wanted):
        place = self.command("serve", "--port", "0", "--rate", "1000000", "--json")
        server = subprocess.Popen(place, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        port = int(json.loads(server.stdout.readline())["url"].rsplit(":", 1)[1])
        token = (self.folder / ".gristmill" / "admin-token").read_text().strip()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        numbers = itertools.count(begin)
        answered = itertools.count(1)

        def send():
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            with contextlib.suppress(OSError, http.client.HTTPException):
                for number in numbers:
                    connection.request("POST", "/api/v1/feedback", request_line(number, events_each), headers)
                    answer = connection.getresponse()
                    told = answer.read()
                    if answer.status != 201:
                        self.refused.append(told)
                        break
                    self.acknowledged.add(number)
                    if next(answered) == answers_wanted:
                        server.kill()
            connection.close()

        clients = [threading.Thread(target=send) for _ in range(self.CONNECTIONS)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        server.kill()
        server.wait()
        server.stdout.close()
        assert self.refused == []


def request_line(number, events):
    """A batch, whose events have keys made from that of the batch."""
    first = number * events
    batch = [{"type": "rating", "rating": 1, "subject": str(first + n)} for n in range(events)]
    return json.dumps({"events": batch, "idempotency_key": f"request {number}"}).encode() + b"\n"


def killed_again_and_again(log, kills, requests_each, events_each, compact_every):
    """Requests not answered before a kill are sent again after it, together with some that were."""
    done = 0
    for kill in range(kills):
        wanted = max(1, round(requests_each * log.random.uniform(0.5, 1.5)))
        begin = max(0, done - 20)
        log.write_until_killed(begin, events_each, wanted + done - begin)
        while done in log.acknowledged:
            done += 1
        if kill % compact_every == 0:
            compaction = subprocess.Popen(log.command("feedback", "compact", "--json"), stdout=subprocess.DEVNULL)
            try:
                compaction.wait(log.random.uniform(0.01, 0.3))
            except subprocess.TimeoutExpired:
                compaction.kill()
                compaction.wait()
    result = json.loads(log.call("feedback", "compact", "--json"))
    assert result["damages"] == []
    table = log.stored()
    subjects = {int(subject) for subject in table["subject"].to_pylist()}
    acknowledged = {number * events_each + n for number in log.acknowledged for n in range(events_each)}
    assert acknowledged <= subjects, "an acknowledged event is lost"
    assert len(subjects) == table.num_rows, "an event is there twice"
    assert compute.count_distinct(table["origin_offset"]).as_py() == table.num_rows
    return len(acknowledged), table.num_rows


@pytest.mark.parametrize("kind", [Log, ServedLog])
def test_killed_at_random(gristmill, tmp_path, kind):
    log = kind(gristmill.program, tmp_path / "w", seed=1)
    killed_again_and_again(log, kills=6, requests_each=60, events_each=20, compact_every=2)


@pytest.mark.full
@pytest.mark.parametrize("kind", [Log, ServedLog])
def test_killed_fifty_times(gristmill, tmp_path, kind):
    kills = 50
    events = int(os.environ.get("GRISTMILL_FEEDBACK_EVENTS", "100000"))
    log = kind(gristmill.program, tmp_path / "w", seed=2)
    acknowledged, stored = killed_again_and_again(
        log, kills=kills, requests_each=events / kills / 50 * 1.05, events_each=50, compact_every=5
    )
    print(f"{acknowledged} events acknowledged over {kills} kills, {stored} stored")


def compaction_killed_at_each_step(log, kill_library, stride):
    """Each step of a compaction that moves new events."""
    number = 0
    for step in range(1, 400, stride):
        for _ in range(2):
            line = request_line(number, 3)
            number += 1
            log.call("feedback", "add", "-", input=line.decode())
        environment = {**os.environ, "LD_PRELOAD": str(kill_library), "KILL_AT_STEP": str(step)}
        done = subprocess.run(
            log.command("feedback", "compact"), env=environment, capture_output=True, text=True, timeout=60
        )
        assert done.returncode in (0, -signal.SIGKILL), done.stderr
        if done.returncode == 0:
            break
    assert step > 10
    result = json.loads(log.call("feedback", "compact", "--json"))
    assert result["damages"] == [] and result["compacted_through"] == number * 3
    table = log.stored()
    assert sorted(int(subject) for subject in table["subject"].to_pylist()) == list(range(number * 3))
    orphans = {file.name for file in (log.folder / "warehouse" / "feedback" / "events" / "data").rglob("*.parquet")}
    listed = {path.rsplit("/", 1)[1] for path in data_files(log)}
    assert orphans == listed


def data_files(log):
    from pyiceberg.catalog.sql import SqlCatalog

    uri = f"sqlite:///{log.folder}/.gristmill/catalog.db"
    catalog = SqlCatalog("gristmill", uri=uri, warehouse=f"file://{log.folder}/warehouse")
    return catalog.load_table("feedback.events").inspect.files()["file_path"].to_pylist()


def test_compaction_killed_at_some_steps(gristmill, kill_library, tmp_path):
    compaction_killed_at_each_step(Log(gristmill.program, tmp_path / "w", seed=3), kill_library, stride=11)


@pytest.mark.full
def test_compaction_killed_at_each_step(gristmill, kill_library, tmp_path):
    compaction_killed_at_each_step(Log(gristmill.program, tmp_path / "w", seed=4), kill_library, stride=1)
