# SPDX-License-Identifier: Apache-2.0
"""Corpora, undisturbed references and fresh workspaces for the crash tests."""

import itertools
import pathlib

import crash_corpus
import pytest
from crash_workspace import CrashWorkspace, reference_of

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="session")
def make_workspace(gristmill, tmp_path_factory):
    """Makes a fresh workspace for a corpus."""
    numbers = itertools.count()

    def make(corpus):
        folder = tmp_path_factory.mktemp("crash") / f"w{next(numbers)}"
        return CrashWorkspace(gristmill.program, folder, ROOT / "examples" / "tokenizers" / "example.json", corpus)

    return make


# Documents hold the path of the file they come from, so all workspaces of a session share one corpus folder.
@pytest.fixture(scope="session")
def large_corpus(tmp_path_factory):
    return crash_corpus.write_large(tmp_path_factory.mktemp("large"))


@pytest.fixture(scope="session")
def small_corpus(tmp_path_factory):
    return crash_corpus.write_small(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="session")
def large_reference(make_workspace, large_corpus):
    return reference_of(make_workspace(large_corpus))


@pytest.fixture(scope="session")
def small_reference(make_workspace, small_corpus):
    return reference_of(make_workspace(small_corpus))
