# SPDX-License-Identifier: Apache-2.0
"""POST /api/v1/feedback: answered when durable, refused in clear words, never lost."""

import concurrent.futures
import contextlib
import json
import os
import resource
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
import requests
from cli_support import Workspace
from server_support import Server

PATH = "/api/v1/feedback"


@pytest.fixture
def place(gristmill, tmp_path):
    return Workspace(gristmill.program, tmp_path)


@pytest.fixture
def server(place):
    running = Server(place)
    yield running
    running.stop()


def rating(number, **members):
    return {"type": "rating", "rating": number, "subject": str(number), "consent": True, **members}


def subjects(place):
    place.json("feedback", "compact")
    return sorted(int(row["subject"]) for row in place.rows("feedback/events"))


def test_single_batch_and_list(server, place):
    assert server.call("POST", PATH, json=rating(1), status=201).json()["events"][0]["sequence"] == 1
    batch = {"events": [rating(2), rating(3)], "idempotency_key": "b"}
    assert server.call("POST", PATH, json=batch, status=201).json()["stored"] == 2
    assert server.call("POST", PATH, json=batch, status=201).json()["stored"] == 0
    assert server.call("POST", PATH, json=[rating(4)], status=201).json()["stored"] == 1
    # The server writes the log; another process compacts it.
    assert subjects(place) == [1, 2, 3, 4]


def test_header_makes_a_request_repeatable(server):
    headers = {"Idempotency-Key": "once"}
    first = server.call("POST", PATH, json=rating(1), headers=headers, status=201).json()
    again = server.call("POST", PATH, json=rating(1), headers=headers, status=201).json()
    assert again["events"][0] == {"sequence": first["events"][0]["sequence"], "repeated": True}
    answer = server.call("POST", PATH, json=rating(2), headers=headers, status=409)
    assert "idempotency" in answer.json()["detail"]


def test_keys_of_other_callers_are_other_keys(server, place):
    token = place.json("token", "create", "--name", "other", "--scope", "write")["token"]
    headers = {"Idempotency-Key": "once"}
    server.call("POST", PATH, json=rating(1), headers=headers, status=201)
    other = server.call("POST", PATH, json=rating(2), headers=headers, token=token, status=201).json()
    assert other["stored"] == 1


@pytest.mark.parametrize(
    "body, status",
    [
        ({"type": "nonsense"}, 422),
        ({"type": "rating"}, 422),
        ({"type": "rating", "rating": 1, "schema_version": 7}, 422),
        ([], 422),
        ({"events": []}, 422),
        (7, 422),
        ("text", 422),
    ],
)
def test_what_is_wrong_is_refused(server, body, status):
    answer = server.call("POST", PATH, json=body, status=status)
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_who_adds_beside_the_server_is_told_to_send_events_to_it(server, place):
    done = place.call("feedback", "add", "-", input=json.dumps(rating(1)) + "\n", code=5)
    assert "POST /api/v1/feedback" in done.stderr


def test_writing_needs_the_right(server, place):
    token = place.json("token", "create", "--name", "reader", "--scope", "read")["token"]
    assert server.call("POST", PATH, json=rating(1), token=token).status_code == 403


def test_too_much_at_once_is_429_and_not_lost(place):
    path = place.folder / "gristmill.toml"
    path.write_text(path.read_text() + '\n[feedback]\nqueue = "20kB"\n')
    server = Server(place)
    try:
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            body = [rating(1, comment="x" * 9000)]
            answers = list(
                pool.map(lambda n: server.call("POST", PATH, json=[{**body[0], "subject": str(n)}]), range(200))
            )
        taken = sorted(n for n, answer in enumerate(answers) if answer.status_code == 201)
        refused = [answer for answer in answers if answer.status_code != 201]
        assert all(answer.status_code == 429 and answer.headers["Retry-After"] == "1" for answer in refused)
        # What will never fit is not to be sent again.
        never = server.call("POST", PATH, json=rating(1, comment="x" * 30_000), status=422)
        assert "feedback.queue" in never.json()["detail"]
        assert subjects(place) == taken
    finally:
        server.stop()


def test_killed_while_many_write(place):
    """Every acknowledged event is there after the kill, once, also those that were sent again."""
    acknowledged = set()
    for round_ in range(3):
        server = Server(place)

        def send(number, server=server):
            headers = {"Idempotency-Key": str(number)}
            try:
                answer = server.call("POST", PATH, json=rating(number), headers=headers, timeout=20)
            except OSError:
                return None
            return number if answer.status_code == 201 else None

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            first = max(0, round_ * 150 - 50)
            pending = [pool.submit(send, number) for number in range(first, first + 400)]
            done = 0
            for future in concurrent.futures.as_completed(pending):
                number = future.result()
                if number is not None:
                    acknowledged.add(number)
                    done += 1
                if done == 150:
                    server.process.send_signal(signal.SIGKILL)
        server.stop()
    stored = subjects(place)
    assert len(set(stored)) == len(stored) and acknowledged <= set(stored)


def test_compaction_is_asked_for_while_events_come_without_a_pause(server, place):
    """It takes nothing from the server either: the segment that lies ready for it stays."""
    folder = place.folder / ".gristmill" / "feedback"
    is_over = threading.Event()
    taken = []

    def send():
        with requests.Session() as session:
            while not is_over.is_set():
                answer = session.post(server.url + PATH, json=rating(len(taken)), headers=server.headers(), timeout=60)
                assert answer.status_code == 201
                taken.append(len(taken))

    sender = threading.Thread(target=send)
    sender.start()
    try:
        while len(taken) < 5 or not (folder / "prepared").exists():
            time.sleep(0.01)
        ready = (folder / "prepared").stat().st_ino
        assert place.json("feedback", "compact")["events"] >= 5
        assert (folder / f"{1:020}.segment").exists()
        newest = max(folder.glob("*.segment"))
        assert newest.stat().st_ino == ready
    finally:
        is_over.set()
        sender.join()
    assert subjects(place) == taken


def test_a_full_disk_is_emptied_by_compaction(place, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "none", small], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("mounting a small file system needs rights")
    path = place.folder / "gristmill.toml"
    path.write_text(path.read_text() + f'\n[feedback]\npath = "{small}"\npii = "keep"\ncompact_every = "0s"\n')
    server = Server(place)
    try:
        taken = []
        for number in range(100):
            answer = server.call("POST", PATH, json=rating(number, comment="x" * 500_000))
            if answer.status_code == 201:
                taken.append(number)
            else:
                assert answer.status_code == 503 and answer.headers["Retry-After"]
        assert 70 < len(taken) < 100, "what is left beside whole segments is used too"
        place.json("feedback", "compact")
        server.call("POST", PATH, json=rating(100), status=201)
        assert subjects(place) == [*taken, 100]
    finally:
        server.stop()
        subprocess.run(["umount", small], check=True)


@pytest.mark.parametrize("delay", [0.05, 0.15, 0.25])
def test_a_stop_that_waits_no_longer_ends_in_order(place, delay):
    """A request that is still being read when the time of grace is over must not meet what is gone by then."""
    server = Server(place, "--grace", "0.1")
    words = "Write to joe@example.com or +49 151 12345678, please. " * 25
    body = json.dumps([rating(n, comment=words) for n in range(10_000)])

    def send():
        with contextlib.suppress(requests.RequestException):
            server.call("POST", PATH, data=body, headers={"Content-Type": "application/json"})

    sender = threading.Thread(target=send)
    sender.start()
    time.sleep(delay)
    assert server.stop() == 0
    sender.join()
    place.json("feedback", "compact")


def test_damage_is_told_when_the_server_starts(place):
    place.call("feedback", "add", "-", input=json.dumps(rating(1)) + "\n")
    (path,) = (place.folder / ".gristmill" / "feedback").glob("*.segment")
    content = bytearray(path.read_bytes())
    content[150] ^= 255
    path.write_bytes(content)
    server = Server(place)
    server.stop()
    assert "feedback log: " in server.log.read_text() and "damaged bytes" in server.log.read_text()


def stored_when(place, count):
    """Waits until the dataset has so many documents."""
    for _ in range(200):
        shown = subprocess.run(
            place.command("dataset", "show", "feedback/events", "--json"), capture_output=True, text=True
        )
        if shown.returncode == 0 and json.loads(shown.stdout)["documents"] == count:
            return True
        time.sleep(0.1)
    return False


@pytest.fixture
def compacting(place):
    """A server that compacts each second."""
    path = place.folder / "gristmill.toml"
    path.write_text(path.read_text() + '\n[feedback]\ncompact_every = "1s"\n')
    running = Server(place)
    yield running
    assert running.stop() == 0


def test_a_compaction_that_fails_is_told_and_made_up_for(place, compacting):
    compacting.call("POST", PATH, json=[rating(n) for n in range(5)], status=201)
    assert stored_when(place, 5)
    metadata = max((place.folder / "warehouse").rglob("feedback/events/metadata/*.json"), key=lambda path: path.name)
    metadata.rename(metadata.with_suffix(".away"))
    compacting.call("POST", PATH, json=[rating(n) for n in range(5, 8)], status=201)
    failed = "gristmill_feedback_compactions_failed_total"
    for _ in range(200):
        figures = dict(line.rsplit(" ", 1) for line in compacting.get("/metrics").text.splitlines())
        if float(figures[failed]) > 0:
            break
        time.sleep(0.1)
    assert float(figures[failed]) > 0
    assert "feedback was not compacted" in compacting.log.read_text()
    metadata.with_suffix(".away").rename(metadata)
    assert stored_when(place, 8)


def test_served_and_compacted_on_schedule(place, compacting):
    compacting.call("POST", PATH, json=[rating(n) for n in range(5)], status=201)
    assert stored_when(place, 5)


def test_only_those_who_answer_go_before_what_computes(server):
    if os.geteuid() != 0 and resource.getrlimit(resource.RLIMIT_RTPRIO)[0] < 2:
        pytest.skip("needs the right to real-time priority")
    server.call("POST", PATH, json=rating(1), status=201)
    server.get("/api/v1/workspace")
    process = server.process.pid
    policies = {int(thread): os.sched_getscheduler(int(thread)) for thread in os.listdir(f"/proc/{process}/task")}
    urgent = {thread for thread, policy in policies.items() if policy & ~os.SCHED_RESET_ON_FORK == os.SCHED_RR}
    with_names = {Path(f"/proc/{process}/task/{thread}/comm").read_text().strip(): thread for thread in urgent}
    assert with_names == {"gristmill": process, "feedback-log": with_names["feedback-log"]} and len(policies) > 4
