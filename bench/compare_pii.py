# SPDX-License-Identifier: Apache-2.0
"""Personal data: e-mail and IP addresses as datatrove's formatter replaces them, and all default kinds."""

import json
from random import Random

from harness import PEERS, ROOT, WORK, corpus, interleaved, peer_version, program, run

CORPUS_MEGABYTES = 30
TEXT_BYTES = 8_000_000
PLANTED = (
    "write to {0}.{1}@example.org",
    "server 81.2.{0}.{1}",
    "call +1 212 555 {0:02d}{1:02d}",
    "order 2024-{0}-{1}",
    "CPF 529.982.247-25",
    "IBAN DE89 3704 0044 0532 0130 00",
    'api_key = "9f86d081884c7d659a2feaa0c55ad0{0:02d}"',
)


def texts():
    """Generated web texts with an address, a number or a secret in every other one, as JSON lines, made once."""
    path = WORK / f"pii-texts-{TEXT_BYTES}.jsonl"
    if path.exists():
        return path
    random = Random(11)
    left = TEXT_BYTES
    WORK.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8") as out:
        for source in sorted(corpus(CORPUS_MEGABYTES).rglob("*.jsonl")):
            with open(source, encoding="utf-8") as lines:
                for line in lines:
                    text = json.loads(line).get("text", "")
                    if left <= 0 or not text:
                        continue
                    if random.random() < 0.5:
                        text += " " + random.choice(PLANTED).format(random.randint(10, 99), random.randint(10, 99))
                    out.write(json.dumps({"text": text}) + "\n")
                    left -= len(text.encode())
    return path


def ours(options, path):
    """CPU seconds of the operator alone, the documents in memory."""
    command = f"{program('bench/apply_operator')} '{json.dumps([{'redact.pii': options}])}' --bench 5 < {path}"
    cost = run(["bash", "-c", command])
    fields = cost.errors.strip().splitlines()[-1].split()
    seconds = float(fields[fields.index("CPU") - 1])
    megabytes = float(fields[fields.index("MB,") - 1])
    return {"cpu_seconds": seconds, "peak_bytes": cost.peak_bytes, "output": {"megabytes": megabytes}}


def theirs(path):
    cost = run([PEERS / "bin" / "python", ROOT / "bench" / "peers" / "datatrove_pii.py", path])
    output = json.loads(cost.output.strip().splitlines()[-1])
    return {"cpu_seconds": output["cpu_seconds"], "peak_bytes": cost.peak_bytes, "output": output}


def compare(what, options, goal, repeats):
    path = texts()
    there, here = interleaved(lambda: theirs(path), lambda: ours(options, path), repeats)
    speeds = [side["output"]["megabytes"] / side["cpu_seconds"] for side in (there, here)]
    return {
        "what": what,
        "input": f"{here['output']['megabytes']:.1f} MB of generated web texts, every other one with a find",
        "peer": f"datatrove {peer_version('datatrove')} PIIFormatter (e-mail and public IPv4 addresses)",
        "theirs": there,
        "ours": here,
        "rates": f"{speeds[0]:.1f} -> {speeds[1]:.0f} MB/s",
        "ratio": speeds[1] / speeds[0],
        "goal": goal,
        "goal_text": f">= {goal}x",
        "note": "",
    }


def two_patterns(repeats):
    """The same two kinds, replaced in FineWeb's way."""
    options = {"kinds": ["email", "ip_address"], "style": "fineweb"}
    return compare("Personal data, the peer's two patterns: MB of text per CPU second", options, 10, repeats)


def all_patterns(repeats):
    """All default kinds with validation: identity numbers of over 60 countries, secrets, wallets."""
    return compare("Personal data, all default kinds with checksums: MB of text per CPU second", {}, 10, repeats)


COMPARISONS = {"pii_two_patterns": two_patterns, "pii_all_patterns": all_patterns}
