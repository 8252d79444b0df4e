# SPDX-License-Identifier: Apache-2.0
"""The program driven as a user would drive it, and corpora of which every number is known."""

import json
import os
import pathlib
import subprocess
import tempfile
import threading
import types
from random import Random

import catalogs
import pytest

# Grows with sanitizers and slow machines in mind; nothing here is a measurement.
TIMEOUT_SECONDS = 300
MIB = 1 << 20
# A stated bound for input of any size: far below the inputs used here, far above what the program takes.
PEAK_BYTES_MAX = 700 * MIB
GOOD = ["The first good text.", "Zweiter guter Text: äöüß.", "第三段好文字。"]
TOKENIZER = pathlib.Path(__file__).resolve().parents[2] / "examples" / "tokenizers" / "example.json"


def strict_json(text):
    """The value of a JSON text; NaN and infinities, which Python would take, are refused."""

    def refuse(constant):
        raise ValueError(f"{constant} is no JSON")

    return json.loads(text, parse_constant=refuse)


class Workspace:
    """A fresh workspace, a folder for inputs, and the verbs of the command line."""

    def __init__(self, program, folder):
        self.program = str(program)
        self.folder = folder / "workspace"
        self.inputs = folder / "inputs"
        self.inputs.mkdir()
        self.prefix = []
        self.catalog_url = catalogs.new_catalog()
        self.json("init", self.folder, *catalogs.init_options(self.catalog_url), inside=False)

    def configure(self, text):
        """Replaces the settings; the catalog stays where it is."""
        catalog = f'[catalog]\nurl = "{self.catalog_url}"\n' if self.catalog_url else ""
        (self.folder / "gristmill.toml").write_text(text + catalog)

    def command(self, *arguments, inside=True):
        place = ["--workspace", str(self.folder)] if inside else []
        return [*self.prefix, self.program, *place, *map(str, arguments)]

    def call(self, *arguments, code=0, inside=True, **options):
        """Runs a command, demands its exit code (None: 0, or 4 for finished with problems), and no crash."""
        options.setdefault("timeout", TIMEOUT_SECONDS)
        done = subprocess.run(
            self.command(*arguments, inside=inside), capture_output=True, text=True, errors="strict", **options
        )
        told = f"{arguments} answered {done.returncode}, not {code}:\n{done.stderr[-3000:]}\n{done.stdout[-1500:]}"
        assert done.returncode in ((0, 4) if code is None else (code,)), told
        assert "terminate called" not in done.stderr and "Sanitizer" not in done.stderr, done.stderr[-3000:]
        return done

    def json(self, *arguments, code=0, **options):
        """The one JSON document that the command prints with --json."""
        done = self.call(*arguments, "--json", code=code, **options)
        return strict_json(done.stdout)

    def json_lines(self, *arguments, **options):
        return [strict_json(line) for line in self.call(*arguments, "--json", **options).stdout.splitlines()]

    def write(self, name, content):
        """Puts a file among the inputs and gives its path."""
        path = self.inputs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content, encoding="utf-8", newline="")
        return path

    def write_jsonl(self, name, texts, **fields):
        lines = [json.dumps({"text": text, **fields}, ensure_ascii=False) for text in texts]
        return self.write(name, "".join(line + "\n" for line in lines))

    def ingest(self, *paths, code=0, source="web", **options):
        paths = paths or (self.inputs,)
        record = self.json("ingest", *paths, "--source", source, "--license", "CC0-1.0", code=code, **options)
        if "ingestion_id" in record and not record["already_present"] and "records" in record:
            assert record["records"] == record["documents"] + record["quarantined"], record
        return record

    def pipeline(self, *steps, inputs="raw/web", output="clean/web", more=""):
        """A pipeline file with the given steps."""
        lines = ["name: test", f"inputs: [{inputs}]", "steps:" if steps else "steps: []"]
        lines += [f"  - {step}" for step in steps]
        lines += [f"output: {output}"] if output else []
        path = self.folder / f"pipeline-{len(list(self.folder.glob('pipeline-*')))}.yaml"
        path.write_text("\n".join(lines) + "\n" + more, encoding="utf-8")
        return path

    def run(self, *steps, code=0, arguments=(), **fields):
        document = self.json("run", self.pipeline(*steps, **fields), *arguments, code=code)
        if "documents" in document:
            assert_sums_close(document)
        return document

    def catalog(self):
        """The workspace opened by PyIceberg, as it comes."""
        return catalogs.iceberg_catalog(self.folder, self.catalog_url)

    def rows(self, dataset="raw/web", version=None):
        """All rows of a version as PyIceberg reads them, as a list of dictionaries."""
        table = self.catalog().load_table(dataset.replace("/", "."))
        return table.scan(snapshot_id=version).to_arrow().to_pylist()

    def texts(self, dataset="raw/web", version=None):
        return sorted(row["text"] for row in self.rows(dataset, version))

    def measured(self, *arguments, code=0):
        """Runs a command; gives its JSON document, peak resident bytes and CPU seconds."""
        with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
            child = subprocess.Popen(self.command(*arguments, "--json"), stdout=stdout, stderr=stderr)
            watchdog = threading.Timer(TIMEOUT_SECONDS, child.kill)
            watchdog.start()
            _, status, usage = os.wait4(child.pid, 0)
            watchdog.cancel()
            child.returncode = os.waitstatus_to_exitcode(status)
            stdout.seek(0)
            stderr.seek(0)
            assert child.returncode == code, f"{child.returncode}: {stderr.read()[-3000:]}"
            document = strict_json(stdout.read())
        return types.SimpleNamespace(
            document=document, peak_bytes=usage.ru_maxrss * 1024, cpu_seconds=usage.ru_utime + usage.ru_stime
        )


def assert_sums_close(document):
    """In + created = out + dropped + merged + quarantined, for the run and for every operator."""
    total = document["documents"]
    kept = total["out"] + total["dropped"] + total["merged"] + total["quarantined"]
    assert total["in"] + total["created"] == kept, total
    for step in document["operators"]:
        dropped = sum(step["dropped"].values())
        assert step["in"] + step.get("created", 0) == (
            step["out"] + dropped + step.get("merged", 0) + step["quarantined"]
        ), step
    for before, after in zip(document["operators"], document["operators"][1:], strict=False):
        assert before["out"] == after["in"]
    if document["operators"]:
        assert document["operators"][-1]["out"] == total["out"]


def check_members(value, members):
    for name, kind in members.items():
        assert name in value, f"{name} is missing among {sorted(value)}"
        kinds = kind if isinstance(kind, tuple) else (kind,)
        assert type(value[name]) in kinds, f"{name} is {value[name]!r}"


def reasons(record):
    """Reason codes of an ingestion's or run's quarantine, in order."""
    return [note["reason"] for note in record["quarantine"]]


def only_message(record):
    (note,) = record["quarantine"]
    return note["message"]


def ingest_with_good_files(workspace, name, content, code=0):
    """Ingests a bad file between two good ones; gives the record and the texts that did not come from those two."""
    bad = workspace.write(name, content)
    workspace.write_jsonl("a-before.jsonl", GOOD)
    workspace.write_jsonl("z-after.jsonl", GOOD)
    record = workspace.ingest(code=code)
    rows = workspace.rows()
    assert len(rows) == record["documents"]
    assert sorted(row["text"] for row in rows if not row["origin_uri"].startswith(f"file://{bad}")) == sorted(GOOD * 2)
    for note in record["quarantine"]:
        assert str(bad) in note["message"] and note["origin_uri"].startswith(f"file://{bad}")
    return record, [row["text"] for row in rows if row["origin_uri"].startswith(f"file://{bad}")]


NOBODY = 65534


def as_nobody(workspace):
    """Makes the workspace's later commands run as the user `nobody`; skips where that cannot be."""
    if os.geteuid() != 0:
        return
    for place in (workspace.folder, workspace.inputs):
        subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", str(place)], check=True, timeout=60)
    # pytest makes its folders for one user only; others may pass through the test's own.
    for parent in list(workspace.folder.parents)[:3]:
        if parent.name.startswith(("test_", "pytest-")):
            parent.chmod(parent.stat().st_mode | 0o711)
    workspace.prefix = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--"]
    try:
        done = subprocess.run(workspace.command("version", inside=False), capture_output=True, text=True, timeout=60)
    except FileNotFoundError:
        pytest.skip("runs as root, and setpriv is not installed")
    if done.returncode != 0:
        pytest.skip(f"an unprivileged user cannot start the program here: {done.stderr.strip()}")
    entered = subprocess.run([*workspace.prefix, "test", "-r", str(workspace.folder)], timeout=60)
    if entered.returncode != 0:
        pytest.skip(f"an unprivileged user cannot reach {workspace.folder}")


# A corpus of which every number is known, and a history of versions

SUBJECTS = ["the river", "an old bridge", "the market", "her brother", "the small museum", "a train", "the harbour"]
VERBS = ["was seen from", "stood behind", "was built for", "came before", "had to wait for", "was painted with"]
OBJECTS = ["the town hall", "those green hills", "a winter morning", "the people of the valley", "two tall ships"]
ENDS = ["and they have not forgotten it", "that nobody could explain", "with a good deal of noise", "to be sure of it"]
GERMAN = (
    "Der Zug fuhr langsam durch das Tal, und die Reisenden sahen aus dem Fenster auf die verschneiten Felder. "
    "Niemand wusste, wann sie in der Stadt ankommen würden, denn das Wetter wurde immer schlechter. "
) * 4


def english(seed, sentences=14):
    """A text that every quality filter lets pass and that is like no other."""
    random = Random(seed)
    parts = []
    for _ in range(sentences):
        words = [random.choice(group) for group in (SUBJECTS, VERBS, OBJECTS, ENDS)]
        parts.append(f"{words[0].capitalize()} number {random.randint(100, 99999)} {' '.join(words[1:])}.")
    return " ".join(parts)


KEPT = [english(seed) for seed in range(40)]
SHORT = [f"Too short, number {number}." for number in range(3)]
STEPS = (
    "normalize.unicode",
    "language.identify",
    "filter.language: {keep: [en], min_score: 0.5}",
    "filter.gopher_quality",
    "dedup.exact",
    "dedup.minhash: {ngram: 5, bands: 14, rows: 8, keep: oldest}",
    "redact.pii: {kinds: [email], action: placeholder}",
    f"tokenize.bpe: {{tokenizer: {TOKENIZER}}}",
)
TOKENS = "tokens: {into: tokens/web, shard_tokens: 4000}\n"


def near_copy(text):
    """One word of the text is another one: nearly all shingles are the same."""
    words = text.split(" ")
    words[len(words) // 2] = "changed"
    return " ".join(words)


EXPECTED = (["a"], ["a", "b"], ["a", "b", "c", "d"])


def head_texts(workspace, name):
    return [row["text"] for row in workspace.json_lines("dataset", "head", name, "-n", "100")]
