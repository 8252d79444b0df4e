# SPDX-License-Identifier: Apache-2.0
"""Writes the corpus of the crash tests: small, seeded, in several formats, and yet many tasks."""

import gzip
import io
import json
import random
import zipfile

# Common words, so that the text is taken for English and holds enough stop words for the quality rules.
COMMON_WORDS = (
    "the of and to in that it was for on are with as his they be at one have this from or had by word but what some we "
    "can out other were all there when up use your how said an each she which do their time if will way about many "
    "then them write would like so these her long make thing see him two has look more day could go come did number "
    "sound no most people my over know water than call first who may down side been now find any new work part take "
    "get place made live where after back little only round man year came show every good me give our under name very "
    "through just form sentence great think say help low line differ turn cause much mean before move right boy old "
    "too same tell does set three want air well also play small end put home read hand port large spell add even land "
    "here must big high such follow act why ask men change went light kind off need house picture try us again animal "
    "point mother world near build self earth father head stand own page should country found answer school grow study"
)
WORDS = COMMON_WORDS.split()

# Compressed files weigh four times their size when tasks are planned, and 32 MiB make a task: a file of this size is
# a task of its own, and cheap to read, since it holds one record that is skipped.
PADDING_BYTES = 9 << 20
# Text of a bulk file: three of them make several tasks of a run. Nearly all of it is duplicates, which cost little.
BULK_DOCUMENTS = 2600
BULK_DOCUMENT_WORDS = 2000


def paragraph(generator, words):
    """Sentences of common words."""
    sentences = []
    while words > 0:
        length = min(words, generator.randint(6, 18))
        sentences.append(" ".join(generator.choices(WORDS, k=length)).capitalize() + ".")
        words -= length
    return " ".join(sentences)


def text(generator):
    return "\n\n".join(paragraph(generator, generator.randint(30, 90)) for _ in range(generator.randint(2, 5)))


def page(generator):
    links = "".join(f'<li><a href="/{word}">{word}</a></li>' for word in generator.choices(WORDS, k=12))
    body = "".join(f"<p>{part}</p>" for part in text(generator).split("\n\n"))
    return (
        f"<!DOCTYPE html><html><head><title>{paragraph(generator, 5)}</title></head><body><nav><ul>{links}</ul></nav>"
        f"<article><h1>{paragraph(generator, 5)}</h1>{body}</article><footer>All rights reserved</footer></body></html>"
    )


def personal(generator):
    address = f"{generator.choice(WORDS)}.{generator.choice(WORDS)}@example.org"
    return f"{text(generator)}\n\nWrite to {address} or call +1 212-555-01{generator.randint(10, 99)} for more."


def json_lines(generator, count):
    """Documents with personal data, exact and near duplicates, and lines that are broken."""
    lines = []
    texts = []
    for number in range(count):
        if number % 7 == 3:
            content = generator.choice(texts)
        elif number % 7 == 5:
            content = generator.choice(texts) + " " + paragraph(generator, 6)
        elif number % 11 == 2:
            content = personal(generator)
        else:
            content = text(generator)
        texts.append(content)
        lines.append(json.dumps({"id": number, "text": content, "topic": generator.choice(WORDS)}))
        if number % 60 == 30:
            lines.append('{"id": 1, "text": "no end')
    return "\n".join(lines) + "\n"


def csv_rows(generator, count):
    rows = ["number,text"] + [f'{number},"{text(generator)}"' for number in range(count)]
    return "\n".join(rows) + "\n"


def warc_record(kind, address, payload):
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {address}\r\nWARC-Date: 2026-01-01T00:00:00Z\r\n"
        f"WARC-Record-ID: <urn:uuid:{abs(hash_of(address)):032x}>\r\nContent-Type: application/http; "
        f"msgtype={kind}\r\nContent-Length: {len(payload)}\r\n\r\n"
    )
    return head.encode() + payload + b"\r\n\r\n"


def hash_of(address):
    """A number that is the same in every process, unlike hash()."""
    return int.from_bytes(address.encode(), "big") % (1 << 120)


def crawl(generator, count):
    members = []
    for number in range(count):
        address = f"https://example.org/{number}/{generator.choice(WORDS)}"
        body = page(generator).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n"
        members.append(gzip.compress(warc_record("response", address, head.encode() + body), mtime=0))
    return b"".join(members)


def padding(generator):
    payload = b"POST / HTTP/1.1\r\nHost: example.org\r\n\r\n" + generator.randbytes(PADDING_BYTES)
    return gzip.compress(warc_record("request", "https://example.org/", payload), compresslevel=0, mtime=0)


def bundle(generator, count):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(count):
            name = zipfile.ZipInfo(f"letters/{number}.txt", (2026, 1, 1, 0, 0, 0))
            archive.writestr(name, text(generator))
    return buffer.getvalue()


def bulk(generator):
    texts = [paragraph(generator, BULK_DOCUMENT_WORDS) for _ in range(12)]
    # Equal neighbours: the file is tiny, whatever window the codec has.
    lines = [json.dumps({"text": texts[number * len(texts) // BULK_DOCUMENTS]}) for number in range(BULK_DOCUMENTS)]
    return gzip.compress("\n".join(lines).encode(), compresslevel=1, mtime=0)


def write_small(folder, seed=3):
    """A dozen files, one task: for tests that run the program hundreds of times."""
    generator = random.Random(seed)
    files = {
        "letters.jsonl": json_lines(generator, 25).encode(),
        "notes/one.txt": text(generator).encode(),
        "notes/two.md": text(generator).encode(),
        "pages/one.html": page(generator).encode(),
        "table.csv": csv_rows(generator, 5).encode(),
    }
    return write_files(folder, files)


def write_large(folder, seed=5):
    """Every kind of file; several tasks in the ingestion and in each stage of a run."""
    generator = random.Random(seed)
    files = {
        "a/letters.jsonl": json_lines(generator, 200).encode(),
        "a/letters-more.jsonl": json_lines(generator, 100).encode(),
        "b/padding.warc.gz": padding(generator),
        "c/table.csv": csv_rows(generator, 60).encode(),
        "c/crawl.warc.gz": crawl(generator, 40),
        "d/padding.warc.gz": padding(generator),
        "e/bundle.zip": bundle(generator, 20),
        **{f"f/bulk-{number}.jsonl.gz": bulk(generator) for number in range(3)},
        **{f"g/note-{number}.txt": text(generator).encode() for number in range(8)},
        **{f"h/page-{number}.html": page(generator).encode() for number in range(12)},
        "i/empty.txt": b"",
        "i/cut.jsonl.gz": gzip.compress(json_lines(generator, 20).encode(), mtime=0)[:-40],
    }
    return write_files(folder, files)


def write_files(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder
