# SPDX-License-Identifier: Apache-2.0
"""Pointer files of DVC are ingested as the files that they stand for, and datasets go back as a DVC repository."""

import hashlib
import json

import pyarrow.parquet as parquet


def md5(content):
    return hashlib.md5(content).hexdigest()


class Repository:
    """A folder as `dvc add` leaves it when the files themselves are gone: a cache and pointers."""

    def __init__(self, folder):
        self.folder = folder
        (folder / ".dvc").mkdir(parents=True)
        (folder / ".dvc" / "config").write_text("[core]\n    no_scm = True\n")

    def cached(self, content, ending=""):
        digest = md5(content)
        path = self.folder / ".dvc" / "cache" / "files" / "md5" / digest[:2] / (digest[2:] + ending)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return digest + ending

    def pointer(self, name, digest, hash_line="  hash: md5\n"):
        path = self.folder / f"{name}.dvc"
        path.write_text(f"outs:\n- md5: {digest}\n  size: 1\n{hash_line}  path: {name}\n")
        return path


def lines(*texts):
    return "".join(json.dumps({"text": text}) + "\n" for text in texts).encode()


def ingest(workspace, path, code=0):
    return workspace.json("ingest", path, "--source", "web", "--license", "CC0-1.0", code=code)


def test_a_tracked_file_and_a_tracked_folder(workspace, tmp_path):
    repository = Repository(tmp_path / "repository")
    one = repository.pointer("one.jsonl", repository.cached(lines("a", "b")))
    listing = [
        {"md5": repository.cached(lines("c")), "relpath": "x.jsonl"},
        {"md5": repository.cached(lines("d", "e")), "relpath": "deep/y.jsonl"},
    ]
    repository.pointer("tree", repository.cached(json.dumps(listing).encode(), ".dir"))
    assert ingest(workspace, one)["documents"] == 2
    record = ingest(workspace, tmp_path / "repository")
    assert record["problems"] == [] and record["documents"] == 3
    assert workspace.texts() == ["a", "b", "c", "d", "e"]
    # What lies in its place is not read twice.
    (tmp_path / "repository" / "one.jsonl").write_bytes(lines("a", "b"))
    assert ingest(workspace, tmp_path / "repository")["already_present"]


def test_what_is_missing_changed_or_hostile_is_named(workspace, tmp_path):
    repository = Repository(tmp_path / "repository")
    absent = repository.pointer("absent.jsonl", md5(b"nowhere"))
    assert "dvc pull" in ingest(workspace, absent, code=2)["error"]["message"]
    digest = repository.cached(lines("a"))
    changed = repository.pointer("changed.jsonl", digest)
    cache = repository.folder / ".dvc" / "cache" / "files" / "md5" / digest[:2] / digest[2:]
    cache.write_bytes(lines("b"))
    assert "MD5" in ingest(workspace, changed, code=1)["error"]["message"]
    old = repository.pointer("old.jsonl", repository.cached(lines("c")), hash_line="")
    assert "DVC 2" in ingest(workspace, old, code=2)["error"]["message"]
    outside = repository.pointer(
        "x", repository.cached(json.dumps([{"md5": digest, "relpath": "../../y"}]).encode(), ".dir")
    )
    assert ingest(workspace, outside, code=2)["error"]["message"]
    broken = repository.folder / "broken.dvc"
    for text in ("", "outs: 7", "outs: [{}]", "{", "outs:\n- md5: ../../etc\n  hash: md5\n  path: x\n"):
        broken.write_text(text)
        assert "broken.dvc" in ingest(workspace, broken, code=2)["error"]["message"]


def test_a_release_becomes_a_repository(workspace, tmp_path):
    workspace.write_jsonl("a.jsonl", ["one", "two"])
    workspace.ingest()
    workspace.json("release", "create", "first", "--label", "First", "--description", "Two texts")
    place = tmp_path / "handover"
    done = workspace.json("dvc", "export", place, "--release", "first")
    (entry,) = done["datasets"]
    assert entry["documents"] == 2 and entry["dataset"] == "raw/web"
    pointer = (place / "raw" / "web.parquet.dvc").read_text()
    assert f"md5: {entry['md5']}" in pointer and "path: web.parquet" in pointer
    stored = place / "remote" / "files" / "md5" / entry["md5"][:2] / entry["md5"][2:]
    assert md5(stored.read_bytes()) == entry["md5"]
    assert sorted(parquet.read_table(stored)["text"].to_pylist()) == ["one", "two"]
    assert "url = ../remote" in (place / ".dvc" / "config").read_text()
    assert "already" in workspace.json("dvc", "export", place, "--release", "first", code=2)["error"]["message"]
    assert workspace.json("dvc", "export", tmp_path / "none", code=2)["error"]["message"]
    both = ["--dataset", "raw/web@v1", "--dataset", "raw/web"]
    assert "one version" in workspace.json("dvc", "export", tmp_path / "two", *both, code=2)["error"]["message"]
