# SPDX-License-Identifier: Apache-2.0
"""A workspace that a test treats badly, and what must be true of it afterwards."""

import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import time

import catalogs
import xxhash

# Nothing here takes long; a process that hangs must not hang the tests.
TIMEOUT_SECONDS = 120

PIPELINE = """\
name: crash-clean
inputs: [raw/web]
steps:
  - dedup.exact
  - extract.html
  - normalize.unicode
  - language.identify
  - filter.language: {{keep: [en], min_score: 0.3}}
  - filter.gopher_quality: {{min_words: 20}}
  - dedup.minhash: {{ngram: 5, bands: 14, rows: 8, keep: oldest}}
  - redact.pii
  - tokenize.bpe: {{tokenizer: "{tokenizer}"}}
output: {output}
tokens: {{into: {tokens}, format: gristmill, shard_tokens: 20000}}
limits: {{quarantine: 20%, memory: 2GiB}}
seed: 1
"""

UNFINISHED = ("running", "failed", "interrupted")

# Folders of the warehouse whose files must come out byte for byte, with the name of the run or ingestion cut out.
KINDS = {"data", "_index", "shards"}


class CrashWorkspace:
    """One workspace; commands in it may be killed."""

    def __init__(self, program, folder, tokenizer, corpus):
        self.program = str(program)
        self.folder = pathlib.Path(folder)
        self.warehouse = self.folder / "warehouse"
        self.corpus = corpus
        self.tokenizer = tokenizer
        self.catalog_url = catalogs.new_catalog()
        self("init", self.folder, *catalogs.init_options(self.catalog_url), workspace=False)
        self.pipeline = self.write_pipeline("clean/web", "tokens/web")

    def write_pipeline(self, output, tokens):
        path = self.folder / f"{output.replace('/', '-')}.yaml"
        path.write_text(PIPELINE.format(tokenizer=self.tokenizer, output=output, tokens=tokens))
        return path

    def line(self, *arguments, workspace=True):
        end = ["--workspace", str(self.folder)] if workspace else []
        return [self.program, *map(str, arguments), *end]

    def start(self, *arguments, environment=None):
        """A process, with a group of its own, that may be killed."""
        return subprocess.Popen(
            self.line(*arguments, "--json"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**os.environ, **(environment or {})},
        )

    def __call__(self, *arguments, workspace=True):
        done = subprocess.run(
            self.line(*arguments, workspace=workspace), capture_output=True, text=True, timeout=TIMEOUT_SECONDS
        )
        assert done.returncode in (0, 4), f"{arguments} answered {done.returncode}: {done.stderr}"
        return done

    def json(self, *arguments):
        return json.loads(self(*arguments, "--json").stdout)

    def killed(self, delay_seconds, *arguments):
        """Kills the process group after a while; true when there was still something to kill."""
        process = self.start(*arguments)
        try:
            process.communicate(timeout=delay_seconds)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate(timeout=TIMEOUT_SECONDS)
        if process.returncode == -signal.SIGKILL:
            return True
        assert process.returncode in (0, 4), f"{arguments} answered {process.returncode}"
        return False

    def killed_at(self, library, step, *arguments):
        """Lets the library kill the process before its Nth durable step; true when it did."""
        process = self.start(*arguments, environment={"LD_PRELOAD": str(library), "KILL_AT_STEP": str(step)})
        _, errors = process.communicate(timeout=TIMEOUT_SECONDS)
        assert process.returncode in (0, 4, -signal.SIGKILL), f"{arguments} answered {process.returncode}: {errors}"
        return process.returncode == -signal.SIGKILL

    def ingest_arguments(self):
        return ["ingest", self.corpus, "--source", "web", "--license", "CC0-1.0", "--into", "raw/web"]

    def datasets(self):
        return {item["name"]: item for item in self.json("dataset", "list")}

    def ingestion(self):
        """The newest ingestion record, or nothing."""
        records = self.json("ingestions", "list")
        return records[-1] if records else None

    def run(self):
        """The newest run, or nothing."""
        runs = self.json("runs", "list")
        return runs[0] if runs else None

    def check_readable(self, name, versions, documents):
        """The dataset is as before a commit, or as after it, with one more version of so many documents."""
        shown = self.datasets().get(name, {"versions": 0, "documents": 0})
        before = (versions, documents if versions else 0)
        assert (shown["versions"], shown["documents"] or 0) in (before, (versions + 1, documents))
        if shown["versions"]:
            assert self("dataset", "head", name, "--json").stdout.startswith("{")

    def finish_ingest(self, *options):
        """Ingests, or goes on where an ingestion was killed, until it is done; the record."""
        record = self.ingestion()
        if not record:
            return self.json(*self.ingest_arguments(), *options)
        # One that was done already answers with its record and tidies up.
        return self.json("ingest", "--resume", record["task_id"], *options)

    def finish_run(self, *options):
        run = self.run()
        return (
            self.json("run", "--resume", run["run_id"], *options) if run else self.json("run", self.pipeline, *options)
        )

    def ids(self, name):
        """The document ids of a dataset as PyIceberg reads them."""
        table = catalogs.iceberg_catalog(self.folder, self.catalog_url).load_table(name.replace("/", "."))
        return table.scan(selected_fields=("id",)).to_arrow()["id"].to_pylist()

    def digests(self, identity):
        """SHA-256 of every file that the ingestion or run with this id left in the warehouse, by relative name; of an
        index without the bytes that say whose it is, which are checked here: the run's id is among that."""
        owner_begin, owner_end = 32, 48
        found = {}
        for path in sorted(self.warehouse.rglob("*")):
            parts = path.relative_to(self.warehouse).parts
            if path.is_file() and ".tmp-" not in path.name and identity in parts and KINDS.intersection(parts):
                name = "/".join(part for part in parts if part != identity)
                data = path.read_bytes()
                if path.suffix == ".ids":
                    owner = xxhash.xxh3_128_intdigest("/".join(parts[-2:]).encode())
                    assert data[owner_begin:owner_end] == struct.pack("<QQ", owner >> 64, owner & (2**64 - 1)), path
                    data = data[:owner_begin] + data[owner_end:]
                found[name] = hashlib.sha256(data).hexdigest()
        return found

    def landed(self, identity):
        """SHA-256 of the raw files that an ingestion copied; temporary files are told by `leftovers`."""
        root = self.warehouse / "landing" / "web" / identity
        files = sorted(path for path in root.rglob("*") if path.is_file() and ".tmp-" not in path.name)
        return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    def leftovers(self):
        """What a finished workspace should not hold: temporary files and working folders of work that is over.

        In a table's metadata folder others may be at work: what a killed commit leaves there stays for a while.
        """
        temporary = [str(path) for path in self.folder.rglob("*.tmp-*") if path.parent.name != "metadata"]
        working = self.warehouse / ".runs" if self.catalog_url else self.folder / ".gristmill" / "runs"
        return temporary + ([str(path) for path in working.iterdir()] if working.exists() else [])

    def remove(self):
        """Frees the space; only workspaces that passed are removed."""
        shutil.rmtree(self.folder)


def same_ingest(workspace, record, reference):
    """The ingestion ended as the undisturbed one did."""
    identity = record["ingestion_id"]
    for key in ("ingestion_id", "status", "documents", "records", "quarantined", "content_digest", "raw_file_count"):
        assert record[key] == reference["record"][key], key
    assert workspace.digests(identity) == reference["raw"]
    assert workspace.landed(identity) == reference["landed"]
    shown = workspace.datasets()["raw/web"]
    assert (shown["versions"], shown["documents"]) == (1, reference["record"]["documents"])


def same_run(workspace, run, reference):
    """The run ended as the undisturbed one did."""
    for key in ("status", "documents", "content_digest", "fingerprint", "alerts"):
        assert run[key] == reference["run"][key], key
    counts = [
        [(item["name"], item["in"], item["out"], item["dropped"], item["quarantined"]) for item in one["operators"]]
        for one in (run, reference["run"])
    ]
    assert counts[0] == counts[1]
    assert workspace.digests(run["run_id"]) == reference["clean"]
    shards = [
        [(item["tokens"], item["documents"], item["sha256"]) for item in one["tokens"]["shards"]]
        for one in (run, reference["run"])
    ]
    assert shards[0] == shards[1]


def reference_of(workspace):
    """An undisturbed ingest and run, how long they took, and what they left."""
    started = time.monotonic()
    record = workspace.json(*workspace.ingest_arguments())
    ingested = time.monotonic()
    run = workspace.json("run", workspace.pipeline)
    finished = time.monotonic()
    return {
        "ingest_seconds": ingested - started,
        "run_seconds": finished - ingested,
        "record": record,
        "run": run,
        "raw": workspace.digests(record["ingestion_id"]),
        "landed": workspace.landed(record["ingestion_id"]),
        "clean": workspace.digests(run["run_id"]),
    }
