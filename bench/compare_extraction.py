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
    "<p>x", "<p>[", "<p>!", "<div>", "<div>x ", "<ul><li>x", "<table><tr><td>x", "<table><p>x", "<svg><p>",
    "<svg><desc><p>", "<a href=x>y<div>", "<a><p>", "<br><br>x", "<h1>x", "<h1>x<p>y", "<dd>x<dt>", "<i><p>x",
    "<p class='a b c'>x", "</p>", "<x-y>z", "&", "&amp;", "<b><i>x</b>", "<td>1", "<td>|", "<hr>x", "<pre>x\n",
    "<button><p>x", "<select><option>x", "<template>x", "<math><mi>x", "<!-", "<![CDATA[x]]>", "\0", "x ",
    "<li>x y z w v u</li>", "<img class=latex alt=x>", "<table>x", "<blockquote>x",
    "<time datetime=2020-01-01>x</time>",
)  # fmt: skip

# Beginnings that make what follows dearer: many elements open around each block, or much to compare it with.
HOSTILE_FRAMES = (
    ("<b>" * 500, "<p>x"), ("<blockquote>" * 500, "<p>x"), ("<ul><li>" * 250, "<li>x"), ("<div>" * 500, "</section>"),
    ("".join(f"<div class='c{i % 50}'>" for i in range(500)), "<p>x"), ("<p>" + "<b><i><u><em>" * 100, "<p>x"),
    ("<h1>a b c d e f g h i j k l m n", "<p>x"), ("<title>a b c d e f g h</title>", "<h1>a"), ("<table><tr>", "<td>x"),
    ("<table>" * 500, "x<b>"), ("<table><td>" * 250, "<td>x"), ("<p ", "a "), ("<p class='", "c1 "), ("<!--", "--!"),
    ("<script>", "<!--<script>"), ("<title>", "</titl"), ("<pre>", "x\n"), ("<ul><li>" * 250 + "<pre>", "x\n"),
)  # fmt: skip


def hostile_pages():
    """Name and text of a megabyte of each."""
    for opening, unit in [*(("", unit) for unit in HOSTILE), *HOSTILE_FRAMES]:
        name = f"'{unit}' repeated" + (f" behind '{opening[:12]}...'" if opening else "")
        yield name, opening + unit * ((1_000_000 - len(opening)) // len(unit))
    yield "as many classes", "".join(f"<p class='a{i} b{i} c{i}'>x" for i in range(1_000_000 // 33))
    yield "as many attributes", "<p " + " ".join(f"a{i}=b" for i in range(1_000_000 // 10)) + ">x"


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


def stages_on(listed, repeats):
    """CPU time of each stage of the operator, medians; the program says how it measures."""
    out = summed([run([program("bench/extract_stages"), listed, str(2 * repeats + 1)])])
    return out | {"cpu_seconds": out["output"]["cpu_seconds"]}


def extraction(repeats):
    """Main content of pages, in memory and decoded."""
    listed = labelled_pages()

    def peer():
        out = summed([run([PEERS / "bin" / "python", ROOT / "bench" / "peers" / "resiliparse_extract.py", listed])])
        return out | {"cpu_seconds": out["output"]["cpu_seconds"]}

    theirs, ours = interleaved(peer, lambda: ours_on(listed, {}), repeats)
    rules = median([ours_on(listed, {"profile": "rules"}) for _ in range(repeats)])
    share = stages_on(listed, repeats)["output"]["share"]
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
        "note": f"by rules instead of the model {megabytes / rules['cpu_seconds']:.0f} MB/s; "
        f"decision stage {100 * share:.0f} % of the CPU time",
    }


def extraction_decision_share(repeats):
    """What deciding costs of the whole: the thread's CPU clock is read between the stages of each page."""
    ours = stages_on(labelled_pages(), repeats)
    stages = ours["output"]
    each = ", ".join(
        f"{name} {1e6 * stages[name] / stages['pages']:.0f}" for name in ("parse", "cut", "decide", "write")
    )
    return {
        "what": "Extraction: the decision's part of the CPU time",
        "input": f"{stages['pages']} pages, {stages['bytes'] / 1e6:.0f} MB",
        "peer": "none",
        "theirs": None,
        "ours": ours,
        "rates": f"{100 * stages['share']:.1f} %",
        "ratio": 0.25 / stages["share"],
        "goal": 1,
        "goal_text": "<= 25 %",
        "note": f"microseconds a page: {each}",
    }


def slowest_page(repeats, options):
    """The slowest of the hostile pages: its measurement and its name."""
    folder = empty("hostile-pages")
    folder.mkdir(parents=True)
    measured = []
    for i, (name, text) in enumerate(hostile_pages()):
        page = folder / f"{i}.html"
        page.write_text(text)
        listed = folder / f"{i}.list"
        # Ten times in a row, so that starting up does not count.
        listed.write_text(f"{page}\n" * 10)
        measured.append((ours_on(listed, options), name, listed))
    # Measured once each, the few slowest again: one disturbed run must not name the wrong page.
    measured.sort(key=lambda one: -one[0]["cpu_seconds"])
    again = [(median([ours_on(listed, options) for _ in range(repeats)]), name) for _, name, listed in measured[:5]]
    return max(again, key=lambda one: one[0]["cpu_seconds"]), len(measured)


def worst_page(repeats, options, what):
    (ours, name), count = slowest_page(repeats, options)
    each = 1000 * ours["cpu_seconds"] / (ours["output"]["bytes"] / 1e6)
    return {
        "what": f"Slowest hostile page{what}: CPU milliseconds per MB",
        "input": f"{count} pages of 1 MB; slowest {name}",
        "peer": "none",
        "theirs": None,
        "ours": ours,
        "rates": f"{each:.0f} ms",
        "ratio": 50 / each,
        "goal": 1,
        "goal_text": "<= 50 ms",
        "note": "",
    }


def extraction_worst_page(repeats):
    """A megabyte of each of the worst units known."""
    return worst_page(repeats, {}, "")


def extraction_worst_markdown(repeats):
    """The same as Markdown."""
    return worst_page(repeats, {"format": "markdown"}, " as Markdown")


COMPARISONS = {
    "extraction": extraction,
    "extraction_decision_share": extraction_decision_share,
    "extraction_worst_page": extraction_worst_page,
    "extraction_worst_markdown": extraction_worst_markdown,
}
