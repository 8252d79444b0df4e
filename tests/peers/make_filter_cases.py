# SPDX-License-Identifier: Apache-2.0
"""Writes the cases of the rule filters, tests/cases/filter.*.jsonl, with what datatrove's own filters answer.

Run in an environment with `datatrove==0.10.1` and `spacy` from PyPI:
    python tests/peers/make_filter_cases.py tests/cases
Verdicts, reasons and rewritten texts come from datatrove's filter classes; the measures that a filter annotates from
the functions which those classes call.
"""

import heapq
import json
import pathlib
import sys

from datatrove.data import Document
from datatrove.pipeline.filters import C4ParagraphFilter, C4QualityFilter, FineWebQualityFilter, GopherRepetitionFilter
from datatrove.pipeline.filters.gopher_repetition_filter import (
    find_all_duplicate,
    find_duplicates,
    find_top_duplicate,
    get_n_grams,
)
from datatrove.utils.text import TERMINAL_PUNCTUATION, split_into_sentences, split_into_words

WINTER = "The people of this town have always known that winter comes with snow, and being ready for it is wise."
SPRING = "When the river rises in spring, children build small boats from bark and race them under the old bridge."
SUMMER = "Nobody remembers who planted the lime trees along the road, but everyone sits below them on hot evenings."
AUTUMN = "Before the first frost the last apples are picked, pressed and shared with all who helped to carry them."
YEAR = [WINTER, SPRING, SUMMER, AUTUMN]
NUMBERS = [
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
]


def different(count, length):
    """So many words of this length, all different."""
    return [
        "".join(chr(97 + (i * 7 + k * k + i // 26 * k) % 26) for k in range(length - 3)) + f"{i:03d}"
        for i in range(count)
    ]


def repetition_texts():
    yield "plain", "\n".join(YEAR)
    yield "empty", ""
    yield "only white space", " \n\n \n"
    yield "one word", "word"
    yield "newlines around: two empty lines", "\none line\n"
    yield "paragraphs of which one comes twice", "\n\n".join([WINTER, SPRING, WINTER])
    yield "short paragraphs that come again", "\n\n".join([WINTER + SPRING, SUMMER + AUTUMN, "a", "a", "a"])
    yield "a long paragraph that comes again", "\n\n".join([*different(3, 12), WINTER + SPRING, WINTER + SPRING])
    yield "blanks between newlines make no paragraph", "\n \n".join([WINTER, SPRING, WINTER])
    yield "short lines that come again", "\n".join([WINTER, SPRING, "a", "a", "a"])
    yield "a long line that comes again", "\n".join([*different(4, 6), WINTER, WINTER])
    yield "a carriage return ends no line", "\r\n".join([WINTER, SPRING + "\r", WINTER])
    for n, size in ((2, 4), (3, 6), (4, 7)):
        gram = " ".join(NUMBERS[:n])
        for count in range(4, 12, 1):
            rest = different(42, size)
            pieces = [f"{rest[3 * i]} {rest[3 * i + 1]} {gram} {rest[3 * i + 2]}" for i in range(count)]
            yield f"{n} words that come {count} times", " ".join(pieces + rest[3 * count :])
    yield "of two commonest the first counts", "ab cd x ab cd y longerword evenlonger z longerword evenlonger w"
    yield "words in one piece and in two", "a.b c a.b c ab c cannot can not cannot"
    for n in range(5, 13):
        for rest in (40, 60, 80, 100):
            gram = " ".join(NUMBERS[:n])
            filler = different(rest, 5)
            middle = rest // 2
            text = " ".join([gram, *filler[:middle], gram, *filler[middle:]])
            yield f"{n} words that come twice among {rest}", text
    yield "n-grams that overlap", "a b " * 12 + " ".join(different(60, 6))
    yield "n-grams equal only when joined", "ab c d e f x a bc d e f y abc d e f g z " + " ".join(different(12, 5))
    yield (
        "characters, not bytes",
        "\n".join(["\u65e5\u672c\u8a9e\u306e\u6587", "x" * 40, "\u65e5\u672c\u8a9e\u306e\u6587"]),
    )
    yield "no word at all between the lines", "\u00a0\n\u2003\n\u00a0"
    yield "accents", "\u00e9t\u00e9 \u00e0 la mer " * 4 + " ".join(different(30, 5))


def repetition_columns(text):
    if not text:
        return {}
    peer = GopherRepetitionFilter()
    columns = {}
    for name, parts in (
        ("para", peer.paragraph_exp.split(text.strip())),
        ("line", peer._line_splitter.split(text)),
    ):
        count, characters = find_duplicates(parts)
        columns[f"dup_{name}_frac"] = count / len(parts)
        columns[f"dup_{name}_char_frac"] = characters / len(text)
    words = split_into_words(text)
    for n in (2, 3, 4):
        grams = get_n_grams(words, n)
        columns[f"top_{n}_gram"] = find_top_duplicate(grams) / len(text) if grams else 0.0
    for n in range(5, 11):
        columns[f"dup_{n}_gram"] = find_all_duplicate(words, n) / len(text)
    return {"gopher_repetition_" + name: value for name, value in columns.items()}


def repetition_cases():
    names = {f"duplicated_{n}_n_grams": f"dup_{n}_gram" for n in range(5, 11)}
    for case, text in repetition_texts():
        yield case, {}, text, GopherRepetitionFilter(), names, repetition_columns
    # Rules of which the defaults would be hidden by an earlier one.
    for n, limit in ((2, 0.02), (3, 0.02), (4, 0.02)):
        off = tuple((k, limit if k == n else 9) for k in (2, 3, 4))
        options = {f"top_{k}_gram": share for k, share in off}
        yield (
            f"{n} words, other limits",
            options,
            "\n".join([*YEAR, "up and down, up and down"]),
            GopherRepetitionFilter(top_n_grams=off),
            names,
            None,
        )
    for n in range(5, 11):
        off = tuple((k, 0.05 if k == n else 9) for k in range(5, 11))
        options = {f"dup_{k}_gram": share for k, share in off}
        gram = " ".join(NUMBERS[:12])
        text = f"{gram} {WINTER} {gram} {SPRING}"
        yield f"{n} words again, other limits", options, text, GopherRepetitionFilter(dup_n_grams=off), names, None
    options = {"dup_para_frac": 0, "dup_para_char_frac": 0, "dup_line_frac": 0, "dup_line_char_frac": 0}
    yield (
        "rules switched off",
        options,
        "\n\n".join([WINTER, SPRING, WINTER]),
        GopherRepetitionFilter(**options),
        names,
        None,
    )


PAGE = "\n".join(YEAR + [WINTER + " " + SPRING])


def c4_texts():
    yield "plain", PAGE
    yield "empty", ""
    yield "too few sentences", WINTER
    yield "four sentences", "\n".join(YEAR)
    yield "five sentences in one line", " ".join(YEAR + [WINTER])
    yield "lines without an end mark go", PAGE + "\nHome | About | Contact\n" + SUMMER
    yield (
        "ends of lines",
        "\n".join(
            [
                PAGE,
                "It ends in a question?",
                'He said: "This is it"',
                "It is theirs'",
                "To be continued...",
                "An end \u2026",
            ]
        ),
    )
    yield "end marks of other scripts are none", PAGE + "\n\u8fd9 \u662f \u53e5\u3002\nthis is it\u201d"
    yield "too few words", PAGE + "\nRead more.\nNow read more.\nA\u00a0b c."
    yield "a long word", PAGE + "\nhere is " + "x" * 1001 + " one.\nhere is " + "\u00e9" * 1000 + " one."
    yield (
        "citations",
        PAGE + "\nIt was built[1] in stone[edit] long ago[citation needed] they say[12][].\nSo they say. [3]",
    )
    yield "no citations", PAGE + "\nIt was built [1a] in stone [Edit] long ago [ 1] they say.\n[[5] Then it fell down."
    yield "digits of other scripts in citations", PAGE + "\nIt was built[\u0661\u0662] in stone."
    yield "lorem ipsum", PAGE + "\nLorem Ipsum dolor sit amet."
    yield "lorem ipsum in a line that goes", PAGE + "\nLorem ipsum dolor sit amet"
    yield "lorem ipsum around a citation", PAGE + "\nLorem [2]ipsum dolor sit amet."
    yield "javascript", PAGE + "\nPlease enable JavaScript to go on.\nThis is java script in two words."
    yield "javascript goes before the bracket is seen", PAGE + "\nThe javascript { is here."
    yield "curly bracket", PAGE + "\nA set is { 1 and 2 }."
    yield "curly bracket in a line that goes", PAGE + "\nfunction () {"
    yield "only a closing bracket", PAGE + "\nA set ends in } here."
    for phrase in ("Terms of Use", "privacy policy", "Cookie Policy", "uses cookies", "use of cookies", "use cookies"):
        yield phrase, PAGE + f"\nPlease read on {phrase} of this site.\n" + SUMMER
    yield "cookies to eat", PAGE + "\nThe cookies of the baker are good, as is her policy."
    yield "the Kelvin sign is a k", PAGE + "\nThis page uses coo\u212aies on all pages."
    yield (
        "ends of lines of all kinds",
        "\r\n".join(YEAR)
        + "\x0b"
        + WINTER
        + "\x0c"
        + SPRING
        + "\x1c"
        + SUMMER
        + "\x85"
        + (AUTUMN + "\u2028" + WINTER + "\u2029" + SPRING + "\r" + SUMMER),
    )
    yield "blanks around lines", "  \n\t" + " \n \u3000".join(YEAR + [WINTER]) + "\u00a0\n\n"
    yield "abbreviations", "Mr. Smith of the U.S.A. met Dr. Who at 10 a.m. in St. Ives, i.e. early.\n" * 3
    yield "sentences that go on in lower case", "it went on. and on! and on? yes."
    yield "quotes behind the end", '"It rains." "It pours." (It does.) \u201cIt stops.\u201d He sleeps.'
    yield "many marks", "What?! No... Yes!!! And then... He said so.  It is.\tGood."
    yield (
        "sentences of other scripts",
        "\u0939\u093e\u0901 \u092f\u0939 \u0964 \u0928\u0939\u0940\u0902 \u0964 \u0915\u094d\u092f\u093e ? x y.",
    )


def c4_settings():
    yield {}, {}
    yield {"filter_no_terminal_punct": False}, {"filter_no_terminal_punct": False}
    yield {"split_paragraph": False}, {"split_paragraph": False}
    off = {
        "min_num_sentences": -1,
        "min_words_per_line": -1,
        "max_word_length": -1,
        "remove_citations": False,
        "filter_lorem_ipsum": False,
        "filter_javascript": False,
        "filter_curly_bracket": False,
        "filter_policy": False,
        "filter_no_terminal_punct": False,
    }
    yield {key: 0 if value == -1 else value for key, value in off.items()}, off


def c4_columns(text):
    """Only for texts whose lines are judged whole: what stays is known from the text that datatrove writes."""
    document = Document(text=text, id="")
    if C4QualityFilter(min_num_sentences=-1).filter(document) is not True:
        return {}
    kept = document.text.split("\n") if document.text else []
    return {
        "c4_lines": len(text.splitlines()),
        "c4_lines_kept": len(kept),
        "c4_sentences": sum(len(split_into_sentences(line)) for line in kept),
        "c4_lorem_ipsum": False,
        "c4_curly_bracket": False,
    }


def c4_cases():
    for options, settings in c4_settings():
        for case, text in c4_texts():
            yield case, options, text, C4QualityFilter(**settings), {}, None if options else c4_columns


def paragraph_cases():
    names = {"< 3 paragraphs": "too_few_paragraphs"}

    def columns(text):
        lengths = heapq.nlargest(3, map(len, text.split("\n")))
        return {"c4_paragraph_length": min(lengths) if len(lengths) == 3 else None}

    for case, text in (
        ("three long lines", "\n".join(["x" * 200] * 3)),
        ("two long lines", "\n".join(["x" * 200] * 2)),
        ("one line is too short", "\n".join(["x" * 200, "x" * 199, "x" * 200])),
        ("characters, not bytes", "\n".join(["\u00e9" * 199] * 3)),
        ("long lines among short ones", "\n".join(["a", "x" * 201, "", "\u00e9" * 200, "b", "y" * 300, "c"])),
        ("a carriage return ends no line", "\r".join(["x" * 200] * 3)),
        ("empty", ""),
    ):
        yield case, {}, text, C4ParagraphFilter(), names, columns


def fineweb_texts():
    yield "plain", "\n".join(YEAR)
    yield "empty", ""
    yield "blank lines only", " \n\t\n\u00a0"
    for marked in range(3):
        lines = [WINTER[:-1] + str(i) + ("." if i < marked else "") for i in range(10)]
        yield f"{marked} of ten lines end in a mark", "\n".join(lines)
    yield "a blank behind the mark", "\n".join([line + " " for line in YEAR])
    yield "a carriage return behind the mark", "\r\n".join(YEAR) + "\r\n"
    for mark in "?!\u3002\uff1f\u0964\u06d4\u203d\u2026\u201d\"':;)":
        yield f"lines that end in U+{ord(mark):04X}", "\n".join(line[:-1] + mark for line in YEAR)
    for short in (6, 7):
        lines = [f"This line is short, number {i}." for i in range(short)] + [YEAR[i] for i in range(10 - short - 3)]
        yield f"{short} short lines", "\n".join(lines + [SPRING + " " + SUMMER, AUTUMN + " " + WINTER, WINTER * 2])
    yield "30 characters are short", "\n".join(["\u00e9" * 29 + ".", "b" * 29 + ".", "c" * 29 + ".", WINTER])
    yield "31 characters are not", "\n".join(["a" * 30 + ".", "b" * 30 + ".", "c" * 30 + ".", WINTER])
    yield "a short line that comes again", "\n".join([*YEAR, "It was so.", SUMMER + SPRING, "It was so."])
    yield "a line that comes again", "\n".join([*YEAR, WINTER])
    yield "blank lines do not count", "\n \n\n".join([*YEAR, SPRING + SUMMER])
    yield "many newlines", ("\n" * 40).join(YEAR)
    yield "long words in lines", "\n".join(word * 8 + "." for word in different(30, 6))
    yield "few words a line", "\n".join("x" * 40 + f"{i} yes." for i in range(20))


def fineweb_columns(text):
    lines = [line for line in text.split("\n") if line.strip() != ""]
    if not lines:
        return {}
    return {
        "fineweb_line_punct_ratio": sum(line.endswith(tuple(TERMINAL_PUNCTUATION)) for line in lines) / len(lines),
        "fineweb_short_line_ratio": sum(len(line) <= 30 for line in lines) / len(lines),
        "fineweb_char_dup_ratio": find_duplicates(lines)[1] / len(text.replace("\n", "")),
        "fineweb_list_ratio": text.count("\n") / len(split_into_words(text)),
    }


def fineweb_cases():
    for case, text in fineweb_texts():
        yield case, {}, text, FineWebQualityFilter(), {}, fineweb_columns
    for settings in (
        {"line_punct_exclude_zero": True},
        {"stop_chars": ["e", "\u201d"]},
        {"short_line_thr": 0.3, "short_line_length": 100},
        {"char_duplicates_ratio": 0.5},
        {"new_line_ratio": 0.02, "line_punct_thr": 0.0, "short_line_thr": 1.0, "char_duplicates_ratio": 1.0},
    ):
        peer = FineWebQualityFilter(**{k: tuple(v) if k == "stop_chars" else v for k, v in settings.items()})
        for case, text in fineweb_texts():
            yield case, settings, text, peer, {}, None


def lines_of(name, cases):
    seen = set()
    for case, options, text, peer, names, columns in cases:
        document = Document(text=text, id="")
        verdict = peer.filter(document)
        line = {"case": case, "options": options, "text": text, "keep": verdict is True}
        if verdict is not True:
            line["reason"] = f"{name}.{names.get(verdict[1], verdict[1])}"
            seen.add(line["reason"])
        elif document.text != text:
            line["expect_text"] = document.text
        yield line
        if columns is not None and (measured := columns(text)):
            yield {**line, "case": case + ", annotated", "options": {**options, "annotate": True}, "columns": measured}
    print(name, "hits", sorted(seen))


def main():
    folder = pathlib.Path(sys.argv[1])
    for name, cases in (
        ("gopher_repetition", repetition_cases()),
        ("c4", c4_cases()),
        ("c4_paragraph", paragraph_cases()),
        ("fineweb", fineweb_cases()),
    ):
        text = "".join(json.dumps(line) + "\n" for line in lines_of(name, cases))
        (folder / f"filter.{name}.jsonl").write_text(text, "utf-8")


main()
