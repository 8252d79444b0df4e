# SPDX-License-Identifier: Apache-2.0
"""Generated expressions give on generated rows what DuckDB gives."""

import json
import os
import random
import subprocess

import duckdb
import pytest

COLUMNS = {"i": "integer", "j": "integer", "x": "number", "y": "number", "s": "string", "t": "string", "b": "boolean"}
DUCKDB_TYPES = {"integer": "BIGINT", "number": "DOUBLE", "string": "VARCHAR", "boolean": "BOOLEAN"}
WORDS = [
    "",
    "a",
    "ab",
    "Abc",
    "abcab",
    "b c",
    " b ",
    "ÄÖü",
    "ὈΔΥΣΣΕΎΣ",
    "it's",
    "100%",
    "a_b",
    "名前",
    "İ",
    "naïve text",
]
PATTERNS = ["a", "^a", "b$", "[a-c]+$", "(?i)ABC", "^.{2}$", "a|ü", r"\d+%", "^$", r"\bc"]
LIKES = ["a%", "%b", "_b%", "%", "", "a_b", "%c%a%", "100%", "__", "ÄÖ_"]
ROWS = 40
EXPRESSIONS = 600


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


class Generator:
    """Random expressions, each as a pair: in our language, and as SQL with the types of literals spelt out."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def both(self, form, *parts):
        return form.format(*(part[0] for part in parts)), form.format(*(part[1] for part in parts))

    def choose(self, depth, leaves, branches):
        return self.random.choice(leaves if depth <= 0 else leaves + branches * 2)(depth - 1)

    def number(self, depth):
        r = self.random
        operator = r.choice(["+", "-", "*", "/", "%"])
        return self.choose(
            depth,
            [lambda d: (name := r.choice("ijxy"), name), self.number_literal],
            [
                lambda d: self.both("({} " + operator + " {})", self.number(d), self.number(d)),
                lambda d: self.both("(-{})", self.number(d)),
                lambda d: self.both(r.choice(["abs", "floor", "ceil"]) + "({})", self.number(d)),
                lambda d: self.both(
                    r.choice(["least", "greatest", "coalesce"]) + "({}, {})", self.number(d), self.number(d)
                ),
                lambda d: self.both("length({})", self.string(d)),
                lambda d: tuple(f"{f}({p})" for f, p in zip(("byte_length", "strlen"), self.string(d), strict=True)),
            ],
        )

    def number_literal(self, _depth):
        if self.random.random() < 0.5:
            whole = self.random.choice([0, 1, 2, 3, 7, 10, 100])
            return str(whole), f"CAST({whole} AS BIGINT)"
        number = self.random.choice([0.0, 0.1, 0.5, 2.5, 1e3, 0.2])
        return str(number), f"CAST({number} AS DOUBLE)"

    def string(self, depth):
        r = self.random
        return self.choose(
            depth,
            [lambda d: (name := r.choice("st"), name), lambda d: (quoted(r.choice(WORDS)),) * 2],
            [
                lambda d: self.both(r.choice(["lower", "upper", "trim"]) + "({})", self.string(d)),
                lambda d: self.both("coalesce({}, {})", self.string(d), self.string(d)),
            ],
        )

    def any_pair(self, depth):
        kind = self.random.choice([self.number, self.number, self.string])
        return [kind(depth) for _ in range(3)]

    def condition(self, depth):
        r = self.random
        sign = r.choice(["=", "<>", "<", "<=", ">", ">="])
        negation = r.choice(["", "not "])
        return self.choose(
            depth,
            [
                lambda d: ("b", "b"),
                lambda d: self.both("{} " + sign + " {}", *self.any_pair(d)[:2]),
                lambda d: self.both("{} is " + negation + "null", self.any_pair(d)[0]),
            ],
            [
                lambda d: self.both("({} and {})", self.condition(d), self.condition(d)),
                lambda d: self.both("({} or {})", self.condition(d), self.condition(d)),
                lambda d: self.both("(not {})", self.condition(d)),
                lambda d: self.both("({} is " + negation + r.choice(["true", "false"]) + ")", self.condition(d)),
                lambda d: self.both("{} " + negation + "between {} and {}", *self.any_pair(d)),
                lambda d: self.both("{} " + negation + "in ({}, {}" + r.choice([", null)", ")"]), *self.any_pair(d)),
                lambda d: self.both(
                    r.choice(["contains", "starts_with", "ends_with"]) + "({}, {})", self.string(d), self.string(d)
                ),
                lambda d: self.pattern(d),
                lambda d: self.both("{} " + negation + "like " + quoted(r.choice(LIKES)), self.string(d)),
                lambda d: self.both("({} " + r.choice(["=", "<>", "<"]) + " {})", ("b", "b"), ("true", "true")),
            ],
        )

    def pattern(self, depth):
        text, pattern = self.string(depth), quoted(self.random.choice(PATTERNS))
        return f"matches({text[0]}, {pattern})", f"regexp_matches({text[1]}, {pattern})"

    def row(self):
        r = self.random
        values = [
            r.choice([0, 1, 2, 3, -1, -7, 10, 12345]),
            r.choice([0, 1, 5, -3, 100]),
            r.choice([0.0, 0.5, -2.5, 3.25, 1e6, 0.1]),
            r.choice([0.0, 1.0, 2.0, -0.75]),
            r.choice(WORDS),
            r.choice(WORDS),
            r.choice([True, False]),
        ]
        return [None if r.random() < 0.15 else value for value in values]


def theirs(expressions, rows):
    with duckdb.connect() as connection:
        connection.execute("SET ieee_floating_point_ops = false")
        types = ", ".join(f"{name} {DUCKDB_TYPES[kind]}" for name, kind in COLUMNS.items())
        connection.execute(f"CREATE TABLE rows (n INTEGER, {types})")
        marks = ", ".join("?" * (len(COLUMNS) + 1))
        connection.executemany(f"INSERT INTO rows VALUES ({marks})", [[n, *row] for n, row in enumerate(rows)])
        for expression in expressions:
            found = connection.execute(f"SELECT {expression} FROM rows ORDER BY n").fetchall()
            yield [value for (value,) in found]


def test_equals_duckdb():
    generator = Generator(20261123)
    pairs = [generator.condition(4) for _ in range(EXPRESSIONS)]
    rows = [generator.row() for _ in range(ROWS)]
    requests = [json.dumps({"where": ours, "columns": COLUMNS, "rows": rows}) for ours, _ in pairs]
    driver = os.environ.get("GRISTMILL_EXPRESSION_DRIVER")
    if not driver:
        pytest.skip("the expression driver is not built")
    done = subprocess.run([driver], input="\n".join(requests) + "\n", capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(pairs)
    for (ours, sql), answer, expected in zip(pairs, answers, theirs([sql for _, sql in pairs], rows), strict=True):
        assert "error" not in answer, (ours, answer)
        for row, value, wanted in zip(rows, answer["values"], expected, strict=True):
            assert value == wanted, f"{ours}\n{sql}\non {row}: {value}, DuckDB says {wanted}"
