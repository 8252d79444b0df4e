# SPDX-License-Identifier: Apache-2.0
"""Compares our word splitting with spaCy's blank English pipeline, text by text.

Run in an environment with `spacy` from PyPI:
    python tests/peers/words_parity.py build/dev/bench/split_words [TEXTS.jsonl ...]
Each line of TEXTS holds {"text": ...}. Beside them, every exception of spaCy's own table is tried in several contexts,
and random strings of the characters that its rules look at.
"""

import json
import pathlib
import random
import subprocess
import sys

import spacy


def exception_texts(nlp):
    for text in nlp.tokenizer.rules:
        for context in ("{}", "({})", "{}.", '"{},', "a {} b", "x-{}", "{}-x", "{}{}", "\n{}  {}"):
            yield context.replace("{}", text)


def random_texts(count):
    random.seed(7)
    pieces = list("aZé0159 .,:;!?'\"’“”()[]{}<>-–—~/=+*^#%&_$€£°²…·@|\\日本한Дд\n\t") + [
        "  ",
        "...",
        "'s",
        "n't",
        "US$",
        "km/h",
        "m²",
        "http://",
        "www.",
        ".com",
        "@",
        "10",
        "1.5",
        "e.g.",
        "and/or",
        "Mr.",
        "can't",
        ":)",
        "🙂",
        "©",
        "the",
        "word",
        "A.B",
        "co.uk",
        "192.0.2.7",
        ":8080",
        "\u00a0",
        "can",
        "not",
        "--",
        "---",
    ]
    for _ in range(count):
        yield "".join(random.choice(pieces) for _ in range(random.randint(1, 12)))


def main():
    nlp = spacy.blank("en")
    texts = list(exception_texts(nlp)) + list(random_texts(20000))
    made = len(texts)
    for path in sys.argv[2:]:
        texts += [json.loads(line)["text"] for line in pathlib.Path(path).read_text("utf-8").splitlines()]
    lines = "".join(json.dumps(text) + "\n" for text in texts)
    ours = subprocess.run([sys.argv[1]], input=lines, capture_output=True, text=True, check=True).stdout.splitlines()
    nlp.max_length = 1 << 30
    differing = {"made": 0, "given": 0}
    shown = words = 0
    for index, (text, line) in enumerate(zip(texts, ours, strict=True)):
        theirs = [token.text for token in nlp.tokenizer(text) if token.text.strip()]
        mine = json.loads(line)
        words += len(theirs)
        if mine == theirs:
            continue
        differing["made" if index < made else "given"] += 1
        if shown < 40:
            shown += 1
            at = next(
                (i for i, pair in enumerate(zip(mine, theirs, strict=False)) if pair[0] != pair[1]),
                min(len(mine), len(theirs)),
            )
            print("ours", mine[max(0, at - 1) : at + 5], "theirs", theirs[max(0, at - 1) : at + 5])
    print(
        f"{made} made texts, {differing['made']} differ; {len(texts) - made} given texts, {differing['given']} differ; "
        f"{words} words"
    )


main()
