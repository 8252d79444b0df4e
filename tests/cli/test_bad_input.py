# SPDX-License-Identifier: Apache-2.0
"""Every kind of bad input: a clear result, nothing lost around it, no crash."""

import bz2
import gzip
import io
import json
import lzma
import os
import pathlib
import resource
import sqlite3
import subprocess
import zipfile
import zlib
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import Workspace, as_nobody, reasons

MIB = 1 << 20
# A stated bound for input of any size: far below the inputs used here, far above what the program takes.
PEAK_BYTES_MAX = 700 * MIB
GOOD = ["The first good text.", "Zweiter guter Text: äöüß.", "第三段好文字。"]


def only_message(record):
    (note,) = record["quarantine"]
    return note["message"]


def ingest_with_good_files(workspace, name, content, code=0):
    """Ingests a bad file between two good ones; gives the record and the texts that did not come from those two."""
    bad = workspace.write(name, content)
    workspace.write_jsonl("a-before.jsonl", GOOD)
    workspace.write_jsonl("z-after.jsonl", GOOD)
    record = workspace.ingest(code=code)
    rows = workspace.rows()
    assert len(rows) == record["documents"]
    assert sorted(row["text"] for row in rows if not row["origin_uri"].startswith(f"file://{bad}")) == sorted(GOOD * 2)
    for note in record["quarantine"]:
        assert str(bad) in note["message"] and note["origin_uri"].startswith(f"file://{bad}")
    return record, [row["text"] for row in rows if row["origin_uri"].startswith(f"file://{bad}")]


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
    assert note["offset"] == len(b'{"text": "before"}\n') and "document_bytes_max" in note["message"]
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


# Bombs


def zeros(size, compress):
    """`size` bytes of blanks, compressed piece by piece."""
    piece = b" " * MIB
    return b"".join(compress.compress(piece) for _ in range(size // MIB)) + compress.flush()


def zip_bytes(members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def assert_bomb_is_caught(workspace, name, content, kept=()):
    workspace.write(name, content)
    workspace.write_jsonl("good.jsonl", GOOD)
    done = workspace.measured("ingest", workspace.inputs, "--source", "web", "--license", "CC0-1.0")
    record = done.document
    assert record["records"] == record["documents"] + record["quarantined"]
    assert done.peak_bytes < PEAK_BYTES_MAX
    assert workspace.texts() == sorted([*GOOD, *kept])
    assert any("limit" in reason for reason in reasons(record)), record["quarantine"]
    return record


@pytest.mark.parametrize("name", ["bomb.txt.gz", "bomb.jsonl.gz"])
def test_gzip_bomb(workspace, name):
    record = assert_bomb_is_caught(workspace, name, zeros(300 * MIB, zlib.compressobj(9, zlib.DEFLATED, 31)))
    assert str(workspace.inputs / name) in record["quarantine"][0]["message"]


def test_zip_bomb(workspace):
    content = zip_bytes({"a-good.txt": "good member", "bomb.txt": b" " * (300 * MIB)})
    assert_bomb_is_caught(workspace, "bomb.zip", content, kept=["good member"])


def test_nested_zip_bomb(workspace):
    inner = zip_bytes({"bomb.txt": b" " * (300 * MIB)})
    assert_bomb_is_caught(
        workspace, "bomb.zip", zip_bytes({"a-good.txt": "good member", "in.zip": inner}), ["good member"]
    )


def test_gzip_of_gzip_of_blanks_in_a_zip(workspace):
    bomb = gzip.compress(zeros(300 * MIB, zlib.compressobj(9, zlib.DEFLATED, 31)))
    workspace.write("bomb.zip", zip_bytes({"a-good.txt": "good member", "bomb.txt.gz": bomb}))
    workspace.write_jsonl("good.jsonl", GOOD)
    done = workspace.measured("ingest", workspace.inputs, "--source", "web", "--license", "CC0-1.0")
    assert done.peak_bytes < PEAK_BYTES_MAX
    assert set(GOOD) | {"good member"} <= set(workspace.texts())


def test_size_limit_of_a_compressed_file(workspace):
    (workspace.folder / "gristmill.toml").write_text('[limits]\nexpanded = "24MiB"\n')
    lines = "".join(json.dumps({"text": f"line {number} " + "y" * 1000}) + "\n" for number in range(40_000))
    record, found = ingest_with_good_files(workspace, "large.jsonl.gz", gzip.compress(lines.encode(), 1))
    expected = [json.loads(line)["text"] for line in lines.splitlines()]
    # The records before the limit are kept, none is invented.
    assert 0 < len(found) < len(expected) and found == expected[: len(found)]
    assert reasons(record) == ["reader.compressed.limit_exceeded"]
    assert str(24 * MIB) in only_message(record)


def test_archives_nested_too_deep(workspace):
    content = zip_bytes({"a.txt": "innermost"})
    for _ in range(10):
        content = zip_bytes({"in.zip": content, "good.txt": "beside"})
    record, found = ingest_with_good_files(workspace, "deep.zip", content)
    assert "reader.archive.too_deep" in reasons(record)
    assert set(found) == {"beside"} and "innermost" not in found


def test_archive_members_that_point_outside(workspace):
    content = zip_bytes({"../../escape.txt": "climbing member", "/etc/absolute.txt": "absolute member"})
    record, found = ingest_with_good_files(workspace, "escape.zip", content)
    assert sorted(found) == ["absolute member", "climbing member"] or record["quarantined"] == 2
    assert not list(workspace.folder.parent.rglob("escape.txt"))


# HTML


@pytest.mark.full
def test_50_megabyte_html_page(workspace):
    random = Random(1)
    line = "the river of hills and weather in a town that was old with people who made bread for them"
    words = line.split(" ")
    sentences = [" ".join(random.choices(words, k=random.randint(12, 40))).capitalize() for _ in range(5000)]
    count = 50_000_000 // (sum(map(len, sentences)) // len(sentences) + 18)
    paragraphs = (f"<p>Part {number}: {sentences[number % 5000]}.</p>\n" for number in range(count))
    page = f"<html><head><title>Long</title></head><body><article>{''.join(paragraphs)}</article></body></html>"
    assert len(page) > 49_000_000
    workspace.write("page.html", page)
    workspace.write("small.html", f"<html><body><article><p>Small page. {sentences[0]}.</p></article></body></html>")
    workspace.ingest()
    done = workspace.measured("run", workspace.pipeline("extract.html", "normalize.unicode"))
    assert done.document["documents"] == {"in": 2, "created": 0, "out": 2, "dropped": 0, "merged": 0, "quarantined": 0}
    print(f"peak {done.peak_bytes / MIB:.0f} MiB")
    assert done.peak_bytes < 2048 * MIB
    small, long = sorted(workspace.texts("clean/web"), key=len)
    assert "Small page." in small
    # What is boilerplate is for the extractor to say; the mass of the page is none.
    assert long.count("Part ") > 0.5 * count


@pytest.mark.parametrize("tag", ["div", "b", "table><tr><td", "ul><li", "a", "form", "svg"])
def test_html_nested_100000_deep(workspace, tag):
    opening = f"<{tag}>"
    sentence = "This sentence lies at the bottom of very many elements and says so clearly. " * 5
    workspace.write("deep.html", f"<html><body>{opening * 100_000}<p>{sentence}</p></body></html>")
    workspace.write("good.html", f"<html><body><article><p>{sentence} Second page.</p></article></body></html>")
    workspace.ingest()
    document = workspace.run("extract.html", "normalize.unicode")
    total = document["documents"]
    assert total["in"] == 2 and total["out"] >= 1
    assert any("Second page." in text for text in workspace.texts("clean/web"))
    for note in document["quarantine"]:
        assert "deep.html" in note["origin_uri"] and note["message"]


# Records


def test_csv_with_quoted_newlines_and_ragged_rows(workspace):
    content = (
        "title,text\r\n"
        'one,"two lines:\nsecond, with a comma and ""quotes"""\r\n'
        "ragged,row,three\r\n"
        "short\r\n"
        'two,"plain"\r\n'
        ',"no title"\r\n'
    )
    record, found = ingest_with_good_files(workspace, "table.csv", content)
    assert found == ['two lines:\nsecond, with a comma and "quotes"', "plain", "no title"]
    assert reasons(record) == ["reader.csv.ragged_row"] * 2
    assert "line 4" in record["quarantine"][0]["message"] and "line 5" in record["quarantine"][1]["message"]
    assert record["quarantine"][0]["offset"] == content.index("ragged,row")


def test_csv_with_a_quotation_mark_that_never_closes(workspace):
    content = 'title,text\na,first\nb,"open\nc,third\nd,fourth\n'
    record, found = ingest_with_good_files(workspace, "table.csv", content)
    assert record["quarantined"] >= 1 and found[0] == "first"


def test_json_with_duplicate_keys(workspace):
    line = '{"text": "first", "lang": "en", "text": "second", "lang": "de"}\n'
    record, found = ingest_with_good_files(workspace, "twice.jsonl", line)
    assert found == ["second"] and record["quarantined"] == 0
    (row,) = [row for row in workspace.rows() if row["text"] == "second"]
    metadata = json.loads(row["metadata"])
    assert sorted(metadata["_duplicate_keys"]) == ["lang", "text"] and metadata["lang"] == "de"


@pytest.mark.parametrize("depth", [600, 1_000_000])
@pytest.mark.parametrize("name", ["deep.jsonl", "deep.json"])
def test_json_nested_deep(workspace, name, depth):
    deep = '{"text": "deep", "tree": ' + "[" * depth + "]" * depth + "}"
    if name.endswith("l"):
        content = '{"text": "before"}\n' + deep + '\n{"text": "after"}\n'
    else:
        content = '[{"text": "before"}, ' + deep + ', {"text": "after"}]'
    record, found = ingest_with_good_files(workspace, name, content)
    assert found == ["before", "after"]
    assert record["quarantined"] == 1 and reasons(record)[0].endswith(".too_deep")


def test_json_lines_of_every_wrong_kind(workspace):
    bad = ["{", "[]", "null", '"text"', "{'text': 'single'}", '{"text": 5}', '{"other": "x"}', '{"text": "a"} trailing']
    lines = [line for text in bad for line in (text, json.dumps({"text": f"after {text}"}))]
    record, found = ingest_with_good_files(workspace, "odd.jsonl", "\n".join(lines) + "\n")
    assert set(f"after {text}" for text in bad) <= set(found)
    assert record["quarantined"] >= len(bad) - 1
    assert len(found) + record["quarantined"] == len(lines)


def warc_record(body, length=None):
    http = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + body
    return (
        b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://example.org/\r\n"
        b"WARC-Date: 2026-01-01T00:00:00Z\r\nContent-Type: application/http; msgtype=response\r\n"
        b"Content-Length: %d\r\n\r\n" % (len(http) if length is None else length)
    ) + (http + b"\r\n\r\n")


@pytest.mark.parametrize("length", [10, 90, 500, 10**9, 2**63])
def test_warc_with_a_wrong_content_length(workspace, length):
    page = b"<html><body><p>Page number %d of the little crawl.</p></body></html>"
    pages = [page % number for number in range(4)]
    content = b"".join(warc_record(body, length if number == 1 else None) for number, body in enumerate(pages))
    record, found = ingest_with_good_files(workspace, "wrong.warc", content)
    message = only_message(record)
    assert "Content-Length" in message or "the file ends inside this record" in message
    assert f"record at byte {len(warc_record(pages[0]))}" in message
    assert found == [pages[number].decode() for number in (0, 2, 3)]
    assert record["quarantine"][0]["offset"] == len(warc_record(pages[0]))


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
    (workspace.folder / "gristmill.toml").write_text(f'[warehouse]\npath = "{disk.folder}/warehouse"\n')


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


# Pipelines


WRONG_PIPELINES = {
    "unknown operator": ("steps:\n  - normalize.unicod", ["line 4, column 5", "normalize.unicod", "normalize.unicode"]),
    "wrong type": (
        "steps:\n  - dedup.minhash: {bands: many}",
        ["line 4, column", "bands", "many"],
    ),
    "out of range": ("steps:\n  - filter.language: {keep: [en], min_score: 7}", ["line 4, column", "min_score", "7"]),
    "missing file": (
        "steps:\n  - tokenize.bpe: {tokenizer: absent/tokenizer.json}",
        ["line 4, column", "tokenizer", "absent/tokenizer.json"],
    ),
    "misspelt parameter": ("steps:\n  - dedup.minhash: {band: 3}", ["line 4, column", "band", "bands"]),
    "missing column": ("steps:\n  - filter.language: {keep: [en]}", ["filter.language", "language"]),
    "misspelt key": ("steps: []\nlimit: {memory: 1GiB}", ["line 4, column 1", "limit", "limits"]),
    "steps that are no list": ("steps: {normalize.unicode: }", ["line 3", "list"]),
    "broken YAML": ("steps: [normalize.unicode", ["line"]),
    "bad size": ("steps: []\nlimits: {memory: lots}", ["line 4, column 18", "lots"]),
    "bad tokens": ("steps: []\ntokens: {into: tokens/web}", ["tokenize.bpe"]),
}


@pytest.mark.parametrize("case", WRONG_PIPELINES)
def test_wrong_pipeline(workspace, case):
    workspace.write_jsonl("good.jsonl", GOOD)
    workspace.ingest()
    body, expected = WRONG_PIPELINES[case]
    path = workspace.folder / "wrong.yaml"
    path.write_text(f"name: wrong\ninputs: [raw/web]\n{body}\noutput: clean/web\n")
    if case == "broken YAML":
        path.write_text(f"name: wrong\ninputs: [raw/web]\n{body}\n")
    message = workspace.json("run", path, code=2)["error"]["message"]
    for part in expected:
        assert part in message, message
    assert str(path) in message, message
    assert workspace.json("run", path, "--dry-run", code=2)["error"]["message"] == message
    assert workspace.json("runs", "list") == []


def test_pipeline_whose_aliases_multiply(workspace):
    workspace.write_jsonl("good.jsonl", GOOD)
    workspace.ingest()
    lines = ["name: aliases", "inputs: [raw/web]", "steps:", "  - filter.language:", "      keep: &a0 [x, x]"]
    for number in range(1, 12):
        lines.append(f"      k{number}: &a{number} [{', '.join([f'*a{number - 1}'] * 10)}]")
    path = workspace.folder / "aliases.yaml"
    path.write_text("\n".join([*lines, "output: clean/web", ""]))
    limit = 4096 * MIB
    done = workspace.json(
        "run", path, code=2, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    )
    assert str(path) in done["error"]["message"]


def test_pipeline_without_output(workspace):
    workspace.write_jsonl("good.jsonl", GOOD)
    workspace.ingest()
    answer = workspace.json("run", workspace.pipeline("normalize.unicode", output=None), code=2)
    assert "output" in answer["error"]["message"]


def test_pipeline_over_a_missing_dataset(workspace):
    answer = workspace.json("run", workspace.pipeline("normalize.unicode", inputs="raw/absent"), code=2)
    assert "raw/absent" in answer["error"]["message"]


def test_missing_pipeline_and_near_recipe(workspace):
    answer = workspace.json("run", "web-to-token", code=2)
    assert "web-to-tokens" in answer["error"]["message"]


# Databases, and work that must not look done


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
