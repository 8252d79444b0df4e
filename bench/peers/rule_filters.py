# SPDX-License-Identifier: Apache-2.0
"""CPU time of datatrove's rule filters, one after another on documents in memory, each seeing what the one before kept.

    python rule_filters.py DOCUMENTS.jsonl

Prints one JSON line: CPU seconds of the filters alone, bytes of text, documents kept. A first document, not counted,
loads the tokenizer.
"""

import json
import sys
import time

from datatrove.data import Document
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        texts = [json.loads(line)["text"] for line in file]
    filters = [
        GopherRepetitionFilter(),
        GopherQualityFilter(),
        C4QualityFilter(filter_no_terminal_punct=False),
        FineWebQualityFilter(),
    ]
    for one in filters:
        one.filter(Document(text="The first words load the tokenizer. So it is.\n" * 5, id=""))
    documents = [Document(text=text, id="") for text in texts]
    start = time.process_time()
    kept = sum(all(one.filter(document) is True for one in filters) for document in documents)
    seconds = time.process_time() - start
    size = sum(len(text.encode()) for text in texts)
    print(json.dumps({"cpu_seconds": seconds, "text_bytes": size, "documents": len(texts), "kept": kept}))


main()
