# SPDX-License-Identifier: Apache-2.0
"""dedup.minhash, text to signatures, against rensa (our own scheme) and datatrove (its definition to the bit)."""

import json

from harness import PEERS, ROOT, interleaved, peer_version, program, run, summed
from tokenizer_inputs import texts

DATATROVE_BYTES_MAX = 2_000_000  # At half a megabyte a second more would take minutes.


def signed(command):
    facts = summed([run(command)])
    facts["cpu_seconds"] = facts["output"]["cpu_seconds"]
    return facts


def rate(facts):
    return facts["output"]["bytes"] / 1e6 / facts["cpu_seconds"]


def signing(library, options, goal, about, repeats):
    path = texts("english")
    script = ROOT / "bench" / "peers" / "minhash_signatures.py"
    limit = [str(DATATROVE_BYTES_MAX)] if library == "datatrove" else []
    theirs, ours = interleaved(
        lambda: signed([PEERS / "bin" / "python", script, library, path, *limit]),
        lambda: signed([program("bench/dedup_keys"), "dedup.minhash", json.dumps(options), "--once", path]),
        repeats,
    )
    return {
        "what": f"MinHash, text to signatures of 112 minima, {about}: MB of text per CPU second",
        "input": f"{ours['output']['bytes'] / 1e6:.1f} MB, {ours['output']['documents']} documents"
        + (f" (the peer the first {theirs['output']['bytes'] / 1e6:.1f} MB)" if limit else ""),
        "peer": f"{library} {peer_version(library)}",
        "theirs": theirs,
        "ours": ours,
        "rates": f"{rate(theirs):.2f} : {rate(ours):.0f}",
        "ratio": rate(ours) / rate(theirs),
        "goal": goal,
        "goal_text": f">= {goal}x",
        "note": "",
    }


COMPARISONS = {
    "minhash_own": lambda repeats: signing("rensa", {}, 10, "each its own words and hashes", repeats),
    "minhash_datatrove": lambda repeats: signing(
        "datatrove", {"scheme": "datatrove"}, 60, "datatrove's definition to the bit", repeats
    ),
}
