# SPDX-License-Identifier: Apache-2.0
"""What the engine itself costs."""

from harness import empty, median, program, run, summed


def million_tasks(repeats):
    """The engine's own cost of a task, with a kill -9 at half and a resume."""

    def once():
        folder = empty("million-tasks")
        folder.mkdir(parents=True)
        return summed([run([program("bench/million_tasks"), folder / "tasks.db"])])

    ours = median([once() for _ in range(repeats)])
    each = ours["output"]["cpu_us_per_task"]
    return {
        "what": "Tasks through the engine, killed at half and resumed: CPU microseconds a task",
        "input": f"{ours['output']['tasks']} tasks, {ours['output']['resumed']} of them from the journal",
        "peer": "none",
        "theirs": None,
        "ours": ours,
        "rates": f"{each:.2f} us",
        "ratio": 20 / each,
        "goal": 1,
        "goal_text": "<= 20 us",
        "note": "",
    }


COMPARISONS = {"million_tasks": million_tasks}
