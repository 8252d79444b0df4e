#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares dedup.minhash with scheme datatrove and datatrove's own four stages: signatures, clusters, what stays.

Run in an environment with datatrove==0.10.1, spacy and xxhash (.venv-bench has them):
    .venv-bench/bin/python tests/peers/minhash_parity.py build/dev TEXTS.jsonl ... [--count 2500]
Each line of TEXTS holds {"text": ...}. Changed copies are planted, up to thirty of a document. Ours is the command run
on the same documents in the same order; datatrove works in --tasks tasks, between which it splits them.
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
    for text in texts[::4]:
        for _ in range(source.choice([1, 1, 2, 5, 12, 30])):
            words = text.split(" ")
            for _ in range(int(len(words) * source.choice([0, 0.002, 0.01, 0.02, 0.05]))):
                words[source.randrange(len(words))] = source.choice(words)
            texts.append(" ".join(words))
    source.shuffle(texts)
    return texts


def run_datatrove(texts, tasks):
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
    size = -(-len(documents) // tasks)
    parts = [documents[rank * size : (rank + 1) * size] for rank in range(tasks)]
    for rank, part in enumerate(parts):
        first.run(iter(part), rank, tasks)
    for bucket in range(config.num_buckets):
        MinhashDedupBuckets(str(folder / "signatures"), str(folder / "pairs"), config=config).run(
            None, bucket, config.num_buckets
        )
    MinhashDedupCluster(str(folder / "pairs"), str(folder / "clusters"), config, save_cluster_id=True).run(None, 0, 1)
    last = MinhashDedupFilter(str(folder / "clusters"))
    kept = {int(document.id) for rank, part in enumerate(parts) for document in last.run(iter(part), rank, tasks)}
    clusters = collections.defaultdict(set)
    for path in (folder / "clusters").glob("*.clusters"):
        data = path.read_bytes()
        for at in range(0, len(data), 8):
            document = int.from_bytes(data[at : at + 4], "little") + int(path.stem) * size
            clusters[int.from_bytes(data[at + 4 : at + 8], "little")].add(document)
    return by_document, {frozenset(cluster) for cluster in clusters.values()}, kept, seconds


def run_ours(build, lines):
    """The same from our kernel, our keys, and the command."""
    run = {"input": lines, "capture_output": True, "text": True, "check": True}
    printed = subprocess.run([build / "bench/datatrove_signatures"], **run).stdout.splitlines()
    options = json.dumps({"scheme": "datatrove", "keep": "oldest"})
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
    return [json.loads(line) for line in printed], clusters, kept_by_command(build, lines)


def kept_by_command(build, lines):
    """Numbers of the documents that a run of the operator keeps."""
    folder = pathlib.Path(tempfile.mkdtemp())
    numbered = [dict(json.loads(line), number=index) for index, line in enumerate(lines.splitlines())]
    (folder / "texts.jsonl").write_text("".join(json.dumps(document) + "\n" for document in numbered))
    (folder / "p.yaml").write_text(
        "name: p\ninputs: [raw/t]\nsteps:\n  - dedup.minhash: {scheme: datatrove}\noutput: clean/t\n"
    )

    def command(*words):
        done = subprocess.run(
            [build.resolve() / "bin/gristmill", *words], cwd=folder / "w", capture_output=True, text=True, check=True
        )
        return done.stdout

    (folder / "w").mkdir()
    command("init", ".")
    command("ingest", "../texts.jsonl", "--source", "s", "--license", "CC0-1.0", "--into", "raw/t")
    command("run", "../p.yaml", "--memory", "256MiB")
    rows = command("sql", 'SELECT metadata FROM "clean/t"', "--json").splitlines()
    return {json.loads(json.loads(row)["metadata"])["number"] for row in rows}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("texts", nargs="+", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=2500)
    parser.add_argument("--tasks", type=int, default=1)
    arguments = parser.parse_args()
    source = random.Random(3)
    texts = [json.loads(line)["text"] for path in arguments.texts for line in path.open(encoding="utf-8")]
    texts = planted(source.sample(texts, min(arguments.count, len(texts))), source)
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    ours, our_clusters, our_kept = run_ours(arguments.build, lines)
    theirs, clusters, kept, seconds = run_datatrove(texts, arguments.tasks)
    different = [index for index, pair in enumerate(zip(ours, theirs, strict=True)) if pair[0] != pair[1]]
    for index in different[:5]:
        print("differs:", ascii(texts[index][:200]))
    size = sum(len(text.encode()) for text in texts) / 1e6
    print(f"{len(texts)} documents, {size:.1f} MB: {len(different)} signatures differ")
    print(f"clusters: {len(clusters)} theirs, {len(our_clusters)} ours, {len(clusters ^ our_clusters)} in one only")
    print(f"kept: {len(kept)} theirs, {len(our_kept)} ours, {len(kept ^ our_kept)} in one only")
    first_of_all = sum(min(cluster) in kept for cluster in clusters)
    print(f"clusters whose first document stays: {first_of_all}; largest cluster: {max(map(len, clusters), default=0)}")
    print(f"datatrove: {size / seconds:.2f} MB/s of CPU to signatures")
    return 1 if different or clusters != our_clusters or kept != our_kept else 0


if __name__ == "__main__":
    raise SystemExit(main())
