# SPDX-License-Identifier: Apache-2.0
"""Peers of bench/compare_signals.py: python signals.py redpajama|block_list TEXTS.jsonl [LIST]."""

import json
import re
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "tests" / "peers"))


def main():
    what, path, *rest = sys.argv[1:]
    texts = [json.loads(line)["text"] for line in Path(path).read_text(encoding="utf-8").splitlines()]
    if what == "redpajama":
        import redpajama_reference

        judge = redpajama_reference.signals
    else:
        # As datatrove 0.10.1 puts the words of a language with spaces together.
        words = Path(rest[0]).read_text(encoding="utf-8").split()
        pattern = re.compile(r"(?:\W|^)({})(?:\W|$)".format("|".join(map(re.escape, words))))

        def judge(text):
            return pattern.search(text.lower())

    start = time.process_time()
    for text in texts:
        judge(text)
    seconds = time.process_time() - start
    print(json.dumps({"cpu_seconds": seconds, "megabytes": sum(len(text.encode()) for text in texts) / 1e6}))


main()
