#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the rule filters with datatrove's, document by document: verdict, reason and rewritten text.

    bench/quality/filter_agreement.py build/dev/bench/apply_operator TEXTS.jsonl... [--documents 20000] [--only c4 ...]

Run by a Python that has `datatrove==0.10.1` and `spacy`. Each line of TEXTS holds {"text": ...}. They are taken as they
are and, until there are enough documents, changed in ways that lead to the rarer rules: parts repeated, cut, marked,
stripped of stops, mixed with boilerplate and so on. Prints for each filter the share of equal decisions, Cohen's kappa,
how many documents hit each rule, and every difference with its sort.
"""

import argparse
import collections
import json
import random
import subprocess
import sys

from datatrove.data import Document
from datatrove.pipeline.filters import (
    C4ParagraphFilter,
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
)

REASONS = {f"duplicated_{n}_n_grams": f"dup_{n}_gram" for n in range(5, 11)} | {
    "< 3 paragraphs": "too_few_paragraphs",
    "gopher_short_doc": "short_document",
    "gopher_long_doc": "long_document",
    "gopher_below_avg_threshold": "short_words",
    "gopher_above_avg_threshold": "long_words",
    "gopher_too_many_hashes": "hashes",
    "gopher_too_many_ellipsis": "ellipses",
    "gopher_too_many_bullets": "bullet_lines",
    "gopher_too_many_end_ellipsis": "ellipsis_lines",
    "gopher_below_alpha_threshold": "few_alpha_words",
    "gopher_enough_stop_words": "few_stop_words",
}
NO_PUNCT = {"filter_no_terminal_punct": False}
FILTERS = {
    "gopher_repetition": ("filter.gopher_repetition", {}, GopherRepetitionFilter()),
    "gopher_quality": ("filter.gopher_quality", {}, GopherQualityFilter()),
    "c4": ("filter.c4", {}, C4QualityFilter()),
    "c4 without punctuation": ("filter.c4", NO_PUNCT, C4QualityFilter(**NO_PUNCT)),
    "c4_paragraph": ("filter.c4_paragraph", {}, C4ParagraphFilter()),
    "fineweb": ("filter.fineweb", {}, FineWebQualityFilter()),
}
PHRASES = [
    "Lorem ipsum dolor sit amet.",
    "We use cookies on this site.",
    "Please enable JavaScript now.",
    "A set is { 1, 2 }.",
]


def repeat_words(text, random_, low, high):
    """Some words of the text again and again, between others."""
    words = text.split()[:400]
    if len(words) < 30:
        return text
    size = random_.randint(low, high)
    at = random_.randrange(len(words) - size)
    gram = words[at : at + size]
    gap = random_.randint(size * 2, size * 12)
    out = []
    for i, word in enumerate(words):
        out.append(word)
        if i % gap == gap - 1:
            out += gram
    return " ".join(out)


def repeat_parts(text, random_, separator):
    parts = [part for part in text.split("\n") if part.strip()][:40]
    again = random_.sample(parts, min(len(parts), random_.randint(1, 6)))
    mixed = parts + again * random_.randint(1, 3)
    random_.shuffle(mixed)
    return separator.join(mixed)


def mark_lines(text, random_, before, behind):
    share = random_.random()
    lines = text.split("\n")[:60]
    return "\n".join(before + line + behind if random_.random() < share else line for line in lines)


def sprinkle(text, random_, signs):
    share = random_.random() * 0.25
    return " ".join(
        word + random_.choice(signs) if random_.random() < share else word for word in text.split(" ")[:500]
    )


def wrap(text, random_):
    width = random_.randint(1, 9)
    words = text.split()[:300]
    return "\n".join(" ".join(words[i : i + width]) for i in range(0, len(words), width))


def add_phrase(text, random_):
    lines = text.split("\n")
    lines.insert(random_.randrange(len(lines) + 1), random_.choice(PHRASES))
    return "\n".join(lines)


def squeeze(text, random_):
    """Words shortened or run together."""
    words = text.split()[:300]
    if random_.random() < 0.5:
        return " ".join(word[: random_.randint(1, 3)] for word in words)
    size = random_.randint(2, 4)
    return " ".join("".join(words[i : i + size]) for i in range(0, len(words), size))


def half_long(text, random_):
    """Long lines with short second halves: few marks, few words a line, one part again."""
    lines = [line for line in text.split("\n") if len(line) > 60][:20] or [text]
    return "\n".join(line[: random_.choice((31, 45, 300))] + random_.choice((".", "", ",")) for line in lines)


def without_stops(text, random_):
    words = [word for word in text.split(" ")[:400] if len(word) > 4]
    return " ".join(words[: random_.randint(40, 400)])


def long_list(text, random_):
    """Words of 40 letters, three a line: newlines a word, with all other rules kept."""
    words = [word for word in text.split() if word.isalpha()][:120]
    lines = [" ".join((word * 20)[: random_.randint(25, 45)] for word in words[i : i + 2]) for i in range(0, 100, 2)]
    return "\n".join(f"{line}." for line in lines if line)


def long_documents(random_):
    """Around the greatest number of words that Gopher allows: short words, since the peer takes a second for each."""
    for _ in range(80):
        yield " ".join(random_.choices(("the", "of", "a", "I", "and"), k=100_000 + random_.choice((0, 1, 2, 500))))


CHANGES = [
    lambda text, r: repeat_words(text, r, 2, 3),
    lambda text, r: repeat_words(text, r, 3, 5),
    lambda text, r: repeat_words(text, r, 5, 12),
    lambda text, r: repeat_words(text, r, 8, 12),
    lambda text, r: repeat_parts(text, r, "\n"),
    lambda text, r: repeat_parts(text, r, "\n\n"),
    lambda text, r: repeat_parts(text, r, "\n\n\n"),
    lambda text, r: mark_lines(text, r, r.choice(("- ", "\u2022 ", "  -")), ""),
    lambda text, r: mark_lines(text, r, "", r.choice(("...", "\u2026", " ...  "))),
    lambda text, r: sprinkle(text, r, ("#", " # ")),
    lambda text, r: sprinkle(text, r, ("...", "\u2026")),
    lambda text, r: sprinkle(text, r, (" 12", " 3.5", " =", "?!")),
    wrap,
    add_phrase,
    add_phrase,
    squeeze,
    half_long,
    without_stops,
    long_list,
    lambda text, r: text.replace(".", ""),
    lambda text, r: text[: r.randint(0, 700)],
    lambda text, r: "\n".join(r.sample(lines := text.split("\n"), len(lines))),
]


def documents_of(paths, wanted, length):
    texts = []
    for path in paths:
        with open(path, encoding="utf-8") as file:
            texts += [json.loads(line)["text"] for line in file]
    natural = len(texts)
    random_ = random.Random(3)
    sources = [text[:length] for text in texts if text.strip()]
    for number in range(max(0, wanted - natural)):
        text = sources[random_.randrange(len(sources))]
        texts.append(CHANGES[number % len(CHANGES)](text, random_))
    if wanted > natural:
        texts += ["", " \n \n", "\u00a0"] * 50
    return texts, natural


def ours(program, name, options, texts):
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    command = [program, json.dumps([{name: options}])]
    result = subprocess.run(command, input=lines, capture_output=True, text=True, check=True)
    for text, line in zip(texts, result.stdout.split("\n")[:-1], strict=True):
        answer = json.loads(line)
        yield answer.get("reason", "kept").rpartition(".")[2], answer.get("text", text)


def theirs(peer, text):
    document = Document(text=text, id="")
    try:
        verdict = peer.filter(document)
    except Exception as error:
        return f"error: {type(error).__name__}", text
    return ("kept" if verdict is True else REASONS.get(verdict[1], verdict[1])), document.text


def kappa(pairs):
    """Cohen's kappa of kept or dropped."""
    total = sum(pairs.values())
    equal = sum(count for (a, b), count in pairs.items() if (a == "kept") == (b == "kept")) / total
    mine = sum(count for (a, _), count in pairs.items() if a == "kept") / total
    peer = sum(count for (_, b), count in pairs.items() if b == "kept") / total
    chance = mine * peer + (1 - mine) * (1 - peer)
    return 1.0 if chance == 1 else (equal - chance) / (1 - chance)


def compare(label, program, texts):
    name, options, peer = FILTERS[label]
    pairs, sorts = collections.Counter(), collections.Counter()
    for text, (mine, my_text) in zip(texts, ours(program, name, options, texts), strict=True):
        other, other_text = theirs(peer, text)
        pairs[mine, other] += 1
        if mine != other:
            sorts["verdict" if "kept" in (mine, other) else "reason", mine, other] += 1
            print(f"  ours {mine}, theirs {other}: {text[:80]!a}")
        elif mine == "kept" and my_text != other_text:
            sorts["text", mine, other] += 1
            print(f"  rewritten text differs: {text[:80]!a}")
    agreed = len(texts) - sum(sorts.values())
    hits = collections.Counter()
    for (_, other), count in pairs.items():
        hits[other] += count
    print(
        f"{label}: {len(texts)} documents, {100 * agreed / len(texts):.3f} % agree, kappa {kappa(pairs):.4f}; "
        f"rules hit: {dict(hits.most_common())}; differences: {dict(sorts)}",
        flush=True,
    )
    return agreed / len(texts) >= 0.995 and kappa(pairs) >= 0.98


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("program", help="the built apply_operator")
    parser.add_argument("texts", nargs="+", help="JSON lines with a text field")
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--only", nargs="+", choices=FILTERS, default=list(FILTERS))
    parser.add_argument("--length", type=int, default=6000, help="characters of a text that is changed, at most")
    arguments = parser.parse_args()
    texts, natural = documents_of(arguments.texts, arguments.documents, arguments.length)
    print(f"{natural} given documents, {len(texts) - natural} made of them")
    long = list(long_documents(random.Random(5))) if arguments.documents > natural else []
    more = {"gopher_quality": long}
    agrees = [compare(label, arguments.program, texts + more.get(label, [])) for label in arguments.only]
    return 0 if all(agrees) else 1


if __name__ == "__main__":
    sys.exit(main())
