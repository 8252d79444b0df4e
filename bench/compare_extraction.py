# SPDX-License-Identifier: Apache-2.0
"""The text of web pages: speed beside Resiliparse, and the slowest page that malice can build.

The labelled pages below GRISTMILL_SHARED are the input where they are present, else pages of the generated corpus. What
the texts are worth is measured by bench/quality/extraction.py and, on pages not trained on, by the training program.
"""

import gzip
import json
import os
from pathlib import Path

from harness import PEERS, ROOT, WORK, corpus, empty, interleaved, median, peer_version, program, run, summed

# Units that end a block after a few bytes each, nest without end, or make the parser look back.
HOSTILE = (
    "<p>x", "<div>", "<div>x ", "<ul><li>x", "<table><tr><td>x", "<svg><p>", "<a href=x>y<div>", "<br><br>x", "<h1>x",
    "<dd>x<dt>", "<p class='a b c'>x", "</p>", "<x-y>z", "&", "<b><i>x</b>", "<td>1", "<li>x y z w v u</li>",
)  # fmt: skip


def labelled_pages():
    """Paths of pages as UTF-8 files, made once."""
    folder = WORK / "pages"
    listed = folder / "list"
    if listed.exists():
        return listed
    folder.mkdir(parents=True, exist_ok=True)
    shared = Path(os.environ.get("GRISTMILL_SHARED", ROOT.parent / "shared")) / "data" / "web"
    sources = sorted(shared.glob("*/html/*.gz"))[::4]
    if sources:
        texts = [gzip.decompress(path.read_bytes()) for path in sources]
    else:
        texts = [path.read_bytes() for path in sorted(corpus(60).rglob("*.html"))]
    paths = []
    for i, text in enumerate(texts):
        paths.append(folder / f"{i}.html")
        paths[-1].write_bytes(text.decode("utf-8", "replace").encode())
    listed.write_text("\n".join(map(str, paths)))
    return listed


def ours_on(listed, options):
    """A run of the operator; its own CPU time counts, without reading and decoding."""
    out = summed([run([program("bench/extract_pages"), json.dumps(options), listed])])
    return out | {"cpu_seconds": out["output"]["cpu_seconds"]}


def extraction(repeats):
    """Main content of pages, in memory and decoded."""
    listed = labelled_pages()

    def peer():
        out = summed([run([PEERS / "bin" / "python", ROOT / "bench" / "peers" / "resiliparse_extract.py", listed])])
        return out | {"cpu_seconds": out["output"]["cpu_seconds"]}

    theirs, ours = interleaved(peer, lambda: ours_on(listed, {}), repeats)
    rules = median([ours_on(listed, {"profile": "rules"}) for _ in range(repeats)])
    megabytes = ours["output"]["bytes"] / 1e6
    return {
        "what": "Main content of web pages: MB per CPU second",
        "input": f"{ours['output']['pages']} pages, {megabytes:.0f} MB",
        "peer": f"Resiliparse {peer_version('resiliparse')}, main_content=True",
        "theirs": theirs,
        "ours": ours,
        "rates": f"{megabytes / theirs['cpu_seconds']:.0f} : {megabytes / ours['cpu_seconds']:.0f}",
        "ratio": theirs["cpu_seconds"] / ours["cpu_seconds"],
        "goal": 3,
        "goal_text": ">= 3x",
        "note": f"by rules instead of the model {megabytes / rules['cpu_seconds']:.0f} MB/s",
    }


def extraction_worst_page(repeats):
    """A megabyte of each of the worst units known."""
    folder = empty("hostile-pages")
    folder.mkdir(parents=True)
    slowest = None
    for i, unit in enumerate(HOSTILE):
        page = folder / f"{i}.html"
        page.write_text(unit * (1_000_000 // len(unit)))
        listed = folder / f"{i}.list"
        # Ten times in a row, so that starting up does not count.
        listed.write_text(f"{page}\n" * 10)
        ours = median([ours_on(listed, {}) for _ in range(repeats)])
        if slowest is None or ours["cpu_seconds"] > slowest[0]["cpu_seconds"]:
            slowest = ours, unit
    ours, unit = slowest
    each = 1000 * ours["cpu_seconds"] / (ours["output"]["bytes"] / 1e6)
    return {
        "what": "Slowest hostile page: CPU milliseconds per MB",
        "input": f"{len(HOSTILE)} pages of 1 MB; slowest '{unit}' repeated",
        "peer": "none",
        "theirs": None,
        "ours": ours,
        "rates": f"{each:.0f} ms",
        "ratio": 50 / each,
        "goal": 1,
        "goal_text": "<= 50 ms",
        "note": "",
    }


COMPARISONS = {"extraction": extraction, "extraction_worst_page": extraction_worst_page}
