# SPDX-License-Identifier: Apache-2.0
"""Bombs, monstrous pages and malformed records: a clear result, bounded memory, nothing lost around it."""

import gzip
import io
import json
import zipfile
import zlib
from random import Random

import pytest
from cli_support import GOOD, MIB, PEAK_BYTES_MAX, ingest_with_good_files, only_message, reasons

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
    workspace.configure('[limits]\nexpanded = "24MiB"\n')
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
