# SPDX-License-Identifier: Apache-2.0
"""Annotations and block lists: RedPajama's signals, and word lists as datatrove looks for them."""

import json
from random import Random

from harness import PEERS, ROOT, WORK, corpus, interleaved, program, run

CORPUS_MEGABYTES = 30
LISTED_WORDS = 400


def texts(limit_bytes):
    """Texts of the generated corpus as JSON lines, made once."""
    path = WORK / f"signal-texts-{limit_bytes}.jsonl"
    if path.exists():
        return path
    left = limit_bytes
    with open(path, "w", encoding="utf-8") as out:
        for source in sorted(corpus(CORPUS_MEGABYTES).rglob("*.jsonl")):
            with open(source, encoding="utf-8") as lines:
                for line in lines:
                    text = json.loads(line).get("text", "")
                    if left > 0 and text:
                        out.write(json.dumps({"text": text}) + "\n")
                        left -= len(text.encode())
    return path


def ours(step, path):
    """CPU seconds of the operator alone, the documents in memory."""
    command = f"{program('bench/apply_operator')} '{json.dumps([step])}' --bench 3 < {path}"
    cost = run(["bash", "-c", command])
    fields = cost.errors.strip().splitlines()[-1].split()
    seconds = float(fields[fields.index("CPU") - 1])
    megabytes = float(fields[fields.index("MB,") - 1])
    return {"cpu_seconds": seconds, "peak_bytes": cost.peak_bytes, "output": {"megabytes": megabytes}}


def theirs(what, path, *arguments):
    """The same of a peer, which says what it spent on its work and on what bytes."""
    script = ROOT / "bench" / "peers" / "signals.py"
    cost = run([PEERS / "bin" / "python", script, what, path, *arguments])
    output = json.loads(cost.output.strip().splitlines()[-1])
    return {"cpu_seconds": output["cpu_seconds"], "peak_bytes": cost.peak_bytes, "output": output}


def line(what, source, peer, pair, goal):
    there, here = pair
    speeds = [side["output"]["megabytes"] / side["cpu_seconds"] for side in (there, here)]
    return {
        "what": what,
        "input": f"{here['output']['megabytes']:.1f} MB of {source}",
        "peer": peer,
        "theirs": there,
        "ours": here,
        "rates": f"{speeds[0]:.2f} -> {speeds[1]:.1f} MB/s",
        "ratio": speeds[1] / speeds[0],
        "goal": goal,
        "goal_text": f">= {goal}x",
        "note": "",
    }


def redpajama_signals(repeats):
    """All signals of RedPajama-v2 that need no model."""
    path = texts(4_000_000)
    pair = interleaved(lambda: theirs("redpajama", path), lambda: ours("annotate.redpajama", path), repeats)
    peer = "the definitions in plain Python, values equal (RedPajama's own code is no package and about as fast)"
    return line("RedPajama-v2 quality signals", "generated web texts", peer, pair, 50)


def block_list(repeats):
    """A list of bad words, searched as datatrove's C4BadWordsFilter does."""
    path = texts(4_000_000)
    random = Random(3)
    words = ["".join(random.choices("abcdefghijklmnoprstuvwy", k=random.randint(4, 9))) for _ in range(LISTED_WORDS)]
    listed = WORK / "blocked-words.txt"
    listed.write_text("\n".join(words) + "\n")
    step = {"filter.blocklist": {"words_file": str(listed)}}
    pair = interleaved(lambda: theirs("block_list", path, listed), lambda: ours(step, path), repeats)
    peer = "the regular expression of datatrove's C4BadWordsFilter"
    return line(f"Block list of {LISTED_WORDS} words", "generated web texts", peer, pair, 10)


COMPARISONS = {"redpajama_signals": redpajama_signals, "block_list": block_list}
