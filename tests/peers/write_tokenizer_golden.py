#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/tokenizer_ids.jsonl and tests/golden/pretokenizer_pieces.jsonl with the `tokenizers` library.

    pip install tokenizers==0.23.3
    tests/peers/write_tokenizer_golden.py

Our own code takes no part: ids are those of the library for the example tokenizer (special tokens as plain text),
pieces are what its regular expression engine cuts.
"""

import json
import pathlib
import random

from tokenizer_parity import EDGES, PUBLISHED_CL100K, random_text
from tokenizers import Regex, Tokenizer, pre_tokenizers

ROOT = pathlib.Path(__file__).parents[2]
SENTENCES = [
    "The quick brown fox jumps over the lazy dog. It's a nice day, isn't it?  We'll see.",
    "Die W\u00fcrde des Menschen ist unantastbar. Sie zu achten und zu sch\u00fctzen ist Verpflichtu"
    "ng aller staatlichen Gewalt.",
    "Tous les \u00eatres humains naissent libres et \u00e9gaux en dignit\u00e9 et en droits.",
    "\u4eba\u4eba\u751f\u800c\u81ea\u7531\uff0c\u5728\u5c0a\u4e25\u548c\u6743\u5229\u4e0a\u4e00\u5f8b"
    "\u5e73\u7b49\u3002",
    "\u3059\u3079\u3066\u306e\u4eba\u9593\u306f\u3001\u751f\u307e\u308c\u306a\u304c\u3089\u306b\u3057"
    "\u3066\u81ea\u7531\u3067\u3042\u308b\u3002",
    "\u0412\u0441\u0435 \u043b\u044e\u0434\u0438 \u0440\u043e\u0436\u0434\u0430\u044e\u0442\u0441\u044f"
    " \u0441\u0432\u043e\u0431\u043e\u0434\u043d\u044b\u043c\u0438.",
    "\u064a\u0648\u0644\u062f \u062c\u0645\u064a\u0639 \u0627\u0644\u0646\u0627\u0633 \u0623\u062d\u0631"
    "\u0627\u0631\u0627\u064b.",
    "\u0938\u092d\u0940 \u092e\u0928\u0941\u0937\u094d\u092f\u094b\u0902 \u0915\u094b",
    'int main(void) {\n\treturn printf("%d\\n", 0x2A + 1234567);\n}\n',
    "SELECT name, count(*) FROM users WHERE id >= 42 GROUP BY 1;\r\n\r\n   -- done",
    "<|endoftext|> is only text here",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
]
REGEXES = {
    "gpt2": r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    # Blanks at the end of the text first, as tiktoken has it; \z because this engine's $ also matches before newlines.
    "cl100k": PUBLISHED_CL100K.replace(r"|\s*[\r\n]+", r"|\s++\z|\s*[\r\n]+"),
    "llama3": PUBLISHED_CL100K,
    "qwen2": PUBLISHED_CL100K.replace("{1,3}", ""),
    "o200k": r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?"
    r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
}


def piece_ends(regex: str, text: str) -> list[int]:
    """Ends of the pieces in bytes."""
    pieces = pre_tokenizers.Split(Regex(regex), "isolated").pre_tokenize_str(text)
    return [len(text[:end].encode()) for _, (_, end) in pieces]


def write_lines(path: pathlib.Path, rows: list[dict]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    print(f"{path.name}: {len(rows)} lines")


def main() -> None:
    source = random.Random(7)
    tokenizer = Tokenizer.from_file(str(ROOT / "examples/tokenizers/example.json"))
    tokenizer.encode_special_tokens = True
    texts = SENTENCES + EDGES + [random_text(source)[:200] for _ in range(120)]
    ids = [{"text": text, "ids": tokenizer.encode(text, add_special_tokens=False).ids} for text in texts]
    write_lines(ROOT / "tests/golden/tokenizer_ids.jsonl", ids)
    pieces = []
    for pattern, regex in REGEXES.items():
        texts = SENTENCES + ["".join(source.choices(EDGES, k=source.randrange(2, 9))) for _ in range(150)]
        pieces += [{"pattern": pattern, "text": text, "ends": piece_ends(regex, text)} for text in texts]
    write_lines(ROOT / "tests/golden/pretokenizer_pieces.jsonl", pieces)


if __name__ == "__main__":
    main()
