# SPDX-License-Identifier: Apache-2.0
"""Ingestion at its edges: large files read in pieces, odd names, odd records, overlapping batches at once."""

import csv
import gzip
import hashlib
import io
import json
import os
import subprocess

import pyarrow as pa
import pyarrow.parquet as pq
import pytest


def numbered(number):
    """A text of its own length that says which it is."""
    return f"record {number} " + "lorem ipsum dolor, " * (number * 7919 % 40)


def digests_in_order(texts):
    return [hashlib.md5(text.encode()).hexdigest() for text in texts]


def write_large_jsonl(path, count):
    with open(path, "w", encoding="utf-8") as file:
        for number in range(count):
            file.write(json.dumps({"text": numbered(number)}) + "\n")


def write_large_csv(path, count):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["n", "text"])
        for number in range(count):
            writer.writerow([number, numbered(number).replace(", ", ',\n"x", ', 3)])


def write_large_members(path, count):
    with open(path, "wb") as file:
        for begin in range(0, count, 1000):
            lines = [json.dumps({"text": numbered(number)}) for number in range(begin, min(begin + 1000, count))]
            file.write(gzip.compress(("\n".join(lines) + "\n").encode(), 1))


def write_large_parquet(path, count):
    with pq.ParquetWriter(path, pa.schema([("text", pa.string())]), compression="none") as writer:
        for begin in range(0, count, 5000):
            texts = [numbered(number) for number in range(begin, min(begin + 5000, count))]
            writer.write_table(pa.table({"text": texts}))


def write_large_warc(path, count):
    with open(path, "wb") as file:
        for number in range(count):
            http = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + numbered(number).encode()
            file.write(
                b"WARC/1.0\r\nWARC-Type: response\r\nContent-Type: application/http; msgtype=response\r\n"
                b"WARC-Target-URI: http://example.org/%d\r\nWARC-Date: 2026-01-01T00:00:00Z\r\n"
                b"Content-Length: %d\r\n\r\n" % (number, len(http))
            )
            file.write(http + b"\r\n\r\n")


LARGE = {
    "large.jsonl": write_large_jsonl,
    "large.csv": write_large_csv,
    "large.jsonl.gz": write_large_members,
    "large.parquet": write_large_parquet,
    "large.warc": write_large_warc,
}


@pytest.mark.full
@pytest.mark.parametrize("name", LARGE)
def test_large_files_are_read_whole_and_once(workspace, name):
    """Files of several pieces: every record is there once, in order."""
    count = 180_000
    LARGE[name](workspace.inputs / name, count)
    if not name.endswith(".gz"):
        assert (workspace.inputs / name).stat().st_size > 65 << 20
    record = workspace.ingest()
    assert (record["documents"], record["quarantined"]) == (count, 0)
    rows = workspace.catalog().load_table("raw.web").scan(selected_fields=("text", "origin_offset")).to_arrow()
    rows = rows.sort_by("origin_offset") if name not in ("large.jsonl.gz",) else rows
    texts = rows["text"].to_pylist()
    if name == "large.csv":
        expected = [numbered(number).replace(", ", ',\n"x", ', 3) for number in range(count)]
    else:
        expected = [numbered(number) for number in range(count)]
    strip = name == "large.warc"
    texts = [text.strip() if strip else text for text in texts]
    expected = [text.strip() if strip else text for text in expected]
    if name == "large.jsonl.gz":
        texts, expected = sorted(texts), sorted(expected)
    assert digests_in_order(texts) == digests_in_order(expected)


# Names


ODD_NAMES = [
    "with blank.txt",
    "quote'\".txt",
    "new\nline.txt",
    "per%20cent.txt",
    "hash#mark?.txt",
    "ünï.txt",
    "-dash.txt",
]


def test_odd_file_names(workspace):
    for name in ODD_NAMES:
        workspace.write(name, f"content of {name}")
    record = workspace.ingest()
    assert record["documents"] == len(ODD_NAMES)
    found = {os.path.basename(row["origin_uri"].removeprefix("file://")): row for row in workspace.rows()}
    assert set(found) == set(ODD_NAMES)
    for name, row in found.items():
        assert row["text"] == f"content of {name}"
        answer = workspace.json("trace", row["id"])
        assert answer["origin"]["file"] == str(workspace.inputs / name)
        assert answer["origin"]["sha256"] == hashlib.sha256(row["text"].encode()).hexdigest()
    assert workspace.ingest()["already_present"] is True


def test_file_name_that_is_no_utf8(workspace):
    path = os.fsencode(workspace.inputs) + b"/caf\xe9.txt"
    with open(path, "w") as file:
        file.write("content")
    workspace.write("good.txt", "good")
    record = workspace.ingest(code=None)
    # Landed, quarantined or named as a problem: not dropped in silence, and never broken JSON.
    assert "good" in workspace.texts()
    assert record["documents"] + record["quarantined"] + len(record["problems"]) == 2
    assert workspace.ingest(code=None)["already_present"] is True


def test_files_of_unknown_format_are_counted(workspace):
    workspace.write("picture.png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 10)
    workspace.write("program.bin", bytes(range(256)) * 100)
    workspace.write("good.txt", "good")
    record = workspace.ingest(code=None)
    assert workspace.texts() == ["good"]
    assert record["quarantined"] + sum(record["skipped_records"].values()) + len(record["problems"]) == 2


def test_hidden_files_are_not_passed_over_in_silence(workspace):
    workspace.write(".hidden.txt", "hidden")
    workspace.write(".folder/inside.txt", "inside")
    workspace.write("good.txt", "good")
    record = workspace.ingest(code=None)
    # Left out on purpose, and said so: one file and one folder.
    assert workspace.texts() == ["good"]
    assert record["skipped_files"] == {"hidden": 2}


def test_a_file_without_extension(workspace):
    workspace.write("notes", "Plain words without any extension.\n" * 5)
    workspace.write("records", "".join(json.dumps({"text": f"line {n}"}) + "\n" for n in range(5)))
    record = workspace.ingest(code=None)
    texts = workspace.texts()
    assert record["quarantined"] == 0
    assert {f"line {n}" for n in range(5)} <= set(texts)


def test_the_same_file_by_two_ways(workspace):
    path = workspace.write_jsonl("deep/one.jsonl", ["a", "b"])
    record = workspace.ingest(workspace.inputs, path, code=None)
    assert workspace.texts() == ["a", "b"] and record["raw_file_count"] == 1


# Records


def test_values_survive_exactly(workspace):
    fields = {"big": 2**63, "huge": 10**30, "tiny": 1.5e-300, "half": 0.5, "zero": -0.0, "e": "é\u2028", "k y": None}
    workspace.write("one.jsonl", json.dumps({"text": "t", **fields}))
    workspace.ingest()
    (row,) = workspace.rows()
    assert json.loads(row["metadata"]) == fields


ODD_TEXTS = [
    "nul \0 inside",
    "tab\tand\r\nlines",
    "lone \ufffd",
    "emoji 🙂",
    "\u202eright to left",
    " blanks around ",
    "\ufeffmark",
]


def test_odd_texts_survive_exactly(workspace):
    workspace.write("odd.jsonl", "".join(json.dumps({"text": text}) + "\n" for text in ODD_TEXTS))
    workspace.ingest()
    assert workspace.texts() == sorted(ODD_TEXTS)
    told = [row["text"] for row in workspace.json_lines("dataset", "head", "raw/web", "-n", "50")]
    assert told == ODD_TEXTS
    workspace.json("dataset", "export", "raw/web", "--to", workspace.inputs / "out.jsonl")
    lines = (workspace.inputs / "out.jsonl").read_text(encoding="utf-8").split("\n")[:-1]
    assert [json.loads(line)["text"] for line in lines] == ODD_TEXTS


@pytest.mark.parametrize("ending", ["\n", "\r\n", ""])
def test_line_ends_marks_and_a_last_line_without_end(workspace, ending):
    lines = [json.dumps({"text": f"line {number}"}) for number in range(3)]
    content = "\ufeff" + (ending or "\n").join(lines) + ending
    workspace.write("lines.jsonl", content)
    record = workspace.ingest()
    assert (record["documents"], record["quarantined"]) == (3, 0)


def test_configured_text_field(workspace):
    workspace.configure('[fields]\ntext = ["story", "text"]\n')
    workspace.write(
        "one.jsonl", json.dumps({"text": "no", "story": "yes"}) + "\n" + json.dumps({"text": "else"}) + "\n"
    )
    workspace.ingest()
    assert workspace.texts() == ["else", "yes"]
    workspace.configure('[fields]\ntxet = ["story"]\n')
    message = workspace.json("dataset", "list", code=2)["error"]["message"]
    assert "gristmill.toml" in message and "txet" in message and "text" in message and "2" in message


# At once


def at_once(workspace, batches, code=(0,)):
    words = ["--source", "web", "--license", "CC0-1.0", "--json"]
    children = [
        subprocess.Popen(workspace.command("ingest", *batch, *words), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for batch in batches
    ]
    results = []
    for child in children:
        out, error = child.communicate(timeout=120)
        assert child.returncode in code, error
        results.append((child.returncode, json.loads(out)))
    return results


@pytest.mark.parametrize("attempt", range(3))
def test_the_same_batch_at_once_lands_once(workspace, attempt):
    path = workspace.write_jsonl("one.jsonl", [f"text {number}" for number in range(2000)])
    results = at_once(workspace, [[path]] * 3, code=(0, 5))
    assert 0 in [code for code, _ in results]
    assert len(workspace.rows()) == 2000
    assert len(workspace.json("dataset", "show", "raw/web")["versions"]) == 1


@pytest.mark.parametrize("attempt", range(3))
def test_overlapping_batches_at_once_double_nothing(workspace, attempt):
    paths = [workspace.write_jsonl(f"{name}.jsonl", [f"{name} {n}" for n in range(500)]) for name in "abc"]
    at_once(workspace, [paths[:2], paths[1:], paths], code=(0, 5))
    for _ in range(2):
        workspace.ingest(*paths)
    ids = [row["id"] for row in workspace.rows()]
    assert len(ids) == len(set(ids)) == 1500


# A run that is stopped


def test_interrupted_work_says_how_to_go_on(workspace):
    """Whatever moment the signal hits: the exit code says so, and the work can be resumed."""
    import signal

    texts = [f"text {number} " + "word " * 200 for number in range(20_000)]
    workspace.write_jsonl("one.jsonl", texts)
    workspace.ingest()
    pipeline = workspace.pipeline("normalize.unicode", "language.identify", "dedup.minhash")
    child = subprocess.Popen(
        workspace.command("run", pipeline, "--json"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        child.wait(timeout=0.4)
    except subprocess.TimeoutExpired:
        child.send_signal(signal.SIGTERM)
    out, error = child.communicate(timeout=120)
    assert child.returncode in (0, 143), error
    if child.returncode == 143:
        assert "--resume" in error and json.loads(out)["error"]["code"] == "interrupted"
        assert [one["name"] for one in workspace.json("dataset", "list")] == ["raw/web"]
        document = workspace.json("run", "--resume", "last")
        assert document["status"] == "done" and document["documents"]["in"] == len(texts)


def test_many_small_files(workspace):
    out = io.StringIO()
    for number in range(3000):
        workspace.write(f"{number % 50}/{number}.txt", f"small file {number}")
        out.write(f"small file {number}\n")
    record = workspace.ingest()
    assert record["documents"] == 3000
    assert workspace.texts() == sorted(out.getvalue().splitlines())
