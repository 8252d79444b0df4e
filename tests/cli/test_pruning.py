# SPDX-License-Identifier: Apache-2.0
"""Which files a condition leaves over: never one too few, whatever the rows, the partitions and the condition are.
DuckDB, which reads every row of every file, says which rows there are; PyIceberg plans and filters the same table."""

import datetime
import math
import random
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

# Longer than the bounds of files, with characters of all lengths, and the last one there is.
STEMS = ["alpha", "alphabet soup for", "beta", "b", "", "é" * 12, "日本語" * 6, "z" * 20, "\U0010ffff" * 5, "'quote"]
FLOATS = [math.nan, math.inf, -math.inf, 0.0, -0.0, 1.5, -2.25, 1e300]
LAYOUTS = {
    "plain": "none",
    "word": "truncate(2,word),identity flag",
    "hashed": "bucket(4,word),bucket(3,number)",
    "days": "day(seen),month(day)",
    "years": "year(day),truncate(100,number)",
    "hours": "hour(seen),identity day",
}


def random_word(generator):
    return generator.choice(STEMS) + generator.choice(["", "a", "m", "z", "é", "\U0001f600"]) * generator.randrange(3)


def random_rows(generator, count, center):
    rows = []
    for _ in range(count):
        day = datetime.date(2024, 1, 1) + datetime.timedelta(days=center * 20 + generator.randrange(15))
        seen = datetime.datetime(day.year, day.month, day.day, tzinfo=datetime.UTC) + datetime.timedelta(
            microseconds=generator.randrange(86_400_000_000)
        )
        row = {
            "text": f"row {generator.random()}",
            "number": center * 100 + generator.randrange(-20, 150),
            "score": generator.choice(FLOATS) if generator.random() < 0.2 else generator.gauss(center, 1),
            "day": day,
            "seen": seen,
            "word": random_word(generator),
            "flag": generator.random() < 0.5,
        }
        rows.append(
            {name: None if name != "text" and generator.random() < 0.1 else value for name, value in row.items()}
        )
    return rows


SCHEMA = pa.schema(
    [
        ("text", pa.string()),
        ("number", pa.int64()),
        ("score", pa.float64()),
        ("day", pa.date32()),
        ("seen", pa.timestamp("us", "UTC")),
        ("word", pa.string()),
        ("flag", pa.bool_()),
    ]
)


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


class Conditions:
    """Random conditions in our language, as SQL for DuckDB, and, where it has the same, for PyIceberg."""

    def __init__(self, generator, rows):
        self.generator = generator
        self.rows = rows

    def value(self, name):
        values = [row[name] for row in self.rows if row[name] is not None]
        value = self.generator.choice(values)
        if name == "number":
            return value + self.generator.choice([0, 0, 1, -1, 10_000])
        if name == "score":
            return value if math.isfinite(value) else 0.5
        if name == "word" and self.generator.random() < 0.3:
            return value + self.generator.choice("az")
        return value

    def literal(self, name, value):
        if name == "day":
            return quoted(value.isoformat())
        if name == "seen":
            # Any part of what rows show.
            whole = value.strftime("%Y-%m-%d %H:%M:%S.%fZ")
            return quoted(whole[: self.generator.choice([7, 10, 13, 19, 26, 27])])
        if name == "flag":
            return str(value).lower()
        return quoted(value) if name == "word" else repr(value)

    def one(self):
        """A condition on one column: ours, and whether PyIceberg takes it with the same meaning."""
        name = self.generator.choice(["number", "score", "day", "seen", "word", "flag"])
        shape = self.generator.choice(["compare", "compare", "in", "between", "null", "like", "equal"])
        value, other = self.value(name), self.value(name)
        is_shared = name in ("number", "day", "word")
        if shape == "null":
            word = self.generator.choice(["is null", "is not null"])
            return f"{name} {word}", True
        if name == "flag":
            return f"flag = {self.literal(name, value)}", False
        if shape == "in":
            return f"{name} in ({self.literal(name, value)}, {self.literal(name, other)})", is_shared
        if shape == "between":
            return f"{name} between {self.literal(name, value)} and {self.literal(name, other)}", False
        if shape == "like" and name in ("word", "day", "seen"):
            text = self.literal(name, value)[1:-1].replace("''", "'")
            prefix = text[: self.generator.randrange(len(text) + 1)].replace("_", "").replace("%", "")
            prefix = prefix.replace("\U0010ffff", "")  # DuckDB trips over a prefix that ends with the last character.
            return f"{name} like {quoted(prefix + self.generator.choice(['%', '%', '_%', '']))}", False
        test = "=" if shape == "equal" else self.generator.choice(["<", "<=", ">", ">="])
        return f"{name} {test} {self.literal(name, value)}", is_shared

    def any(self):
        first, is_shared = self.one()
        if self.generator.random() < 0.5:
            return first, is_shared
        second, is_second_shared = self.one()
        return f"{first} and {second}", is_shared and is_second_shared


def shown(condition):
    """The condition for DuckDB, in which rows show dates and times as we do."""
    names = {"day": "strftime(day, '%Y-%m-%d')", "seen": "strftime(seen, '%Y-%m-%d %H:%M:%S.%fZ')"}
    return re.sub(r"\b(day|seen)\b(?= (?:[<>=]|in |between |like |is ))", lambda match: names[match[0]], condition)


@pytest.fixture
def mixed(workspace):
    """their/mixed: files of PyIceberg, clustered, so that much can be left out."""
    generator = random.Random(11)
    catalog = workspace.catalog()
    catalog.create_namespace("their")
    table = catalog.create_table("their.mixed", schema=SCHEMA)
    workspace.made = []
    for center in range(6):
        rows = random_rows(generator, 30, center)
        if center == 5:
            rows = [{**row, "word": None, "score": math.nan} for row in rows]
        workspace.made += rows
        table.append(pa.Table.from_pylist(rows, schema=SCHEMA))
    return workspace


def check(workspace, connection, condition, is_shared):
    """No row that meets the condition lies in a file that was left out; gives how many were."""
    table = workspace.catalog().load_table("their.mixed")
    every = [task.file.file_path.removeprefix("file://") for task in table.scan().plan_files()]
    found = [file["path"] for file in workspace.json("dataset", "files", "their/mixed", "--where", condition)]
    assert set(found) <= set(every)
    query = f"SELECT filename, text FROM read_parquet({every!r}, filename = true) WHERE {shown(condition)}"
    matching = connection.execute(query).fetchall()
    assert {name for name, _ in matching} <= set(found), condition
    if is_shared:
        texts = table.scan(row_filter=condition).to_arrow()["text"].to_pylist()
        assert sorted(texts) == sorted(text for _, text in matching), condition
    return len(every) - len(found), matching


@pytest.mark.parametrize("layout", LAYOUTS)
def test_no_row_is_lost_to_pruning(mixed, duckdb_connection, layout):
    generator = random.Random(f"conditions {layout}")
    duckdb_connection.execute("SET TimeZone = 'UTC'")
    if layout != "plain":
        mixed.json("dataset", "partition", "their/mixed", "--by", LAYOUTS[layout])
        mixed.json("dataset", "compact", "their/mixed")
    conditions = Conditions(generator, mixed.made)
    left_out = 0
    for _ in range(15):
        condition, is_shared = conditions.any()
        left_out += check(mixed, duckdb_connection, condition, is_shared)[0]
    assert left_out > 0
    # What is found with pruning is what is there: rows go, and only those.
    condition = conditions.any()[0]
    _, matching = check(mixed, duckdb_connection, condition, False)
    done = mixed.json("dataset", "delete", "their/mixed", "--where", condition)
    assert done["rows"]["deleted"] == len(matching), condition
    left = sorted(row["text"] for row in mixed.rows("their/mixed"))
    assert left == sorted({row["text"] for row in mixed.made} - {text for _, text in matching})


@pytest.mark.parametrize(
    ("condition", "files"),
    [
        ("number between 210 and 230", [1, 2]),
        ("word like 'zzzzz%'", None),
        ("word is null", None),
        ("word is not null", 5),
        ("day between '2024-01-01' and '2024-01-15'", 1),
        ("seen like '2024-01-1%'", 1),
        ("seen < '2024-01-15'", 1),
        ("score > 100 and score < 200", None),
    ],
)
def test_each_kind_of_condition_leaves_files_out(mixed, condition, files):
    found = len(mixed.json("dataset", "files", "their/mixed", "--where", condition))
    if files is not None:
        assert found in (files if isinstance(files, list) else [files])
    assert found <= 6


def test_not_a_number_is_above_all(workspace):
    """Bounds leave it out, so a file with it may hold rows above its upper bound; ours say how many there are."""
    catalog = workspace.catalog()
    catalog.create_namespace("their")
    schema = pa.schema([("text", pa.string()), ("score", pa.float64())])
    table = catalog.create_table("their.scores", schema=schema)
    table.append(pa.table({"text": ["a", "b"], "score": [1.0, math.nan]}, schema=schema))
    table.append(pa.table({"text": ["c", "d"], "score": [1.0, 2.0]}, schema=schema))
    workspace.json("dataset", "update", "their/scores", "--set", "text=c2", "--where", "text = 'c'")
    workspace.json("dataset", "update", "their/scores", "--set", "text=a2", "--where", "text = 'a'")
    files = workspace.json("dataset", "files", "their/scores", "--where", "score > 5")
    (kept,) = [pq.read_table(file["path"])["text"].to_pylist() for file in files]
    assert kept == ["a2", "b"]
    done = workspace.json("dataset", "delete", "their/scores", "--where", "score >= 5")
    assert done["rows"]["deleted"] == 1
    assert sorted(row["text"] for row in workspace.rows("their/scores")) == ["a2", "c2", "d"]
