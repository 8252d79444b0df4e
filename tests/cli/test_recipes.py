# SPDX-License-Identifier: Apache-2.0
"""Shipped recipes: what they say of themselves, and what each rule of them does to inputs made for it."""

import json
from random import Random

import pytest
from cli_support import GERMAN, english


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
    assert set(names) == {"c4", "fineweb", "gopher", "preference-pairs", "sft-jsonl", "web-to-tokens"}
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


# Web pages

ADJECTIVES, NOUNS, VERBS, TINY = (
    words.split()
    for words in (
        "old new small large quiet bright early late warm cold narrow wide simple strange heavy light",
        "river bridge market brother museum train harbour garden window teacher village morning winter letter kitchen "
        "farmer doctor island forest machine engine question answer picture mountain valley street corner bottle table "
        "station journey song story paper coat horse boat road field",
        "found crossed watched painted carried followed described repaired counted noticed visited remembered",
        "to be of we go in on it is at my no up do if by me an or so us he and",
    )
)


def sentence(random):
    groups = (ADJECTIVES, NOUNS, VERBS, ADJECTIVES, NOUNS, NOUNS, NOUNS, NOUNS, VERBS, ADJECTIVES, NOUNS)
    words = [random.choice(group) for group in groups]
    return "The {} {} {} {} {} of {} and {} with {} that {} {} {}.".format(*words)


def page(seed, sentences=16, a_line=4):
    """English that no rule objects to: lines of some sentences each."""
    random = Random(seed)
    lines = [" ".join(sentence(random) for _ in range(a_line)) for _ in range(sentences // a_line)]
    return "\n".join(lines)


def bad_pages(seed):
    """A page for each rule, by the reason that Gopher's, C4's and FineWeb's filters give for it."""
    random = Random(seed)
    words = page(seed).replace("\n", " ").split()
    lines = page(seed, sentences=20, a_line=1).splitlines()
    tiny = random.choices(TINY, k=90)
    short = [f"All {random.choice(VERBS)} the {random.choice(NOUNS)}." for _ in range(20)]
    short += [f"We {random.choice(VERBS)} and {random.choice(VERBS)}." for _ in range(20)]
    random.shuffle(short)
    # Two phrases of five words, seven times each, with other words around them.
    phrases = ["behind every large yellow curtain", "without another cheerful morning visit"] * 7
    fives = [f"{phrase} {' '.join(words[at * 9 : at * 9 + 9])}" for at, phrase in enumerate(phrases)]
    return {
        "gopher_quality.short_document": " ".join(words[:30]),
        "gopher_quality.short_words": " ".join(tiny),
        "gopher_quality.hashes": " ".join(f"# {word}" if at % 4 == 0 else word for at, word in enumerate(words)),
        "gopher_quality.bullet_lines": "\n".join(f"- {line}" for line in lines),
        "gopher_quality.ellipsis_lines": "\n".join(line.rstrip(".") + "..." for line in lines),
        "gopher_quality.few_alpha_words": " ".join(f"{word} {at * 7919}" for at, word in enumerate(words)),
        "gopher_quality.few_stop_words": " ".join(
            w for w in words if w.lower() not in {"the", "of", "and", "that", "with"}
        ),
        "gopher_repetition.dup_para_frac": "\n\n".join([*lines[:6], *[lines[7]] * 6]),
        "gopher_repetition.dup_line_frac": "\n".join([*lines[:6], *[lines[7]] * 6]),
        "gopher_repetition.top_2_gram": " ".join(f"{word} knock knock" for word in words),
        "gopher_repetition.dup_5_gram": " ".join(fives),
        "c4.lorem_ipsum": page(seed + 1) + "\nLorem ipsum dolor sit amet, consectetur adipiscing elit.",
        "c4.curly_bracket": page(seed + 2) + "\nThe function main() { return 0; } was never called by anyone.",
        "c4.too_few_sentences": page(seed + 3, 4).replace(".", ",").rstrip(",") + ".",
        "fineweb.line_punct_ratio": "\n".join(line.rstrip(".") for line in page(seed + 4, 20, 1).splitlines()),
        "fineweb.short_line_ratio": "\n".join(short),
        "fineweb.char_dup_ratio": "\n".join([*lines, lines[3]]),
    }


def drops_by_reason(drops):
    return {reason: count for reasons in drops.values() for reason, count in reasons.items()}


def ingest_pages(workspace, bad, good):
    for number, (reason, text) in enumerate(bad.items()):
        workspace.write_jsonl(f"bad-{number:02}-{reason}.jsonl", [text])
    workspace.write_jsonl("a-good.jsonl", good)
    workspace.write("page.html", f"<html><title>T</title><body><p>{page(900)}</p></body></html>")
    workspace.ingest()


def test_fineweb(workspace):
    near = page(1, 40)
    good = [page(0) + " Write to jane.roe@mail.example.net or 93.184.216.34.", near, *map(page, range(2, 6))]
    bad = bad_pages(100) | {"language.other": GERMAN, "minhash.near_duplicate": near.replace(" river ", " stream ", 1)}
    ingest_pages(workspace, bad, good)
    document, drops = run_recipe(workspace, "fineweb")
    assert drops_by_reason(drops) == dict.fromkeys(bad, 1)
    texts = workspace.texts("clean/fineweb")
    assert len(texts) == len(good) + 1 == document["documents"]["out"]
    assert not any("jane.roe" in text or "93.184" in text for text in texts)


def test_gopher(workspace):
    near = page(1, 40)
    good = [near, *map(page, range(2, 6))]
    bad = {reason: text for reason, text in bad_pages(200).items() if reason.startswith("gopher")}
    bad |= {"exact.duplicate": near, "minhash.near_duplicate": near.replace(" river ", " stream ", 1)}
    ingest_pages(workspace, bad | {"language.other": GERMAN}, good)
    document, drops = run_recipe(workspace, "gopher")
    assert drops_by_reason(drops) == dict.fromkeys([*bad, "language.other"], 1)
    assert document["documents"]["out"] == len(good) + 1


def test_recipes_take_block_lists_of_the_user(workspace):
    """None is shipped: without a file the step keeps all."""
    ingest_pages(workspace, {}, [page(1) + " The zyzzyva is listed here.", page(2)])
    words = workspace.write("words.txt", "# mine\nzyzzyva\n")
    assert run_recipe(workspace, "c4")[1]["filter.blocklist"] == {}
    drops = run_recipe(workspace, "c4", f"filter.blocklist.words_file={words}")[1]
    assert drops["filter.blocklist"] == {"blocklist.words": 1}
    assert run_recipe(workspace, "fineweb")[1]["filter.blocklist"] == {}


def test_c4(workspace):
    lines = [
        "Home",
        page(1),
        "Please enable Javascript to see all of this page.",
        "By using it you accept our cookie policy.",
    ]
    lines += ["No full stop at the end of this line", "It ends in three stops, as you see...", page(2) + "[12][edit]"]
    good = ["\n".join(lines), *map(page, range(3, 6))]
    bad = {reason: text for reason, text in bad_pages(300).items() if reason.startswith("c4")}
    bad |= {"language.other": GERMAN, "exact.duplicate": page(4).upper().replace("\n", "\n ")}
    ingest_pages(workspace, bad, good)
    document, drops = run_recipe(workspace, "c4")
    assert drops_by_reason(drops) == dict.fromkeys(bad, 1)
    assert document["documents"]["out"] == len(good) + 1
    assert f"{page(1)}\n{page(2)}" == next(t for t in workspace.texts("clean/c4") if t.startswith(page(1)[:60]))
