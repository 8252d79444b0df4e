# SPDX-License-Identifier: Apache-2.0
"""The speed of every operator of the catalog on this machine, as the accounting of runs tells it.

Leaves the speeds where `gristmill ops show` and `ops list` look for them: operator-rates.json in the user's cache.
"""

import json
import os
import platform
import statistics
import time
from pathlib import Path
from random import Random

from harness import TOKENIZER, corpus, empty, gristmill, program, run

MEGABYTES = 60
CHATS = 20_000
# What an operator cannot do without: parameters, and steps before it that make its columns.
PARAMETERS = {
    "filter.blocklist": {"words": ["casino bonus", "jackpot", "lottery winner", "free spins", "viagra"]},
    "filter.expression": {"where": "length(text) > 200 and not contains(text, 'javascript')"},
    "filter.language": {"keep": ["en"]},
    "filter.lines": {"min_words": 3, "duplicates": True},
    "tokenize.bpe": {"tokenizer": str(TOKENIZER)},
}
BEFORE = {"filter.language": ["language.identify"]}
# Operators of chats; those that extract read the pages, all others the main text of them.
OF_CHATS = ("filter.conversation", "filter.preference_pair", "filter.answer_leak")
DATASETS = {"raw/web": "generated pages as HTML", "clean/texts": "main text of them", "raw/chats": "generated chats"}


def write_chats(path, texts):
    """Chats and preference pairs, one to one, of sentences from the pages."""
    random = Random(11)
    sentences = [sentence for text in texts for sentence in text.split(". ") if 20 < len(sentence) < 300]
    with open(path, "w", encoding="utf-8") as lines:
        for number in range(CHATS):
            said = [". ".join(random.choices(sentences, k=random.randint(1, 4))) for _ in range(4)]
            roles = ("user", "assistant") * 2
            chat = {"messages": [{"role": role, "content": text} for role, text in zip(roles, said, strict=True)]}
            pair = {"prompt": said[0], "chosen": said[1], "rejected": said[2]}
            lines.write(json.dumps(chat if number % 2 == 0 else pair) + "\n")


def prepare():
    """A workspace that holds all that operators read."""
    workspace = empty("operators")
    run([program("bin/gristmill"), "init", workspace, "--quiet"])
    origin = ["--source", "bench", "--license", "CC0-1.0"]
    gristmill(workspace, "ingest", corpus(MEGABYTES) / "warc", *origin, "--into", "raw/web")
    measure_steps(workspace, ["extract.html"], "raw/web", "clean/texts")
    texts = run(
        [program("bin/gristmill"), "--workspace", workspace, "dataset", "head", "clean/texts", "-n", "3000"]
        + ["--json"]
    )
    chats = workspace / "chats.jsonl"
    write_chats(chats, [json.loads(line)["text"] for line in texts.output.splitlines()])
    gristmill(workspace, "ingest", chats, *origin, "--into", "raw/chats")
    return workspace


def measure_steps(workspace, steps, dataset, output):
    """The run document of a pipeline of these steps."""
    pipeline = workspace / "pipeline.yaml"
    pipeline.write_text(json.dumps({"inputs": [dataset], "steps": steps, "output": output}))
    cost = gristmill(workspace, "run", pipeline, "--threads", "1")
    return json.loads(cost.output), cost


def dataset_of(name):
    """What an operator reads."""
    if name in OF_CHATS:
        return "raw/chats"
    return "raw/web" if name.startswith("extract.") else "clean/texts"


def rate(workspace, name, repeats):
    """MB of text per CPU second, and the costs of the runs."""
    steps = [*BEFORE.get(name, []), {name: PARAMETERS.get(name, {})}]
    runs = [measure_steps(workspace, steps, dataset_of(name), "clean/measured") for _ in range(repeats)]
    last = [document["operators"][-1] for document, _ in runs]
    return statistics.median(step["bytes_in"] / 1e6 / step["cpu_seconds"] for step in last), [cost for _, cost in runs]


def machine():
    """As the program calls it: processor and cores."""
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return f"{line.split(': ', 1)[1]}, {os.cpu_count()} cores"
    return f"{platform.machine()}, {os.cpu_count()} cores"


def write_rates(rates):
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gristmill"
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / "operator-rates.json.new"
    draft.write_text(
        json.dumps(
            {"machine": machine(), "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
            | {"corpus": f"{MEGABYTES} MB of generated data", "operators": rates},
            indent=1,
        )
    )
    draft.rename(folder / "operator-rates.json")


def operators(repeats):
    """Every operator by itself."""
    workspace = prepare()
    catalog = json.loads(run([program("bin/gristmill"), "ops", "list", "--json"]).output)
    rates, costs, missing = {}, [], []
    for spec in catalog:
        name = spec["name"]
        if any(option.get("required") and option["name"] not in PARAMETERS.get(name, {}) for option in spec["options"]):
            missing.append(name)
            continue
        try:
            speed, spent = rate(workspace, name, repeats)
        except SystemExit as told:  # It wants parameters that stand above for others.
            print(f"  {name}: {told}", flush=True)
            missing.append(name)
            continue
        costs += spent
        corpus_name = DATASETS[dataset_of(name)]
        rates[name] = {"version": spec["version"], "mb_per_second": round(speed, 1), "corpus": corpus_name}
        print(f"  {name}: {speed:.1f} MB/s", flush=True)
    write_rates(rates)
    slowest = min(rates, key=lambda name: rates[name]["mb_per_second"])
    return {
        "what": "Every operator by itself: MB of text per CPU second, the slowest",
        "input": f"{len(rates)} of {len(catalog)} operators, {MEGABYTES} MB of generated data",
        "peer": "none",
        "theirs": None,
        "ours": {
            "cpu_seconds": sum(cost.cpu_seconds for cost in costs),
            "peak_bytes": max(cost.peak_bytes for cost in costs),
            "output": rates,
        },
        "rates": f"{slowest} {rates[slowest]['mb_per_second']:.1f}",
        "ratio": len(rates) / len(catalog),
        "goal": 1,
        "goal_text": "all measured",
        "note": f"without: {', '.join(missing)}" if missing else "`gristmill ops list` shows all",
    }


COMPARISONS = {"operators": operators}
