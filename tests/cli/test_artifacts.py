# SPDX-License-Identifier: Apache-2.0
"""Artifacts: versions of files and folders, stored once, given back as they were."""

import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
from random import Random

import pytest
from cli_support import Workspace, as_nobody


def noise(size, seed):
    return Random(seed).randbytes(size)


def tree_of(folder):
    """Everything in a folder: bytes and modes of files, targets of links, folders."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found[name] = ("link", os.readlink(path))
        elif path.is_dir():
            found[name] = ("folder",)
        else:
            found[name] = ("file", path.read_bytes(), path.stat().st_mode & 0o777)
    return found


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "model"
    (folder / "layers").mkdir(parents=True)
    (folder / "empty").mkdir()
    for number in range(4):
        (folder / "layers" / f"{number}.bin").write_bytes(noise(1_200_000, number))
    (folder / "config.json").write_text("{}")
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o750)
    (folder / "latest").symlink_to("layers/3.bin")
    return folder


def stored_bytes(place):
    return sum(path.stat().st_size for path in pathlib.Path(place).rglob("*.pack"))


def test_versions_come_back_as_they_were(workspace, model, tmp_path):
    first = workspace.json("artifact", "add", model, "--name", "demo", "--message", "first")
    before = tree_of(model)
    assert (first["ordinal"], first["files"], first["already_present"]) == (1, 6, False)
    again = workspace.json("artifact", "add", model, "--name", "demo")
    assert again["version"] == first["version"] and again["already_present"] and again["stored_bytes"] == 0
    with open(model / "layers" / "1.bin", "r+b") as file:
        file.seek(500_000)
        file.write(noise(10_000, 99))
    (model / "config.json").unlink()
    second = workspace.json("artifact", "add", model, "--name", "demo", "--message", "second")
    assert second["ordinal"] == 2 and second["stored_bytes"] < 12_000
    for selector, expected in (
        ("demo@v1", before),
        ("demo", tree_of(model)),
        (f"demo@{first['version'][:10]}", before),
    ):
        place = tmp_path / f"out-{selector}"
        workspace.json("artifact", "get", selector, place)
        assert tree_of(place) == expected
    listed = workspace.json("artifact", "list")
    assert [(one["name"], one["message"]) for one in listed] == [("demo", "first"), ("demo", "second")]
    shown = workspace.json("artifact", "show", "demo@v1")
    assert {entry["path"] for entry in shown["entries"]} >= {"layers/0.bin", "latest", "run.sh"}
    assert workspace.json("artifact", "verify")["intact"] is True
    assert {"artifact.add"} <= {entry["action"] for entry in workspace.json("audit", "log")}


def test_a_single_file(workspace, tmp_path):
    source = workspace.write("weights.bin", noise(300_000, 1))
    workspace.json("artifact", "add", source, "--name", "weights")
    workspace.json("artifact", "get", "weights", tmp_path / "back.bin")
    assert (tmp_path / "back.bin").read_bytes() == source.read_bytes()
    answer = workspace.json("artifact", "get", "weights", tmp_path / "back.bin", code=2)
    assert "already" in answer["error"]["message"]


def test_push_and_pull(workspace, model, tmp_path):
    remote = tmp_path / "remote"
    workspace.json("artifact", "add", model, "--name", "demo")
    (model / "layers" / "4.bin").write_bytes(noise(50_000, 4))
    workspace.json("artifact", "add", model, "--name", "demo")
    sent = workspace.json("artifact", "push", "demo@v1", remote)
    assert sent["bytes_sent"] >= 4_800_000
    more = workspace.json("artifact", "push", "demo", remote)
    assert more["bytes_sent"] < 60_000
    assert workspace.json("artifact", "push", "demo", remote)["bytes_sent"] == 0
    (tmp_path / "second").mkdir()
    other = Workspace(workspace.program, tmp_path / "second")
    pulled = other.json("artifact", "pull", "demo", remote)
    assert not pulled["already_present"]
    assert other.json("artifact", "pull", "demo", remote)["already_present"]
    other.json("artifact", "get", "demo", tmp_path / "out")
    assert tree_of(tmp_path / "out") == tree_of(model)
    # An older version taken later does not become the latest.
    other.json("artifact", "pull", "demo@v1", remote)
    assert "layers/4.bin" in {entry["path"] for entry in other.json("artifact", "show", "demo")["entries"]}
    assert "absent" in other.json("artifact", "pull", "absent", remote, code=2)["error"]["message"]


def test_damage_is_named(workspace, model, tmp_path):
    workspace.json("artifact", "add", model, "--name", "demo")
    pack = max((workspace.folder / "warehouse" / "artifacts" / "packs").glob("*.pack"), key=lambda p: p.stat().st_size)
    content = bytearray(pack.read_bytes())
    content[1000] ^= 1
    pack.write_bytes(content)
    for words in (("get", "demo", tmp_path / "out"), ("push", "demo", tmp_path / "remote"), ("verify",)):
        answer = workspace.json("artifact", *words, code=1)
        assert answer["error"]["code"] == "corrupt_data" and pack.name in answer["error"]["message"]
    assert not (tmp_path / "out").exists()
    manifest = next((workspace.folder / "warehouse" / "artifacts" / "manifests").iterdir())
    manifest.write_text(manifest.read_text().replace("run.sh", "../run"))
    assert "digest" in workspace.json("artifact", "get", "demo", tmp_path / "out", code=1)["error"]["message"]


def packs_of(place):
    return sorted((pathlib.Path(place) / "packs").glob("*.pack"))


def flip(path, at):
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("damage", ["pack", "index", "no pack"])
@pytest.mark.parametrize("again", ["pull", "add"])
def test_damage_is_mended_by_what_brings_the_bytes_again(workspace, model, tmp_path, damage, again):
    remote = tmp_path / "remote"
    workspace.json("artifact", "add", model, "--name", "demo")
    workspace.json("artifact", "push", "demo", remote)
    other = workspace.write("other.bin", noise(200_000, 77))
    workspace.json("artifact", "add", other, "--name", "other")
    packs = workspace.folder / "warehouse" / "artifacts" / "packs"
    largest = max(packs.glob("*.pack"), key=lambda path: path.stat().st_size)
    if damage == "pack":
        flip(largest, 1000)
    elif damage == "index":
        flip(largest.with_suffix(".index"), 40)
    else:
        largest.unlink()
    told = workspace.json("artifact", "get", "demo", tmp_path / "out", code=1)["error"]
    assert told["code"] == "corrupt_data" and largest.stem in told["message"] and "verify --mend" in told["message"]
    # What has nothing to do with it goes on.
    workspace.json("artifact", "get", "other", tmp_path / "other")
    workspace.json("artifact", "add", workspace.write("third.bin", noise(1000, 5)), "--name", "third")
    mended = workspace.json("artifact", "verify", "--mend", code=4)
    assert mended["packs_taken_out"] == 1 and [one.split("@")[0] for one in mended["incomplete"]] == ["demo"]
    assert all(largest.stem in fault for fault in mended["faults"])
    if again == "pull":
        workspace.json("artifact", "pull", "demo", remote)
    else:
        workspace.json("artifact", "add", model, "--name", "demo")
    assert workspace.json("artifact", "verify")["intact"] is True
    assert workspace.json("artifact", "verify", "--mend")["faults"] == []
    workspace.json("artifact", "get", "demo", tmp_path / "out")
    assert tree_of(tmp_path / "out") == tree_of(model)


@pytest.mark.parametrize("again", ["pull", "add"])
def test_a_manifest_that_is_lost_comes_back(workspace, model, tmp_path, again):
    version = workspace.json("artifact", "add", model, "--name", "demo")["version"]
    workspace.json("artifact", "push", "demo", tmp_path / "remote")
    manifest = workspace.folder / "warehouse" / "artifacts" / "manifests" / f"{version}.json"
    kept = manifest.read_bytes()
    for damage in (manifest.unlink, lambda: manifest.write_bytes(kept[:100])):
        damage()
        for words in (("get", "demo", tmp_path / "out"), ("verify",), ("gc",), ("push", "demo", tmp_path / "x")):
            told = workspace.json("artifact", *words, code=1)["error"]["message"]
            assert manifest.name in told and "brings it again" in told
        assert workspace.json("artifact", "verify", "--mend", code=4)["incomplete"] == [
            f"demo@{version[:8]}: its manifest"
        ]
        words = ("add", model, "--name", "demo") if again == "add" else ("pull", "demo", tmp_path / "remote")
        assert workspace.json("artifact", *words)["already_present"]
        assert manifest.read_bytes() == kept
    workspace.json("artifact", "get", "demo", tmp_path / "out")
    assert tree_of(tmp_path / "out") == tree_of(model)


def test_damage_in_a_remote_place_is_mended_by_a_push(workspace, model, tmp_path):
    remote = tmp_path / "remote"
    workspace.json("artifact", "add", model, "--name", "demo")
    workspace.json("artifact", "push", "demo", remote)
    assert workspace.json("artifact", "verify", "--at", remote)["faults"] == []
    damaged = max(packs_of(remote), key=lambda pack: pack.stat().st_size)
    flip(damaged, 7)
    (fault,) = workspace.json("artifact", "verify", "--at", remote, code=4)["faults"]
    assert damaged.name in fault
    workspace.json("artifact", "verify", "--at", remote, "--mend")
    assert workspace.json("artifact", "push", "demo", remote)["bytes_sent"] > 0
    (tmp_path / "second").mkdir()
    second = Workspace(workspace.program, tmp_path / "second")
    second.json("artifact", "pull", "demo", remote)
    second.json("artifact", "get", "demo", tmp_path / "out")
    assert tree_of(tmp_path / "out") == tree_of(model)


def test_a_push_sends_nothing_of_other_versions(workspace, model, tmp_path):
    """A version that was removed for what is in it shares its packs with those that stayed."""
    secret = noise(150_000, 13)
    (model / "secret.bin").write_bytes(secret)
    first = workspace.json("artifact", "add", model, "--name", "demo", "--threads", "1")
    (model / "secret.bin").unlink()
    workspace.json("artifact", "add", model, "--name", "demo")
    workspace.json("artifact", "remove", f"demo@{first['version']}")
    workspace.json("artifact", "push", "demo", tmp_path / "remote")
    sent = b"".join(path.read_bytes() for path in packs_of(tmp_path / "remote"))
    assert secret[1000:1100] not in sent and (model / "layers" / "0.bin").read_bytes()[:100] in sent
    (tmp_path / "second").mkdir()
    second = Workspace(workspace.program, tmp_path / "second")
    second.json("artifact", "pull", "demo", tmp_path / "remote")
    second.json("artifact", "get", "demo", tmp_path / "out")
    assert tree_of(tmp_path / "out") == tree_of(model)


def test_names_of_any_kind(workspace, model, tmp_path):
    names = ["a", "a~part", "a~part~part", "x" * 255, "new\nline", "-rf", "unfinished", "tree", "0", "日本 & co", "\\"]
    for number, name in enumerate(names):
        (model / name).write_text(str(number))
    (model / "unreadable once written").write_text("x")
    (model / "unreadable once written").chmod(0o400)
    workspace.json("artifact", "add", model, "--name", "demo")
    # A slash at the end is how shells complete the name of a folder.
    workspace.json("artifact", "get", "demo", f"{tmp_path}/out/")
    assert tree_of(tmp_path / "out") == tree_of(model)
    assert sorted(path.name for path in tmp_path.iterdir() if "partial" in path.name) == []
    workspace.json("artifact", "get", "demo", tmp_path / "part", "--only", "a~part")
    assert (tmp_path / "part").read_text() == "1"


def test_an_interrupted_get_goes_on_with_files_that_may_not_be_written(workspace, model, tmp_path):
    as_nobody(workspace)
    (model / "config.json").chmod(0o444)
    for path in (tmp_path, model, *model.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | 0o055 if path.is_dir() else path.stat().st_mode | 0o044)
    version = workspace.json("artifact", "add", model, "--name", "demo")["version"]
    place = workspace.folder / "out"
    workspace.json("artifact", "get", "demo", place)
    # As it stands when the process is killed before the last of its renames.
    partial = next(iter([place.with_name(f"out.partial-{version[:16]}")]))
    (partial / "unfinished").mkdir(parents=True)
    place.rename(partial / "tree")
    subprocess.run(["chown", "-R", "--reference", str(workspace.folder), str(partial)], check=True)
    workspace.json("artifact", "get", "demo", place)
    assert tree_of(place) == tree_of(model) and not partial.exists()


def test_two_who_get_the_same_to_one_place_do_not_take_from_each_other(workspace, model, tmp_path):
    workspace.json("artifact", "add", model, "--name", "demo")
    place = tmp_path / "out"
    # As the first finds it who comes while another is at work: its folder, and the lock in it.
    started = workspace.json("artifact", "get", "demo", place)
    text = next((workspace.folder / "warehouse" / "artifacts" / "manifests").iterdir()).read_bytes()
    partial = tmp_path / f"out.partial-{hashlib.sha256(text).hexdigest()[:16]}"
    partial.mkdir()
    place.rename(partial / "tree")
    with open(partial / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        told = workspace.json("artifact", "get", "demo", place, code=5)["error"]
        assert told["code"] == "conflict" and "at work" in told["message"]
        assert tree_of(partial / "tree") == tree_of(model) and not place.exists()
    assert workspace.json("artifact", "get", "demo", place)["version"] == started["version"]
    assert tree_of(place) == tree_of(model) and not partial.exists()


def test_a_sparse_file_comes_back_sparse(workspace, tmp_path):
    source = tmp_path / "sparse.bin"
    with open(source, "wb") as file:
        file.truncate(80_000_000)
        file.seek(40_000_000)
        file.write(b"in the middle")
    workspace.json("artifact", "add", source, "--name", "sparse")
    back = tmp_path / "back.bin"
    workspace.json("artifact", "get", "sparse", back)
    assert back.read_bytes() == source.read_bytes()
    if source.stat().st_blocks * 512 < 10_000_000:
        assert back.stat().st_blocks * 512 < 10_000_000


def test_a_file_that_is_written_to_meanwhile_is_no_version(workspace, tmp_path):
    """Of the same size all the time, as a checkpoint that is written in its place again and again."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "checkpoint.bin").write_bytes(bytes(150_000_000))
    added = subprocess.Popen(
        [*workspace.command("artifact", "add", folder, "--name", "demo"), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with open(folder / "checkpoint.bin", "r+b", buffering=0) as file:
        while added.poll() is None:
            os.pwrite(file.fileno(), b"x" * 1000, 140_000_000)
    output, errors = added.communicate()
    assert added.returncode == 5 and "checkpoint.bin was written to" in errors, (output, errors)
    assert workspace.json("artifact", "list") == []


def test_what_was_added_last_is_the_latest_though_it_was_there_before(workspace, tmp_path):
    for content in ("one", "two", "one"):
        path = workspace.write("state.json", content)
        workspace.json("artifact", "add", path, "--name", "demo", "--into", "state.json")
    workspace.json("artifact", "get", "demo", tmp_path / "out")
    assert (tmp_path / "out" / "state.json").read_text() == "one"
    listed = workspace.json("artifact", "list", "demo")
    assert [one["ordinal"] for one in listed] == [2, 1]
    workspace.json("artifact", "push", "demo@v2", tmp_path / "remote")
    workspace.json("artifact", "push", "demo", tmp_path / "remote")
    (tmp_path / "second").mkdir()
    second = Workspace(workspace.program, tmp_path / "second")
    second.json("artifact", "pull", "demo", tmp_path / "remote")
    second.json("artifact", "get", "demo", tmp_path / "there")
    assert (tmp_path / "there" / "state.json").read_text() == "one"


def test_parts_with_links_and_empty_folders(workspace, tmp_path):
    folder = tmp_path / "run"
    (folder / "step-1" / "logs").mkdir(parents=True)
    (folder / "shared").mkdir()
    (folder / "shared" / "vocabulary").write_text("words")
    (folder / "step-1" / "weights").write_text("1")
    (folder / "step-1" / "vocabulary").symlink_to("../shared/vocabulary")
    (folder / "latest").symlink_to("step-1")
    (folder / "step-1" / "away").symlink_to("../shared")
    workspace.json("artifact", "add", folder, "--name", "run")
    assert {"step-1/logs/", "latest"} <= {one["path"] for one in workspace.json("artifact", "show", "run")["entries"]}
    workspace.json("artifact", "get", "run", tmp_path / "logs", "--only", "step-1/logs/")
    assert list((tmp_path / "logs").iterdir()) == []
    workspace.json("artifact", "get", "run", tmp_path / "weights", "--only", "latest/weights")
    assert (tmp_path / "weights").read_text() == "1"
    told = workspace.json("artifact", "get", "run", tmp_path / "step", "--only", "latest", code=2)["error"]["message"]
    assert "step-1/away" in told
    (folder / "step-1" / "away").unlink()
    workspace.json("artifact", "add", folder, "--name", "run")
    workspace.json("artifact", "get", "run", tmp_path / "step", "--only", "latest")
    assert tree_of(tmp_path / "step") == {
        "logs": ("folder",),
        "vocabulary": ("file", b"words", 0o644),
        "weights": ("file", b"1", 0o644),
    }
    (folder / "round").symlink_to("round")
    workspace.json("artifact", "add", folder, "--name", "run")
    workspace.json("artifact", "get", "run", tmp_path / "round", "--only", "round", code=2)


def test_a_collection_spares_what_others_pushed_here_and_sweeps_what_was_never_finished(workspace, model, tmp_path):
    home = workspace.folder / "warehouse" / "artifacts"
    (tmp_path / "second").mkdir()
    second = Workspace(workspace.program, tmp_path / "second")
    second.json("artifact", "add", model, "--name", "theirs")
    second.json("artifact", "push", "theirs", home)
    # One that lacks its index, and one that was killed before it had its name.
    endings = (".pack", ".pack.tmp-1f-1234-d0")
    unfinished, young = ([home / "packs" / (digit * 32 + ending) for ending in endings] for digit in "ab")
    for path in [*unfinished, *young]:
        path.write_bytes(b"half a pack")
    for path in unfinished:
        long_ago = path.stat().st_mtime - 2 * 3600
        os.utime(path, (long_ago, long_ago))
    collected = workspace.json("artifact", "gc", "--older-than", "0s")
    assert (collected["packs_removed"], collected["bytes_freed"]) == (2, 22)
    assert not any(path.exists() for path in unfinished) and all(path.exists() for path in young)
    second.json("artifact", "remove", "theirs@v1")
    second.json("artifact", "pull", "theirs", home)
    second.json("artifact", "get", "theirs", tmp_path / "out")
    assert tree_of(tmp_path / "out") == tree_of(model)


def test_a_hostile_remote_cannot_write_elsewhere(workspace, model, tmp_path):
    """A manifest that is what its digest says, but whose paths lead out."""
    import hashlib

    remote = tmp_path / "remote"
    workspace.json("artifact", "add", model, "--name", "demo")
    workspace.json("artifact", "push", "demo", remote)
    (manifest,) = (remote / "manifests").iterdir()
    (record,) = (remote / "versions" / "demo").iterdir()
    for old, new in (("run.sh", "../run.sh"), ('"target":"layers/3.bin"', '"target":"../../x"')):
        text = manifest.read_text().replace(old, new)
        version = hashlib.sha256(text.encode()).hexdigest()
        (remote / "manifests" / f"{version}.json").write_text(text)
        bad = json.loads(record.read_text()) | {"version": version}
        (remote / "versions" / "demo" / f"{version}.json").write_text(json.dumps(bad))
        answer = workspace.json("artifact", "pull", f"demo@{version}", remote, code=1)
        assert answer["error"]["code"] == "corrupt_data"


def test_collection(workspace, model, tmp_path):
    workspace.json("artifact", "add", model, "--name", "demo")
    shutil.rmtree(model / "layers")
    (model / "latest").unlink()
    workspace.json("artifact", "add", model, "--name", "demo")
    packs = workspace.folder / "warehouse" / "artifacts" / "packs"
    assert workspace.json("artifact", "gc")["packs_removed"] == 0
    workspace.json("artifact", "remove", "demo@v1")
    assert workspace.json("artifact", "gc")["packs_removed"] == 0, "young packs stay"
    told = workspace.json("artifact", "gc", "--older-than", "0s", "--dry-run")
    assert told["bytes_freed"] >= 4_800_000 and stored_bytes(packs) > 4_800_000
    workspace.json("artifact", "gc", "--older-than", "0s")
    assert stored_bytes(packs) < 1_000_000
    workspace.json("artifact", "get", "demo", tmp_path / "out")
    assert tree_of(tmp_path / "out") == tree_of(model)


def test_killed_while_it_adds(workspace, tmp_path):
    """What was stored before is not stored again, and nothing half is ever listed."""
    source = tmp_path / "large"
    source.mkdir()
    for number in range(12):
        (source / f"{number}.bin").write_bytes(noise(4_000_000, number))
    for delay in (0.02, 0.06, 0.1, 0.15):
        adding = subprocess.Popen(workspace.command("artifact", "add", source, "--name", "large"), stdout=-3, stderr=-3)
        try:
            adding.wait(delay)
        except subprocess.TimeoutExpired:
            adding.send_signal(signal.SIGKILL)
            adding.wait()
    workspace.json("artifact", "add", source, "--name", "large")
    assert len(workspace.json("artifact", "list")) == 1
    workspace.json("artifact", "get", "large", tmp_path / "out")
    assert tree_of(tmp_path / "out") == tree_of(source)


WRONG = [
    (["add", "/absent/file", "--name", "x"], "absent"),
    (["add", ".", "--name", "../x"], "name"),
    (["get", "absent", "out"], "absent"),
    (["get", "x@v7", "out"], "x"),
    (["remove", "x"], "VERSION"),
    (["gc", "--older-than", "long"], "length of time"),
]


@pytest.mark.parametrize("words, said", WRONG, ids=range(len(WRONG)))
def test_wrong_words(workspace, words, said):
    assert said in workspace.json("artifact", *words, code=2, cwd=workspace.inputs)["error"]["message"]


def test_links_out_of_the_tree(workspace, model, tmp_path):
    (tmp_path / "secret").write_text("elsewhere")
    (model / "out").symlink_to("../secret")
    assert "--follow-links" in workspace.json("artifact", "add", model, "--name", "x", code=2)["error"]["message"]
    workspace.json("artifact", "add", model, "--name", "x", "--follow-links")
    workspace.json("artifact", "get", "x", tmp_path / "back")
    assert (tmp_path / "back" / "out").read_text() == "elsewhere" and not (tmp_path / "back" / "out").is_symlink()


def test_a_part_of_a_version(workspace, model, tmp_path):
    """`--into` adds to the newest version, `--only` takes a part."""
    workspace.json("artifact", "add", model, "--name", "demo")
    extra = workspace.write("metrics.json", "{}")
    added = workspace.json("artifact", "add", extra, "--name", "demo", "--into", "reports/metrics.json")
    assert (added["ordinal"], added["files"]) == (2, 7)
    workspace.json("artifact", "get", "demo", tmp_path / "all")
    assert tree_of(tmp_path / "all") == tree_of(model) | {
        "reports": ("folder",),
        "reports/metrics.json": ("file", b"{}", 0o644),
    }
    workspace.json("artifact", "get", "demo", tmp_path / "one.bin", "--only", "layers/1.bin")
    assert (tmp_path / "one.bin").read_bytes() == (model / "layers" / "1.bin").read_bytes()
    workspace.json("artifact", "get", "demo", tmp_path / "layers", "--only", "layers")
    assert tree_of(tmp_path / "layers") == tree_of(model / "layers")
    workspace.json("artifact", "add", extra, "--name", "demo", "--into", "layers")
    paths = {entry["path"] for entry in workspace.json("artifact", "show", "demo")["entries"]}
    assert "layers" in paths and "layers/0.bin" not in paths
    for place in ("../x", "/x", "a/../../x", "config.json/below"):
        answer = workspace.json("artifact", "add", extra, "--name", "demo", "--into", place, code=2)
        assert place in answer["error"]["message"]
    assert (
        "nothing at"
        in workspace.json("artifact", "get", "demo", tmp_path / "no", "--only", "no", code=2)["error"]["message"]
    )


def test_versions_made_at_once_are_all_there(workspace):
    """Each part lands in a version of its own, and the newest has all of them; no number is given twice."""
    workspace.json("artifact", "list")
    files = [workspace.write(f"part-{number}.bin", noise(200_000, number)) for number in range(12)]
    adding = [
        subprocess.Popen(
            workspace.command("artifact", "add", file, "--name", "demo", "--into", f"parts/{file.name}", "--quiet"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for file in files
    ]
    for process in adding:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    versions = workspace.json("artifact", "list", "demo")
    assert [version["ordinal"] for version in versions] == list(range(1, len(files) + 1))
    entries = workspace.json("artifact", "show", "demo")["entries"]
    assert sorted(entry["path"] for entry in entries) == sorted(f"parts/{file.name}" for file in files)


def test_a_number_is_never_given_twice(workspace, model, tmp_path):
    """Whoever noted `v2`, or has it in a remote place, finds that version there or none."""

    def add(text):
        (model / "config.json").write_text(text)
        return workspace.json("artifact", "add", model, "--name", "demo")

    add("first")
    second = add("second")
    workspace.json("artifact", "push", "demo", tmp_path / "remote")
    workspace.json("artifact", "remove", "demo@v2")
    assert add("third")["ordinal"] == 3
    assert "v2" in workspace.json("artifact", "show", "demo@v2", code=2)["error"]["message"]
    # The removed content gets a number of its own too, by whatever way it comes back.
    assert (add("second")["ordinal"], second["ordinal"]) == (4, 2)
    workspace.json("artifact", "remove", "demo@v4")
    assert workspace.json("artifact", "pull", "demo", tmp_path / "remote")["ordinal"] == 5
    for version in ("v1", "v3", "v5"):
        workspace.json("artifact", "remove", f"demo@{version}")
    assert add("fourth")["ordinal"] == 6


def test_numbers_go_on_in_a_catalog_of_an_earlier_version(workspace, model):
    path = workspace.folder / ".gristmill" / "catalog.db"
    if not path.exists():
        pytest.skip("the catalog is no file that could be set back")
    for expected in (1, 2):
        (model / "config.json").write_text(str(expected))
        workspace.json("artifact", "add", model, "--name", "demo")
    with sqlite3.connect(path) as catalog:
        catalog.execute("DROP INDEX access_tokens_key")
        for table, column in (("access_tokens", "key_digest"), ("feedback_logs", "tenure")):
            catalog.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        catalog.execute("DROP TABLE artifact_names")
        catalog.execute("DELETE FROM schema_migrations WHERE version >= 13")
    catalog.close()
    (model / "config.json").write_text("3")
    assert workspace.json("artifact", "add", model, "--name", "demo")["ordinal"] == 3


def test_two_who_push_to_one_place_and_count_alike(workspace, model, tmp_path):
    """Each workspace has a v1 of its own; the place holds both, and says how to tell them apart."""
    remote = tmp_path / "remote"
    workspaces = [workspace]
    (tmp_path / "second").mkdir()
    workspaces.append(Workspace(workspace.program, tmp_path / "second"))
    ids = []
    for number, one in enumerate(workspaces):
        (model / "config.json").write_text(str(number))
        ids.append(one.json("artifact", "add", model, "--name", "demo")["version"])
    pushing = [
        subprocess.Popen(one.command("artifact", "push", "demo", remote, "--json"), stdout=subprocess.DEVNULL)
        for one in workspaces
    ]
    assert [process.wait(timeout=120) for process in pushing] == [0, 0]
    told = workspace.json("artifact", "pull", "demo@v1", remote, code=2)["error"]["message"]
    assert all(version in told for version in ids)
    (tmp_path / "third").mkdir()
    third = Workspace(workspace.program, tmp_path / "third")
    for number, version in enumerate(ids):
        third.json("artifact", "pull", f"demo@{version}", remote)
        third.json("artifact", "get", f"demo@{version}", tmp_path / f"out-{number}")
        assert (tmp_path / f"out-{number}" / "config.json").read_text() == str(number)
    assert third.json("artifact", "verify")["intact"]


def test_the_newest_version_is_the_last_one_added_whatever_the_clock_said(workspace, model):
    path = workspace.folder / ".gristmill" / "catalog.db"
    if not path.exists():
        pytest.skip("the catalog is no file whose times could be changed")
    made = workspace.json("artifact", "add", model, "--name", "demo")["created_at"]
    later = "2099-01-01T00:00:00.000Z"
    with sqlite3.connect(path) as catalog:
        catalog.execute("UPDATE artifacts SET created_at = ?, record = replace(record, ?, ?)", (later, made, later))
    catalog.close()
    for expected in (2, 3):
        (model / "config.json").write_text(f'{{"try": {expected}}}')
        assert workspace.json("artifact", "add", model, "--name", "demo")["ordinal"] == expected
    assert workspace.json("artifact", "show", "demo")["ordinal"] == 3
