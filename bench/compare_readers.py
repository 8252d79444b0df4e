# SPDX-License-Identifier: Apache-2.0
"""Readers of raw formats against their best peers."""

import sys

from harness import PEERS, ROOT, corpus, interleaved, peer_version, program, run, summed


def warc_reading(mode, repeats):
    files = sorted((corpus(600) / "warc").glob("*.warc.gz"))
    script = ROOT / "bench" / "peers" / "fastwarc_read.py"
    flags = ["--frames"] if mode == "frames" else []
    theirs, ours = interleaved(
        lambda: summed([run([PEERS / "bin" / "python", script, mode, *files])]),
        lambda: summed([run([program("bench/warc_read"), *flags, *files])]),
        repeats,
    )
    unit = "records" if mode == "frames" else "documents"
    found = ours["output"][unit]
    if found != theirs["output"]["records"]:
        sys.exit(f"bench: FastWARC saw {theirs['output']['records']} {unit}, ours {found}")
    return {
        "what": f"WARC.gz reading, {'records cut' if mode == 'frames' else 'responses as text'}: per CPU second",
        "input": f"{found} {unit}, {sum(path.stat().st_size for path in files) / 1e6:.0f} MB compressed",
        "peer": f"FastWARC {peer_version('fastwarc')}",
        "theirs": theirs,
        "ours": ours,
        "rates": f"{found / theirs['cpu_seconds']:.0f} : {found / ours['cpu_seconds']:.0f}",
        "ratio": theirs["cpu_seconds"] / ours["cpu_seconds"],
        "goal": 1,
        "goal_text": ">= 1x",
        "note": "",
    }


COMPARISONS = {
    "warc_records": lambda repeats: warc_reading("frames", repeats),
    "warc_documents": lambda repeats: warc_reading("documents", repeats),
}
