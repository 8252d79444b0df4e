#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes src/gristmill/kernels/unicode_classes.cc: the character classes that pre-tokenizer patterns name.

Unicode 16.0 is what tiktoken 0.14 and tokenizers 0.23 match with, so the table is made from that version, whatever
version the Python interpreter has: pip install unicodedata2==16.0.0, then run this script from the repository root.
"""

import class_table
import unicodedata2

# White_Space of PropList.txt: \s of both peers' regular expressions.
WHITE_SPACE = {
    *range(0x09, 0x0E),
    0x20,
    0x85,
    0xA0,
    0x1680,
    *range(0x2000, 0x200B),
    0x2028,
    0x2029,
    0x202F,
    0x205F,
    0x3000,
}
OTHER, UPPER, LOWER, CASELESS, MARK, NUMBER, SPACE, NEWLINE = (1 << bit for bit in range(8))


def class_of(code_point: int) -> int:
    if code_point in (0x0A, 0x0D):
        return NEWLINE
    if code_point in WHITE_SPACE:
        return SPACE
    category = unicodedata2.category(chr(code_point))
    by_category = {"Lu": UPPER, "Lt": UPPER, "Ll": LOWER, "Lm": CASELESS, "Lo": CASELESS}
    if category in by_category:
        return by_category[category]
    return {"M": MARK, "N": NUMBER}.get(category[0], OTHER)


if __name__ == "__main__":
    class_table.check_version(unicodedata2.unidata_version)
    class_table.write("unicode_classes", "generate_unicode_classes.py", class_of)
