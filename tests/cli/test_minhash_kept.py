# SPDX-License-Identifier: Apache-2.0
"""dedup.minhash with scheme datatrove keeps the documents that datatrove keeps."""

import json
import pathlib

import pytest

GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "golden" / "datatrove_kept.jsonl"
CASES = [json.loads(line) for line in GOLDEN.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["options"].get("hash", "defaults"))
def test_a_run_keeps_what_datatrove_keeps(workspace, case):
    for part in range(3):
        size = -(-len(case["documents"]) // 3)
        workspace.write_jsonl(f"part/{part}.jsonl", case["documents"][part * size : (part + 1) * size])
    workspace.ingest(workspace.inputs / "part")
    options = json.dumps({"scheme": "datatrove", **case["options"]})
    workspace.run(f"dedup.minhash: {options}")
    kept = {row["text"] for row in workspace.rows("clean/web")}
    assert kept == {case["documents"][index] for index in case["kept"]}
