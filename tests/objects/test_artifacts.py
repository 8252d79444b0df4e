# SPDX-License-Identifier: Apache-2.0
"""Artifacts in a bucket: kept there, pushed there and pulled from there."""

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
