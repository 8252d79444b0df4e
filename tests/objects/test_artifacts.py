# SPDX-License-Identifier: Apache-2.0
"""Artifacts in a bucket: kept there, pushed there and pulled from there."""

import hashlib
import time
from random import Random

import pytest


def files_of(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "model"
    (folder / "layers").mkdir(parents=True)
    for number in range(3):
        (folder / "layers" / f"{number}.bin").write_bytes(Random(number).randbytes(2_000_000))
    (folder / "config.json").write_text("{}")
    return folder


@pytest.mark.parametrize("warehouse", ["warehouse", "s3://corpus/team a/wh"])
def test_pushed_by_one_workspace_and_pulled_by_another(make_workspace, model, tmp_path, warehouse):
    here = make_workspace("here", warehouse=warehouse)
    there = make_workspace("there", warehouse=warehouse.replace("/wh", "/other"))
    remote = "s3://corpus/artifacts of the team"
    before = files_of(model)
    first = here.json("artifact", "add", model, "--name", "demo")
    sent = here.json("artifact", "push", "demo", remote)
    assert sent["bytes_sent"] > 6_000_000
    with open(model / "layers" / "1.bin", "r+b") as file:
        file.seek(700_000)
        file.write(b"changed")
    second = here.json("artifact", "add", model, "--name", "demo")
    assert here.json("artifact", "push", "demo", remote)["bytes_sent"] < 1_000_000
    for version, content in ((first, before), (second, files_of(model))):
        name = f"demo@{version['version']}"
        there.json("artifact", "pull", name, remote)
        target = tmp_path / version["version"][:8]
        there.json("artifact", "get", name, target)
        assert files_of(target) == content
    there("artifact", "verify", "demo")


def put(store, key, content):
    body = bytes(content)
    store.buckets["corpus"][key] = (body, f'"{hashlib.md5(body).hexdigest()}"', time.time(), {}, "")


def test_a_folder_of_a_bucket_becomes_a_version_and_comes_back(make_workspace, store, model, tmp_path):
    workspace = make_workspace("workspace")
    expected = files_of(model) | {"a+b c/日本%.bin": Random(9).randbytes(20_000_000), "empty": b""}
    for name, content in expected.items():
        put(store, f"checkpoints/run 1/{name}", content)
    source = "s3://corpus/checkpoints/run 1"
    added = workspace.json("artifact", "add", source, "--name", "demo")
    assert (added["files"], added["bytes"]) == (len(expected), sum(map(len, expected.values())))
    assert workspace.json("artifact", "add", source + "/", "--name", "demo")["already_present"]
    put(store, "checkpoints/run 1/layers/1.bin", expected["layers/1.bin"][:-7] + b"changed")
    assert workspace.json("artifact", "add", source, "--name", "demo")["stored_bytes"] < 10_000
    workspace.json("artifact", "get", "demo@v1", tmp_path / "out")
    assert files_of(tmp_path / "out") == expected
    workspace.json("artifact", "get", "demo@v1", "s3://corpus/back here/")
    objects = store.buckets["corpus"]
    back = {key.removeprefix("back here/"): one[0] for key, one in objects.items() if key.startswith("back here/")}
    assert back == expected
    workspace.json("artifact", "get", "demo@v1", "s3://corpus/one.json", "--only", "config.json")
    assert objects["one.json"][0] == expected["config.json"]
    workspace.json("artifact", "add", "s3://corpus/one.json", "--name", "one")
    workspace.json("artifact", "get", "one", tmp_path / "one.json")
    assert (tmp_path / "one.json").read_bytes() == expected["config.json"]


@pytest.mark.parametrize("source", ["s3://corpus/run/weights.bin", "s3://corpus/run"])
def test_an_object_that_is_replaced_meanwhile_is_no_version(workspace, store, server, source):
    """By other content of the same size, within the second that a listing tells."""
    first, second = Random(1).randbytes(12_000_000), Random(2).randbytes(12_000_000)
    put(store, "run/weights.bin", first)
    moment = store.buckets["corpus"]["run/weights.bin"][2]
    replaced = []

    def replace(method, target, headers, body):
        answer = store.answer(method, target, headers, body)
        # Behind the first of the requests that read the content.
        if not replaced and len(answer[2]) > 1_000_000:
            put(store, "run/weights.bin", second)
            stored = store.buckets["corpus"]["run/weights.bin"]
            store.buckets["corpus"]["run/weights.bin"] = (*stored[:2], moment, *stored[3:])
            replaced.append(headers["range"])
        return answer

    server.backend = replace
    told = workspace.fails(5, "artifact", "add", source, "--name", "demo", "--threads", "1")
    assert replaced and "add it again" in told
    assert workspace.json("artifact", "list") == []
    workspace.json("artifact", "add", source, "--name", "demo")
    workspace("artifact", "get", "demo", workspace.folder / "out")
    out = workspace.folder / "out"
    assert (out if out.is_file() else out / "weights.bin").read_bytes() == second


def test_what_cannot_go_to_or_come_from_a_bucket_is_said(make_workspace, store, model, tmp_path):
    workspace = make_workspace("workspace")
    put(store, "odd/a", b"1")
    put(store, "odd/a/b", b"2")
    put(store, "twice//x", b"3")
    told = workspace.fails(2, "artifact", "add", "s3://corpus/odd", "--name", "x")
    assert "'a/b' lies below" in told
    assert "no path" in workspace.fails(2, "artifact", "add", "s3://corpus/twice", "--name", "x")
    assert "nothing below" in workspace.fails(2, "artifact", "add", "s3://corpus/absent", "--name", "x")
    (model / "latest").symlink_to("layers")
    workspace.json("artifact", "add", model, "--name", "linked")
    assert "'latest'" in workspace.fails(2, "artifact", "get", "linked", "s3://corpus/linked")
    workspace.json("artifact", "get", "linked", "s3://corpus/layers", "--only", "latest")
    assert "is there already" in workspace.fails(2, "artifact", "get", "linked", "s3://corpus/odd", "--only", "layers")
    assert "folder of a machine" in workspace.fails(2, "dvc", "export", "s3://corpus/dvc", "--dataset", "raw/web")
