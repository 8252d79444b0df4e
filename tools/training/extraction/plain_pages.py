# SPDX-License-Identifier: Apache-2.0
"""Simple pages made from gold texts, so that the model sees pages without classes, short ones, and many scripts.

Each has the host of the page that its text came from, so it never helps to judge that page in cross-validation.
"""

import gzip
import html
import json
from collections import defaultdict
from pathlib import Path

LINKS = (
    "Home|News|About us|Contact|Privacy policy|Terms of use|Log in|Subscribe",
    "Startseite|Aktuelles|Über uns|Kontakt|Impressum|Datenschutz|Anmelden",
    "Accueil|Actualités|Contact|Mentions légales|Plan du site",
    "Products|Support|Documentation|Blog|Careers|Cookie settings",
    "首页|新闻|关于我们|联系我们",
)
LAYOUTS = 8


def paragraphs(lines: list[str], tag: str = "p") -> str:
    return "\n".join(f"<{tag}>{html.escape(line)}</{tag}>" for line in lines)


def page(title: str, lines: list[str], kind: int) -> tuple[str, str]:
    """HTML and gold text of one simple page."""
    head = f"<title>{html.escape(title)}</title>"
    heading = f"<h1>{html.escape(title)}</h1>"
    names = LINKS[(kind // LAYOUTS) % len(LINKS)].split("|")
    links = "".join(f'<li><a href="/{i}">{name}</a></li>' for i, name in enumerate(names))
    footer = (
        f"<footer><p>© 2024 {html.escape(title.split()[0] if title.split() else 'Example')} {names[-1]}</p></footer>"
    )
    gold = "\n".join([title, *lines])
    layout = kind % LAYOUTS
    if layout == 0:
        return paragraphs(lines), "\n".join(lines)
    if layout == 1:
        return f"<html><head>{head}</head><body>{heading}{paragraphs(lines)}</body></html>", gold
    if layout == 2:
        body = "<br><br>".join(html.escape(line) for line in lines)
        return f"<html><head>{head}</head><body><div>{body}</div></body></html>", "\n".join(lines)
    if layout == 3:
        body = f"<nav><ul>{links}</ul></nav><article>{heading}{paragraphs(lines)}</article>{footer}"
        return f"<html><head>{head}</head><body>{body}</body></html>", gold
    if layout == 4:
        return f"<html><head>{head}</head><body><p>{html.escape(lines[0])}</p></body></html>", lines[0]
    if layout == 5:
        half = len(lines) // 2
        items = paragraphs(lines[half:], "li")
        return f"<html><head>{head}</head><body>{heading}{paragraphs(lines[:half])}<ul>{items}</ul></body></html>", gold
    if layout == 6:
        body = f"<div><ul>{links}</ul></div><div>{heading}{paragraphs(lines, 'div')}</div>"
        return f"<html><head>{head}</head><body>{body}</body></html>", gold
    return f"<html><body><main>{paragraphs(lines[:3])}</main></body></html>", "\n".join(lines[:3])


def from_gold(records: list[dict], every: int) -> list[dict]:
    made = []
    for record in records[::every]:
        text = record.get("main_content") or record.get("articleBody") or ""
        lines = [line.strip() for line in text.split("\n") if len(line.split()) >= 8][:60]
        if len(lines) >= 3:
            title = record.get("title") or text.strip().split("\n")[0][:80]
            made.append(as_record(page(title, lines, len(made)), record["url"] or "", len(made)))
    return made


def from_languages(data: Path) -> list[dict]:
    """Pages from the paragraphs of the declaration of human rights in 63 languages."""
    by_language = defaultdict(list)
    path = data / "langid" / "udhr.jsonl"
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            by_language[row["lang"]].append(row["text"])
    made = []
    for language, texts in sorted(by_language.items()):
        for first in range(0, min(len(texts), 24), 6):
            lines = texts[first : first + 6]
            title = lines[0][:30]
            made.append(as_record(page(title, lines, len(made)), f"http://{language}.udhr.example", len(made)))
    return made


SAMPLE_LINES = (
    "The old bridge was built by the miller's grandfather, who needed a way to bring grain across the river.",
    "For eighty years nobody counted the carts; then the new road came, and with it lorries of 12 tonnes and more.",
    "Who pays for it? The council met three times, on 4, 11 and 18 May, and found less money than was asked for.",
    "Im Frühjahr fanden die Ingenieure zwei gerissene Balken und sperrten die Brücke für alle außer Fußgängern.",
    "桥在六月开始修复，如果水位保持低，需要四个月。",
    "Read more about bridges",
)
SAMPLE_HEAD = (
    '<meta property="og:type" content="article"><meta name="date" content="2024-05-18">'
    '<link rel="canonical" href="https://example.org/2024/05/old-bridge-closed_again.html?from=start">'
    '<script type="application/ld+json">{"@graph": [{"@type": ["NewsArticle", "Report"]}, {"@type": "WebPage"},'
    ' {"@type": "BreadcrumbList"}, {"@type": "Organization"}]}</script>'
)


def samples() -> list[dict]:
    """Pages of every layout, and one with classes, comments, a table and hints to its kind."""
    lines = list(SAMPLE_LINES)
    made = [page("The bridge at Low Ford", lines[i % 4 :] + lines[: i % 4], i) for i in range(2 * LAYOUTS)]
    cells = "".join(f"<tr><td>{year}</td><td>{year % 7 + 3} carts</td></tr>" for year in range(1921, 1931))
    comments = "".join(
        f'<div class="comment-body depth-{i}" id="comment-{i}"><span class="author">Reader {i}</span>'
        f"<p>{html.escape(lines[i % 4])}</p><a href='#reply-{i}'>Reply</a></div>"
        for i in range(8)
    )
    rich = (
        f"<html><head><title>Bridge closed again - Valley News</title>{SAMPLE_HEAD}</head><body class='single-post'>"
        "<div role=navigation class='main-menu'><ul><li><a href='/'>Home</a><li><a href='/sport'>Sport</a></ul></div>"
        "<article itemprop=articleBody class='entry-content postBody'><h1>Bridge closed again</h1>"
        f"{paragraphs(lines[:2])}<h2>Carts a day</h2><table>{cells}</table>{paragraphs(lines[2:5])}</article>"
        f"<aside class='related-posts'><h3>Related</h3><ul><li><a href='/a'>{lines[5]}</a></ul></aside>"
        f"<section id=comments class='comments-area'><h3>8 comments</h3>{comments}</section>"
        "<footer>© 2024 Valley News <a href='/imprint'>Imprint</a></footer></body></html>"
    )
    made.append((rich, "\n".join(lines[:5])))
    return [as_record(each, "", i) for i, each in enumerate(made)]


def as_record(made: tuple[str, str], url: str, number: int) -> dict:
    return {"set": "plain", "id": f"plain-{number}", "url": url, "html": made[0], "main_content": made[1]}
