# SPDX-License-Identifier: Apache-2.0
"""What scripts rely on: results in JSON, exit codes, versions, idempotence, the trace."""

import datetime
import hashlib
import json
import os
import pathlib
import re
import shutil
import struct
import time
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import TOKENIZER, Workspace, assert_sums_close

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


@pytest.fixture(scope="module")
def built(gristmill, tmp_path_factory):
    """A workspace with one ingestion and one run whose every number is known from the inputs."""
    workspace = Workspace(gristmill.program, tmp_path_factory.mktemp("built"))
    workspace.write_jsonl("a-kept.jsonl", KEPT)
    workspace.write_jsonl("b-again.jsonl", KEPT[:5])
    workspace.write_jsonl("c-near.jsonl", [near_copy(english(seed, 40)) for seed in (500, 501)])
    workspace.write_jsonl("b-near-source.jsonl", [english(seed, 40) for seed in (500, 501)])
    workspace.write_jsonl("d-mail.jsonl", [english(600) + " Write to someone@example.com about it."])
    workspace.write_jsonl("e-other.jsonl", [GERMAN, *SHORT])
    workspace.write("f-bad.jsonl", '{"text": 1}\n{broken\n')
    workspace.record = workspace.ingest(workspace.inputs)
    workspace.document = workspace.run(*STEPS, more=TOKENS)
    return workspace


def check_members(value, members):
    for name, kind in members.items():
        assert name in value, f"{name} is missing among {sorted(value)}"
        kinds = kind if isinstance(kind, tuple) else (kind,)
        assert type(value[name]) in kinds, f"{name} is {value[name]!r}"


# Results


def test_ingest_result(built):
    record = built.record
    members = {"ingestion_id": str, "task_id": str, "status": str, "documents": int, "raw_file_count": int}
    members |= {"raw_size_bytes": int, "quarantined": int, "already_present": bool, "source": str, "license": str}
    members |= {"license_evidence": str, "owner": str, "sensitivity": str, "storage_prefix": str, "agent": dict}
    check_members(record, members | {"started_at": str, "completed_at": str, "source_url": list})
    files = sorted(built.inputs.iterdir())
    assert record["raw_file_count"] == len(files)
    assert record["raw_size_bytes"] == sum(file.stat().st_size for file in files)
    assert (record["documents"], record["quarantined"]) == (40 + 5 + 2 + 2 + 1 + 4, 2)
    assert record["already_present"] is False and record["license"] == "CC0-1.0"
    shown = built.json("ingestions", "show", record["ingestion_id"])
    digests = {file["name"]: file["sha256"] for file in shown["files"]}
    assert digests == {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    landed = pathlib.Path(record["storage_prefix"])
    assert {file.name: file.read_bytes() for file in landed.iterdir()} == {
        file.name: file.read_bytes() for file in files
    }
    assert [one["ingestion_id"] for one in built.json("ingestions", "list")] == [record["ingestion_id"]]


def test_run_result(built):
    document = built.document
    members = {"run_id": str, "status": str, "fingerprint": str, "inputs": list, "output": dict, "documents": dict}
    members |= {"operators": list, "bytes": dict, "wall_seconds": float, "cpu_seconds": float, "peak_memory_bytes": int}
    check_members(document, members | {"cost": dict, "alerts": list, "resumed_tasks": int, "retries": int})
    for given in document["inputs"]:
        check_members(given, {"dataset": str, "version": int})
    check_members(document["output"], {"dataset": str, "version": int})
    counts = dict.fromkeys(("in", "created", "out", "dropped", "merged", "quarantined"), int)
    check_members(document["documents"], counts)
    check_members(document["bytes"], {"in": int, "out": int})
    assert {"amount", "currency"} <= set(document["cost"])
    members = {"name": str, "version": int, "in": int, "out": int, "dropped": dict, "quarantined": int}
    for step in document["operators"]:
        check_members(step, members | {"cpu_seconds": float, "bytes_in": int, "bytes_out": int})
    assert re.fullmatch("[0-9a-f]{64}", document["fingerprint"])


def test_run_counts_every_document_once(built):
    document = built.document
    assert_sums_close(document)
    assert document["status"] == "done"
    total = document["documents"]
    assert (total["in"], total["out"], total["dropped"]) == (54, 43, 1 + 3 + 5 + 2)
    dropped = {step["name"]: step["dropped"] for step in document["operators"]}
    assert dropped["dedup.exact"] == {"exact.duplicate": 5}
    assert dropped["dedup.minhash"] == {"minhash.near_duplicate": 2}
    # A short text may already be too little to tell the language by.
    too_short = sum(dropped["filter.language"].values()) - 1 + sum(dropped["filter.gopher_quality"].values())
    assert dropped["filter.language"]["language.other"] >= 1 and too_short == len(SHORT)
    texts = built.texts("clean/web")
    expected = [*KEPT, *(english(seed, 40) for seed in (500, 501))]
    mail = next(text for text in texts if text.startswith(english(600)))
    assert "someone@example.com" not in mail
    assert sorted([*expected, mail]) == texts


def test_dataset_show_result(built):
    shown = built.json("dataset", "show", "clean/web")
    members = {"name": str, "location": str, "metadata_location": str, "current_version": int, "versions": list}
    check_members(shown, members | {"schema": list})
    (version,) = shown["versions"]
    members = {"version": int, "timestamp": str, "operation": str, "run_id": str, "documents": int, "bytes": int}
    check_members(version, members | {"releases": list})
    assert version["version"] == shown["current_version"] == built.document["output"]["version"]
    assert version["run_id"] == built.document["run_id"] and version["documents"] == 43
    datetime.datetime.fromisoformat(version["timestamp"])
    names = [column["name"] for column in shown["schema"]]
    assert names[0] == "id" and {"ingestion_id", "origin_uri", "origin_offset", "text", "content_digest"} <= set(names)
    assert {"language", "language_score", "token_count"} <= set(names)
    files = built.catalog().load_table("clean.web").inspect.files().to_pylist()
    assert version["bytes"] == sum(file["file_size_in_bytes"] for file in files)
    assert pathlib.Path(shown["metadata_location"].removeprefix("file://")).is_file()


def test_runs_and_other_lists(built):
    (row,) = built.json("runs", "list")
    assert row["run_id"] == built.document["run_id"] and row["status"] == "done"
    assert built.json("runs", "show", row["run_id"])["documents"] == built.document["documents"]
    assert built.json("runs", "show", "last")["run_id"] == row["run_id"]
    assert {one["name"]: one["documents"] for one in built.json("dataset", "list")} == {"clean/web": 43, "raw/web": 54}
    assert all(finding["ok"] for finding in built.json("doctor"))
    names = {one["name"] for one in built.json("ops", "list")}
    assert {
        "extract.html",
        "normalize.unicode",
        "language.identify",
        "filter.language",
        "filter.gopher_quality",
    } <= names
    assert {"dedup.exact", "dedup.minhash", "redact.pii", "tokenize.bpe"} <= names
    assert built.json("ops", "show", "dedup.minhash")["name"] == "dedup.minhash"
    assert "web-to-tokens" in built.json("recipes", "list")
    assert built.json("audit", "verify")["intact"] is True
    assert {"ingest.start", "ingest.finish", "run.start", "run.finish"} <= {
        entry["action"] for entry in built.json("audit", "log")
    }


def test_report_is_one_file_without_the_network(built):
    report = pathlib.Path(built.document["report"]).read_text(encoding="utf-8")
    assert built.document["run_id"] in report and built.document["fingerprint"] in report
    assert "exact.duplicate" in report
    assert not re.search(r"""(?:src|href)\s*=\s*["']https?://""", report) and "@import" not in report


# Trace


def test_trace_of_a_document(built):
    row = next(row for row in built.rows("clean/web") if row["text"] == KEPT[3])
    answer = built.json("trace", row["id"])
    source = built.inputs / "a-kept.jsonl"
    lines = source.read_bytes().splitlines(keepends=True)
    check_members(answer["document"], {"id": str, "dataset": str, "version": int})
    assert answer["document"]["id"] == row["id"] and answer["document"]["dataset"] == "clean/web"
    assert answer["document"]["version"] == built.document["output"]["version"]
    assert answer["run"]["run_id"] == built.document["run_id"]
    assert answer["run"]["fingerprint"] == built.document["fingerprint"]
    assert [step["name"] for step in answer["run"]["operators"]] == [step.split(":")[0] for step in STEPS]
    assert answer["ingestion"]["ingestion_id"] == built.record["ingestion_id"]
    assert answer["origin"]["uri"] == f"file://{source}" and answer["origin"]["file"] == str(source)
    assert answer["origin"]["offset"] == sum(map(len, lines[:3]))
    assert answer["origin"]["sha256"] == hashlib.sha256(source.read_bytes()).hexdigest()
    assert answer["license"]["id"] == "CC0-1.0" and answer["license"]["evidence"]


@pytest.mark.parametrize(
    ("text", "operator", "reason"),
    [
        (SHORT[0], None, None),
        (KEPT[0], "dedup.exact", "exact.duplicate"),
        (GERMAN, "filter.language", "language.other"),
    ],
    ids=["short", "duplicate", "German"],
)
def test_trace_of_a_dropped_document(built, text, operator, reason):
    kept = {row["id"] for row in built.rows("clean/web")}
    row = next(row for row in built.rows("raw/web") if row["text"] == text and row["id"] not in kept)
    answer = built.json("trace", row["id"])
    assert answer["document"]["dataset"] == "raw/web"
    (outcome,) = answer["document"]["outcomes"]
    assert outcome["run_id"] == built.document["run_id"]
    step = next(step for step in built.document["operators"] if step["name"] == outcome["operator"])
    assert step["dropped"][outcome["reason"]] >= 1
    if operator:
        assert (outcome["operator"], outcome["reason"]) == (operator, reason)


def read_shard(path):
    """Ids and index of a token shard, as docs/formats/token-shard.md describes it."""
    content = pathlib.Path(path).read_bytes()
    assert content[:8] == b"GMTOKENS" and content[-8:] == b"GMTOKEND"
    (width,) = struct.unpack_from("<I", content, 12)
    count, documents, index_offset = struct.unpack_from("<QQQ", content, len(content) - 80)
    ids = struct.unpack_from(f"<{count}{'H' if width == 2 else 'I'}", content, 64)
    entries = [content[index_offset + 24 * n : index_offset + 24 * (n + 1)] for n in range(documents)]
    return ids, [(entry[:16].hex(), struct.unpack_from("<Q", entry, 16)[0]) for entry in entries]


def byte_of_character():
    """The byte that each character of a byte-level vocabulary stands for."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [byte for byte in range(256) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {chr(256 + n): byte for n, byte in enumerate(rest)}


def test_every_token_answers(built):
    """All tokens of all shards decode to the documents that the index names, and trace agrees."""
    description = json.loads(pathlib.Path(TOKENIZER).read_text(encoding="utf-8"))
    special = {token["id"] for token in description["added_tokens"]}
    to_byte = byte_of_character()
    piece_of = {number: piece for piece, number in description["model"]["vocab"].items()}
    texts = {row["id"]: row["text"] for row in built.rows("clean/web")}
    tokens = built.document["tokens"]
    assert len(tokens["shards"]) > 1
    decoded = {}
    for number, shard in enumerate(tokens["shards"]):
        ids, index = read_shard(shard["path"])
        assert (len(ids), len(index)) == (shard["tokens"], shard["documents"])
        assert hashlib.sha256(pathlib.Path(shard["path"]).read_bytes()).hexdigest() == shard["sha256"]
        ends = [start for _, start in index[1:]] + [len(ids)]
        for (document, start), end in zip(index, ends, strict=True):
            pieces = "".join(piece_of[token] for token in ids[start:end] if token not in special)
            decoded[document] = bytes(to_byte[character] for character in pieces).decode()
        for position in (0, index[-1][1], len(ids) // 2, len(ids) - 1):
            document = [name for name, start in index if start <= position][-1]
            for name in (shard["path"], pathlib.Path(shard["path"]).name, f"tokens/web/{number}"):
                answer = built.json("trace", f"{name}:{position}")
                assert answer["document"]["id"] == document and answer["token"]["id"] == ids[position]
            assert answer["document"]["version"] == built.document["output"]["version"]
            assert answer["ingestion"]["ingestion_id"] == built.record["ingestion_id"]
            assert answer["license"]["id"] == "CC0-1.0"
        done = built.json("trace", f"{shard['path']}:{len(ids)}", code=2)
        assert str(len(ids)) in done["error"]["message"]
    assert decoded == texts
    assert sum(len(read_shard(shard["path"])[0]) for shard in tokens["shards"]) == tokens["tokens"]
    assert tokens["tokens"] == sum(row["token_count"] for row in built.rows("clean/web"))


def test_trace_costs_little(built):
    shard = built.document["tokens"]["shards"][0]
    seconds = sorted(built.measured("trace", f"{shard['path']}:100").cpu_seconds for _ in range(5))
    print(f"trace: {seconds[2] * 1000:.1f} ms CPU (median of 5, the whole process)")


def test_trace_of_nonsense(built):
    for subject in ("0" * 32, "no-shard.tokens:5", "word", "tokens/web/0:abc", "tokens/web/99:1"):
        answer = built.json("trace", subject, code=2)
        assert subject.split(":")[0] in answer["error"]["message"]


# Ingestion is idempotent


def test_the_same_batch_again(workspace):
    workspace.write_jsonl("one.jsonl", ["a", "b"])
    workspace.write_jsonl("deep/two.jsonl", ["c"])
    first = workspace.ingest()
    before = workspace.json("dataset", "show", "raw/web")
    again = workspace.ingest()
    assert again["already_present"] is True and again["ingestion_id"] == first["ingestion_id"]
    copy = workspace.folder.parent / "copy"
    shutil.copytree(workspace.inputs, copy)
    moved = workspace.ingest(copy)
    assert moved["already_present"] is True and moved["ingestion_id"] == first["ingestion_id"]
    assert workspace.json("dataset", "show", "raw/web") == before
    assert workspace.texts() == ["a", "b", "c"]


def test_a_partly_new_batch(workspace):
    workspace.write_jsonl("one.jsonl", ["a", "b"])
    workspace.write_jsonl("two.jsonl", ["c"])
    workspace.ingest()
    workspace.write_jsonl("two.jsonl", ["c", "changed"])
    workspace.write_jsonl("three.jsonl", ["new"])
    second = workspace.ingest()
    assert second["already_present"] is False
    assert (second["files_landed"], second["files_present"]) == (2, 1)
    # A file that changed is another file: both stand, told apart by their digests.
    assert workspace.texts() == ["a", "b", "c", "c", "changed", "new"]
    assert workspace.ingest()["already_present"] is True
    assert len(workspace.json("dataset", "show", "raw/web")["versions"]) == 2


def test_another_source_or_dataset_is_another_batch(workspace):
    workspace.write_jsonl("one.jsonl", ["a"])
    workspace.ingest()
    other = workspace.ingest(source="mirror")
    assert other["already_present"] is False and workspace.texts("raw/mirror") == ["a"]
    assert workspace.rows("raw/mirror")[0]["id"] != workspace.rows("raw/web")[0]["id"]


def test_ingest_in_place(workspace):
    path = workspace.write_jsonl("one.jsonl", ["a", "b"])
    words = ["ingest", workspace.inputs, "--source", "web", "--license", "CC0-1.0", "--in-place"]
    record = workspace.json(*words)
    assert record["in_place"] is True and workspace.texts() == ["a", "b"]
    assert not list((workspace.folder / "warehouse").rglob("one.jsonl"))
    answer = workspace.json("trace", workspace.rows()[0]["id"])
    assert answer["origin"]["file"] == str(path)
    assert answer["origin"]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


# Versions


@pytest.fixture
def history(workspace):
    """clean/web in three versions: 1, 2 and 4 documents."""
    workspace.moments = []
    workspace.versions = []
    for number, texts in enumerate((["a"], ["b"], ["c", "d"])):
        workspace.ingest(workspace.write_jsonl(f"{number}.jsonl", texts))
        document = workspace.run("normalize.unicode")
        workspace.versions.append(document["output"]["version"])
        time.sleep(0.02)
        workspace.moments.append(datetime.datetime.now(datetime.UTC).isoformat().replace("+00:00", "Z"))
        time.sleep(0.02)
        if number == 1:
            words = ["--label", "Second", "--description", "Two texts", "--dataset", "clean/web"]
            workspace.release = workspace.json("release", "create", "two", *words)
    return workspace


EXPECTED = (["a"], ["a", "b"], ["a", "b", "c", "d"])


def head_texts(workspace, name):
    return [row["text"] for row in workspace.json_lines("dataset", "head", name, "-n", "100")]


def test_time_travel(history):
    for number, texts in enumerate(EXPECTED):
        for selector in (history.versions[number], f"v{number + 1}", history.moments[number]):
            assert sorted(head_texts(history, f"clean/web@{selector}")) == texts, selector
    assert sorted(head_texts(history, "clean/web@two")) == EXPECTED[1]
    assert sorted(head_texts(history, "clean/web")) == EXPECTED[2]
    for selector in ("v9", "nope", "2001-01-01T00:00:00Z", "12345"):
        answer = history.json("dataset", "show", f"clean/web@{selector}", code=2)
        assert "clean/web" in answer["error"]["message"]
    pipeline = history.pipeline("normalize.unicode", inputs="raw/web@v1", output="clean/old")
    assert history.json("run", pipeline)["documents"]["in"] == 1


def test_releases(history):
    assert [one["name"] for one in history.json("release", "list")] == ["two"]
    shown = history.json("release", "show", "two")
    assert [(one["dataset"], one["version"]) for one in shown["datasets"]] == [("clean/web", history.versions[1])]
    assert shown["digest"] == history.release["digest"]
    words = ["--label", "x", "--description", "x", "--dataset", "clean/web"]
    assert "two" in history.json("release", "create", "two", *words, code=2)["error"]["message"]
    versions = history.json("dataset", "show", "clean/web")["versions"]
    assert {tuple(one["releases"]) for one in versions if one["version"] == history.versions[1]} == {("two",)}


def test_diff(history):
    diff = history.json("dataset", "diff", "clean/web@v1", "clean/web@v3")
    assert diff["documents"] == {"added": 3, "removed": 0, "changed": 0, "unchanged": 1}
    diff = history.json("dataset", "diff", "clean/web@v3", "clean/web@v2")
    assert diff["documents"] == {"added": 0, "removed": 2, "changed": 0, "unchanged": 2}
    assert (diff["before"]["version"], diff["after"]["version"]) == (history.versions[2], history.versions[1])


def test_rollback(history):
    history.json("dataset", "rollback", "clean/web@v1")
    assert head_texts(history, "clean/web") == ["a"]
    assert history.texts("clean/web") == ["a"]
    assert sorted(head_texts(history, f"clean/web@{history.versions[2]}")) == EXPECTED[2]
    history.json("dataset", "rollback", f"clean/web@{history.versions[2]}")
    assert sorted(head_texts(history, "clean/web")) == EXPECTED[2]
    assert history.run("normalize.unicode")["documents"]["out"] == 4


# Export, SQL, other programs


def test_export(built, tmp_path):
    rows = sorted(built.rows("clean/web"), key=lambda row: row["id"])
    told = built.json("dataset", "export", "clean/web", "--to", tmp_path / "out.parquet")
    assert told["documents"] == len(rows)
    exported = sorted(pq.read_table(tmp_path / "out.parquet").to_pylist(), key=lambda row: row["id"])
    assert exported == rows
    built.json("dataset", "export", "clean/web", "--to", tmp_path / "out.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    lines.sort(key=lambda row: row["id"])
    assert len(lines) == len(rows)
    for line, row in zip(lines, rows, strict=True):
        assert {name: row[name] for name in line} == line
        assert set(row) - set(line) <= {"content_digest"}
    answer = built.json("dataset", "export", "clean/web", "--to", tmp_path / "out.xyz", code=2)
    assert ".jsonl" in answer["error"]["message"] and not (tmp_path / "out.xyz").exists()


def test_sql(built):
    rows = built.json_lines("sql", 'SELECT language, count(*) AS n FROM "clean/web" GROUP BY 1')
    assert rows == [{"language": "en", "n": 43}]
    assert built.json_lines("sql", 'SELECT count(*) AS n FROM "raw/web@v1"') == [{"n": 54}]
    assert "54" in built.call("sql", 'SELECT count(*) AS n FROM "raw/web"').stdout
    assert "clean/web" in built.call("sql", 'SELECT * FROM "clean/wob"', code=2).stderr
    for query in ('SELECT * FROM "clean/wob"', "SELEC 1"):
        assert built.json("sql", query, code=2)["error"]["message"]
    (row,) = built.json_lines("sql", "SELECT 1e308::DOUBLE * 10 AS infinite, [1.5, 'nan'::DOUBLE] AS list")
    assert row == {"infinite": None, "list": [1.5, None]}


@pytest.fixture(scope="module")
def duckdb_connection():
    """DuckDB with its Avro and Iceberg extensions, loaded out of their wheels."""
    import duckdb
    import duckdb_extension_avro
    import duckdb_extension_iceberg

    connection = duckdb.connect()
    for module in (duckdb_extension_avro, duckdb_extension_iceberg):
        (file,) = pathlib.Path(module.__file__).parent.rglob("*.duckdb_extension")
        connection.execute(f"LOAD '{file}'")
    return connection


def test_pyiceberg_and_duckdb_read_every_version(history, duckdb_connection):
    location = history.json("dataset", "show", "clean/web")["metadata_location"]
    table = history.catalog().load_table("clean.web")
    assert table.metadata_location == location
    for version, texts in zip(history.versions, EXPECTED, strict=True):
        assert history.texts("clean/web", version) == texts
        query = f"SELECT text FROM iceberg_scan('{location}', snapshot_from_id={version}::UBIGINT)"
        assert sorted(row[0] for row in duckdb_connection.execute(query).fetchall()) == texts
    assert table.snapshot_by_name("two").snapshot_id == history.versions[1]
    assert sorted(
        row[0] for row in duckdb_connection.execute(f"SELECT text FROM iceberg_scan('{location}')").fetchall()
    )
    summary = table.current_snapshot().summary
    newest = history.json("runs", "list")[0]
    assert summary["gristmill.run-id"] == newest["run_id"] and summary["gristmill.documents"] == "4"
    assert re.fullmatch("[0-9a-f]{64}", summary["gristmill.fingerprint"])


def test_what_pyiceberg_appends_is_read(history):
    table = history.catalog().load_table("raw.web")
    schema = table.schema().as_arrow()
    appended = []
    for number in range(3):
        row = {field.name: None for field in schema}
        row |= {
            "id": f"{number + 1:032x}",
            "text": f"appended {number}",
            "origin_uri": "elsewhere",
            "origin_offset": number,
        }
        appended.append(row)
    table.append(pa.Table.from_pylist(appended, schema=schema))
    document = history.run("normalize.unicode")
    assert document["documents"]["in"] == 7 and document["documents"]["out"] == 7
    assert history.texts("clean/web") == sorted([*EXPECTED[2], *(row["text"] for row in appended)])
    assert sorted(head_texts(history, "raw/web@v3")) == EXPECTED[2]
    # And the other way round again: an ingestion on top of a foreign commit.
    history.ingest(history.write_jsonl("later.jsonl", ["later"]))
    assert len(history.rows("raw/web")) == 8


# Settings of a run


def test_set_changes_what_it_names(built):
    pipeline = built.pipeline(*STEPS)
    words = ["--set", "output=clean/other", "--set", "filter.gopher_quality.min_words=1000"]
    # Nothing is kept: the run is finished, but somebody should look.
    document = built.json("run", pipeline, *words, code=4)
    assert document["output"]["dataset"] == "clean/other" and document["documents"]["out"] == 0
    assert document["status"] == "alerts" and document["alerts"]
    assert document["fingerprint"] != built.document["fingerprint"]
    for pair, expected in (("nonsense", "KEY=VALUE"), ("no.such=1", "no.such"), ("seed=x", "seed")):
        answer = built.json("run", pipeline, "--set", "output=clean/never", "--set", pair, code=2)
        assert expected in answer["error"]["message"]


def test_dry_run_changes_nothing(built):
    before = built.json("dataset", "list"), built.json("runs", "list")
    plan = built.json("run", built.pipeline(*STEPS, output="clean/never", more=TOKENS), "--dry-run")
    assert plan["stages"] and plan["inputs"][0]["documents"] == 54
    assert (built.json("dataset", "list"), built.json("runs", "list")) == before


def test_idempotency_key_attaches_again(workspace):
    workspace.write_jsonl("one.jsonl", ["a"])
    workspace.ingest()
    pipeline = workspace.pipeline("normalize.unicode")
    first = workspace.json("run", pipeline, "--idempotency-key", "key-1")
    again = workspace.json("run", pipeline, "--idempotency-key", "key-1")
    assert again["run_id"] == first["run_id"] and again["output"] == first["output"]
    other = workspace.json("run", pipeline, "--idempotency-key", "key-2")
    assert other["run_id"] != first["run_id"]
    assert len(workspace.json("dataset", "show", "clean/web")["versions"]) == 2


def test_resuming_a_finished_run_gives_its_result(built):
    document = built.json("run", "--resume", built.document["run_id"])
    assert document["output"] == built.document["output"]
    assert "run" in built.json("run", "--resume", "run-absent", code=2)["error"]["message"]


# Usage


WRONG_CALLS = [
    ["frobnicate"],
    ["run"],
    ["run", "x.yaml", "--nope"],
    ["run", "x.yaml", "--threads", "0"],
    ["run", "x.yaml", "--threads", "many"],
    ["run", "x.yaml", "--memory", "lots"],
    ["dataset"],
    ["dataset", "show"],
    ["dataset", "show", "raw/absent"],
    ["dataset", "head", "raw/absent"],
    ["ingest"],
    ["ingest", "/absent", "--source", "x", "--license", "CC0-1.0"],
    ["ingest", ".", "--source", "x"],
    ["ingest", ".", "--source", "../x", "--license", "CC0-1.0"],
    ["ingest", ".", "--source", "x", "--license", "CC0-1.0", "--sensitivity", "secretish"],
    ["ingest", "--resume", "task-absent"],
    ["ops", "show", "filter.absent"],
    ["recipes", "show", "absent"],
    ["release", "show", "absent"],
    ["runs", "show", "absent"],
    ["ingestions", "show", "absent"],
    ["init", "--profile", "absent", "elsewhere"],
]


@pytest.mark.parametrize("words", WRONG_CALLS, ids=lambda words: " ".join(words) or "none")
def test_wrong_usage_is_2_and_one_document(workspace, words):
    answer = workspace.json(*words, code=2, cwd=workspace.inputs)
    assert set(answer) == {"error"} and answer["error"]["message"] and answer["error"]["code"]
    plain = workspace.call(*words, code=2, cwd=workspace.inputs)
    assert plain.stdout == "" and plain.stderr


def test_no_workspace(workspace, tmp_path):
    answer = workspace.json("dataset", "list", code=2, inside=False, cwd=tmp_path)
    assert "gristmill init" in answer["error"]["message"]


def test_the_workspace_is_found_from_below(workspace):
    deep = workspace.folder / "a" / "b"
    deep.mkdir(parents=True)
    assert workspace.json("dataset", "list", inside=False, cwd=deep) == []


def subcommands(text):
    """Names in the list of subcommands of a help text."""
    part = text.partition("Subcommands:\n")[2]
    return re.findall(r"^  ([a-z]+) ", part, re.M)


def test_every_command_has_help_with_an_example(workspace):
    pending, without = [()], []
    while pending:
        words = pending.pop()
        text = workspace.call(*words, "--help", inside=False).stdout
        below = subcommands(text)
        pending += [(*words, name) for name in below]
        if not below and "Example: gristmill " + " ".join(words) not in text:
            without.append(" ".join(words))
    assert without == []


def test_quiet_and_plain_output(workspace):
    workspace.write_jsonl("one.jsonl", ["a"])
    plain = workspace.call("ingest", workspace.inputs, "--source", "web", "--license", "CC0-1.0")
    assert "raw/web" in plain.stdout and "\x1b" not in plain.stdout + plain.stderr
    assert "clean/web" in workspace.call("run", workspace.pipeline("normalize.unicode")).stdout
    assert workspace.call("version").stdout.startswith("gristmill ")


# The same bytes


def data_digests(workspace, dataset):
    """SHA-256 of the data files of the current version, by the name within the folder of their run."""
    files = workspace.catalog().load_table(dataset.replace("/", ".")).inspect.files().to_pylist()
    paths = [pathlib.Path(file["file_path"].removeprefix("file://")) for file in files]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def same_on_any_number_of_threads(gristmill, tmp_path, inputs):
    """Ingests and runs on 1, 2 and 3 threads, each in a workspace of its own; gives the digests of one."""
    results = []
    for threads in (1, 2, 3):
        place = tmp_path / f"threads-{threads}"
        place.mkdir()
        workspace = Workspace(gristmill.program, place)
        words = ["--source", "web", "--license", "CC0-1.0", "--threads", threads]
        workspace.json("ingest", inputs, *words)
        document = workspace.run(*STEPS, more=TOKENS, arguments=["--threads", threads])
        shards = {pathlib.Path(shard["path"]).name: shard["sha256"] for shard in document["tokens"]["shards"]}
        results.append((data_digests(workspace, "raw/web"), data_digests(workspace, "clean/web"), shards))
        tasks = document["tasks"]
        shutil.rmtree(place)
    assert results[0] == results[1] == results[2]
    return tasks


def test_threads_do_not_change_the_bytes(built, gristmill, tmp_path):
    same_on_any_number_of_threads(gristmill, tmp_path, built.inputs)


@pytest.mark.full
def test_threads_do_not_change_the_bytes_of_many_tasks(gristmill, tmp_path):
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    blocks = [english(seed, 8) for seed in range(2000)]
    random = Random(7)
    for number in range(2):
        with open(inputs / f"{number}.jsonl", "w", encoding="utf-8") as file:
            for _ in range(11_000):
                text = " ".join(random.choices(blocks, k=3))
                file.write(json.dumps({"text": text}) + "\n")
    assert sum(file.stat().st_size for file in inputs.iterdir()) > 33 << 20
    tasks = same_on_any_number_of_threads(gristmill, tmp_path, inputs)
    assert tasks > 5


# Conversations


USER, ASSISTANT = "Wie heißt die Hauptstadt?", "Paris."
CHAT = [{"role": "user", "content": USER}, {"role": "assistant", "content": ASSISTANT}]
CHAT_TEXT = f"user: {USER}\n\nassistant: {ASSISTANT}"
SHAREGPT = {"conversations": [{"from": "human", "value": USER}, {"from": "gpt", "value": ASSISTANT}], "source": "x"}
LAYOUTS = {
    "OpenAI": ({"messages": CHAT}, CHAT, CHAT_TEXT),
    "ShareGPT": (SHAREGPT, CHAT, CHAT_TEXT),
    "ShareGPT with system": (
        SHAREGPT | {"system": "Be brief."},
        [{"role": "system", "content": "Be brief."}, *CHAT],
        f"system: Be brief.\n\n{CHAT_TEXT}",
    ),
    "Alpaca": ({"instruction": USER, "input": "", "output": ASSISTANT}, CHAT, CHAT_TEXT),
    "Alpaca with input": (
        {"instruction": "Translate.", "input": "Hallo", "output": "Hello"},
        [{"role": "user", "content": "Translate.\n\nHallo"}, {"role": "assistant", "content": "Hello"}],
        "user: Translate.\n\nHallo\n\nassistant: Hello",
    ),
    "OpenAI with parts": (
        {"messages": [{"role": "user", "content": [{"type": "text", "text": USER}]}, CHAT[1]]},
        CHAT,
        CHAT_TEXT,
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_chats(workspace, layout):
    record, messages, text = LAYOUTS[layout]
    workspace.write("chat.jsonl", json.dumps(record) + "\n")
    workspace.ingest()
    (row,) = workspace.rows()
    assert row["media_type"] == "application/x-conversation"
    assert json.loads(row["conversation"]) == {"kind": "chat", "messages": messages}
    assert row["text"] == text


@pytest.mark.parametrize("form", ["strings", "messages", "shared prefix"])
def test_preference_pairs(workspace, form):
    other = {"role": "assistant", "content": "Lyon."}
    record = {
        "strings": {"prompt": USER, "chosen": ASSISTANT, "rejected": "Lyon."},
        "messages": {"prompt": CHAT[:1], "chosen": CHAT[1:], "rejected": [other]},
        "shared prefix": {"chosen": CHAT, "rejected": [CHAT[0], other]},
    }[form]
    workspace.write("pairs.jsonl", json.dumps(record) + "\n")
    workspace.ingest()
    (row,) = workspace.rows()
    expected = {"kind": "preference", "prompt": CHAT[:1], "chosen": CHAT[1:], "rejected": [other]}
    assert json.loads(row["conversation"]) == expected
    assert row["text"] == f"user: {USER}\n\nchosen assistant: Paris.\n\nrejected assistant: Lyon."


def test_conversations_survive_a_run(workspace):
    workspace.write("chat.jsonl", json.dumps({"messages": CHAT}) + "\n")
    workspace.ingest()
    workspace.run("normalize.unicode")
    assert workspace.rows("clean/web")[0]["conversation"] == workspace.rows("raw/web")[0]["conversation"]


def test_other_fields_are_kept_as_metadata(workspace):
    fields = {"n": 5, "nested": {"list": [1, None, "ä"]}, "flag": True}
    workspace.write("one.jsonl", json.dumps({"lang": "de", "text": "Text.", "url": "http://example.org/", **fields}))
    workspace.ingest()
    (row,) = workspace.rows()
    assert row["url"] == "http://example.org/"
    assert json.loads(row["metadata"]) == {"lang": "de"} | fields


def test_every_compression_and_container(workspace, source_root):
    """The same records in each wrapping give the same texts."""
    import bz2
    import gzip
    import io
    import lzma
    import tarfile
    import zipfile

    content = "".join(json.dumps({"text": f"text {number}"}) + "\n" for number in range(50)).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("in/a.jsonl", content)
    tarred = io.BytesIO()
    with tarfile.open(fileobj=tarred, mode="w") as archive:
        info = tarfile.TarInfo("in/a.jsonl")
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    wrapped = {
        "a.jsonl": content,
        "a.jsonl.gz": gzip.compress(content),
        "a.jsonl.bz2": bz2.compress(content),
        "a.jsonl.xz": lzma.compress(content),
        "a.zip": out.getvalue(),
        "a.tar": tarred.getvalue(),
        "a.tar.gz": gzip.compress(tarred.getvalue()),
        "a.jsonl.zst": bytes(pa.compress(content, codec="zstd", asbytes=True)),
    }
    for name, data in wrapped.items():
        workspace.write(name, data)
    record = workspace.ingest()
    assert record["quarantined"] == 0
    by_file = {}
    for row in workspace.rows():
        by_file.setdefault(os.path.basename(row["origin_uri"].split("!")[0]), []).append(row["text"])
    assert by_file == {name: [f"text {number}" for number in range(50)] for name in wrapped}
