# SPDX-License-Identifier: Apache-2.0
"""Rule filters in a pipeline: measures as columns, and words that are split once but not for another text."""

import pytest

GOOD = "\n".join(
    [
        "The people of this town have always known that winter comes with snow, and being ready for it is wise.",
        "When the river rises in spring, children build small boats from bark and race them under the old bridge.",
        "Nobody remembers who planted the lime trees along the road, but everyone sits below them on hot evenings.",
        "Before the first frost the last apples are picked, pressed and shared with all who helped to carry them.",
        "Later nothing is left to do. So it goes.",
    ]
)
REPEATED = "\n".join(["The same line stands here again and again."] * 9)


def rows(workspace):
    return {row["text"]: row for row in workspace.rows("clean/web")}


def test_annotating_filters_write_what_they_measured(workspace):
    workspace.ingest(workspace.write_jsonl("texts.jsonl", [GOOD, REPEATED]))
    workspace.run("filter.gopher_repetition: {annotate: true}", "filter.gopher_quality: {annotate: true}")
    found = rows(workspace)
    assert found[REPEATED]["filter_gopher_repetition_reason"] == "gopher_repetition.dup_line_frac"
    assert found[REPEATED]["gopher_repetition_dup_line_frac"] == pytest.approx(8 / 9)
    assert found[REPEATED]["gopher_quality_words"] == 9 * 8
    assert found[GOOD]["filter_gopher_repetition_reason"] is None
    assert found[GOOD]["gopher_repetition_dup_line_frac"] == 0


def test_without_annotating_there_are_no_columns(workspace):
    workspace.ingest(workspace.write_jsonl("texts.jsonl", [GOOD, REPEATED]))
    document = workspace.run("filter.gopher_repetition", "filter.gopher_quality")
    assert document["documents"]["out"] == 1
    assert not [name for name in rows(workspace)[GOOD] if name.startswith(("gopher_", "filter_"))]


def test_words_are_those_of_the_text_at_hand(workspace):
    """C4 takes a line away between two filters that look at words: the second must not see the words of the first."""
    texts = ["A line without its stop\n" + GOOD, GOOD]
    workspace.ingest(workspace.write_jsonl("texts.jsonl", texts))
    measure = "filter.gopher_quality: {annotate: true}"
    workspace.run("filter.gopher_quality", "filter.c4", measure, output="clean/rewritten")
    rewritten = [(row["text"], row["gopher_quality_words"]) for row in workspace.rows("clean/rewritten")]
    workspace.run(measure)
    words = {text: row["gopher_quality_words"] for text, row in rows(workspace).items()}
    assert words[texts[0]] == words[GOOD] + 5
    assert rewritten == [(GOOD, words[GOOD])] * 2
