# SPDX-License-Identifier: Apache-2.0
"""annotate.redpajama gives what the definitions give, on generated texts that reach every rule."""

import json
import os
import pathlib
import random
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "peers"))
import redpajama_reference  # noqa: E402

WORDS = [
    "the",
    "of",
    "and",
    "people",
    "Town",
    "WINTER",
    "x1",
    "2024",
    "it's",
    "e-mail",
    "#tag",
    "{code}",
    "javascript",
    "JavaScript",
    "lorem",
    "ipsum",
    "Lorem",
    "café",
    "CAFÉ",
    "ÀÉ",
    "ﬁne",
    "İstanbul",
    "ΟΔΟΣ",
    "ΟΔΟΣ.",
    "Σ",
    "ΣΑΣ",
    "Ⅳ",
    "ⓐ",
    "ª",
    "ǅ",
    "名前",
    "三",
    "十二",
    "½",
    "٣",
    "हिन्दी",
    "한국어",
    "å",
    "ḍ̇",
    "q̣̇",
    "...",
    "….",
    "wait...",
    "--",
    "—",
    '"',
    "”",
    "(a)",
    "a_b",
    "http://x.io/?q=1",
    "U.S.",
    "e.g.",
    "`",
    ";",
    "\x00",
    "\ufeff",
    "\u200b",
    "🙂",
    "👩\u200d👩\u200d👧",
    "ＡＢ",
    "１２",
]
SPACES = [" ", " ", " ", "  ", "\t", "\u00a0", "\u3000", "\x1d", "\r", "\u2028", "\u0085"]
ENDS = ["\n", "\n", ".\n", "...\n", "\u2026 \n", "!\n\n", "?\u201d\n", " \r\n", ";\n"]
STARTS = ["", "", "", "\u2022 ", " \u2013", "- ", "\u25a1", "1. "]
STOP_WORDS = ["the", "of", "and", "it", "名前"]
BLOCKED = ["people", "lorem ipsum", "the of and", "café", "x1 2024"]


def make_text(r):
    parts = []
    for _ in range(r.choice([0, 1, 1, 2, 5, 20])):
        vocabulary = WORDS if r.random() < 0.6 else r.sample(WORDS, 3)
        line = r.choice(STARTS) + "".join(r.choice(vocabulary) + r.choice(SPACES) for _ in range(r.randrange(0, 25)))
        parts.append(line.strip(" ") + r.choice(ENDS))
        if parts and r.random() < 0.2:
            parts.append(r.choice(parts))
    text = "".join(parts)
    return text if r.random() < 0.7 else text.strip("\n")


def test_equals_the_definitions(tmp_path):
    program = os.environ.get("GRISTMILL_APPLY_OPERATOR")
    if not program:
        pytest.skip("apply_operator is not built")
    r = random.Random(20261123)
    texts = ["", "\n", " ", "a", "...", "a.b.c", "\n\n."] + [make_text(r) for _ in range(1500)]
    blocked = tmp_path / "blocked.txt"
    blocked.write_text("\n".join(BLOCKED), encoding="utf-8")
    steps = [{"annotate.redpajama": {"stop_words": STOP_WORDS, "ldnoobw_file": str(blocked)}}]
    done = subprocess.run(
        [program, json.dumps(steps)],
        input="".join(json.dumps({"text": text}) + "\n" for text in texts).encode(),
        capture_output=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.decode().splitlines()
    assert len(lines) == len(texts)
    for text, line in zip(texts, lines, strict=True):
        columns = json.loads(line)["columns"]
        expected = redpajama_reference.signals(text, frozenset(STOP_WORDS), frozenset(BLOCKED))
        assert columns.keys() == expected.keys()
        for name, value in expected.items():
            assert columns[name] == pytest.approx(value, abs=2e-8), (name, text)
