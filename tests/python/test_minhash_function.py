# SPDX-License-Identifier: Apache-2.0
"""dedup.minhash as a function with scheme datatrove keeps the rows that datatrove keeps."""

import json
import pathlib

import pyarrow as pa
import pytest

import gristmill

GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "golden" / "datatrove_kept.jsonl"
CASES = [json.loads(line) for line in GOLDEN.read_text(encoding="utf-8").splitlines()]
pytest.importorskip("gristmill._native", reason="the native module is not built: make dev")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["options"].get("hash", "defaults"))
def test_the_function_keeps_what_datatrove_keeps(case):
    table = pa.table({"text": case["documents"], "number": range(len(case["documents"]))})
    kept = gristmill.ops.dedup.minhash(table, scheme="datatrove", **case["options"])
    assert kept["number"].to_pylist() == case["kept"]
    first = gristmill.ops.dedup.minhash(table, scheme="datatrove", keep="oldest", **case["options"])
    assert len(first) == len(kept) and first["number"].to_pylist() != case["kept"]
