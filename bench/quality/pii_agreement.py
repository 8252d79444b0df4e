#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares redact.pii with datatrove's PIIFormatter on e-mail and public IPv4 addresses, find by find.

    bench/quality/pii_agreement.py build/dev/bench/apply_operator documents.jsonl [--show 20]

Run by a Python that has datatrove. Prints how many finds agree, and the differences with what stands around them.
"""

import argparse
import json
import subprocess
import time

from datatrove.pipeline.formatters.pii import PIIFormatter

PLACEHOLDERS = {"email": "<EMAIL>", "ip_address": "<IP_ADDRESS>"}


def ours(program: str, kind: str, texts: list[str]) -> list[set[tuple[int, str]]]:
    """Start and text of each find, recovered from where the placeholders stand."""
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    command = [program, json.dumps([{"redact.pii": {"kinds": [kind]}}])]
    result = subprocess.run(command, input=lines, capture_output=True, text=True, check=True)
    finds = []
    for text, line in zip(texts, result.stdout.splitlines(), strict=True):
        pieces = json.loads(line).get("text", text).split(PLACEHOLDERS[kind])
        here = set()
        position = len(pieces[0])
        for piece in pieces[1:]:
            after = text.find(piece, position + 1) if piece else len(text)
            here.add((position, text[position:after]))
            position = after + len(piece)
        finds.append(here)
    return finds


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("program", help="the built apply_operator")
    parser.add_argument("documents", help="JSON lines with a text field")
    parser.add_argument("--show", type=int, default=20, help="differences to print of each sort")
    arguments = parser.parse_args()
    with open(arguments.documents, encoding="utf-8") as file:
        texts = [json.loads(line)["text"] for line in file]
    peer = PIIFormatter()
    start = time.process_time()
    for text in texts:
        peer.format(text)
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    print(f"datatrove: {megabytes / (time.process_time() - start):.1f} MB/s")
    for kind, replacer in (("email", peer.emails_replacer), ("ip_address", peer.ip_replacer)):
        same, only = 0, {"ours": [], "datatrove": []}
        for text, found in zip(texts, ours(arguments.program, kind, texts), strict=True):
            matches = replacer.regex.finditer(text)
            theirs = {(m.start(), m[0]) for m in matches if not replacer.validator or replacer.validator(m[0])}
            same += len(found & theirs)
            for name, extra in (("ours", found - theirs), ("datatrove", theirs - found)):
                only[name] += [text[max(0, at - 15) : at + len(what) + 10] for at, what in sorted(extra)]
        print(f"{kind}: {same} alike, {len(only['ours'])} only ours, {len(only['datatrove'])} only datatrove's")
        for name, lines in only.items():
            for line in lines[: arguments.show]:
                print(f"  only {name}: {line!r}")


if __name__ == "__main__":
    main()
