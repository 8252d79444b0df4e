#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/datatrove_kept.jsonl: which documents datatrove's four MinHash stages keep of changed copies.

Run in an environment with datatrove==0.10.1, spacy and xxhash (.venv-bench has them):
    .venv-bench/bin/python tests/peers/write_minhash_kept.py
"""

import json
import random
import tempfile
from pathlib import Path

from datatrove.data import Document
from datatrove.pipeline.dedup.minhash import (
    MinhashConfig,
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)
from datatrove.utils.hashing import HashConfig

TARGET = Path(__file__).resolve().parent.parent / "golden" / "datatrove_kept.jsonl"
WORDS = [
    "winter",
    "river",
    "stone",
    "garden",
    "letter",
    "window",
    "morning",
    "children",
    "market",
    "bridge",
    "silver",
    "paper",
    "summer",
    "valley",
    "forest",
    "kitchen",
    "harbour",
    "island",
    "thunder",
    "village",
    "teacher",
    "candle",
    "pepper",
    "ribbon",
    "orchard",
    "basket",
    "mirror",
    "tunnel",
    "ladder",
    "velvet",
]
SETTINGS = [
    ({}, MinhashConfig()),
    (
        {"ngram": 3, "bands": 20, "rows": 3, "seed": 9, "hash": "sha1_32"},
        MinhashConfig(
            n_grams=3, num_buckets=20, hashes_per_bucket=3, seed=9, hash_config=HashConfig(precision=32, hash_fc="sha1")
        ),
    ),
]


def texts(source):
    """Families of changed copies, and copies of copies, in an order of chance."""
    found = []
    for _ in range(8):
        family = [[source.choice(WORDS) for _ in range(60)]]
        for _ in range(source.randrange(1, 8)):
            words = list(source.choice(family))
            for _ in range(source.choice([1, 2, 3, 5])):
                words[source.randrange(len(words))] = source.choice(WORDS)
            family.append(words)
        found += [" ".join(words) for words in family]
    source.shuffle(found)
    return found


def kept(documents, config):
    """Numbers of the documents that stay."""
    folder = Path(tempfile.mkdtemp())
    made = [Document(text=text, id=str(index)) for index, text in enumerate(documents)]
    MinhashDedupSignature(str(folder / "signatures"), config).run(iter(made), 0, 1)
    for bucket in range(config.num_buckets):
        MinhashDedupBuckets(str(folder / "signatures"), str(folder / "pairs"), config=config).run(
            None, bucket, config.num_buckets
        )
    MinhashDedupCluster(str(folder / "pairs"), str(folder / "removed"), config).run(None, 0, 1)
    return sorted(int(document.id) for document in MinhashDedupFilter(str(folder / "removed")).run(iter(made), 0, 1))


def main():
    source = random.Random(1)
    rows = []
    for options, config in SETTINGS:
        documents = texts(source)
        rows.append({"options": options, "documents": documents, "kept": kept(documents, config)})
    TARGET.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    print(f"{TARGET.name}: {[(len(row['documents']), len(row['kept'])) for row in rows]}")


if __name__ == "__main__":
    main()
