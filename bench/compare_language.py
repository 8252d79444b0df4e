# SPDX-License-Identifier: Apache-2.0
"""language.identify against the fastText library on one model: equal labels, time of the prediction alone."""

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

from harness import PEERS, ROOT, WORK, interleaved, language_model, peer_version, program, run, summed
from tokenizer_inputs import texts

SHARED = Path(os.environ.get("GRISTMILL_SHARED", ROOT.parent / "shared"))
PART_BYTES = 2000


def inputs():
    """Paragraphs of English and Chinese, and the Declaration of Human Rights in many languages where it is at hand."""
    path = WORK / "language.jsonl"
    if not path.exists():
        declaration = SHARED / "data" / "web" / "langid" / "udhr.jsonl"
        rows = declaration.read_text(encoding="utf-8").splitlines() if declaration.exists() else []
        lines = [json.dumps({"text": json.loads(row)["text"]}) + "\n" for row in rows]
        for kind in ("english", "chinese"):
            for line in texts(kind).read_text(encoding="utf-8").splitlines()[:400]:
                text = json.loads(line)["text"]
                parts = (text[at : at + PART_BYTES] for at in range(0, min(len(text), 5 * PART_BYTES), PART_BYTES))
                lines += [json.dumps({"text": part}) + "\n" for part in parts]
        path.write_text("".join(lines), encoding="utf-8")
    return path


def our_labels(path, step):
    with path.open(encoding="utf-8") as lines:
        printed = subprocess.run(
            [program("bench/apply_operator"), step], stdin=lines, capture_output=True, text=True, check=True
        )
    return [json.loads(line)["columns"]["language"] for line in printed.stdout.splitlines()]


def identify(repeats):
    path, model = inputs(), language_model()
    step = json.dumps([{"language.identify": {"model": str(model), "bytes_max": 0}}])
    digest = hashlib.sha256(json.dumps(our_labels(path, step)).encode()).hexdigest()

    def peer():
        facts = summed([run([PEERS / "bin" / "python", ROOT / "bench" / "peers" / "fasttext_labels.py", model, path])])
        facts["cpu_seconds"] = facts["output"]["cpu_seconds"]
        return facts

    def ours():
        cost = run(["bash", "-c", '"$0" "$1" --bench 3 < "$2"', program("bench/apply_operator"), step, path])
        seconds = float(re.search(r"([\d.]+) CPU s", cost.errors).group(1))
        return {"cpu_seconds": seconds, "peak_bytes": cost.peak_bytes, "output": {}}

    theirs, own = interleaved(peer, ours, repeats)
    if theirs["output"]["digest"] != digest:
        sys.exit("bench: the labels of the two sides differ")
    megabytes = theirs["output"]["bytes"] / 1e6
    return {
        "what": "Language of texts by lid.176.ftz: MB of text per CPU second",
        "input": f"{theirs['output']['documents']} texts, {megabytes:.1f} MB",
        "peer": f"fastText {peer_version('fasttext-numpy2-wheel')} from Python",
        "theirs": theirs,
        "ours": own,
        "rates": f"{megabytes / theirs['cpu_seconds']:.1f} : {megabytes / own['cpu_seconds']:.1f}",
        "ratio": theirs["cpu_seconds"] / own["cpu_seconds"],
        "goal": 5,
        "goal_text": ">= 5x",
        "note": "all labels are equal",
    }


COMPARISONS = {"language": identify}
