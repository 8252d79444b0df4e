#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes src/gristmill/kernels/word_break_classes.cc: the property Word_Break of all code points (UAX #29).

The version is that of tools/generate_unicode_classes.py: pip install unicodedataplus==16.0.0.post1, then run this
script from the repository root. With --test FILE, a WordBreakTest.txt is turned into tests/golden/word_breaks.jsonl.
"""

import json
import pathlib
import sys

import class_table

GOLDEN = pathlib.Path("tests/golden/word_breaks.jsonl")
# In the order of the enumeration in word_break_classes.h.
CLASSES = [
    "Other",
    "CR",
    "LF",
    "Newline",
    "Extend",
    "ZWJ",
    "Format",
    "Regional_Indicator",
    "Katakana",
    "Hebrew_Letter",
    "ALetter",
    "Single_Quote",
    "Double_Quote",
    "MidNumLet",
    "MidLetter",
    "MidNum",
    "Numeric",
    "ExtendNumLet",
    "WSegSpace",
]
PICTOGRAPH = 32


def write_table() -> None:
    import unicodedataplus

    def class_of(code_point: int) -> int:
        character = chr(code_point)
        pictograph = PICTOGRAPH if unicodedataplus.is_extended_pictographic(character) else 0
        return CLASSES.index(unicodedataplus.word_break(character)) | pictograph

    class_table.check_version(unicodedataplus.unidata_version)
    class_table.write("word_break_classes", "generate_word_break_classes.py", class_of)


def write_golden(path: str) -> None:
    lines = []
    for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines():
        fields = line.split("#")[0].split()
        if not fields:
            continue
        segments = " ".join(fields).strip("\u00f7 ").split(" \u00f7 ")
        lines.append(["".join(chr(int(point, 16)) for point in segment.split(" \u00d7 ")) for segment in segments])
    GOLDEN.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    print(f"{GOLDEN}: {len(lines)} cases")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--test"]:
        write_golden(sys.argv[2])
    else:
        write_table()
