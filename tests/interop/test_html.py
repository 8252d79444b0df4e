# SPDX-License-Identifier: Apache-2.0
"""The HTML parser beside lexbor (in selectolax): the same text in the same order, on real pages and on broken ones made
from a seed; where a block says it came from; and Markdown read back by markdown-it."""

import gzip
import json
import os
import pathlib
import random
import re
import subprocess

import pytest
from markdown_it import MarkdownIt
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.subscript import sub_plugin
from mdit_py_plugins.superscript import superscript_plugin
from selectolax.lexbor import LexborHTMLParser

ROOT = pathlib.Path(__file__).resolve().parents[2]
DRIVER = os.environ.get("GRISTMILL_HTML_DRIVER", str(ROOT / "build" / "dev" / "tests" / "html_driver"))
# Not `noscript`: in the head, the standard lets text end it, and a plea to switch scripts on becomes part of the body.
MARKS = {"svg", "math", "select", "object", "li", "td", "pre", "button"}
TAGS = re.findall(
    r"\S+",
    """a b i em strong font code u s p div span ul ol li dl dt dd table tbody thead tfoot tr td th caption colgroup col
    h1 h2 h3 pre blockquote form button option optgroup textarea title script style template noscript iframe svg math
    mi mtext annotation annotation-xml foreignObject desc object applet marquee br hr img input body html head section
    article nav plaintext xmp listing center address details summary ruby rt rp frameset frame meta link x-y noembed
    noframes""",
)
TABLE_TAGS = re.findall(r"\S+", "table tr td tbody b a p form div caption input thead template li span")
ODDITIES = ["<!-- c -->", "<![CDATA[d]]>", "&amp;", "&lt", "<", "</", "<!x>", "<?y>", "</ z>", "<!--", "-->", "&notit;"]
ATTRIBUTES = ["", "", "", " href=x", ' class="a>b"', " type=hidden", " encoding=text/html", "/"]


def run(mode, pages):
    """Answers of the driver, one a page."""
    lines = "".join(json.dumps(page) + "\n" for page in pages)
    done = subprocess.run([DRIVER, mode], input=lines.encode(), capture_output=True, check=True, timeout=300)
    return [json.loads(line) for line in done.stdout.split(b"\n") if line]


def bare(text):
    """Text without white space, and without what the standard drops or replaces."""
    return re.sub(r"[\s\0\ufffd]+", "", text or "")


def lexbor_texts(page):
    """Texts of lexbor's tree with the nearest of the marked elements around each."""
    out = []
    for node in LexborHTMLParser(page).root.traverse(include_text=True):
        if not node.is_text_node:
            continue
        around = node.parent
        while around is not None and around.tag not in MARKS:
            around = around.parent
        out.append((node.text_content, around.tag if around is not None else ""))
    return out


def joined(texts):
    """Neighbouring texts below the same kind of element as one."""
    out = []
    for text, mark in texts:
        if not bare(text):
            continue
        if out and out[-1][1] == mark:
            out[-1][0] += bare(text)
        else:
            out.append([bare(text), mark])
    return out


def broken_pages(count, tags_of):
    """Broken HTML, the same each time: numbered words between tags that do not fit together."""
    for seed in range(count):
        source = random.Random(seed)
        tags = tags_of(source)
        parts = ["<!doctype html>"] if source.random() < 0.7 else []
        for word in range(source.randint(3, 40)):
            choice = source.random()
            if choice < 0.35:
                parts.append(f"w{word} ")
            elif choice < 0.68:
                parts.append(f"<{source.choice(tags)}{source.choice(ATTRIBUTES)}>")
            elif choice < 0.93:
                parts.append(f"</{source.choice(tags)}>")
            else:
                parts.append(source.choice(ODDITIES))
        yield "".join(parts)


def corpus_pages():
    return [path.read_bytes().decode("utf-8", "replace") for path in sorted((ROOT / "examples").rglob("*.htm*"))]


def shared_pages(folder, step):
    """Every `step`-th page of the labelled sets."""
    files = sorted(path for name in ("wcxb", "scrapinghub", "trafilatura") for path in (folder / name).rglob("*.gz"))
    return [
        gzip.decompress(path.read_bytes()).decode("utf-8", "replace")
        for path in [path for path in files if path.parent.name == "html"][::step]
    ]


def check_same_order(pages):
    for page, ours in zip(pages, run("tree", pages), strict=True):
        assert joined(ours) == joined(lexbor_texts(page)), page[:200]


def test_real_pages_have_the_same_text_in_the_same_places():
    pages = corpus_pages()
    assert len(pages) > 10
    check_same_order(pages)


def test_labelled_pages_have_the_same_text_in_the_same_places(shared_folder):
    pages = shared_pages(shared_folder / "data" / "web", 20)
    if not pages:
        pytest.skip("no labelled pages")
    check_same_order(pages)


@pytest.mark.parametrize("tags", ["few", "table", "all"])
def test_broken_pages_have_the_same_text_in_the_same_order(tags):
    choices = {
        "few": lambda source: source.sample(TAGS, source.randint(2, 12)),
        "table": lambda source: TABLE_TAGS,
        "all": lambda source: TAGS,
    }
    pages = list(broken_pages(1000, choices[tags]))
    accepted = {"frame set after other elements": 0, "form end tag in foreign content": 0}
    for page, ours in zip(pages, run("tree", pages), strict=True):
        if bare("".join(text for text, _ in ours)) == bare("".join(text or "" for text, _ in lexbor_texts(page))):
            continue
        if "<frameset" in page:
            # The standard lets a frame set replace a body that has no text yet; here only a head may come before it, as
            # dropping text is the greater harm.
            accepted["frame set after other elements"] += 1
        else:
            # The standard takes the form alone off the stack of open elements, here it ends with what it holds.
            assert "</form" in page and ("<svg" in page or "<math" in page), page
            accepted["form end tag in foreign content"] += 1
    assert sum(accepted.values()) <= 10, accepted


def test_spans_cover_their_text():
    pages = corpus_pages()[:20] + [
        "<p>One &amp; <b>two</b>&nbsp;three<br>four<p>five<script>no</script> six<pre>\n  a\n  b</pre>",
        "<table>moved<tr><th>a<th>b<tr><td>1 <i>x</i><td><p>2</table><ul><li>c<ul><li>d</ul></ul>",
    ]
    for mode in ("text", "markdown"):
        for page, ours in zip(pages, run(mode, pages), strict=True):
            text, source = ours["text"].encode(), page.encode()
            assert len(ours["spans"]) == len(ours["blocks"])
            for (begin, end, source_begin, source_end), block in zip(ours["spans"], ours["blocks"], strict=True):
                piece = text[begin:end].decode()
                below = LexborHTMLParser("<body>" + source[source_begin:source_end].decode()).body
                below.strip_tags(["script", "style", "template", "svg", "select", "textarea", "iframe", "object"])
                assert bare(block) == bare(below.text())
                assert mode == "markdown" or bare(piece) == bare(block)


def markdown_text(markdown):
    """CommonMark with what Pandoc's Markdown adds and we write."""
    reader = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    html = reader.use(deflist_plugin).use(sub_plugin).use(superscript_plugin).render(markdown)
    return LexborHTMLParser("<body>" + html).body.text()


def test_markdown_reads_back_as_the_text():
    hard = "# a * b _c_ `d` [e](f) &amp;amp; <b>&lt;g&gt;</b> 1. h - i > j | k ~~l~~ ![m](n) \\* \\ o__p ** q $5"
    pages = corpus_pages()[:40] + [
        "".join(f"<{tag}>{hard} {number}</{tag}>" for number, tag in enumerate(["p", "h2", "li", "blockquote", "em"])),
        f"<table><tr><th>{hard}<th>x<tr><td>{hard}<td>{hard}</table><pre>{hard}\n```\n~~~</pre>",
        f"<p>a <code>` {hard} ``</code>",
        "<p>" + "".join(f"<{t}>{t}-{n}{m}</{t}>" for t in "bis" for n in range(5) for m in " .\"'x") + "</p>",
        "<p>"
        + "<br>".join(["# a", "- b", "+ c", "1. d", "2) e", "> f", "---", "===", "~~~", "[g]: h", "+++"])
        + "</p>",
        f"<dl><dt>term<dd>{hard}<dd>second<dt>other<dd>c<p>d</dl><p>H<sub>2</sub>O x<sup>10 a</sup> ~e~ ^f^ {hard}",
        "<ol start=7><li>a<p>b<pre>c\n d</pre><ul><li>e<blockquote>f</blockquote></ul><li>g</ol>",
    ]
    for page, ours in zip(pages, run("markdown", pages), strict=True):
        assert bare(markdown_text(ours["text"])) == bare("".join(ours["blocks"])), page[:300]
