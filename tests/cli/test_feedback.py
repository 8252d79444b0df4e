# SPDX-License-Identifier: Apache-2.0
"""Online feedback: what is taken, what is refused, and what lands in the dataset."""

import json
import os
import shutil
import signal
import struct
import subprocess
import time

import jsonschema_lite as schema_check
import pytest
import xxhash

EVENTS = [
    {"type": "rating", "rating": "up", "comment": "Write to joe@example.com", "consent": True, "subject": "r-1"},
    {"type": "rating", "rating": 4.5, "consent": True, "scale": {"best": 5}},
    {
        "type": "conversation",
        "consent": True,
        "messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Good day"}],
        "unknown": [1, {"deep": "ann@example.org"}],
    },
    {
        "type": "correction",
        "original": "Lyon.",
        "corrected": "Paris.",
        "prompt": "The capital of France?",
        "consent": True,
    },
    {"type": "correction", "original": "secret words", "corrected": "other words", "consent": False, "user": "u1"},
]


def add(workspace, requests, code=0, arguments=()):
    """Stores requests, one a line; gives the answers."""
    text = "".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in requests)
    done = workspace.call("feedback", "add", "-", "--json", *arguments, input=text, code=code)
    return [json.loads(line) for line in done.stdout.splitlines()]


def setting(workspace, **values):
    path = workspace.folder / "gristmill.toml"
    lines = [f"{name} = {json.dumps(value)}" for name, value in values.items()]
    path.write_text(path.read_text() + "\n[feedback]\n" + "\n".join(lines) + "\n")


def rows(workspace, dataset="feedback/events"):
    return sorted(workspace.rows(dataset), key=lambda row: row["origin_offset"])


def test_events_become_documents(workspace):
    answers = add(workspace, EVENTS)
    assert [answer["events"][0]["sequence"] for answer in answers] == [1, 2, 3, 4, 5]
    tail = workspace.json_lines("feedback", "tail")
    assert [line["sequence"] for line in tail] == [1, 2, 3, 4, 5]
    done = workspace.json("feedback", "compact")
    assert (done["events"], done["compacted_through"], done["damages"]) == (5, 5, [])
    up, stars, chat, pair, stripped = rows(workspace)
    assert up["text"] == "Write to <EMAIL>" and up["rating"] == 1 and up["subject"] == "r-1" and up["pii_finds"] == 1
    assert stars["rating"] == 4.5 and json.loads(stars["metadata"])["event"]["scale"] == {"best": 5}
    assert chat["text"] == "user: Hello\n\nassistant: Good day"
    assert json.loads(chat["conversation"])["messages"] == EVENTS[2]["messages"]
    assert "ann@" not in json.dumps(chat, default=str) and "<EMAIL>" in chat["metadata"]
    assert json.loads(pair["conversation"]) == {
        "kind": "preference",
        "prompt": [{"role": "user", "content": "The capital of France?"}],
        "chosen": [{"role": "assistant", "content": "Paris."}],
        "rejected": [{"role": "assistant", "content": "Lyon."}],
    }
    assert (
        stripped["consent"] is False and "words" not in json.dumps(stripped, default=str) and stripped["user"] is None
    )
    trace = workspace.json("trace", pair["id"])
    assert trace["ingestion"]["source"] == "feedback" and trace["document"]["dataset"] == "feedback/events"
    assert workspace.json("feedback", "compact")["events"] == 0
    assert "feedback.compact" in {entry["action"] for entry in workspace.json("audit", "log")}


def test_a_file_with_a_key_is_stored_once(workspace):
    requests = [EVENTS[0], [EVENTS[1], EVENTS[1]]]
    stored = [
        [answer["stored"] for answer in add(workspace, requests, arguments=("--idempotency-key", key))]
        for key in ("monday", "monday", "tuesday")
    ]
    assert stored == [[1, 2], [0, 0], [1, 2]]


def test_keys_make_requests_repeatable(workspace):
    event = {"type": "rating", "rating": 1, "idempotency_key": "a"}
    batch = {"events": [{"type": "rating", "rating": n} for n in range(3)], "idempotency_key": "batch"}
    first = add(workspace, [event, batch])
    workspace.json("feedback", "compact")
    second = add(workspace, [event, batch, event])
    sequences = [[one["sequence"] for one in answer["events"]] for answer in first]
    assert sequences == [[1], [2, 3, 4]]
    assert [[one["sequence"] for one in answer["events"]] for answer in second] == [[1], [2, 3, 4], [1]]
    assert all(one["repeated"] for answer in second for one in answer["events"])
    (conflict,) = add(workspace, [{**event, "rating": 2}], code=4)
    assert conflict["error"]["code"] == "conflict"
    workspace.json("feedback", "compact")
    assert len(rows(workspace)) == 4


def test_versions_are_whole_numbers_however_they_are_written(workspace):
    """JSON Schema (2020-12, validation, 6.1.1): 1.0 is an integer."""
    add(workspace, ['{"type": "rating", "rating": 1, "schema_version": 1.0}'])
    workspace.json("feedback", "compact")
    assert [row["schema_version"] for row in rows(workspace)] == [1]


def ratings(*numbers):
    return [{"type": "rating", "rating": n, "subject": str(n), "consent": True} for n in numbers]


def subjects(workspace):
    return sorted(int(row["subject"]) for row in workspace.rows("feedback/events"))


def test_of_two_copies_of_a_log_only_one_goes_on(workspace):
    """Both would count on from the same number; the catalog would take the events of one for the other's."""
    settings = workspace.folder / "gristmill.toml"
    usual = settings.read_text()
    first = workspace.folder / ".gristmill" / "feedback"
    other = workspace.folder.parent / "other machine"
    add(workspace, ratings(1, 2, 3))
    workspace.json("feedback", "compact")
    add(workspace, ratings(4))
    shutil.copytree(first, other)

    settings.write_text(f'{usual}\n[feedback]\npath = "{other}"\n')
    add(workspace, ratings(50))
    assert workspace.json("feedback", "compact")["events"] == 2
    add(workspace, ratings(51))

    settings.write_text(usual)
    for command in (("add", "-"), ("compact",)):
        told = workspace.call("feedback", *command, input=json.dumps(ratings(5)[0]) + "\n", code=4).stderr
        assert "copied" in told and str(first / "tenure") in told and "feedback.path" in told
    assert [line["event"]["subject"] for line in workspace.json_lines("feedback", "tail")] == ["1", "2", "3", "4"]
    assert subjects(workspace) == [1, 2, 3, 4, 50]

    # Somebody says that it is this one.
    (first / "tenure").unlink()
    add(workspace, ratings(6))
    workspace.json("feedback", "compact")
    assert subjects(workspace) == [1, 2, 3, 4, 6, 50]
    settings.write_text(f'{usual}\n[feedback]\npath = "{other}"\n')
    assert "copied" in workspace.call("feedback", "compact", code=4).stderr


def test_a_log_may_move(workspace):
    """Copied and removed, as to another disk or machine: no file keeps its place."""
    place, elsewhere = workspace.folder / "events", workspace.folder.parent / "elsewhere"
    setting(workspace, path="events")
    for number in (1, 2, 3):
        add(workspace, ratings(number))
        shutil.copytree(place, elsewhere)
        shutil.rmtree(place)
        elsewhere.rename(place)
    workspace.json("feedback", "compact")
    assert subjects(workspace) == [1, 2, 3]


REFUSED = [
    ("{", "JSON"),
    ("[]", "events"),
    ("7", "object"),
    ({"type": "nonsense"}, "type"),
    ({"type": "rating"}, "rating"),
    ({"type": "rating", "rating": "great"}, "up"),
    ({"type": "rating", "rating": 1, "schema_version": 2}, "newer"),
    ({"type": "rating", "rating": 1, "schema_version": 2.0}, "newer"),
    ({"type": "rating", "rating": 1, "schema_version": 1e300}, "newer"),
    ({"type": "rating", "rating": 1, "schema_version": 1.5}, "whole number"),
    ({"type": "rating", "rating": 1, "schema_version": True}, "schema_version"),
    ({"type": "rating", "rating": 1, "schema_version": "1"}, "schema_version"),
    ({"type": "rating", "rating": 1, "consent": "yes"}, "consent"),
    ({"type": "rating", "rating": 1, "occurred_at": "yesterday"}, "occurred_at"),
    ({"type": "rating", "rating": 1, "idempotency_key": "k" * 600}, "idempotency_key"),
    ({"type": "conversation", "messages": []}, "messages"),
    ({"type": "conversation", "messages": [{"role": "user"}]}, "message 1"),
    ({"type": "correction", "original": "x"}, "corrected"),
    ({"events": [{"type": "rating", "rating": 1}, {"type": "rating"}]}, "event 2"),
    ({"events": {}}, "events"),
    ('{"type": "rating", "rating": 1e999}', "JSON"),
    ("[" * 100_000, ""),
    ('{"type": "rating", "rating": 1, "x": ' + "[" * 300 + "]" * 300 + "}", "deeper"),
    ({"events": [{"type": "rating", "rating": 1}], "idempotency_key": 5}, "idempotency_key"),
    ({"events": [{"type": "rating", "rating": 1}], "idempotency_key": ""}, "idempotency_key"),
    ({"events": [{"type": "rating", "rating": 1}], "idempotency_key": "k" * 600}, "idempotency_key"),
]


def test_what_is_wrong_is_said_and_nothing_is_stored(workspace):
    answers = add(workspace, [request for request, _ in REFUSED], code=4)
    assert [answer["line"] for answer in answers] == list(range(1, len(REFUSED) + 1))
    for (_, word), answer in zip(REFUSED, answers, strict=True):
        assert answer["error"]["code"] == "invalid_argument" and word in answer["error"]["message"], answer
    assert workspace.json("feedback", "compact")["events"] == 0


@pytest.mark.parametrize("every", ["365000d", "0.5s", "1ms", 300])
def test_an_interval_that_would_never_let_compaction_rest_is_refused(workspace, every):
    setting(workspace, compact_every=every)
    told = workspace.call("feedback", "compact", code=2).stderr
    assert "feedback.compact_every" in told and "gristmill.toml, line" in told


def test_policies(workspace):
    setting(workspace, without_consent="refuse", pii="reject", pii_kinds=["email"], dataset="online/events")
    rating = {"type": "rating", "rating": 1}
    answers = add(
        workspace, [rating, {**rating, "consent": True}, {**rating, "consent": True, "x": "a@example.com"}], 4
    )
    assert ["error" in answer for answer in answers] == [True, False, True]
    assert {answers[0]["error"]["code"], answers[2]["error"]["code"]} == {"denied"}
    assert "a@example.com" not in json.dumps(answers)
    workspace.json("feedback", "compact")
    assert len(rows(workspace, "online/events")) == 1


def test_personal_data_is_found_wherever_it_stands(workspace):
    """In members that are called like ours further down, in roles, and in the names of members."""
    event = {
        "type": "conversation",
        "consent": True,
        "messages": [{"role": "ann@example.com", "content": "Hello"}, {"role": "assistant", "content": "Good day"}],
        "extra": {"type": "bob@example.com", "idempotency_key": "carl@example.com", "role": "dora@example.com"},
        "votes": {"eve@example.com": "up", "finn@example.com": ["down"], "plain": 1},
    }
    add(workspace, [event])
    (told,) = workspace.json_lines("feedback", "tail")
    stored = told["event"]
    assert "example.com" not in json.dumps(told) and told["notes"]["pii_finds"] == 6
    assert [message["role"] for message in stored["messages"]] == ["<EMAIL>", "assistant"]
    assert sorted(map(str, stored["votes"].values())) == ["1", "['down']", "up"], "a vote is lost"
    setting(workspace, pii="reject")
    (refused,) = add(workspace, [{"type": "rating", "rating": 1, "consent": True, "by": {"eve@example.com": 1}}], 4)
    assert refused["error"]["code"] == "denied" and "eve@" not in json.dumps(refused)


def test_personal_data_is_found_in_numbers(workspace):
    """The number is one that card companies publish for tests; the others are a count and a time."""
    card = 4111111111111111
    other = {"tokens": 12345678, "at": 1700000000, "negative": -card}
    add(workspace, [{"type": "rating", "rating": 1, "consent": True, "paid": [{"card": card}], "other": other}])
    (told,) = workspace.json_lines("feedback", "tail")
    assert told["event"]["paid"] == [{"card": "<CARD>"}] and told["notes"]["pii_finds"] == 1
    assert told["event"]["other"] == other


def test_without_consent_no_words_are_stored(workspace):
    words = {"messages": [{"role": "user", "content": "secret"}], "comment": "secret", "user": "secret", "x": "secret"}
    add(
        workspace,
        [
            {"type": "conversation", "rating": {"why": "secret"}, **words},
            {"type": "correction", "original": "secret", "corrected": "secret", "rating": "secret", **words},
            {"type": "rating", "rating": "down", "model": "m", **words},
        ],
    )
    lines = workspace.json_lines("feedback", "tail")
    assert "secret" not in json.dumps(lines)
    assert lines[2]["event"] == {"type": "rating", "rating": "down", "model": "m"}


def test_personal_data_is_kept_when_told_so(workspace):
    setting(workspace, pii="keep")
    add(workspace, [EVENTS[0]])
    workspace.json("feedback", "compact")
    assert rows(workspace)[0]["text"] == "Write to joe@example.com"


def test_wrong_settings_are_named(workspace):
    setting(workspace, pii="shrug")
    answer = workspace.json("feedback", "compact", code=2)
    assert "feedback.pii" in answer["error"]["message"] and "redact" in answer["error"]["message"]


def test_schemas_describe_what_is_taken(workspace):
    schemas = json.loads(workspace.call("feedback", "schema").stdout)
    assert set(schemas) == {"conversation", "rating", "correction"}
    for event in EVENTS:
        assert schema_check.faults(event, schemas[event["type"]]) == []
    for request, _ in REFUSED:
        if isinstance(request, dict) and request.get("type") in schemas and "occurred_at" not in request:
            assert schema_check.faults(request, schemas[request["type"]]) != [], request


def test_tail_follows_and_compaction_asks_the_writer(workspace):
    """While one process writes, another reads along and a third compacts."""
    command = workspace.command("feedback", "add", "-", "--json")
    writer = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    tail = None
    try:
        writer.stdin.write(json.dumps({"type": "rating", "rating": 1}) + "\n")
        writer.stdin.flush()
        # Answers are handed on with the next line.
        tail = subprocess.Popen(
            workspace.command("feedback", "tail", "--follow", "--json"), stdout=subprocess.PIPE, text=True
        )
        assert json.loads(tail.stdout.readline())["sequence"] == 1
        assert workspace.json("feedback", "compact")["events"] == 1
        writer.stdin.write(json.dumps({"type": "rating", "rating": 2}) + "\n")
        writer.stdin.flush()
        assert json.loads(tail.stdout.readline())["sequence"] == 2
        answer = workspace.json("feedback", "add", workspace.write("x.jsonl", "{}\n"), code=5)
        assert "another process" in answer["error"]["message"]
        tail.send_signal(signal.SIGINT)
        assert tail.wait(30) == 0
    finally:
        writer.stdin.close()
        writer.wait(30)
        if tail:
            tail.kill()
    assert workspace.json("feedback", "compact")["events"] == 1
    assert [row["rating"] for row in rows(workspace)] == [1, 2]


def test_tail_may_begin_with_what_comes(workspace):
    add(workspace, [{"type": "rating", "rating": n} for n in range(3)])
    command = workspace.command("feedback", "tail", "-n", "0", "--follow", "--json")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as tail:
        try:
            time.sleep(1)
            add(workspace, [{"type": "rating", "rating": 3}])
            assert json.loads(tail.stdout.readline())["sequence"] == 4
        finally:
            tail.send_signal(signal.SIGINT)


def test_damage_is_told_and_the_rest_lands(workspace):
    add(workspace, [{"type": "rating", "rating": n} for n in range(20)])
    (segment,) = sorted((workspace.folder / ".gristmill" / "feedback").glob("*.segment"))
    content = bytearray(segment.read_bytes())
    content[len(content) // 2] ^= 255
    segment.write_bytes(content)
    done = workspace.json("feedback", "compact", code=4)
    assert len(done["damages"]) == 1 and "damaged bytes" in done["damages"][0]
    assert done["events"] == 19 and len(rows(workspace)) == 19
    assert list((workspace.folder / ".gristmill" / "feedback" / "damaged").iterdir())


def frame(sequence, payload):
    """An event as docs/formats/feedback-log.md describes it."""
    head = b"GMFR" + struct.pack("<IQQq", len(payload), sequence, 1, 1_700_000_000_000) + bytes(24)
    head += struct.pack("<Q", xxhash.xxh3_64_intdigest(payload))
    return head + struct.pack("<Q", xxhash.xxh3_64_intdigest(head)) + payload


def segment(first, payloads):
    head = b"GMFBLOG1" + struct.pack("<QQq", 1, first, 1_700_000_000_000)
    head += struct.pack("<Q", xxhash.xxh3_64_intdigest(head))
    return head + b"".join(frame(first + n, payload) for n, payload in enumerate(payloads))


def test_an_event_that_cannot_be_read_holds_nothing_up(workspace):
    folder = workspace.folder / ".gristmill" / "feedback"
    folder.mkdir(parents=True)
    good = json.dumps({"event": {"type": "rating", "rating": 1}, "notes": {}}).encode()
    bad = b'{"event": ' + b"[" * 600 + b"]" * 600 + b"}"
    (folder / f"{1:020}.segment").write_bytes(segment(1, [good, bad, good]))
    add(workspace, [{"type": "rating", "rating": 4}])
    tail = workspace.json_lines("feedback", "tail")
    assert [line["sequence"] for line in tail] == [1, 2, 3, 4] and ["error" in line for line in tail].count(True) == 1
    done = workspace.json("feedback", "compact", code=4)
    assert (done["events"], done["compacted_through"]) == (3, 4)
    assert len(done["damages"]) == 1 and "event 2 cannot be read" in done["damages"][0]
    assert [row["origin_offset"] for row in rows(workspace)] == [1, 3, 4]
    assert any(bad in file.read_bytes() for file in (folder / "damaged").iterdir())


def test_a_segment_that_was_cut_short_is_told(workspace):
    """A file that lost its end holds no damaged bytes, and yet events are gone."""
    for round_ in range(2):
        add(workspace, [{"type": "rating", "rating": round_ * 5 + n} for n in range(5)])
    first, _ = sorted((workspace.folder / ".gristmill" / "feedback").glob("*.segment"))
    content = first.read_bytes()
    ends = [place for place in range(len(content)) if content[place : place + 4] == b"GMFR"]
    first.write_bytes(content[: ends[3]])
    done = workspace.json("feedback", "compact", code=4)
    assert done["events"] == 8 and len(done["damages"]) == 1 and "events 4 to 5 are missing" in done["damages"][0]
    assert [row["rating"] for row in rows(workspace)] == [0, 1, 2, 5, 6, 7, 8, 9]
    assert workspace.json("feedback", "compact")["damages"] == []


def test_what_a_crash_left_half_written_is_told_as_such(workspace):
    add(workspace, [{"type": "rating", "rating": 1}])
    (path,) = (workspace.folder / ".gristmill" / "feedback").glob("*.segment")
    # In place of the mark of the end: half of what came next.
    path.write_bytes(path.read_bytes()[:-72] + frame(2, b'{"event": {}}')[:-3])
    done = workspace.json("feedback", "compact")
    assert (done["events"], done["damages"]) == (1, []) and "never acknowledged" in done["recovered"][0]


def test_a_file_waits_for_room(workspace):
    """A client is told to come back; a file can wait."""
    setting(workspace, queue="20kB")
    line = {"type": "rating", "rating": 1, "consent": True, "comment": "x" * 9000}
    answers = add(workspace, [{**line, "subject": str(n)} for n in range(100)])
    assert sum(answer["stored"] for answer in answers) == 100
    (refused,) = add(workspace, [{**line, "comment": "x" * 30_000}], code=4)
    assert refused["error"]["code"] == "invalid_argument" and "feedback.queue" in refused["error"]["message"]


def test_a_full_disk_loses_nothing(workspace, tmp_path):
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "none", place], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("mounting a small file system needs rights")
    try:
        setting(workspace, path=str(place))
        line = {"type": "rating", "rating": 1, "consent": True, "comment": "x" * 400_000}
        answers = add(workspace, [{**line, "subject": str(n)} for n in range(120)], code=4)
        stored = [answer for answer in answers if "events" in answer]
        assert {answer["error"]["code"] for answer in answers if "error" in answer} == {"unavailable"}
        assert 10 < len(stored) < 120
        workspace.json("feedback", "compact")
        assert len(rows(workspace)) == len(stored)
        # Compaction has made room.
        assert len(add(workspace, [line])[0]["events"]) == 1
    finally:
        subprocess.run(["umount", place], check=True)


def test_a_closed_pipe_ends_it(workspace):
    done = subprocess.run(
        f"yes '{json.dumps({'type': 'rating', 'rating': 1})}' | head -5000 | "
        f"{' '.join(workspace.command('feedback', 'add', '--json'))} | head -1",
        shell=True,
        capture_output=True,
        timeout=120,
    )
    assert json.loads(done.stdout)["events"][0]["sequence"] == 1
    time.sleep(0.01)
    assert os.listdir(workspace.folder / ".gristmill" / "feedback")
