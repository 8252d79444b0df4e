# SPDX-License-Identifier: Apache-2.0
"""Each kind of stored file cut short, emptied, gone, or in the place of another's: what reads it says which file it
was, nothing else is harmed, and with the file back all is as before."""

import pathlib

import pytest
from cli_support import TOKENIZER, Workspace, strict_json

SHOW = ("dataset", "show", "{t}")
HEAD = ("dataset", "head", "{t}", "-n", "100")
EXPORT = ("dataset", "export", "{t}", "--to", "{out}")
VERSIONS = ("dataset", "versions", "{t}")
DIFF = ("dataset", "diff", "{t}@v1", "{t}@v2")
APPEND = ("ingest", "{new}", "--source", "web", "--license", "CC0-1.0")
RUN = ("run", "{pipeline}")
EXPIRE = ("dataset", "expire", "{t}", "--older-than", "0s", "--keep", "1")
CLEAN = ("dataset", "clean", "{t}", "--older-than", "1h")
DELETE = ("dataset", "delete", "{t}", "--where", "text = 'x'")
COMPACT = ("dataset", "compact", "{t}")
RELEASE = ("release", "verify", "r")
TRACE = ("trace", "{id}")
TOKENS = ("trace", "{shard}:0")

# Which commands must read a file of a kind. Others may go by without it.
READERS = {
    "metadata": [SHOW, HEAD, EXPORT, VERSIONS, DIFF, APPEND, RUN, EXPIRE, CLEAN, DELETE, COMPACT],
    "list": [HEAD, EXPORT, DIFF, RUN, CLEAN, DELETE, COMPACT],
    "manifest": [HEAD, EXPORT, DIFF, RUN, CLEAN, DELETE, COMPACT],
    "data": [HEAD, EXPORT, RUN, DELETE],
    "shard": [TOKENS, RELEASE],
    "index": [TRACE],
}
# What a command answers where that is not 1: a release that is not as it was is a check that failed.
ANSWERS = {RELEASE: 4}
KINDS = ["missing", "empty", "half", "other"]
# Without an index the data files are searched.
CASES = [(file, kind) for file in READERS for kind in KINDS if (file, kind) != ("index", "missing")]


class Stored(Workspace):
    """Two versions of two datasets, a run over one of them with tokens, and a release."""

    def __init__(self, program, folder):
        super().__init__(program, folder)
        for source in ("web", "other"):
            for number in range(2):
                name = f"{source}-{number}.jsonl"
                texts = [f"{source} text {number} of line {line} {'word ' * number * 9}" for line in range(9)]
                self.ingest(self.write_jsonl(name, texts), source=source)
        step = f"tokenize.bpe: {{tokenizer: {TOKENIZER}}}"
        tokens = "tokens: {{into: tokens/{0}}}\n"
        self.first = self.run(step, inputs="raw/web", output="clean/web", more=tokens.format("web"))
        self.second = self.run(step, inputs="raw/other", output="clean/other", more=tokens.format("other"))
        self.json("release", "create", "r", "--label", "L", "--description", "D")
        self.again = self.pipeline("normalize.unicode", inputs="raw/web", output="clean/again")
        self.ids = [self.rows("raw/web")[0]["id"], self.rows("raw/other")[0]["id"]]

    def path(self, kind, source):
        """The newest file of a kind that belongs to a source."""
        shown = self.json("dataset", "show", f"raw/{source}")
        metadata = pathlib.Path(shown["metadata_location"].removeprefix("file://"))
        snapshot = self.catalog().load_table(f"raw.{source}").current_snapshot()
        plain = {"metadata": metadata, "list": pathlib.Path(snapshot.manifest_list.removeprefix("file://"))}
        if kind in plain:
            return plain[kind]
        if kind == "shard":
            run = self.first if source == "web" else self.second
            return pathlib.Path(run["tokens"]["shards"][0]["path"])
        table = self.catalog().load_table(f"raw.{source}")
        if kind == "manifest":
            return pathlib.Path(snapshot.manifests(table.io)[0].manifest_path.removeprefix("file://"))
        if kind == "data":
            return pathlib.Path(next(iter(table.scan().plan_files())).file.file_path.removeprefix("file://"))
        (index,) = (self.folder / "warehouse" / "clean" / source / "_index").rglob("*.ids")
        return index

    def fill(self, words, number):
        """A command with its places filled in."""
        known = {"t": "raw/web", "out": self.folder / f"out-{number}.jsonl", "pipeline": self.again}
        known |= {"new": self.inputs / f"new-{number}.jsonl", "id": self.ids[0]}
        known["shard"] = self.first["tokens"]["shards"][0]["path"]
        return [word.format(**known) for word in words]


@pytest.fixture(scope="module")
def stored(gristmill, tmp_path_factory):
    return Stored(gristmill.program, tmp_path_factory.mktemp("stored"))


def damaged(kind, path, other):
    content = path.read_bytes()
    if kind == "missing":
        path.unlink()
    else:
        path.write_bytes({"empty": b"", "half": content[: len(content) // 2], "other": other.read_bytes()}[kind])
    return content


@pytest.mark.parametrize(("file", "kind"), CASES)
def test_a_damaged_file_is_named(stored, file, kind):
    path, other = stored.path(file, "web"), stored.path(file, "other")
    assert path != other
    rows, elsewhere = stored.texts("raw/web"), stored.texts("raw/other")
    versions = stored.json("dataset", "versions", "raw/web")
    content = damaged(kind, path, other)
    wrong = []
    try:
        for words in READERS[file]:
            stored.write_jsonl(f"new-{file}{kind}.jsonl", [f"new {file} {kind}"])
            done = stored.call(*stored.fill(words, f"{file}{kind}"), "--json", code=ANSWERS.get(words, 1))
            if path.name not in done.stderr + done.stdout:
                wrong.append((words, done.stderr))
        # What does not need the file goes on, and the list names what is damaged.
        listed = stored.json("dataset", "list", code=1 if file == "metadata" else 0)
        assert [one["name"] for one in listed if "error" in one] == (["raw/web"] if file == "metadata" else [])
        assert len(listed) >= 4
        stored.json("dataset", "head", "raw/other", "-n", "1")
        assert stored.json("audit", "verify")["intact"]
    finally:
        path.write_bytes(content)
    assert not wrong, wrong
    assert stored.texts("raw/web") == rows and stored.texts("raw/other") == elsewhere
    assert stored.json("dataset", "versions", "raw/web") == versions


@pytest.mark.parametrize("file", ["metadata", "list", "manifest", "index"])
@pytest.mark.parametrize("kind", KINDS)
def test_trace_answers_beside_a_damaged_dataset(stored, file, kind):
    """A document of raw/web is found though raw/other, or the index of clean/other, cannot be read."""
    path, spare = stored.path(file, "other"), stored.path(file, "web")
    lost, known = stored.ids[1], stored.json("trace", stored.ids[0])
    content = damaged(kind, path, spare)
    try:
        is_searched = (file, kind) == ("index", "missing")
        done = stored.call("trace", stored.ids[0], "--json", code=0 if is_searched else 1)
        answer = strict_json(done.stdout)
        noted = answer.pop("damaged", [])
        assert answer == known
        assert [one["dataset"] for one in noted] == (
            [] if is_searched else [{"index": "clean/other"}.get(file, "raw/other")]
        )
        assert is_searched or (path.name in noted[0]["error"] and path.name in done.stderr)
        # Another one that has the document answers for the damaged one; a token names one version.
        if file != "index":
            document = stored.json("trace", lost, code=1)["document"]
            assert document["dataset"] == "clean/other"
    finally:
        path.write_bytes(content)
    assert stored.json("trace", stored.ids[0]) == known


def test_trace_of_what_only_a_damaged_dataset_may_hold(stored):
    path = stored.path("metadata", "other")
    content = damaged("half", path, path)
    try:
        told = stored.call("trace", "0" * 32, code=1).stderr
        assert "is in no dataset that can be read" in told and path.name in told
    finally:
        path.write_bytes(content)
