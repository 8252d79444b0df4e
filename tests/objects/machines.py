# SPDX-License-Identifier: Apache-2.0
"""Machines that work on one run: each has a folder of its own, and they share a catalog and a bucket."""

import json
from random import Random

STEPS = """\
name: together
inputs: [raw/web]
steps:
  - normalize.unicode
  - filter.blocklist: {words_file: words.txt}
  - dedup.exact
  - dedup.minhash: {ngram: 3, bands: 8, rows: 4, keep: oldest}
  - tokenize.bpe: {tokenizer: examples/tokenizers/example.json}
output: clean/web
tokens: {into: tokens/web, shard_tokens: 20000}
"""


def write_corpus(folder, files, documents=60, sentences=20, seed=7):
    """Documents of about 100 bytes a sentence, some of them twice."""
    folder.mkdir()
    random = Random(seed)
    words = [f"word{number}" for number in range(2000)]
    known = [" ".join(random.choices(words, k=12)) + "." for _ in range(20_000)]
    for number in range(files):
        lines = []
        for _ in range(documents):
            lines.append(json.dumps({"text": " ".join(random.choices(known, k=sentences))}))
            if random.random() < 0.1:
                lines.append(lines[-1])
        (folder / f"part-{number:02}.jsonl").write_text("\n".join(lines) + "\n")
    return folder


def write_pipeline(folder, name="together.yaml"):
    """A pipeline with a list of words beside it that no other machine has."""
    folder.mkdir(exist_ok=True)
    (folder / "words.txt").write_text("word7\nword1999\n")
    (folder / name).write_text(STEPS)
    return folder / name


def counts(run):
    """Everything that a run made and counted, which must not depend on who did the work."""
    operators = [(one["name"], one["in"], one["out"], one["dropped"], one["quarantined"]) for one in run["operators"]]
    shards = [shard["sha256"] for shard in run["tokens"]["shards"]]
    return run["status"], run["documents"], run["content_digest"], operators, shards
