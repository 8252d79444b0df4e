# SPDX-License-Identifier: Apache-2.0
"""Labels of JSON lines by the fastText library: prints CPU seconds, bytes and a digest of the labels.

fasttext_labels.py MODEL TEXTS.jsonl
"""

import hashlib
import json
import sys
import time

import fasttext


def main():
    model = fasttext.load_model(sys.argv[1])
    with open(sys.argv[2], encoding="utf-8") as lines:
        texts = [json.loads(line)["text"].replace("\n", " ") + "\n" for line in lines]
    # The binding's own predict() fails under NumPy 2; what it wraps does not.
    predict = model.f.predict
    predict(texts[0], 1, 0.0, "strict")
    start = time.process_time()
    found = [predict(text, 1, 0.0, "strict") for text in texts]
    seconds = time.process_time() - start
    labels = [row[0][1].removeprefix("__label__") if row else None for row in found]
    digest = hashlib.sha256(json.dumps(labels).encode()).hexdigest()
    size = sum(len(text.encode()) - 1 for text in texts)
    print(json.dumps({"cpu_seconds": seconds, "bytes": size, "documents": len(texts), "digest": digest}))


main()
