# SPDX-License-Identifier: Apache-2.0
"""The connection breaks at a commit: what took effect is found as done, what did not is done again."""

import itertools

import pytest
from cutting_proxy import CuttingProxy
from team import counts


@pytest.fixture
def proxy(server):
    proxy = CuttingProxy(server.port)
    yield proxy
    proxy.close()


@pytest.fixture
def workspace(make_workspace, server, proxy):
    class Behind:
        """The server as it is reached through the proxy."""

        @staticmethod
        def new_schema():
            return server.new_schema().replace(f":{server.port}/", f":{proxy.port}/")

    return make_workspace(Behind)


def each_cut(proxy, when):
    """Sets the next commit to be cut, until a command has fewer commits than that."""
    for number in itertools.count(1):
        proxy.cut(number, when)
        yield number
        if proxy.cuts == 0:
            assert number > 2, "hardly anything was cut"
            return
    proxy.cut(None, "")


@pytest.mark.parametrize("when", ["before", "after"])
def test_each_commit_of_an_ingestion(workspace, proxy, when):
    landed = 0
    for number in each_cut(proxy, when):
        file = workspace.folder / f"text-{number}.txt"
        file.write_text(f"Text {number}.\n")
        record = workspace.json("ingest", file, "--source", "web", "--license", "CC0-1.0")
        assert record["status"] == "complete" and not record.get("already_present")
        landed += 1
    shown = workspace.json("dataset", "show", "raw/web")
    assert len(shown["versions"]) == shown["documents"] == landed
    assert len(workspace.json("ingestions", "list")) == landed
    assert workspace.json("audit", "verify")["intact"]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    "words",
    [
        ("release", "create", "r{n}", "--dataset", "raw/web", "--label", "L", "--description", "D"),
        ("dataset", "branch", "raw/web", "b{n}"),
    ],
)
def test_each_commit_of_small_changes(workspace, proxy, when, words):
    file = workspace.folder / "text.txt"
    file.write_text("Text.\n")
    workspace.json("ingest", file, "--source", "web", "--license", "CC0-1.0")
    made = [number for number in each_cut(proxy, when) if workspace.json(*[word.format(n=number) for word in words])]
    assert len(made) > 2
    assert workspace.json("audit", "verify")["intact"]


@pytest.mark.full
@pytest.mark.parametrize("when", ["before", "after"])
def test_each_commit_of_a_run(workspace, proxy, when, corpus):
    workspace.ingest(corpus)
    reference = counts(workspace.json("run", workspace.pipeline, "--threads", "1"))
    runs = 1
    for _ in each_cut(proxy, when):
        assert counts(workspace.json("run", workspace.pipeline, "--threads", "1")) == reference
        runs += 1
    assert len(workspace.json("dataset", "show", "clean/web")["versions"]) == runs
    assert workspace.json("audit", "verify")["intact"]
