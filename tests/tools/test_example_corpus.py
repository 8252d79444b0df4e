# SPDX-License-Identifier: Apache-2.0
"""The example corpus keeps its promises: small, every format, sources named, damage where damage is meant."""

import bz2
import gzip
import json
import lzma
import pathlib
import tarfile
import zipfile

import pyarrow
import pyarrow.parquet
import pytest
import zstandard

ROOT = pathlib.Path(__file__).resolve().parents[2]
CORPUS = ROOT / "examples" / "corpus"
FILES = sorted(path for path in CORPUS.rglob("*") if path.is_file())
PLAIN = ["txt", "md", "json", "jsonl", "csv", "tsv", "parquet", "html", "warc", "wet"]
PACKED = ["warc.gz", "wet.gz", "jsonl.gz", "jsonl.zst", "jsonl.bz2", "jsonl.xz", "csv.gz", "txt.gz", "zip", "tar.gz"]


def test_it_is_small_and_has_every_format():
    assert sum(path.stat().st_size for path in FILES) < 10 << 20
    assert [end for end in PLAIN + PACKED if not any(path.name.endswith(f".{end}") for path in FILES)] == []


def test_every_folder_has_a_source_and_a_licence():
    sources = (CORPUS / "SOURCES.md").read_text()
    folders = {path.relative_to(CORPUS).parts[0] for path in FILES if path.parent != CORPUS}
    assert [folder for folder in folders if f"`{folder}/" not in sources] == []


def test_whole_files_are_whole():
    packers = {".gz": gzip.decompress, ".bz2": bz2.decompress, ".xz": lzma.decompress}
    packers[".zst"] = lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data)
    for path in FILES:
        if "damaged" in path.parts:
            continue
        data = packers.get(path.suffix, bytes)(path.read_bytes())
        if ".jsonl" in path.name:
            assert all(json.loads(line) for line in data.decode().splitlines()), path
        elif path.suffix == ".parquet":
            assert pyarrow.parquet.read_table(path).num_rows == 60
        elif path.suffix == ".zip":
            assert len(zipfile.ZipFile(path).namelist()) == 16
        elif path.name.endswith(".tar.gz"):
            with tarfile.open(path) as archive:
                assert len(archive.getnames()) == 16
        elif ".warc" not in path.name or ".wet" in path.name:
            data.decode()


def test_damaged_files_are_damaged():
    folder = CORPUS / "damaged"
    with pytest.raises(EOFError):
        gzip.decompress((folder / "cut-off.jsonl.gz").read_bytes())
    with pytest.raises((pyarrow.ArrowException, OSError)):
        pyarrow.parquet.read_table(folder / "no-footer.parquet")
    with pytest.raises((pyarrow.ArrowException, OSError)):
        pyarrow.parquet.read_table(folder / "flipped-bits.parquet")
    with pytest.raises(UnicodeDecodeError):
        (folder / "mixed-encodings.txt").read_text(encoding="utf-8")
    assert (folder / "gb18030.txt").read_text(encoding="gb18030").startswith("世界人权宣言")
    assert (folder / "empty.txt").stat().st_size == 0
