#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Generates a scattered raw corpus for benchmarks and memory tests.

    .venv/bin/python bench/make_corpus.py OUT --mb 200 --seed 7

Web-like pages of several sites in seven languages: paragraphs between navigation, notices and scripts; exact and near
duplicates (sentences inserted, deleted, reordered, words changed, the same article on another site); spam, short and
boilerplate-only pages, tables, strings that look like personal data, pages in old charsets. The formats are mixed:
.warc.gz, .jsonl (plain and .gz), .parquet, .csv, .html and .txt.

The same size, seed and version give the same documents, whatever the number of processes: a document is a function of
the seed and its number, so a duplicate makes its original again. OUT.truth.jsonl lists the planted duplicates.
"""

import argparse
import csv
import gzip
import hashlib
import io
import json
import os
import pathlib
import random
import shutil
import time
import zlib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.parquet as pq
from corpus_language import LANGUAGES, sentences, words

SENTENCES = 30_000  # in each language's bank
SITES = 400
SHARD_BYTES = 48_000_000
# Share of the raw bytes by format.
FORMATS = {"warc": 0.50, "jsonl": 0.13, "jsonl.gz": 0.07, "parquet": 0.17, "csv": 0.07, "html": 0.03, "txt": 0.03}
EXACT, NEAR = 0.05, 0.07  # share of documents that repeat an earlier one
SPAM, BOILERPLATE, SHORT, PERSONAL = 0.06, 0.03, 0.05, 0.12
OLD_CHARSETS = {"de": "iso-8859-1", "fr": "windows-1252", "ru": "windows-1251", "zh": "gb18030", "ja": "shift_jis"}


@dataclass
class Page:
    """What a document says, before a site's frame is put around it."""

    language: str
    title: str
    paragraphs: list[list[str]]  # sentences
    kind: str = "article"
    of: int = -1  # number of the document it repeats
    change: str = ""
    extra: list[str] = field(default_factory=list)  # table rows, contact lines


def check_digits(body: str) -> str:
    """IBAN check digits (ISO 13616) for a country and account."""
    digits = "".join(str(int(c, 36)) for c in body[2:] + body[:2] + "00")
    return f"{98 - int(digits) % 97:02d}"


def resident_id(rng: random.Random) -> str:
    """An invented Chinese resident identity number with a right check character (GB 11643)."""
    head = f"{rng.choice([110105, 310104, 440106])}{rng.randrange(1950, 2005)}{rng.randrange(1, 13):02d}"
    head += f"{rng.randrange(1, 29):02d}{rng.randrange(1000):03d}"
    rest = 0
    for digit in head:
        rest = (rest + int(digit)) * 2 % 11
    return head + "0123456789X"[(12 - rest) % 11]


def personal(rng: random.Random, language: str) -> str:
    """A contact line with invented personal data."""
    account = f"37040044{rng.randrange(10**10):010d}"
    name = f"{rng.choice('abcdefgh')}.{rng.choice(['lee', 'roth', 'diaz', 'ono'])}{rng.randrange(999)}"
    return LANGUAGES[language]["contact"].format(
        email=f"{name}@mail.example.net",
        phone=f"+1 212 555 {rng.randrange(10000):04d}",
        ip=f"81.2.{rng.randrange(256)}.{rng.randrange(1, 255)}",
        iban=f"DE{check_digits('DE' + account)}{account}",
        cn_id=resident_id(rng),
    )


class Generator:
    """Makes any document of the corpus from its number."""

    def __init__(self, seed: int):
        self.seed = seed
        self.languages = list(LANGUAGES)
        self.shares = [LANGUAGES[name]["share"] for name in self.languages]
        self.banks = {name: sentences(name, SENTENCES, seed) for name in self.languages}
        self.navigation = {name: words(name, "navigation") for name in self.languages}
        self.notices = {name: words(name, "notices") for name in self.languages}
        self.spam = {name: words(name, "spam") for name in self.languages}
        rng = random.Random(f"{seed}/sites")
        self.styles = [
            "".join(
                f".c{rng.randrange(999)}{{margin:{rng.randrange(40)}px;color:#{rng.randrange(4096):03x}}}\n"
                for _ in range(40)
            )
            for _ in range(SITES)
        ]

    def original(self, number: int) -> Page:
        """The page a document number stands for, before any repeating."""
        rng = random.Random(self.seed * 1_000_003 + 2 * number)
        language = rng.choices(self.languages, self.shares)[0]
        bank = self.banks[language]
        title = rng.choice(bank).rstrip(".。")
        draw = rng.random()
        if draw < SPAM:
            phrases = rng.choices(self.spam[language], k=rng.randrange(30, 300))
            return Page(language, title, [phrases], "spam")
        if draw < SPAM + BOILERPLATE:
            return Page(language, title, [rng.sample(self.notices[language], 2)], "boilerplate")
        count = (
            rng.randrange(1, 3) if draw < SPAM + BOILERPLATE + SHORT else min(60, int(rng.lognormvariate(2.0, 0.7)) + 2)
        )
        lengths = rng.choices(range(2, 8), k=count)
        chosen = rng.choices(bank, k=sum(lengths))
        paragraphs = [[chosen.pop() for _ in range(length)] for length in lengths]
        page = Page(language, title, paragraphs)
        if rng.random() < PERSONAL:
            page.extra.append(personal(rng, language))
        if rng.random() < 0.1:
            page.extra += [
                f"{rng.randrange(1990, 2026)} | {rng.randrange(10**6)} | {rng.random():.3f}" for _ in range(8)
            ]
        return page

    def page(self, number: int) -> Page:
        """The page of a document number: its own, or an earlier one again, perhaps changed."""
        rng = random.Random(self.seed * 1_000_003 + 2 * number + 1)
        draw = rng.random()
        if number == 0 or draw >= EXACT + NEAR:
            return self.original(number)
        # Some pages are copied far more often than others, as on the web.
        source = int(number * rng.random() ** 2) if rng.random() < 0.5 else rng.randrange(number)
        page = self.original(source)
        page.of = source
        page.change = "exact" if draw < EXACT else self.alter(page, rng)
        return page

    def alter(self, page: Page, rng: random.Random) -> str:
        """Changes a page a little; returns how."""
        bank = self.banks[page.language]
        paragraphs = page.paragraphs
        change = rng.choice(["insert", "delete", "reorder", "words", "boilerplate"])
        total = sum(map(len, paragraphs))
        edits = max(1, total // 20)
        if change == "boilerplate":
            paragraphs.insert(0, rng.choices(self.notices[page.language], k=2))
            paragraphs.append(rng.choices(self.notices[page.language], k=2))
        elif change == "reorder":
            at = rng.randrange(len(paragraphs))
            paragraphs.append(paragraphs.pop(at))
        else:
            for _ in range(edits):
                sentences_here = paragraphs[rng.randrange(len(paragraphs))]
                at = rng.randrange(len(sentences_here))
                if change == "insert":
                    sentences_here.insert(at, rng.choice(bank))
                elif change == "delete" and len(sentences_here) > 1:
                    del sentences_here[at]
                elif change == "words":
                    sentences_here[at] = self.swap_words(sentences_here[at], rng.choice(bank), rng)
        return change

    def swap_words(self, sentence: str, other: str, rng: random.Random) -> str:
        """Replaces a word of a sentence by one of another (a character where there are no spaces)."""
        joiner = " " if " " in sentence else ""
        parts, others = (sentence.split(" "), other.split(" ")) if joiner else (list(sentence), list(other))
        parts[rng.randrange(len(parts))] = rng.choice(others)
        return joiner.join(parts)


def text_of(page: Page) -> str:
    """The page as plain text: paragraphs with blank lines between."""
    joiner = LANGUAGES[page.language]["joiner"]
    blocks = [page.title, *(joiner.join(paragraph) for paragraph in page.paragraphs)]
    if page.extra:
        blocks.append("\n".join(page.extra))
    return "\n\n".join(blocks)


def html_of(generator: Generator, number: int, page: Page) -> str:
    """The page inside the frame of a site."""
    site = number % SITES
    joiner = LANGUAGES[page.language]["joiner"]
    bank = generator.banks[page.language]
    names = generator.navigation[page.language]
    links = "".join(f'<li><a href="/{i}/{site}">{name}</a></li>' for i, name in enumerate(names))
    others = [(number * 31 + i * 977) % SENTENCES for i in range(6)]
    related = "".join(f'<li><a href="/a/{other}.html">{bank[other]}</a></li>' for other in others)
    notices = generator.notices[page.language]
    # Nothing in the banks needs escaping.
    body = "\n".join(f"<p>{joiner.join(paragraph)}</p>" for paragraph in page.paragraphs)
    if page.extra:
        body += "<table>" + "".join(f"<tr><td>{row}</td></tr>" for row in page.extra) + "</table>"
    date = f"{2000 + number % 26}-{1 + number % 12:02d}-{1 + number % 28:02d}"
    return (
        f'<!DOCTYPE html>\n<html lang="{page.language}"><head><meta charset="utf-8">'
        f'<title>{page.title} - Site {site}</title><meta name="viewport" content="width=device-width">'
        f"<style>{generator.styles[site]}</style><script>window.dataLayer=window.dataLayer||[];"
        f'function track(e){{dataLayer.push({{"page":{number},"event":e}})}}</script></head>\n'
        f'<body><header><nav><ul>{links}</ul></nav></header>\n<div class="notice">{notices[site % len(notices)]}'
        f"</div>\n"
        f'<main><article><h1>{page.title}</h1>\n<div class="meta">{date}</div>\n{body}\n</article></main>\n'
        f"<aside><h2>+</h2><ul>{related}</ul></aside>\n"
        f"<footer><p>{notices[(site + 1) % len(notices)]}</p><ul>{links}</ul></footer></body></html>\n"
    )


def url_of(number: int) -> str:
    return f"https://site{number % SITES}.example.com/{number % 97}/{number}.html"


def charset_of(page: Page, number: int) -> str:
    """Most pages are UTF-8; some of every language are not."""
    return OLD_CHARSETS.get(page.language, "utf-8") if number % 33 == 0 else "utf-8"


def warc_record(generator: Generator, number: int, page: Page) -> tuple[bytes, int]:
    """A response record as a gzip member, and its size before compression."""
    charset = charset_of(page, number)
    body = html_of(generator, number, page)
    if charset != "utf-8":
        body = body.replace('charset="utf-8"', f'charset="{charset}"')
    payload = body.encode(charset, "xmlcharrefreplace")
    http = (
        f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset={charset}\r\nServer: nginx\r\n"
        f"Content-Length: {len(payload)}\r\n\r\n"
    ).encode() + payload
    identity = hashlib.md5(f"{generator.seed}/{number}".encode(), usedforsecurity=False).hexdigest()
    identity = f"{identity[:8]}-{identity[8:12]}-{identity[12:16]}-{identity[16:20]}-{identity[20:]}"
    head = (
        f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:{identity}>\r\n"
        f"WARC-Date: 2024-05-{1 + number % 28:02d}T12:00:00Z\r\nWARC-Target-URI: {url_of(number)}\r\n"
        f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(http)}\r\n\r\n"
    ).encode()
    block = head + http + b"\r\n\r\n"
    compressor = zlib.compressobj(1, zlib.DEFLATED, 31)
    return compressor.compress(block) + compressor.flush(), len(block)


def write_warc(generator, numbers, path, pages):
    size = 0
    with open(path, "wb") as out:
        for number, page in zip(numbers, pages, strict=True):
            record, length = warc_record(generator, number, page)
            out.write(record)
            size += length
    return size


def json_lines(numbers, pages):
    for number, page in zip(numbers, pages, strict=True):
        row = {"id": number, "url": url_of(number), "title": page.title, "text": text_of(page), "lang": page.language}
        yield json.dumps(row, ensure_ascii=False) + "\n"


def write_jsonl(generator, numbers, path, pages):
    data = "".join(json_lines(numbers, pages)).encode()
    if path.suffix == ".gz":
        with open(path, "wb") as raw, gzip.GzipFile("", "wb", 1, raw, mtime=0) as out:
            out.write(data)
    else:
        path.write_bytes(data)
    return len(data)


def write_parquet(generator, numbers, path, pages):
    texts = [text_of(page) for page in pages]
    columns = {"url": [url_of(number) for number in numbers], "text": texts, "lang": [page.language for page in pages]}
    pq.write_table(pa.table(columns), path, compression="zstd", compression_level=1, row_group_size=4000)
    return sum(len(text.encode()) for text in texts)


def write_csv(generator, numbers, path, pages):
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["url", "title", "text"])
    writer.writerows((url_of(number), page.title, text_of(page)) for number, page in zip(numbers, pages, strict=True))
    data = buffer.getvalue().encode()
    path.write_bytes(data)
    return len(data)


def write_html(generator, numbers, path, pages):
    return write_files(
        numbers, path, ".html", (html_of(generator, n, page) for n, page in zip(numbers, pages, strict=True))
    )


def write_txt(generator, numbers, path, pages):
    return write_files(numbers, path, ".txt", map(text_of, pages))


def write_files(numbers, folder, suffix, texts):
    """One file a document."""
    folder.mkdir()
    size = 0
    for number, text in zip(numbers, texts, strict=True):
        data = text.encode()
        (folder / f"{number}{suffix}").write_bytes(data)
        size += len(data)
    return size


WRITERS = {
    "warc": write_warc,
    "jsonl": write_jsonl,
    "jsonl.gz": write_jsonl,
    "parquet": write_parquet,
    "csv": write_csv,
}
WRITERS |= {"html": write_html, "txt": write_txt}
NAMES = {"warc": ".warc.gz", "jsonl": ".jsonl", "jsonl.gz": ".jsonl.gz", "parquet": ".parquet", "csv": ".csv"}


def plan(generator: Generator, size: float) -> list[tuple[str, int, int]]:
    """(format, first number, count) of each shard, from the mean size of a sample in that format."""
    sample = [(number, generator.page(number)) for number in range(400)]
    framed = sum(len(html_of(generator, number, page).encode()) for number, page in sample) / len(sample)
    plain = sum(len(text_of(page).encode()) for _, page in sample) / len(sample)
    shards = []
    first = 0
    for name, share in FORMATS.items():
        mean = framed if name in ("warc", "html") else plain
        documents = max(1, round(size * share / mean))
        limit = max(1, round(SHARD_BYTES / mean)) if name not in ("html", "txt") else 1000
        count = -(-documents // limit)
        for i in range(count):
            length = documents * (i + 1) // count - documents * i // count
            shards.append((name, first, length))
            first += length
    return shards


generator: Generator  # of this process, made before it forks


def write_shard(job) -> tuple[int, int, list[str]]:
    """Writes one shard; returns documents, bytes and truth lines."""
    out, index, name, first, count = job
    numbers = range(first, first + count)
    pages = [generator.page(number) for number in numbers]
    path = out / name.split(".")[0] / f"part-{index:05d}{NAMES.get(name, '')}"
    size = WRITERS[name](generator, numbers, path, pages)
    truth = [
        json.dumps(
            {"url": url_of(n), "kind": page.kind, "lang": page.language, "change": page.change, "of": url_of(page.of)}
        )
        for n, page in zip(numbers, pages, strict=True)
        if page.of >= 0
    ]
    return count, size, truth


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("out", type=pathlib.Path, help="folder to make (must not exist)")
    parser.add_argument("--mb", type=float, default=200, help="raw size in MB: uncompressed pages and records")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    if arguments.out.exists():
        parser.error(f"{arguments.out} is there already; remove it or name another folder")
    started = time.monotonic()
    global generator
    generator = Generator(arguments.seed)
    partial = arguments.out.with_name(arguments.out.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    shards = plan(generator, arguments.mb * 1e6)
    for name in FORMATS:
        (partial / name.split(".")[0]).mkdir(parents=True, exist_ok=True)
    jobs = [(partial, index, *shard) for index, shard in enumerate(shards)]
    documents = size = 0
    with ProcessPoolExecutor(arguments.jobs) as pool, open(partial / "truth.jsonl.tmp", "w", encoding="utf-8") as truth:
        for count, length, lines in pool.map(write_shard, jobs):
            documents += count
            size += length
            truth.writelines(line + "\n" for line in lines)
    (partial / "truth.jsonl.tmp").rename(arguments.out.with_name(arguments.out.name + ".truth.jsonl"))
    partial.rename(arguments.out)
    seconds = time.monotonic() - started
    print(f"{documents} documents, {size / 1e6:.0f} MB raw in {seconds:.1f} s, {size / 1e6 / seconds:.0f} MB/s")


if __name__ == "__main__":
    main()
