#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the word lists of the tagger of person names into the source tree, as a Bloom filter.

    python tools/training/names/lexicon.py [--unlisted 4]

Run by a Python with what name_lists.py names. Given and family names (without those held back for judging), words that
are common in small letters, words of place names, and common Chinese words of two characters. For training one in four
of the names is left out; docs/models/person-names.md says how the weights are made.
"""

import argparse
from pathlib import Path

from name_lists import common_han_words, listed_names, ordinary_words, place_words

BITS = 19
PROBES = 4
OUTPUT = Path(__file__).resolve().parents[3] / "src/gristmill/kernels/pii/name_lexicon.inc"
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
MASK = (1 << 64) - 1
GIVEN, FAMILY, ORDINARY, PLACE, HAN = 1, 2, 4, 8, 16  # as in name_lexicon.h


def hash_of(word):
    """As in name_lexicon.cc: small ASCII letters, no apostrophes, 24 bytes at most."""
    value = 14695981039346656037
    for byte in word.encode()[:24]:
        if byte == 0x27:
            continue
        value = ((value ^ (byte + 32 if 0x41 <= byte <= 0x5A else byte)) * 1099511628211) & MASK
    return value


def places(word, flag):
    value = ((hash_of(word) ^ flag) * 0x9E3779B97F4A7C15) & MASK
    value ^= value >> 29
    first, step = value & 0xFFFFFFFF, (value >> 32) | 1
    return [((first + i * step) & 0xFFFFFFFF) >> (32 - BITS) for i in range(PROBES)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--unlisted", type=int, default=0, help="leave out one in so many names, for training")
    given, family = listed_names(parser.parse_args().unlisted)
    words = {GIVEN: given, FAMILY: family, ORDINARY: ordinary_words(), PLACE: place_words(), HAN: common_han_words()}
    filled = bytearray((1 << BITS) + 5)
    for flag, items in words.items():
        print(f"flag {flag}: {len(items)} words")
        for word in items:
            for place in places(word, flag):
                filled[place] = 1
    print(f"{sum(filled) / (1 << BITS):.3f} of the bits are set")
    text = "".join(ALPHABET[sum(filled[at + bit] << bit for bit in range(6))] for at in range(0, 1 << BITS, 6))
    lines = [text[at : at + 110] for at in range(0, len(text), 110)]
    head = "// SPDX-License-Identifier: Apache-2.0\n// Made by tools/training/names/lexicon.py; do not edit.\n"
    OUTPUT.write_text(head + "".join(f'"{line}"\n' for line in lines))


if __name__ == "__main__":
    main()
