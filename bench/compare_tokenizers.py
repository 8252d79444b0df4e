# SPDX-License-Identifier: Apache-2.0
"""tokenize.bpe's kernel against the tokenizer libraries, each with empty caches: every pass is a new process."""

import sys

from harness import PEERS, ROOT, median, peer_version, program, run, summed
from tokenizer_inputs import texts, vocabulary

LIBRARIES = ["fastokens", "gigatoken", "tiktoken", "tokenizers"]
ONE_THREAD = {"RAYON_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}


def encoded(command):
    """A run whose time is that of the encoding alone: loading a vocabulary is done once for any number of texts."""
    facts = summed([run(command, environment=ONE_THREAD)])
    facts["cpu_seconds"] = facts["output"]["cpu_seconds"]
    return facts


def tokenizing(kind, repeats):
    path = texts(kind)
    script = ROOT / "bench" / "peers" / "tokenizer_encode.py"
    commands = {name: [PEERS / "bin" / "python", script, name, vocabulary(), path] for name in LIBRARIES}
    commands["ours"] = [program("bench/tokenize_text"), vocabulary(), "--once", path]
    runs = {name: [] for name in commands}
    for turn in range(repeats):
        for name, command in commands.items():
            if turn == 0 or name in ("fastokens", "gigatoken", "ours"):  # The slow ones need no median.
                runs[name].append(encoded(command))
    middle = {name: median(found) for name, found in runs.items()}
    digests = {name: facts["output"]["digest"] for name, facts in middle.items()}
    if len(set(digests.values())) != 1:
        sys.exit(f"bench: the ids of the tokenizers differ: {digests}")
    megabytes = middle["ours"]["output"]["bytes"] / 1e6
    rates = {name: megabytes / facts["cpu_seconds"] for name, facts in middle.items()}
    best = max(LIBRARIES, key=rates.get)
    others = ", ".join(f"{name} {rates[name]:.0f}" for name in LIBRARIES if name != best)
    return {
        "what": f"Tokenizing {kind}, empty caches: MB of text per CPU second",
        "input": f"{megabytes:.1f} MB, {middle['ours']['output']['ids']} ids of Llama 3.1's vocabulary",
        "peer": f"{best} {peer_version(best)}, the fastest of {len(LIBRARIES)} libraries",
        "theirs": middle[best],
        "ours": middle["ours"],
        "rates": f"{rates[best]:.0f} : {rates['ours']:.0f}",
        "ratio": rates["ours"] / rates[best],
        "goal": 1,
        "goal_text": ">= 1x",
        "note": f"the others: {others} MB/s; all ids are equal",
        "about": "the first pass over the texts in a new process, one text a call, loading the vocabulary not counted; "
        "Debian's python3.11-doc, manpages-zh, and headers and Python files. The libraries are called from Python.",
    }


COMPARISONS = {
    f"tokenize_{kind}": lambda repeats, kind=kind: tokenizing(kind, repeats) for kind in ("english", "chinese", "code")
}
