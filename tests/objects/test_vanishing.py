# SPDX-License-Identifier: Apache-2.0
"""A bucket that goes away while a command works in it: removed with all it holds, out of reach, or closed to us. The
command says which bucket it was and how to go on, nothing is half there, and with the bucket back the work goes on."""

from random import Random

import pytest
from machines import counts, write_corpus, write_pipeline

# How the bucket is gone: the exit code and what the message must say.
GONE = {
    "removed": (5, "there is no such bucket at http://127.0.0.1"),
    "away": (5, "after 4 attempts"),
    "closed": (3, "ask the owner of the bucket"),
}
METHODS = ("GET", "HEAD", "PUT", "POST", "DELETE")
RUN_PLACES = [
    ("GET", "/raw/web/data/"),
    ("PUT", "/clean/web/data/"),
    ("PUT", "/clean/web/_index/"),
    ("PUT", "/tokens/web/"),
    ("PUT", "/clean/web/metadata/00000"),
    ("PUT", ".avro"),
    ("PUT", "/clean/web/metadata/00001"),
]
INGEST_PLACES = [
    ("PUT", "/raw/web/data/"),
    ("PUT", "/landing/"),
    ("GET", "/landing/"),
    ("PUT", ".avro"),
    ("PUT", "metadata/00002"),
]


class Vanishing:
    """A store whose bucket goes with the request that fits a method and a part of its target."""

    def __init__(self, store, server, kind):
        self.store, self.server, self.kind, self.plan, self.kept = store, server, kind, None, None
        self.next_fault, server.next_fault = server.next_fault, self.fault_of

    def at(self, method, part, number=1):
        """Goes with the `number`th such request."""
        self.plan = [method, part, number]

    def fault_of(self, method, target):
        if self.plan and self.plan[0] == method and self.plan[1] in target:
            self.plan[2] -= 1
            if self.plan[2] == 0:
                self.go()
        return self.next_fault(method, target)

    def go(self):
        self.plan, self.kept = None, dict(self.store.buckets["corpus"])
        if self.kind == "removed":
            self.store.buckets.pop("corpus")
        for method in METHODS:
            if self.kind != "removed":
                self.server.plan("reset" if self.kind == "away" else "denied", method, "", 1 << 30)

    def come_back(self):
        self.server.faults.clear()
        self.store.buckets["corpus"] = self.kept

    def ends(self, workspace, *command):
        """The command ends as it should when the bucket goes, which is back after it; gives what it said."""
        code, said = GONE[self.kind]
        told = workspace.fails(code, *command)
        assert self.kept is not None, f"the bucket never went: {told}"
        assert "s3://corpus" in told and said in told, told
        self.come_back()
        return told


def everything(workspace):
    """Versions and documents of every dataset that has any."""
    listed = [one["name"] for one in workspace.json("dataset", "list") if one["versions"] > 0]
    return {
        name: [
            workspace.json("dataset", "versions", name)["versions"],
            workspace("dataset", "head", name, "-n", "9999", "--json").stdout,
        ]
        for name in listed
    }


@pytest.fixture
def vanishing(store, server, request):
    return Vanishing(store, server, request.param)


def each(places, fast=()):
    """Every way to go at every place; the fast group has the first way at the first place, and what is named."""
    cases = []
    for kind in GONE:
        for number, place in enumerate(places):
            is_fast = (kind == "removed" or kind in fast) and number == 0
            cases.append(pytest.param(kind, *place, marks=[] if is_fast else pytest.mark.full))
    return pytest.mark.parametrize(("vanishing", "method", "part"), cases, indirect=["vanishing"])


@pytest.fixture(scope="module")
def expected(gristmill, tmp_path_factory):
    """What the run gives that meets no fault."""
    folder = tmp_path_factory.mktemp("expected")
    gristmill("init", folder / "alone")
    alone = ["--workspace", folder / "alone"]
    gristmill(*alone, "ingest", write_corpus(folder / "in", 2, sentences=3), "--source", "web")
    return gristmill.json(*alone, "run", write_pipeline(folder / "home"))


@each(RUN_PLACES, fast=GONE)
def test_run(workspace, vanishing, tmp_path, expected, method, part):
    workspace("ingest", write_corpus(tmp_path / "in", 2, sentences=3), "--source", "web")
    before = everything(workspace)
    vanishing.at(method, part)
    told = vanishing.ends(workspace, "run", write_pipeline(tmp_path / "home"))
    (failed,) = workspace.json("runs", "list")
    assert failed["status"] == "failed" and f"gristmill run --resume {failed['run_id']}" in told, told
    assert everything(workspace) == before
    run = workspace.json("run", "--resume", failed["run_id"])
    assert counts(run) == counts(expected)
    after = everything(workspace)
    assert len(after.pop("clean/web")[0]) == 1 and after == before
    assert workspace.json("audit", "verify")["intact"]


@pytest.mark.parametrize("vanishing", ["removed", "closed"], indirect=True)
def test_a_run_that_is_published_stays_done(workspace, vanishing, store, tmp_path, expected):
    workspace("ingest", write_corpus(tmp_path / "in", 2, sentences=3), "--source", "web")
    vanishing.at("PUT", "/reports/")
    told = vanishing.ends(workspace, "run", write_pipeline(tmp_path / "home"))
    (done,) = workspace.json("runs", "list")
    assert done["status"] == "done" and f"gristmill run --resume {done['run_id']}" in told, (done, told)
    assert counts(workspace.json("runs", "show", "last")) == counts(expected)
    assert not [key for key in store.buckets["corpus"] if "/reports/" in key]
    run = workspace.json("run", "--resume", done["run_id"])
    assert [key for key in store.buckets["corpus"] if f"/reports/{done['run_id']}" in key]
    assert counts(run) == counts(expected)
    assert len(workspace.json("dataset", "show", "clean/web")["versions"]) == 1


@each(INGEST_PLACES)
def test_ingest(workspace, vanishing, store, tmp_path, method, part):
    workspace("ingest", write_corpus(tmp_path / "in", 1, sentences=3), "--source", "web")
    before = everything(workspace)
    more = write_corpus(tmp_path / "more", 2, sentences=3, seed=8)
    vanishing.at(method, part)
    told = vanishing.ends(workspace, "ingest", more, "--source", "web")
    assert "gristmill ingest --resume" in told, told
    assert everything(workspace) == before
    task = told.split("ingest --resume ")[1].split("`")[0]
    record = workspace.json("ingest", "--resume", task)
    assert record["status"] == "complete"
    shown = workspace.json("dataset", "show", "raw/web")
    documents = before["raw/web"][1].count("\n") + record["documents"]
    assert (len(shown["versions"]), shown["documents"]) == (2, documents)
    assert workspace.json("ingest", more, "--source", "web")["already_present"]


@each([("PUT", "/raw/web/data/"), ("GET", "/raw/web/data/"), ("PUT", ".avro"), ("PUT", "metadata/00004")])
def test_compact(workspace, vanishing, tmp_path, method, part):
    for number in range(3):
        workspace("ingest", write_corpus(tmp_path / f"in-{number}", 1, 9, 3, number), "--source", "web")
    before = everything(workspace)
    vanishing.at(method, part)
    told = vanishing.ends(workspace, "dataset", "compact", "raw/web")
    assert "repeat the command" in told, told
    assert everything(workspace) == before
    workspace("dataset", "compact", "raw/web")
    shown = workspace.json("dataset", "show", "raw/web")
    assert len(shown["versions"]) == 4
    assert everything(workspace)["raw/web"][1] == before["raw/web"][1]


@each([("PUT", "packs/"), ("PUT", "versions/")])
def test_artifact_push(make_workspace, vanishing, tmp_path, method, part):
    here, there = make_workspace("here", warehouse="warehouse"), make_workspace("there", warehouse="warehouse")
    model = tmp_path / "model.bin"
    remote = "s3://corpus/models"
    for number in range(2):
        model.write_bytes(Random(number).randbytes(3_000_000))
        here("artifact", "add", model, "--name", "demo")
        if number == 0:
            here("artifact", "push", "demo", remote)
    vanishing.at(method, part)
    told = vanishing.ends(here, "artifact", "push", "demo", remote)
    assert "repeat the command" in told, told
    here("artifact", "push", "demo", remote)
    there("artifact", "pull", "demo", remote)
    there("artifact", "verify", "demo")
    there("artifact", "get", "demo", tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == model.read_bytes()


@pytest.mark.parametrize("vanishing", ["removed"], indirect=True)
def test_a_bucket_that_comes_back_without_the_work_of_a_run(workspace, vanishing, tmp_path, expected):
    """As from a copy that was made before the run: what its tasks had written is not there."""
    workspace("ingest", write_corpus(tmp_path / "in", 2, sentences=3), "--source", "web")
    copied, before = dict(vanishing.store.buckets["corpus"]), everything(workspace)
    vanishing.at("PUT", "/clean/web/metadata/00000")
    vanishing.ends(workspace, "run", write_pipeline(tmp_path / "home"))
    assert len(vanishing.store.buckets["corpus"]) > len(copied)
    vanishing.store.buckets["corpus"] = copied
    run = workspace.json("run", "--resume", "last")
    assert counts(run) == counts(expected)
    after = everything(workspace)
    assert after["clean/web"][1].count("\n") == run["documents"]["out"]
    assert after["raw/web"] == before["raw/web"]
    assert workspace.json("trace", f"{run['tokens']['shards'][0]['path']}:0")["document"]["dataset"] == "clean/web"


@pytest.mark.parametrize("vanishing", ["removed"], indirect=True)
def test_a_bucket_that_comes_back_without_what_was_landed(workspace, vanishing, tmp_path):
    workspace("ingest", write_corpus(tmp_path / "in", 1, sentences=3), "--source", "web")
    copied, before = dict(vanishing.store.buckets["corpus"]), everything(workspace)
    more = write_corpus(tmp_path / "more", 2, sentences=3, seed=8)
    vanishing.at("PUT", ".avro")
    vanishing.ends(workspace, "ingest", more, "--source", "web")
    vanishing.store.buckets["corpus"] = copied
    record = workspace.json("ingest", more, "--source", "web")
    documents = before["raw/web"][1].count("\n") + record["documents"]
    assert record["status"] == "complete" and record["documents"] > 100
    after = everything(workspace)["raw/web"][1]
    assert after.count("\n") == documents
    workspace("dataset", "export", "raw/web", "--to", tmp_path / "all.jsonl")


@pytest.mark.parametrize("vanishing", ["closed"], indirect=True)
def test_a_run_goes_on_in_another_warehouse(workspace, vanishing, store, tmp_path, expected):
    """The bucket may be read, but no longer be written."""
    workspace("ingest", write_corpus(tmp_path / "in", 2, sentences=3), "--source", "web")
    vanishing.at("PUT", "/clean/web/metadata/00000")
    vanishing.ends(workspace, "run", write_pipeline(tmp_path / "home"))
    store.buckets["other"] = {}
    vanishing.server.plan("denied", "PUT", "/corpus/", 1 << 30)
    settings = workspace.folder / "gristmill.toml"
    settings.write_text(settings.read_text().replace("s3://corpus/", "s3://other/"))
    run = workspace.json("run", "--resume", "last")
    assert counts(run) == counts(expected)
    rows = everything(workspace)["clean/web"][1]
    assert rows.count("\n") == run["documents"]["out"]
    assert workspace.json("dataset", "show", "clean/web")["location"].startswith("s3://other/")
    print(sorted(store.buckets["other"]))
    assert workspace.json("trace", f"{run['tokens']['shards'][0]['path']}:0")["document"]["dataset"] == "clean/web"


@pytest.mark.parametrize(
    ("command", "dataset", "last"), [("run", "clean/web", "/tokens/web/"), ("ingest", "raw/web", "/raw/web/_index/")]
)
def test_files_that_go_before_the_commit(workspace, store, server, tmp_path, command, dataset, last):
    """Removed by somebody when the last task ends: no version names what is not there."""
    words = ["ingest", write_corpus(tmp_path / "in", 2, sentences=3), "--source", "web"]
    if command == "run":
        workspace(*words)
        words = ["run", write_pipeline(tmp_path / "home")]
    objects, data = store.buckets["corpus"], f"team a/wh/{dataset}/data/"
    hook = Vanishing(store, server, "emptied")
    hook.go = lambda: [objects.pop(key) for key in list(objects) if key.startswith(data)]
    hook.at("PUT", last)
    told = workspace.fails(5, *words)
    assert data in told and "nothing is committed" in told and f"gristmill {command} --resume" in told, told
    assert [one["versions"] for one in workspace.json("dataset", "list") if one["name"] == dataset] in ([], [0])
    workspace(command, "--resume", told.split("--resume ")[1].split("`")[0])
    assert workspace("dataset", "head", dataset, "-n", "1").stdout
