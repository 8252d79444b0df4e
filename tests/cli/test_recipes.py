# SPDX-License-Identifier: Apache-2.0
"""Shipped recipes: what they say of themselves, and what each rule of them does to inputs made for it."""

import json

import pytest
from cli_support import english


def user(text):
    return {"role": "user", "content": text}


def assistant(text):
    return {"role": "assistant", "content": text}


def write_records(workspace, name, records):
    return workspace.write(name, "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records))


def run_recipe(workspace, name, *settings):
    """Runs a recipe and gives the document with its drops: {operator: {reason: count}}."""
    words = [word for setting in settings for word in ("--set", setting)]
    document = workspace.json("run", name, *words)
    drops = {}
    for step in document["operators"]:
        drops.setdefault(step["name"], {}).update(step["dropped"])
    return document, drops


# What recipes say of themselves


def test_each_recipe_says_what_it_follows_and_where_it_departs(gristmill):
    names = gristmill.json("recipes", "list")
    assert {"web-to-tokens", "sft-jsonl", "preference-pairs"} <= set(names)
    table = gristmill("recipes", "list").stdout
    for name in names:
        recipe = gristmill.json("recipes", "show", name)
        assert recipe["name"] == name and recipe["summary"] and recipe["source"] and recipe["differences"]
        assert recipe["steps"] and all(step["name"] for step in recipe["steps"])
        assert name in table and recipe["summary"][:40] in table


def test_what_is_shown_is_a_pipeline_file(workspace):
    """Source and differences stand on top as comments; the rest runs as the recipe does."""
    shown = workspace.call("recipes", "show", "sft-jsonl").stdout
    recipe = workspace.json("recipes", "show", "sft-jsonl")
    comments = " ".join(line.removeprefix("#").strip(" -") for line in shown.splitlines() if line.startswith("#"))
    assert recipe["source"] in comments
    assert all(difference in comments for difference in recipe["differences"])
    assert "about:" not in shown and max(map(len, shown.splitlines())) <= 120
    write_records(workspace, "one.jsonl", [{"messages": [user("How tall is it?"), assistant("Nine metres.")]}])
    workspace.ingest(workspace.inputs, "--into", "raw/sft")
    copy = workspace.folder / "copy.yaml"
    copy.write_text(shown)
    fingerprints = [workspace.json("run", which)["fingerprint"] for which in (copy, "sft-jsonl")]
    assert fingerprints[0] == fingerprints[1]


@pytest.mark.parametrize(
    ("about", "expected"),
    [("about: words", "about must be a map"), ("about: {sumary: x}", "did you mean 'summary'")]
    + [("about: {differences: none}", "differences must be a list"), ("about: {summary: [x]}", "must be a string")],
)
def test_a_broken_about_is_told(workspace, about, expected):
    path = workspace.folder / "bad.yaml"
    path.write_text(f"{about}\ninputs: [raw/web]\noutput: clean/web\n")
    message = workspace.json("run", path, code=2)["error"]["message"]
    assert expected in message and "line 1" in message


# Conversations

SECRET = "The treaty was signed in the old library by seven men and two women."
EVALUATION = "A farmer has seventeen sheep and all but nine run away; how many sheep are left on the farm?"
LONG_PROMPT = english(7, 12)


def test_sft_jsonl(workspace):
    call = {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "function": {"name": "f"}}]}
    good = [
        {"messages": [user("What is the capital of Peru?"), assistant("Lima.")]},
        {"conversations": [{"from": "human", "value": "Count to three."}, {"from": "gpt", "value": "1, 2, 3."}]},
        {"instruction": "Translate to German.", "input": "Good morning", "output": "Guten Morgen"},
        {"messages": [user("What is the time?"), call, {"role": "tool", "content": "12:01"}, assistant("Noon.")]},
        {"messages": [{"role": "system", "content": "Be kind."}, user(LONG_PROMPT), assistant("A long story.")]},
    ]
    bad = {
        "conversation.missing": [{"text": "No conversation at all, but a text."}],
        "conversation.unknown_role": [{"messages": [user("a"), {"role": "narrator", "content": "b"}]}],
        "conversation.empty_turn": [
            {"messages": [user("Say nothing."), assistant(" ")]},
            {"instruction": "Say nothing again.", "output": ""},
        ],
        "conversation.late_system": [{"messages": [user("a"), {"role": "system", "content": "b"}, assistant("c")]}],
        "conversation.first_role": [
            {"conversations": [{"from": "gpt", "value": "a"}, {"from": "human", "value": "b"}]}
        ],
        "conversation.alternation": [{"messages": [user("a"), user("b"), assistant("c")]}],
        "conversation.last_role": [{"messages": [user("Is anybody there?")]}],
        "conversation.too_long": [{"messages": [user("Say a."), assistant("a" * 200_001)]}],
        "answer_leak.in_prompt": [{"messages": [user(f"Hint: {SECRET} Who signed?"), assistant(SECRET.upper())]}],
        "answer_leak.in_evaluation": [{"messages": [user(f"Quick! {EVALUATION}"), assistant("Nine.")]}],
        "exact.duplicate": [
            {
                "messages": [
                    {"role": "system", "content": "x"},
                    user("WHAT is the capital\nof Peru?"),
                    assistant("Cusco."),
                ]
            }
        ],
        "minhash.near_duplicate": [
            {"messages": [user(LONG_PROMPT.replace(" number ", " figure ", 1)), assistant("B.")]}
        ],
    }
    write_records(workspace, "a-good.jsonl", good)
    write_records(workspace, "b-bad.jsonl", [record for records in bad.values() for record in records])
    evaluation = workspace.write("../evaluation.jsonl", json.dumps({"question": EVALUATION, "answer": "9"}) + "\n")
    workspace.ingest(workspace.inputs, "--into", "raw/sft")
    document, drops = run_recipe(workspace, "sft-jsonl", f"filter.answer_leak.evaluation={evaluation}")
    counted = {reason: count for reasons in drops.values() for reason, count in reasons.items()}
    assert counted == {reason: len(records) for reason, records in bad.items()}
    assert document["documents"]["out"] == len(good) and document["documents"]["quarantined"] == 0
    kept = {row["origin_uri"] for row in workspace.rows("clean/sft")}
    assert all(uri.endswith("a-good.jsonl") for uri in kept)


def test_preference_pairs(workspace):
    story, other = english(20, 10), english(21, 10)
    pair = {"prompt": "Tell me a story.", "chosen": story, "rejected": other}
    good = [
        pair,
        {"prompt": "Tell me a story.", "chosen": english(22, 10), "rejected": english(23, 10)},
        {"chosen": [user("Hello?"), assistant("Good day!")], "rejected": [user("Hello?"), assistant("Go away.")]},
    ]
    bad = {
        "preference_pair.missing": [{"messages": [user("a"), assistant("b")]}],
        "preference_pair.no_prompt": [{"prompt": " ", "chosen": "Yes, please.", "rejected": "No, thanks."}],
        "preference_pair.prompts_differ": [
            {"chosen": [user("One?"), assistant("1")], "rejected": [user("Two?"), assistant("2")]}
        ],
        "preference_pair.no_answer": [{"prompt": "One?", "chosen": "1", "rejected": "\n"}],
        "preference_pair.identical": [{"prompt": "One?", "chosen": "It is 1.", "rejected": "it  is 1."}],
        "preference_pair.similar": [{"prompt": "Story?", "chosen": story + " End", "rejected": story}],
        "preference_pair.length_ratio": [{"prompt": "Long?", "chosen": story, "rejected": "No."}],
        "conversation.alternation": [{"prompt": [user("a"), user("b")], "chosen": "first", "rejected": "second"}],
        "answer_leak.in_prompt": [
            {"prompt": SECRET, "chosen": SECRET, "rejected": "Nobody knows who signed the treaty."}
        ],
        "exact.duplicate": [pair],
        "minhash.near_duplicate": [{**pair, "rejected": other.replace(" number ", " figure ", 1)}],
    }
    write_records(workspace, "a-good.jsonl", good)
    write_records(workspace, "b-bad.jsonl", [record for records in bad.values() for record in records])
    workspace.ingest(workspace.inputs, "--into", "raw/preferences")
    document, drops = run_recipe(workspace, "preference-pairs")
    counted = {reason: count for reasons in drops.values() for reason, count in reasons.items()}
    assert counted == {reason: len(records) for reason, records in bad.items()}
    assert document["documents"]["out"] == len(good)
