# SPDX-License-Identifier: Apache-2.0
"""Damaged files, foreign encodings, huge records, files out of reach: a clear result, nothing lost around it."""

import bz2
import gzip
import io
import json
import lzma
import os
import pathlib
import zlib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cli_support import GOOD, MIB, PEAK_BYTES_MAX, as_nobody, ingest_with_good_files, reasons

# Damaged containers


@pytest.mark.parametrize("kept_share", [0.3, 0.9, 0.999])
def test_truncated_gzip(workspace, kept_share):
    texts = [f"Line {number} of the file, with digits {number * 7919 % 100003}." for number in range(3000)]
    whole = gzip.compress("".join(json.dumps({"text": text}) + "\n" for text in texts).encode())
    cut = whole[: int(len(whole) * kept_share)]
    readable = zlib.decompressobj(31).decompress(cut).count(b"\n")
    record, found = ingest_with_good_files(workspace, "cut.jsonl.gz", cut)
    assert found == texts[:readable]
    assert set(reasons(record)) <= {"reader.compressed.corrupt", "reader.jsonl.bad_json"}
    assert (
        "truncated" in record["quarantine"][-1]["message"] and f"byte {len(cut)}" in record["quarantine"][-1]["message"]
    )
    assert record["status"] == "complete_with_problems"


@pytest.mark.parametrize("compress", [bz2.compress, lzma.compress], ids=["bz2", "xz"])
def test_truncated_other_compressions(workspace, compress):
    content = compress("".join(json.dumps({"text": f"line {n}"}) + "\n" for n in range(5000)).encode())
    record, found = ingest_with_good_files(workspace, "cut.jsonl", content[: len(content) // 2])
    assert "reader.compressed.corrupt" in reasons(record)
    assert found == [f"line {n}" for n in range(len(found))]


def parquet_bytes(row_groups, rows, **options):
    out = io.BytesIO()
    count = row_groups * rows
    table = pa.table({"text": [f"row {number} " + "x" * 50 for number in range(count)], "n": list(range(count))})
    pq.write_table(table, out, row_group_size=rows, compression="none", use_dictionary=False, **options)
    return out.getvalue()


def test_parquet_with_a_damaged_row_group(workspace):
    content = bytearray(parquet_bytes(4, 10))
    column = pq.ParquetFile(io.BytesIO(bytes(content))).metadata.row_group(2).column(0)
    start = column.data_page_offset
    content[start : start + column.total_compressed_size] = b"\xff" * column.total_compressed_size
    record, found = ingest_with_good_files(workspace, "damaged.parquet", bytes(content))
    kept = [number for number in range(40) if not 20 <= number < 30]
    assert found == [f"row {number} " + "x" * 50 for number in kept]
    assert record["quarantined"] >= 1 and "row" in record["quarantine"][0]["message"]


def test_parquet_with_a_wrong_page_checksum(workspace):
    content = parquet_bytes(3, 10, write_page_checksum=True)
    changed = content.replace(b"row 15 x", b"row 15 y")
    assert changed != content
    record, found = ingest_with_good_files(workspace, "flipped.parquet", changed)
    assert not any("y" in text for text in found)
    assert found == [f"row {number} " + "x" * 50 for number in [*range(10), *range(20, 30)]]
    assert record["quarantined"] >= 1


@pytest.mark.parametrize("damage", ["no footer", "not parquet", "magic only", "footer length"])
def test_parquet_that_cannot_be_opened(workspace, damage):
    whole = parquet_bytes(2, 10)
    content = {
        "no footer": whole[: len(whole) // 2],
        "not parquet": b"this is no Parquet file\n" * 100,
        "magic only": b"PAR1",
        "footer length": whole[:-8] + b"\xff\xff\xff\x7f" + whole[-4:],
    }[damage]
    record, found = ingest_with_good_files(workspace, "bad.parquet", content)
    assert found == [] and record["quarantined"] == 1
    assert reasons(record) == ["reader.parquet.corrupt"]


# Encodings


SENTENCES = {
    "latin-1": "Le café était fermé à Noël, et l'élève rêvait d'un été très chaud où ça sentait la forêt. " * 8,
    "gb18030": "今天天气很好，我们去公园散步。孩子们在草地上玩耍，老人们在树下下棋。这是一个美丽的春天。" * 8,
    "utf-16": "Grüße aus Köln: naïve Straße, 漢字 and emoji 🙂, plain words as well. " * 8,
    "utf-16-le": "Plain English words without a mark, as some old programs of Windows write them. " * 8,
    "utf-16-be": "Plain English words without a mark, in the other order of bytes this time. " * 8,
    "utf-8-sig": "With the mark that some editors put in front: äöü. " * 8,
}


@pytest.mark.parametrize("encoding", SENTENCES)
def test_text_in_other_encodings(workspace, encoding):
    sentence = SENTENCES[encoding].strip()
    record, found = ingest_with_good_files(workspace, "text.txt", sentence.encode(encoding))
    assert record["quarantined"] == 0
    assert [text.strip() for text in found] == [sentence]


def test_html_in_latin_1_with_a_declaration(workspace):
    sentence = SENTENCES["latin-1"].strip()
    page = f'<html><head><meta charset="iso-8859-1"></head><body><p>{sentence}</p></body></html>'
    workspace.write("page.html", page.encode("latin-1"))
    workspace.ingest()
    workspace.run("extract.html", "normalize.unicode")
    (text,) = workspace.texts("clean/web")
    assert sentence in text


def test_gb18030_jsonl_and_utf16_jsonl_lines(workspace):
    line = json.dumps({"text": SENTENCES["utf-16"]}, ensure_ascii=False) + "\n"
    record, found = ingest_with_good_files(workspace, "lines.jsonl", (line * 3).encode("utf-16"))
    assert found == [SENTENCES["utf-16"]] * 3 and record["quarantined"] == 0


def test_invalid_utf8_in_jsonl_costs_that_line(workspace):
    content = b'{"text": "before"}\n{"text": "bro\xff\xfeken"}\n{"text": "cut \xe4\xbd"}\n{"text": "after"}\n'
    record, found = ingest_with_good_files(workspace, "lines.jsonl", content)
    assert found == ["before", "after"] and record["quarantined"] == 2
    assert "line 2" in record["quarantine"][0]["message"] and "line 3" in record["quarantine"][1]["message"]
    assert record["quarantine"][0]["offset"] == content.index(b'{"text": "bro')


def test_invalid_utf8_in_a_text(workspace):
    before, after = "Grün ist die Wiese, blau der Himmel. " * 20, "Später regnete es über München. " * 20
    content = before.encode() + b"\xff\xc3(" + after.encode()
    record, found = ingest_with_good_files(workspace, "text.txt", content)
    assert record["quarantined"] == 0
    assert before.strip() in found[0] and after.strip() in found[0]
    found[0].encode()


# Sizes


@pytest.mark.full
def test_200_megabyte_line(workspace):
    path = workspace.inputs / "long.jsonl"
    with open(path, "wb") as file:
        file.write(b'{"text": "before"}\n{"text": "')
        for _ in range(200):
            file.write(b"x" * 1_000_000)
        file.write(b'"}\n{"text": "after"}\n')
    done = workspace.measured("ingest", path, "--source", "web", "--license", "CC0-1.0")
    record = done.document
    assert workspace.texts() == ["after", "before"]
    assert (record["documents"], record["quarantined"]) == (2, 1)
    note = record["quarantine"][0]
    assert note["offset"] == len(b'{"text": "before"}\n') and "[limits] document" in note["message"]
    print(f"peak {done.peak_bytes / MIB:.0f} MiB")
    assert done.peak_bytes < PEAK_BYTES_MAX


@pytest.mark.full
@pytest.mark.parametrize("name", ["long.txt", "long.csv", "long.json", "long.html"])
def test_200_megabytes_in_one_record_of_other_formats(workspace, name):
    path = workspace.inputs / name
    head, tail = {
        "long.txt": (b"", b"\n"),
        "long.csv": (b'text,n\nbefore,1\n"', b'",2\nafter,3\n'),
        "long.json": (b'[{"text": "before"}, {"text": "', b'"}, {"text": "after"}]'),
        "long.html": (b"<html><body><p>", b"</p></body></html>"),
    }[name]
    with open(path, "wb") as file:
        file.write(head)
        for _ in range(200):
            file.write(b"word word " * 100_000)
        file.write(tail)
    good = workspace.write_jsonl("good.jsonl", GOOD)
    done = workspace.measured("ingest", path, good, "--source", "web", "--license", "CC0-1.0")
    print(f"peak {done.peak_bytes / MIB:.0f} MiB")
    assert done.peak_bytes < PEAK_BYTES_MAX
    others = ["before", "after"] if name in ("long.csv", "long.json") else []
    assert workspace.texts() == sorted(GOOD + others)
    assert done.document["quarantined"] == 1


EMPTY = [
    "e.txt",
    "e.jsonl",
    "e.json",
    "e.csv",
    "e.parquet",
    "e.html",
    "e.warc",
    "e.jsonl.gz",
    "e.txt.xz",
    "e.zip",
    "e.tar",
]


@pytest.mark.parametrize("name", EMPTY)
def test_empty_file(workspace, name):
    record, found = ingest_with_good_files(workspace, name, b"")
    assert found == []
    assert record["quarantined"] + sum(record["skipped_records"].values()) == 1


def test_only_empty_files(workspace):
    workspace.write("empty.txt", b"")
    record = workspace.ingest()
    assert record["documents"] == 0 and record["skipped_records"] == {"empty_file": 1}
    again = workspace.ingest()
    assert again["documents"] == 0 and again["already_present"]


def test_nothing_but_blank_lines(workspace):
    record, found = ingest_with_good_files(workspace, "blank.jsonl", b"\n\n  \n\r\n")
    assert found == [] and record["quarantined"] == 0


# Files that cannot be reached


def test_unreadable_folder_and_file(workspace):
    workspace.write_jsonl("good.jsonl", GOOD)
    workspace.write_jsonl("closed/inside.jsonl", ["not to be seen"])
    closed_file = workspace.write_jsonl("closed.jsonl", ["not to be seen"])
    as_nobody(workspace)
    (workspace.inputs / "closed").chmod(0)
    closed_file.chmod(0)
    # Finished, but somebody should look.
    record = workspace.ingest(code=4)
    assert record["status"] == "complete_with_problems" and record["documents"] == len(GOOD)
    problems = {problem["path"]: problem["message"] for problem in record["problems"]}
    assert set(problems) == {str(workspace.inputs / "closed"), str(closed_file)}
    assert all("ermission denied" in message for message in problems.values())
    assert workspace.texts() == sorted(GOOD)


def test_only_an_unreadable_folder(workspace):
    workspace.write_jsonl("closed/inside.jsonl", ["not to be seen"])
    as_nobody(workspace)
    (workspace.inputs / "closed").chmod(0)
    record = workspace.ingest(workspace.inputs / "closed", code=1)
    assert record["status"] == "failed"
    assert workspace.json("dataset", "list") == []


def test_a_missing_path(workspace):
    answer = workspace.json("ingest", workspace.inputs / "absent", "--source", "web", "--license", "CC0-1.0", code=2)
    assert str(workspace.inputs / "absent") in answer["error"]["message"]
    assert workspace.json("ingestions", "list") == []


def test_symlink_loops(workspace):
    workspace.write_jsonl("deep/er/good.jsonl", GOOD)
    (workspace.inputs / "deep" / "er" / "up").symlink_to(workspace.inputs)
    (workspace.inputs / "itself").symlink_to("itself")
    (workspace.inputs / "ping").symlink_to("pong")
    (workspace.inputs / "pong").symlink_to("ping")
    (workspace.inputs / "broken").symlink_to("absent")
    record = workspace.ingest(code=4)
    assert record["documents"] == len(GOOD) and record["raw_file_count"] == 1
    problems = {pathlib.Path(problem["path"]).name for problem in record["problems"]}
    assert problems == {"up", "itself", "ping", "pong", "broken"}
    assert workspace.texts() == sorted(GOOD)


def test_a_pipe_is_not_waited_for(workspace):
    workspace.write_jsonl("good.jsonl", GOOD)
    os.mkfifo(workspace.inputs / "pipe.jsonl")
    record = workspace.ingest(code=4, timeout=60)
    assert record["documents"] == len(GOOD) and len(record["problems"]) == 1
