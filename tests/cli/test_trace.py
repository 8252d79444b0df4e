# SPDX-License-Identifier: Apache-2.0
"""From documents and token positions back to the file they came from."""

import hashlib
import json
import pathlib
import struct

import pytest
from cli_support import GERMAN, KEPT, SHORT, STEPS, TOKENIZER, check_members


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
