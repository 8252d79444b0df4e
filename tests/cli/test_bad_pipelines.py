# SPDX-License-Identifier: Apache-2.0
"""Pipelines that cannot run: where it is wrong and what to do, and nothing is changed."""

import resource

import pytest
from cli_support import GOOD, MIB

WRONG_PIPELINES = {
    "unknown operator": ("steps:\n  - normalize.unicod", ["line 4, column 5", "normalize.unicod", "normalize.unicode"]),
    "wrong type": (
        "steps:\n  - dedup.minhash: {bands: many}",
        ["line 4, column", "bands", "many"],
    ),
    "out of range": ("steps:\n  - filter.language: {keep: [en], min_score: 7}", ["line 4, column", "min_score", "7"]),
    "missing file": (
        "steps:\n  - tokenize.bpe: {tokenizer: absent/tokenizer.json}",
        ["line 4, column", "tokenizer", "absent/tokenizer.json"],
    ),
    "misspelt parameter": ("steps:\n  - dedup.minhash: {band: 3}", ["line 4, column", "band", "bands"]),
    "misspelt column in an expression": (
        "steps:\n  - filter.noise\n  - filter.expression: {where: 'length(url) > 9 or nose_score < 1'}",
        ["line 5, column 5", "column 20", "nose_score", "noise_score"],
    ),
    "wrong type in an expression": (
        "steps:\n  - filter.noise\n  - filter.expression: {where: \"noise_score = 'low'\"}",
        ["line 5, column 5", "column 13", "a number and a string"],
    ),
    "missing column": ("steps:\n  - filter.language: {keep: [en]}", ["filter.language", "language"]),
    "misspelt key": ("steps: []\nlimit: {memory: 1GiB}", ["line 4, column 1", "limit", "limits"]),
    "steps that are no list": ("steps: {normalize.unicode: }", ["line 3", "list"]),
    "broken YAML": ("steps: [normalize.unicode", ["line"]),
    "bad size": ("steps: []\nlimits: {memory: lots}", ["line 4, column 18", "lots"]),
    "bad tokens": ("steps: []\ntokens: {into: tokens/web}", ["tokenize.bpe"]),
}


@pytest.mark.parametrize("case", WRONG_PIPELINES)
def test_wrong_pipeline(workspace, case):
    workspace.write_jsonl("good.jsonl", GOOD)
    workspace.ingest()
    body, expected = WRONG_PIPELINES[case]
    path = workspace.folder / "wrong.yaml"
    path.write_text(f"name: wrong\ninputs: [raw/web]\n{body}\noutput: clean/web\n")
    if case == "broken YAML":
        path.write_text(f"name: wrong\ninputs: [raw/web]\n{body}\n")
    message = workspace.json("run", path, code=2)["error"]["message"]
    for part in expected:
        assert part in message, message
    assert str(path) in message, message
    assert workspace.json("run", path, "--dry-run", code=2)["error"]["message"] == message
    assert workspace.json("runs", "list") == []


def test_pipeline_whose_aliases_multiply(workspace):
    workspace.write_jsonl("good.jsonl", GOOD)
    workspace.ingest()
    lines = ["name: aliases", "inputs: [raw/web]", "steps:", "  - filter.language:", "      keep: &a0 [x, x]"]
    for number in range(1, 12):
        lines.append(f"      k{number}: &a{number} [{', '.join([f'*a{number - 1}'] * 10)}]")
    path = workspace.folder / "aliases.yaml"
    path.write_text("\n".join([*lines, "output: clean/web", ""]))
    limit = 4096 * MIB
    done = workspace.json(
        "run", path, code=2, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    )
    assert str(path) in done["error"]["message"]


def test_pipeline_without_output(workspace):
    workspace.write_jsonl("good.jsonl", GOOD)
    workspace.ingest()
    answer = workspace.json("run", workspace.pipeline("normalize.unicode", output=None), code=2)
    assert "output" in answer["error"]["message"]


def test_pipeline_over_a_missing_dataset(workspace):
    answer = workspace.json("run", workspace.pipeline("normalize.unicode", inputs="raw/absent"), code=2)
    assert "raw/absent" in answer["error"]["message"]


def test_missing_pipeline_and_near_recipe(workspace):
    answer = workspace.json("run", "web-to-token", code=2)
    assert "web-to-tokens" in answer["error"]["message"]
