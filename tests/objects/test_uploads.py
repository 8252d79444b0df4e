# SPDX-License-Identifier: Apache-2.0
"""Parts of a large object go while the next are filled: several at once, a bounded number of bytes, none twice."""

import threading
import time

import pytest

PART = 8 << 20


class SlowStore:
    """Holds each part back for a while, and counts how many are on their way at the same time."""

    def __init__(self, store, seconds):
        self.store, self.seconds = store, seconds
        self.lock, self.now, self.most, self.parts = threading.Lock(), 0, 0, []

    def answer(self, method, target, headers, body):
        if method != "PUT" or "partNumber=" not in target:
            return self.store.answer(method, target, headers, body)
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(self.seconds)
        with self.lock:
            self.now -= 1
            self.parts.append(len(body))
        return self.store.answer(method, target, headers, body)


@pytest.fixture
def slow(store, server):
    slow = SlowStore(store, 0.4)
    server.backend = slow.answer
    return slow


def write(path, parts):
    path.write_bytes(b"0123456789abcde\n" * (parts * PART // 16))
    return path


def test_parts_go_side_by_side(make_workspace, slow, store, tmp_path):
    workspace = make_workspace("quick", timeout=20)
    file = write(tmp_path / "large.txt", 7)
    assert workspace.json("ingest", file, "--source", "web", "--threads", "1")["status"] == "complete"
    (body,) = [item[0] for key, item in store.buckets["corpus"].items() if "/landing/" in key]
    assert body == file.read_bytes()
    assert not store.uploads and 2 <= slow.most <= 4
    assert slow.parts.count(PART) == 7


@pytest.mark.full
def test_many_files_stay_within_the_bound(make_workspace, slow, tmp_path):
    workspace = make_workspace("bounded", timeout=20)
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(4):
        write(folder / f"{number}.txt", 4)
    assert workspace.json("ingest", folder, "--source", "web", "--threads", "4")["status"] == "complete"
    assert slow.most <= 8  # 64 MiB on their way in all.


@pytest.mark.parametrize("fault", ["denied", "reset"])
def test_a_part_that_fails_ends_the_upload_and_leaves_nothing(make_workspace, server, slow, store, tmp_path, fault):
    workspace = make_workspace("failing", timeout=20)
    file = write(tmp_path / "large.txt", 6)
    server.plan(fault, "PUT", "partNumber=3", 100)
    told = workspace.fails(3 if fault == "denied" else 5, "ingest", file, "--source", "web", "--threads", "1")
    assert "landing" in told and not store.uploads
    server.faults.clear()
    assert workspace.json("ingest", file, "--source", "web")["status"] == "complete"
    assert not store.uploads
