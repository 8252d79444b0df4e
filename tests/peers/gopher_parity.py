# SPDX-License-Identifier: Apache-2.0
"""Compares filter.gopher_quality with datatrove's GopherQualityFilter, verdict and reason, document by document.

Run in an environment with `datatrove==0.10.1` and `spacy` from PyPI:
    python tests/peers/gopher_parity.py build/dev/bench/apply_operator [TEXTS.jsonl ...]
Each line of TEXTS holds {"text": ...}. Beside them, documents are made that reach every rule and its edges.
"""

import collections
import json
import pathlib
import random
import subprocess
import sys
import time

from datatrove.data import Document
from datatrove.pipeline.filters import GopherQualityFilter

REASONS = {
    "gopher_short_doc": "short_document",
    "gopher_long_doc": "long_document",
    "gopher_below_avg_threshold": "short_words",
    "gopher_above_avg_threshold": "long_words",
    "gopher_too_many_hashes": "hashes",
    "gopher_too_many_ellipsis": "ellipses",
    "gopher_too_many_bullets": "bullet_lines",
    "gopher_too_many_end_ellipsis": "ellipsis_lines",
    "gopher_below_alpha_threshold": "few_alpha_words",
    "gopher_enough_stop_words": "few_stop_words",
}
SENTENCE = "the people of this town have always known that winter comes with snow and to be ready for it is wise "


def made_texts():
    yield from ("word " * 49, "word " * 50, "the of " * 25, "the of " * 24 + "the", SENTENCE * 5, ". " * 500)
    yield "the of " * 50000
    yield "the of " * 50000 + "and"
    yield "a I of to " * 20
    for length in (3, 9, 10, 11):
        yield ("x" * length + " ") * 60 + "the of"
    for signs in (9, 10, 11, 12, 13):
        yield "#" * signs + " " + "word the of with and " * 20
        yield "# " * signs + "word the of with and " * 20
        yield "word... " * signs + "word the of with and " * 20
        yield "word\u2026 " * signs + "word the of with and " * 20
    for marked in range(8, 12):
        for mark in ("- ", "\u2022 ", "  -", "* "):
            yield "\n".join((mark if i < marked else "") + SENTENCE for i in range(10))
    for marked in range(2, 5):
        for mark in ("...", "\u2026", "... ", "\u2026\t"):
            yield "\n".join(SENTENCE + (mark if i < marked else "") for i in range(10))
            yield "\r\n\u2028".join(SENTENCE + (mark if i < marked else "") for i in range(10))
    for numbers in range(15, 25):
        yield SENTENCE * 4 + "12 " * numbers
    for stop_words in range(4):
        yield "people known winter comes snow ready wise town " * 10 + " ".join(["the", "be", "to"][:stop_words])
    yield "The To Of And " * 30
    random.seed(5)
    vocabulary = [
        *SENTENCE.split(),
        "#",
        "...",
        "\u2026",
        "-",
        "12",
        "\n",
        "\n- ",
        "\n\u2022",
        "x" * 30,
        "a",
        "\u65e5\u672c",
        "don't",
        ",",
    ]
    for _ in range(3000):
        weights = [random.random() ** 4 for _ in vocabulary]
        yield " ".join(random.choices(vocabulary, weights, k=random.randint(40, 200)))


def main():
    texts = list(made_texts())
    made = len(texts)
    for path in sys.argv[2:]:
        texts += [json.loads(line)["text"] for line in pathlib.Path(path).read_text("utf-8").splitlines()]
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    command = [sys.argv[1], '["filter.gopher_quality"]']
    ours = subprocess.run(command, input=lines, capture_output=True, text=True, check=True).stdout.splitlines()
    peer = GopherQualityFilter()
    reached, differing, seconds = collections.Counter(), collections.Counter(), 0.0
    for index, (text, line) in enumerate(zip(texts, ours, strict=True)):
        start = time.process_time()
        verdict = peer.filter(Document(text=text, id=str(index)))
        seconds += time.process_time() - start
        theirs = "kept" if verdict is True else REASONS[verdict[1]]
        mine = json.loads(line).get("reason", "kept").removeprefix("gopher_quality.")
        reached[theirs] += 1
        if mine != theirs:
            differing[mine, theirs, "made" if index < made else "given"] += 1
            if sum(differing.values()) <= 10:
                print("ours", mine, "theirs", theirs, ascii(text[:100]))
    print("reached:", dict(reached))
    agreement = 100 * (1 - sum(differing.values()) / len(texts))
    print(
        f"{made} made and {len(texts) - made} given documents, {agreement:.3f} % agree; differences: {dict(differing)}"
    )
    size = sum(len(text.encode()) for text in texts) / 1e6
    print(f"datatrove: {size / seconds:.2f} MB/s of CPU")


main()
