# SPDX-License-Identifier: Apache-2.0
"""A row's id is given once: no command that rewrites rows changes it, in whatever order they come and wherever they are
killed."""

import random
import subprocess

import pytest

SEEDS = [1, 2, pytest.param(3, marks=pytest.mark.full), pytest.param(4, marks=pytest.mark.full)]


class Model:
    """The rows that must be there: url by text, which no command changes; and the id each was first seen with."""

    def __init__(self, workspace, generator):
        self.workspace = workspace
        self.generator = generator
        self.urls = {}
        self.ids = {}
        self.batches = 0
        self.columns = 0

    def some_text(self):
        return self.generator.choice(sorted(self.urls))

    def batch(self, texts, url):
        self.batches += 1
        return self.workspace.write_jsonl(f"batch{self.batches}.jsonl", texts, url=url)

    # Each gives the command and what it makes of the rows.

    def ingest(self):
        texts = [f"text {self.batches:02} {number:02}" for number in range(self.generator.randrange(3, 9))]
        path = self.batch(texts, "https://ingested.example/")
        return (
            ("ingest", path, "--source", "web", "--license", "CC0-1.0"),
            {**self.urls, **dict.fromkeys(texts, "https://ingested.example/")},
        )

    def compact(self):
        sort = self.generator.choice([(), ("--sort-by", "text"), ("--sort-by", "url", "text")])
        return ("dataset", "compact", "raw/web", *sort), self.urls

    def update(self):
        bound = self.some_text()
        url = f"https://updated{self.batches}.example/"
        words = ("dataset", "update", "raw/web", "--set", f"url={url}", "--where", f"text <= '{bound}'")
        return words, {text: url if text <= bound else old for text, old in self.urls.items()}

    def upsert(self):
        known = {self.some_text() for _ in range(3)}
        url = f"https://upserted{self.batches}.example/"
        texts = sorted(known | {f"text {self.batches:02} new"})
        words = ("dataset", "upsert", "raw/web", self.batch(texts, url), "--key", "text")
        return words, {**self.urls, **dict.fromkeys(texts, url)}

    def delete(self):
        text = self.some_text()
        return (
            ("dataset", "delete", "raw/web", "--where", f"text = '{text}'"),
            {other: url for other, url in self.urls.items() if other != text},
        )

    def partition(self):
        by = self.generator.choice(["none", "bucket(3,id)", "truncate(7,text)", "identity url", "bucket(2,text)"])
        return ("dataset", "partition", "raw/web", "--by", by), self.urls

    def schema(self):
        self.columns += 1
        change = self.generator.choice(
            [("--add", f"extra{self.columns}:long"), ("--move", "url:first"), ("--move", "id:after:text")]
        )
        return ("dataset", "schema", "raw/web", *change), self.urls

    def step(self):
        verbs = [self.ingest, self.compact, self.compact, self.update, self.upsert, self.delete, self.partition,
                 self.schema]  # fmt: skip
        command, rows = (self.generator.choice(verbs) if len(self.urls) > 5 else self.ingest)()
        if self.generator.random() < 0.4:
            self.kill(command)
        self.workspace.call(*command, code=None)
        self.urls = rows
        self.check(command)

    def kill(self, command):
        """Lets it work for a moment only. What it did or left undone must not matter to the same command again."""
        child = subprocess.Popen(self.workspace.command(*command), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            child.wait(self.generator.uniform(0.005, 0.12))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def check(self, command):
        rows = self.workspace.rows()
        assert {row["text"]: row["url"] for row in rows} == self.urls, command
        assert len(rows) == len(self.urls), command
        for row in rows:
            assert row["id"] == self.ids.setdefault(row["text"], row["id"]), command
        assert len(set(self.ids.values())) == len(self.ids)


@pytest.mark.parametrize("seed", SEEDS)
def test_ids_survive_everything(workspace, seed):
    model = Model(workspace, random.Random(seed))
    for _ in range(14):
        model.step()
    # Any row can still be found by the id that it first had.
    text = model.some_text()
    traced = workspace.json("trace", model.ids[text])
    assert traced["document"]["id"] == model.ids[text] if "id" in traced["document"] else traced["document"]
    exported = {row["text"]: row["id"] for row in workspace.json_lines("dataset", "head", "raw/web", "-n", "1000")}
    assert exported == {text: model.ids[text] for text in model.urls}
