# SPDX-License-Identifier: Apache-2.0
"""RedPajama-v2's quality signals as their publication defines them, in plain Python: slow, short, and not our code.

`signals(text)` gives the columns of annotate.redpajama; signals of lines are aggregated as the operator does.
"""

import collections
import math
import re
import string
import unicodedata

REMOVED = str.maketrans("", "", string.punctuation)
BULLETS = tuple("\u2022\u2023\u25b6\u25c0\u25e6\u25a0\u25a1\u25aa\u25ab\u2013")


def normal(text):
    text = re.sub(r"\s+", " ", text.translate(REMOVED).lower().strip())
    return unicodedata.normalize("NFD", text)


def share(part, whole, empty=None):
    return round(part / whole, 8) if whole else empty


def grams(words, size):
    return [tuple(words[i : i + size]) for i in range(len(words) - size + 1)]


def top(words, size):
    (gram, count), *_ = collections.Counter(grams(words, size)).most_common(1) or [((), 0)]
    return share(sum(map(len, gram)) * count if count > 1 else 0, sum(map(len, words)), 0.0)


def repeated(words, size):
    found = grams(words, size)
    counts = collections.Counter(found)
    covered = {i + k for i, gram in enumerate(found) if counts[gram] > 1 for k in range(size)}
    return share(sum(len(words[i]) for i in covered), sum(map(len, words)), 0.0)


def line_signals(lines):
    def mean(values):
        values = list(values)
        return sum(values) / len(values) if values else None

    plain = [normal(line) for line in lines]
    return {
        "rps_lines_ending_with_terminal_punctution_mark_mean": mean(
            float(line.rstrip().endswith((".", "!", "?", "\u201d"))) for line in lines
        ),
        "rps_lines_javascript_counts_sum": sum(line.split().count("javascript") for line in plain),
        "rps_lines_num_words_mean": mean(len(line.split()) for line in plain),
        "rps_lines_numerical_chars_fraction_mean": mean(
            share(sum(map(str.isnumeric, line)), len(line), 0.0) for line in plain
        ),
        "rps_lines_start_with_bulletpoint_mean": mean(float(line.lstrip().startswith(BULLETS)) for line in lines),
        "rps_lines_uppercase_letter_fraction_mean": mean(
            share(sum(map(str.isupper, line)), len(line), 0.0) for line in lines
        ),
    }


def signals(text, stop_words=frozenset(), blocked=frozenset()):
    lines = re.findall(r"[^\n]*\n|[^\n]+$", text)
    raw = re.findall(r"\w+|[^\w\s]+", text)
    plain = normal(text)
    words = plain.split()
    counts = collections.Counter(words)
    found = {
        "ccnet_length": len(text),
        "ccnet_nlines": text.count("\n") + 1,
        "rps_doc_curly_bracket": share(text.count("{") + text.count("}"), len(text), 0.0),
        "rps_doc_frac_all_caps_words": share(sum(map(str.isupper, raw)), len(raw)),
        "rps_doc_frac_lines_end_with_ellipsis": share(
            sum(line.rstrip().endswith(("...", "\u2026")) for line in lines), len(lines)
        ),
        "rps_doc_frac_no_alph_words": round(1.0 - sum(bool(re.search("[a-zA-Z]", word)) for word in raw) / len(raw), 8)
        if raw
        else None,
        "rps_doc_lorem_ipsum": share(plain.count("lorem ipsum"), len(plain), 0.0),
        "rps_doc_mean_word_length": share(sum(map(len, words)), len(words)),
        "rps_doc_stop_word_fraction": (share(sum(w in stop_words for w in raw), len(raw)) if words else 0.0)
        if stop_words
        else None,
        "rps_doc_symbol_to_word_ratio": share(sum(map(text.count, ("#", "...", "\u2026"))), len(raw)),
        "rps_doc_frac_unique_words": share(len(counts), len(words)),
        "rps_doc_unigram_entropy": round(
            sum(-count / len(words) * math.log(count / len(words)) for count in counts.values()), 8
        )
        if words
        else None,
        "rps_doc_word_count": len(words),
        "rps_doc_num_sentences": len(re.findall(r"\b[^.!?]+[.!?]*", text)),
        "rps_doc_ldnoobw_words": sum(
            " ".join(gram) in blocked
            for size in {1 + entry.count(" ") for entry in blocked}
            for gram in grams(words, size)
        )
        if blocked
        else None,
    }
    for size in range(2, 5):
        found[f"rps_doc_frac_chars_top_{size}gram"] = top(words, size)
    for size in range(5, 11):
        found[f"rps_doc_frac_chars_dupe_{size}grams"] = repeated(words, size)
    return found | line_signals(lines)
