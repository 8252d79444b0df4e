#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares dedup.minhash with scheme datatrove and datatrove's own four stages: signatures, clusters, what stays.

Run in an environment with datatrove==0.10.1, spacy and xxhash (.venv-bench has them):
    .venv-bench/bin/python tests/peers/minhash_parity.py build/dev TEXTS.jsonl ... [--count 2500]
Each line of TEXTS holds {"text": ...}. A changed copy is planted for each third document.
"""

import argparse
import collections
import json
import pathlib
import random
import subprocess
import tempfile
import time

from datatrove.data import Document
from datatrove.pipeline.dedup.minhash import (
    MinhashConfig,
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)


def planted(texts, source):
    """The texts with changed copies among them, in an order of chance."""
    texts = list(texts)
    for text in texts[::3]:
        for _ in range(source.choice([1, 1, 2, 5])):
            words = text.split(" ")
            for _ in range(int(len(words) * source.choice([0, 0.002, 0.01, 0.02, 0.05]))):
                words[source.randrange(len(words))] = source.choice(words)
            texts.append(" ".join(words))
    source.shuffle(texts)
    return texts


def run_datatrove(texts):
    """Signatures, the pairs found, and which documents stay."""
    folder = pathlib.Path(tempfile.mkdtemp())
    config = MinhashConfig()
    documents = [Document(text=text, id=str(index)) for index, text in enumerate(texts)]
    first = MinhashDedupSignature(str(folder / "signatures"), config)
    signatures = []

    def remembering(shingles, compute=first.get_signature):
        made = compute(shingles)
        signatures.append([value for band in made for value in band])
        return made

    first.get_signature = remembering
    start = time.process_time()
    has_signature = []
    for document in documents:
        # The step itself says nothing of documents without shingles.
        before = len(signatures)
        shingles = first.get_shingles(document.text)
        if shingles.size:
            first.get_signature(shingles)
        has_signature.append(len(signatures) > before)
    seconds = time.process_time() - start
    found = iter(list(signatures))
    by_document = [next(found) if known else [] for known in has_signature]
    first.run(iter(documents), 0, 1)
    for bucket in range(config.num_buckets):
        MinhashDedupBuckets(str(folder / "signatures"), str(folder / "pairs"), config=config).run(
            None, bucket, config.num_buckets
        )
    MinhashDedupCluster(str(folder / "pairs"), str(folder / "clusters"), config, save_cluster_id=True).run(None, 0, 1)
    kept = {int(document.id) for document in MinhashDedupFilter(str(folder / "clusters")).run(iter(documents), 0, 1)}
    clusters = collections.defaultdict(set)
    for path in (folder / "clusters").glob("*.clusters"):
        data = path.read_bytes()
        for at in range(0, len(data), 8):
            clusters[int.from_bytes(data[at + 4 : at + 8], "little")].add(int.from_bytes(data[at : at + 4], "little"))
    return by_document, {frozenset(cluster) for cluster in clusters.values()}, kept, seconds


def run_ours(build, lines):
    """The same from our kernel and our keys; the first of a cluster stays."""
    run = {"input": lines, "capture_output": True, "text": True, "check": True}
    printed = subprocess.run([build / "bench/datatrove_signatures"], **run).stdout.splitlines()
    options = json.dumps({"scheme": "datatrove"})
    keys = subprocess.run([build / "bench/dedup_keys", "dedup.minhash", options], **run).stdout.splitlines()
    parent = list(range(len(keys)))

    def root(at):
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at

    seen = {}
    for index, line in enumerate(keys):
        for key in json.loads(line):
            one, other = root(seen.setdefault(key, index)), root(index)
            parent[max(one, other)] = min(one, other)
    members = collections.defaultdict(set)
    for index in range(len(keys)):
        members[root(index)].add(index)
    clusters = {frozenset(cluster) for cluster in members.values() if len(cluster) > 1}
    return [json.loads(line) for line in printed], clusters, set(members)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("texts", nargs="+", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=2500)
    arguments = parser.parse_args()
    source = random.Random(3)
    texts = [json.loads(line)["text"] for path in arguments.texts for line in path.open(encoding="utf-8")]
    texts = planted(source.sample(texts, min(arguments.count, len(texts))), source)
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    ours, our_clusters, our_kept = run_ours(arguments.build, lines)
    theirs, clusters, kept, seconds = run_datatrove(texts)
    different = [index for index, pair in enumerate(zip(ours, theirs, strict=True)) if pair[0] != pair[1]]
    for index in different[:5]:
        print("differs:", ascii(texts[index][:200]))
    size = sum(len(text.encode()) for text in texts) / 1e6
    print(f"{len(texts)} documents, {size:.1f} MB: {len(different)} signatures differ")
    print(f"clusters: {len(clusters)} theirs, {len(our_clusters)} ours, {len(clusters ^ our_clusters)} in one only")
    # datatrove keeps the root of its union by size, which is not always the first: the choice within a cluster.
    other = sum(len(cluster & (kept ^ our_kept)) > 0 for cluster in clusters)
    print(f"kept: {len(kept)} theirs, {len(our_kept)} ours; in {other} clusters it is another member than the first")
    print(f"datatrove: {size / seconds:.2f} MB/s of CPU to signatures")
    return 1 if different or clusters != our_clusters or len(kept) != len(our_kept) else 0


if __name__ == "__main__":
    raise SystemExit(main())
