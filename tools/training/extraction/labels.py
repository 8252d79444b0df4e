# SPDX-License-Identifier: Apache-2.0
"""Which blocks of a labelled page are content, and which pages share a host."""

import re
from collections import defaultdict
from urllib.parse import urlparse

import numpy as np

WORD = re.compile(r"\w+")
# Second levels below which names are registered ("example.co.uk"), and first levels that file names may hold.
SECOND_LEVELS = frozenset(
    ("co", "com", "org", "net", "gov", "gob", "edu", "ac", "or", "ne", "go", "gv", "nic", "ltd", "plc", "me", "nhs")
)
FIRST_LEVELS = frozenset(("com", "org", "net", "info", "gov", "edu", "io", "tv", "eu", "biz", "blog", "news"))


def registrable(name: str) -> str:
    """The part of a host name that somebody registered, roughly."""
    parts = [part for part in name.lower().split(":")[0].split(".") if part]
    is_deep = len(parts) > 2 and len(parts[-1]) == 2 and parts[-2] in SECOND_LEVELS
    return ".".join(parts[-3:] if is_deep else parts[-2:])


def host(record: dict) -> str:
    """Registrable host of a page; the third set has no addresses but file names that begin with the host."""
    url = record.get("url") or ""
    if url.startswith("http"):
        return registrable(urlparse(url).netloc)
    name = url.removeprefix("hard::") or record["id"]
    parts = re.split(r"[-_]", name.removesuffix(".html"))[0].split(".")
    for i in range(1, len(parts)):
        if len(parts[i]) == 2 or parts[i] in FIRST_LEVELS:
            is_deep = parts[i] in SECOND_LEVELS and i + 1 < len(parts) and len(parts[i + 1]) == 2
            return registrable(".".join(parts[: i + 2 if is_deep else i + 1]))
    return registrable(".".join(parts))


def snippet_marks(words: list[str], record: dict) -> np.ndarray:
    marks = np.full(len(words), np.nan)
    places = defaultdict(list)
    for i in range(len(words)):
        places[words[i]].append(i)
    for mark, snippets in ((0.0, record["without"]), (1.0, record["with"])):
        for snippet in snippets:
            wanted = WORD.findall(snippet.lower())
            for i in places.get(wanted[0], ()) if wanted else ():
                if words[i : i + len(wanted)] == wanted:
                    marks[i : i + len(wanted)] = mark
    return marks


def gold_marks(words: list[str], gold_text: str) -> np.ndarray:
    gold = WORD.findall(gold_text.lower())
    runs = {tuple(gold[i : i + 4]) for i in range(len(gold) - 3)}
    marks = np.zeros(len(words))
    for i in range(len(words) - 3):
        if tuple(words[i : i + 4]) in runs:
            marks[i : i + 4] = 1
    return marks


def label_page(texts: list[str], record: dict) -> np.ndarray:
    """Share of each block that is content, NaN where nothing is known: with a full gold text, the share of its words
    in runs of four that the gold text has too; with snippets, whether most of the words that they cover are wanted."""
    words, owner = [], []
    for i, text in enumerate(texts):
        found = WORD.findall(text.lower())
        words += found
        owner += [i] * len(found)
    has_snippets = record["set"] == "trafilatura"
    gold = record.get("main_content") or record.get("articleBody") or ""
    marks = snippet_marks(words, record) if has_snippets else gold_marks(words, gold)
    known = ~np.isnan(marks)
    owners = np.array(owner, dtype=int)[known]
    count = np.bincount(owners, minlength=len(texts))
    share = np.bincount(owners, weights=marks[known], minlength=len(texts)) / np.maximum(count, 1)
    return np.where(count > 0, share >= 0.5, np.nan) if has_snippets else share
