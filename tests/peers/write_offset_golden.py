# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/token_offsets.jsonl: ids and offsets that the tokenizers library gives, for variants of the
example tokenizer.

Run in an environment with `tokenizers` from PyPI: python tests/peers/write_offset_golden.py
"""

import json
import pathlib
import sys

from tokenizers import Tokenizer

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "python"))
from tokenizer_variants import variants  # noqa: E402

TEXTS = [
    "",
    "Hello world, this is   plain English text.\n\nWith lines.",
    "\u00dcn\u00efc\u00f6d\u00e9 \u4e2d\u6587\u5b57\u7b26 "
    "\u0420\u0443\u0441\u0441\u043a\u0438\u0439 \U0001f600\U0001f468\u200d\U0001f469\u200d\U0001f467 caf\u00e9",
    "def f(x):\n\treturn x ** 2  # <|endoftext|> stays text",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\u3000\u3000 12345678901234567890",
]
MARKED = ["x<mark>y <mark><mark>", "en \u00e9t\u00e9, l\u2019\u00e9t\u00e9<mark>", "<mark>"]
DECOMPOSED = [
    "cafe\u0301 au lait",
    "\u1112\u1161\u11ab\u1100\u1173\u11af word",
    "a\u0323\u0301\u0328b",
    "\u212b ngstr\u00f6m",
    "e\u0301" * 50,
]


def main():
    lines = []
    for name, content in variants().items():
        peer = Tokenizer.from_str(json.dumps(content))
        peer.encode_special_tokens = True  # As text, which is our default.
        for text in [*TEXTS, *(MARKED if name == "added" else []), *(DECOMPOSED if name == "nfc" else [])]:
            encoding = peer.encode(text, add_special_tokens=False)
            line = {"variant": name, "text": text, "ids": encoding.ids, "offsets": encoding.offsets}
            lines.append(json.dumps(line) + "\n")
    path = ROOT / "tests" / "golden" / "token_offsets.jsonl"
    path.write_text("".join(lines), encoding="utf-8")
    print(f"{path.name}: {len(lines)} cases")


if __name__ == "__main__":
    main()
