# SPDX-License-Identifier: Apache-2.0
"""MinHash signatures of JSON lines with a peer: prints CPU seconds, bytes and documents.

minhash_signatures.py LIBRARY TEXTS.jsonl [BYTES_MAX]
"""

import json
import sys
import tempfile
import time


def signer(library):
    """A function from a text to its signature of 112 minima over shingles of five words."""
    if library == "datatrove":
        from datatrove.pipeline.dedup.minhash import MinhashDedupSignature

        step = MinhashDedupSignature(tempfile.mkdtemp())

        def sign(text):
            shingles = step.get_shingles(text)
            return step.get_signature(shingles) if shingles.size else []

        return sign
    from rensa import RMinHash

    def sign_words(text):
        words = text.lower().split()
        made = RMinHash(num_perm=112, seed=1)
        made.update([" ".join(words[i : i + 5]) for i in range(len(words) - 4)])
        return made.digest()

    return sign_words


def main():
    library, path = sys.argv[1:3]
    bytes_max = int(sys.argv[3]) if len(sys.argv) > 3 else 1 << 62
    texts, size = [], 0
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            if size >= bytes_max:
                break
            texts.append(json.loads(line)["text"])
            size += len(texts[-1].encode())
    sign = signer(library)
    sign("the first call loads what is loaded once only")
    start = time.process_time()
    for text in texts:
        sign(text)
    print(json.dumps({"cpu_seconds": time.process_time() - start, "bytes": size, "documents": len(texts)}))


main()
