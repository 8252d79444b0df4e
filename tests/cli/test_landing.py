# SPDX-License-Identifier: Apache-2.0
"""What an ingestion lands: once, whatever it is wrapped in, conversations in one schema."""

import bz2
import gzip
import hashlib
import io
import json
import lzma
import os
import shutil
import tarfile
import zipfile

import pyarrow as pa
import pytest

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


def test_every_compression_and_container(workspace):
    """The same records in each wrapping give the same texts."""
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
