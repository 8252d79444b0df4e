# SPDX-License-Identifier: Apache-2.0
"""Killed at any moment and taken up again, an ingestion and a run leave the bytes of an undisturbed one."""

import random

import pytest
from crash_workspace import UNFINISHED, same_ingest, same_run

SEED = 20261123
KILLS_IN_A_ROW_MAX = 5
# Even if only every other workspace had a process that was still there to be killed, there would be enough of them.
WORKSPACES_PER_KILL_MAX = 2


class Killer:
    """Kills commands of one workspace at random moments, looks at what is left, and lets them finish at last."""

    def __init__(self, workspace, reference, generator):
        self.workspace = workspace
        self.reference = reference
        self.generator = generator
        self.kills = 0

    def threads(self):
        return ["--threads", self.generator.randint(1, 3)]

    def kill(self, seconds, *arguments):
        """Kills a command somewhere within the time that the undisturbed one took on this machine."""
        delay = self.generator.uniform(0, seconds)
        self.kills += self.workspace.killed(delay, *arguments, *self.threads())

    def ingest(self):
        for _ in range(self.generator.randint(1, KILLS_IN_A_ROW_MAX)):
            known = self.workspace.ingestion()
            if known and known["status"] not in UNFINISHED:
                break
            # Asking for the same batch again goes on with it as well as naming the task does.
            resumes = known and self.generator.random() < 0.7
            arguments = ["ingest", "--resume", known["task_id"]] if resumes else self.workspace.ingest_arguments()
            self.kill(self.reference["ingest_seconds"], *arguments)
            self.workspace.check_readable("raw/web", 0, self.reference["record"]["documents"])
        return self.workspace.finish_ingest(*self.threads())

    def run(self):
        for _ in range(self.generator.randint(1, KILLS_IN_A_ROW_MAX)):
            known = self.workspace.run()
            if known and known["status"] not in UNFINISHED:
                break
            arguments = ["--resume", known["run_id"]] if known else [self.workspace.pipeline]
            self.kill(self.reference["run_seconds"], "run", *arguments)
            self.workspace.check_readable("clean/web", 0, self.reference["run"]["documents"]["out"])
        return self.workspace.finish_run(*self.threads())


def kill_many(make_workspace, corpus, reference, kills_wanted):
    """Workspace after workspace, until that many processes were killed."""
    generator = random.Random(SEED)
    kills = 0
    for _ in range(kills_wanted * WORKSPACES_PER_KILL_MAX):
        workspace = make_workspace(corpus)
        killer = Killer(workspace, reference, generator)
        same_ingest(workspace, killer.ingest(), reference)
        same_run(workspace, killer.run(), reference)
        check_finished(workspace)
        kills += killer.kills
        workspace.remove()
        if kills >= kills_wanted:
            break
    print(f"{kills} processes were killed")
    assert kills >= kills_wanted


def check_finished(workspace):
    """One version of each, a report, nothing lying about; and the same batch again changes nothing."""
    before = workspace.datasets()
    assert {name: item["versions"] for name, item in before.items()} == {"raw/web": 1, "clean/web": 1}
    for name, item in before.items():
        ids = workspace.ids(name)
        assert len(ids) == len(set(ids)) == item["documents"]
    (run,) = workspace.json("runs", "list")
    assert (workspace.folder / "reports" / f"{run['run_id']}.html").stat().st_size > 10_000
    assert workspace.leftovers() == []
    again = workspace.json(*workspace.ingest_arguments())
    assert again["already_present"] is True
    assert workspace.datasets() == before


def test_ten_random_kills_change_no_byte(make_workspace, large_corpus, large_reference):
    kill_many(make_workspace, large_corpus, large_reference, 10)


@pytest.mark.full
def test_a_hundred_random_kills_change_no_byte(make_workspace, large_corpus, large_reference):
    kill_many(make_workspace, large_corpus, large_reference, 110)
