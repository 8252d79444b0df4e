#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/pii_ids.jsonl: identity numbers that python-stdnum calls valid or invalid.

    python tests/peers/write_pii_golden.py > tests/golden/pii_ids.jsonl

Run by a Python that has python-stdnum (2.2). Numbers are drawn at random in their written forms until the library
accepts one; changing one digit until it refuses gives the wrong ones. Types that the library lacks are checked by the
rules below, written from the issuers' descriptions. No number belongs to a known person.
"""

import importlib
import json
import random
import string
import sys

PER_TYPE = 4
random.seed(20)
ICAO = dict(zip(string.digits + string.ascii_uppercase, range(36), strict=False))


def luhn(digits):
    total = 0
    for place, digit in enumerate(reversed([int(c) for c in digits])):
        total += digit if place % 2 == 0 else digit * 2 - 9 * (digit > 4)
    return total % 10 == 0


def date_ok(text, order):
    parts = {letter: int(text[i * 2 : i * 2 + 2]) for i, letter in enumerate(order)}
    return 1 <= parts["M"] <= 12 and 1 <= parts["D"] <= 28


def us_mbi(n):
    return n[0] in "123456789" and not set(n) & set("SLOIBZ")


def us_npi(n):
    return n[0] in "12" and luhn("80840" + n)


def gb_nino(n):
    wrong = {"BG", "GB", "NK", "KN", "TN", "NT", "ZZ"}
    return n[0] not in "DFIQUV" and n[1] not in "DFIOQUV" and n[:2] not in wrong and n[8] in "ABCD"


def de_id_card(n):
    letters = set("CFGHJKLMNPRTVWXYZ")
    if n[0] not in letters or not set(n[1:9]) <= letters | set(string.digits):
        return False
    return sum(ICAO[c] * w for c, w in zip(n, (7, 3, 1) * 3, strict=False)) % 10 == int(n[9])


def de_pension_id(n):
    text = n[:8] + f"{ord(n[8]) - 64:02d}" + n[9:11]
    weights = (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1)
    cross = sum(sum(map(int, str(int(c) * w))) for c, w in zip(text, weights, strict=False))
    return date_ok(n[2:8], "DMY") and cross % 10 == int(n[11])


def pl_id_card(n):
    return sum(ICAO[c] * w for c, w in zip(n[:3] + n[4:], (7, 3, 1, 7, 3, 1, 7, 3), strict=False)) % 10 == int(n[3])


def hu_tax_id(n):
    return n[0] == "8" and sum(int(c) * (i + 1) for i, c in enumerate(n[:9])) % 11 == int(n[9])


def hu_taj(n):
    return (3 * sum(map(int, n[0:8:2])) + 7 * sum(map(int, n[1:8:2]))) % 10 == int(n[8])


def rs_jmbg(n):
    total = sum(int(c) * w for c, w in zip(n, (7, 6, 5, 4, 3, 2) * 2, strict=False))
    check = 11 - total % 11
    return date_ok(n[:4] + n[5:7], "DMY") and check != 10 and check % 11 == int(n[12])


def ru_snils(n):
    total = sum(int(c) * (9 - i) for i, c in enumerate(n[:9])) % 101
    return total % 100 == int(n[9:])


def kz_iin(n):
    check = sum(int(c) * (i + 1) for i, c in enumerate(n[:11])) % 11
    if check == 10:
        check = sum(int(c) * ((i + 2) % 11 + 1) for i, c in enumerate(n[:11])) % 11
    return date_ok(n[:6], "YMD") and str(check) == n[11]


def hk_id(n):
    values = [36] * (9 - len(n)) + [ICAO[c] for c in n]
    return n[-1] in "0123456789A" and sum(v * w for v, w in zip(values, range(9, 0, -1), strict=False)) % 11 == 0


TW = {letter: 10 + i for i, letter in enumerate("ABCDEFGHJKLMNPQRSTUVXYWZIO")}


def tw_id(n):
    digits = [TW[n[0]] // 10, TW[n[0]] % 10] + [int(c) for c in n[1:]]
    return (
        n[1] in "12" and sum(d * w for d, w in zip(digits, (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1), strict=False)) % 10 == 0
    )


def sg_nric(n):
    total = sum(int(c) * w for c, w in zip(n[1:8], (2, 7, 6, 5, 4, 3, 2), strict=False)) + (4 if n[0] in "TG" else 0)
    letters = "JZIHGFEDCBA" if n[0] in "ST" else "XWUTRQPNMLK"
    return n[0] in "STFG" and letters[total % 11] == n[8]


def au_medicare(n):
    return (
        n[0] in "23456"
        and n[9] != "0"
        and sum(int(c) * w for c, w in zip(n, (1, 3, 7, 9) * 2, strict=False)) % 10 == int(n[8])
    )


def ae_emirates_id(n):
    return n[:3] == "784" and 1930 <= int(n[3:7]) <= 2020 and luhn(n)


def sa_id(n):
    return n[0] in "12" and luhn(n)


def ir_national_code(n):
    rest = sum(int(c) * (10 - i) for i, c in enumerate(n[:9])) % 11
    return int(n[9]) == (rest if rest < 2 else 11 - rest)


def kw_civil_id(n):
    total = sum(int(c) * w for c, w in zip(n, (2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2), strict=False))
    return n[0] in "123" and date_ok(n[1:7], "YMD") and 11 - total % 11 == int(n[11])


# Kind, the library's module or the rule, forms ('#' digit, '@' letter, '*' either), what announces it.
TYPES = [
    ("us_itin", "us.itin", ["9##-##-####", "9########"], "ITIN"),
    ("us_mbi", us_mbi, ["#@*#-@*#-@@##", "#@##@##@@##"], "Medicare number"),
    ("us_npi", us_npi, ["##########"], "NPI"),
    ("ca_sin", "ca.sin", ["### ### ###", "###-###-###", "#########"], "Social Insurance Number"),
    ("mx_curp", "mx.curp", ["@@@@######H@@@@@##", "@@@@######M@@@@@*#"], "CURP"),
    ("br_cpf", "br.cpf", ["###.###.###-##", "###########"], "CPF"),
    ("br_cnpj", "br.cnpj", ["##.###.###/####-##", "##############"], "CNPJ"),
    ("ar_cuit", "ar.cuit", ["##-########-#", "###########"], "CUIT"),
    ("cl_rut", "cl.rut", ["##.###.###-#", "########-K", "########-#"], "RUT"),
    ("co_nit", "co.nit", ["###.###.###-#", "#########-#"], "NIT"),
    ("pe_ruc", "pe.ruc", ["###########"], "RUC"),
    ("ec_ci", "ec.ci", ["##########"], "Cédula"),
    ("do_cedula", "do.cedula", ["###-#######-#", "###########"], "Cédula"),
    ("ve_rif", "ve.rif", ["V-########-#", "J#########"], "RIF"),
    ("gb_nino", gb_nino, ["@@ ## ## ## @", "@@######@"], "National Insurance number"),
    ("gb_nhs", "gb.nhs", ["### ### ####", "##########"], "NHS number"),
    ("gb_utr", "gb.utr", ["##########"], "UTR"),
    ("ie_pps", "ie.pps", ["#######@", "#######@A"], "PPSN"),
    ("de_tax_id", "de.idnr", ["## ### ### ###", "###########"], "Steuer-ID"),
    ("de_id_card", de_id_card, ["@###*###*#"], "Personalausweis-Nr. der Ausweis"),
    ("de_pension_id", de_pension_id, ["## ###### @ ###", "########@###"], "Rentenversicherungsnummer"),
    ("fr_nir", "fr.nir", ["1 ## 05 ## ### ### ##", "2##11##########"], "Sécurité sociale"),
    ("fr_tax_id", "fr.nif", ["## ## ### ### ###", "#############"], "Numéro fiscal"),
    ("es_dni", "es.dni", ["########@", "########-@"], "DNI"),
    ("es_nie", "es.nie", ["X#######@", "Y-#######-@"], "NIE"),
    ("it_codice_fiscale", "it.codicefiscale", ["@@@@@@##@##@###@"], "Codice fiscale"),
    ("it_partita_iva", "it.iva", ["###########"], "Partita IVA"),
    ("pt_nif", "pt.nif", ["2## ### ###", "1########"], "NIF contribuinte"),
    ("nl_bsn", "nl.bsn", ["#########", "####.##.###"], "BSN"),
    ("be_nrn", "be.nn", ["##.##.##-###.##", "###########"], "Rijksregisternummer"),
    ("at_svnr", "at.vnr", ["#### ####8#", "##########"], "SVNR"),
    ("ch_ahv", "ch.ssn", ["756.####.####.##", "756##########"], "AHV-Nr."),
    ("pl_pesel", "pl.pesel", ["###########"], "PESEL"),
    ("pl_nip", "pl.nip", ["###-###-##-##", "##########"], "NIP"),
    ("pl_id_card", pl_id_card, ["@@@######", "@@@ ######"], "Dowód osobisty"),
    ("cz_birth_number", "cz.rc", ["######/####", "##########"], "Rodné číslo"),
    ("hu_tax_id", hu_tax_id, ["##########"], "Adóazonosító jel"),
    ("hu_taj", hu_taj, ["### ### ###", "#########"], "TAJ"),
    ("ro_cnp", "ro.cnp", ["#############"], "CNP"),
    ("bg_egn", "bg.egn", ["##########"], "ЕГН"),
    ("gr_afm", "gr.vat", ["#########"], "ΑΦΜ"),
    ("gr_amka", "gr.amka", ["###########"], "ΑΜΚΑ"),
    ("se_personnummer", "se.personnummer", ["######-####", "##########"], "Personnummer"),
    ("no_fodselsnummer", "no.fodselsnummer", ["###### #####", "###########"], "Fødselsnummer"),
    ("dk_cpr", "dk.cpr", ["######-####", "##########"], "CPR"),
    ("fi_hetu", "fi.hetu", ["######-###*", "######A###*"], "Henkilötunnus"),
    ("ee_isikukood", "ee.ik", ["###########"], "Isikukood"),
    ("lt_asmens_kodas", "lt.asmens", ["###########"], "Asmens kodas"),
    ("lv_personas_kods", "lv.pvn", ["######-1####"], "Personas kods"),
    ("is_kennitala", "is_.kennitala", ["######-####", "##########"], "Kennitala"),
    ("hr_oib", "hr.oib", ["###########"], "OIB"),
    ("rs_jmbg", rs_jmbg, ["#############"], "JMBG"),
    ("tr_tckn", "tr.tckimlik", ["###########"], "T.C. Kimlik No"),
    ("ru_inn", "ru.inn", ["############", "##########"], "ИНН"),
    ("ru_snils", ru_snils, ["###-###-### ##", "###########"], "СНИЛС"),
    ("ua_rnokpp", "ua.rntrc", ["##########"], "РНОКПП"),
    ("kz_iin", kz_iin, ["############"], "ИИН"),
    ("in_aadhaar", "in_.aadhaar", ["#### #### ####", "############"], "Aadhaar"),
    ("in_pan", "in_.pan", ["@@@P@####@"], "PAN"),
    ("hk_id", hk_id, ["@######(*)", "@######*", "@@######(#)"], "HKID"),
    ("tw_id", tw_id, ["@#########"], "身分證字號"),
    ("kr_rrn", "kr.rrn", ["######-#######"], "주민등록번호"),
    ("jp_my_number", "jp.in_", ["############", "#### #### ####"], "マイナンバー"),
    ("sg_nric", sg_nric, ["S#######@", "G#######@"], "NRIC"),
    ("my_nric", "my.nric", ["######-##-####", "############"], "MyKad"),
    ("th_id", "th.pin", ["#-####-#####-##-#", "#############"], "เลขประจำตัวประชาชน"),
    ("id_nik", "id.nik", ["################"], "NIK"),
    ("pk_cnic", "pk.cnic", ["#####-#######-#", "#############"], "CNIC"),
    ("au_tfn", "au.tfn", ["### ### ###", "#########"], "TFN"),
    ("au_medicare", au_medicare, ["#### ##### #", "##########"], "Medicare card"),
    ("nz_ird", "nz.ird", ["##-###-###", "###-###-###"], "IRD number"),
    ("za_id", "za.idnr", ["#############"], "South African ID"),
    ("il_id", "il.idnr", ["#########"], "Teudat Zehut"),
    ("ae_emirates_id", ae_emirates_id, ["784-19##-#######-#"], "Emirates ID"),
    ("sa_id", sa_id, ["##########"], "Iqama"),
    ("ir_national_code", ir_national_code, ["##########"], "کد ملی"),
    ("kw_civil_id", kw_civil_id, ["############"], "Civil ID"),
    ("imei", "imei", ["###############"], "IMEI"),
]


def rule_of(rule):
    if callable(rule):
        return lambda text: rule("".join(c for c in text if c.isalnum()))
    module = importlib.import_module(f"stdnum.{rule}")
    if rule == "us.itin":
        return module.is_valid
    return lambda text: module.is_valid("".join(c for c in text if c.isalnum()) if rule != "fi.hetu" else text)


# Where in the digits a date stands, so that drawing finds valid numbers soon.
DATES = {
    "mx_curp": (4, "YMD"), "de_pension_id": (2, "DMY"), "at_svnr": (4, "DMY"), "be_nrn": (0, "YMD"),
    "pl_pesel": (0, "YMD"), "cz_birth_number": (0, "YMD"), "ro_cnp": (1, "YMD"), "bg_egn": (0, "YMD"),
    "gr_amka": (0, "DMY"), "se_personnummer": (0, "YMD"), "no_fodselsnummer": (0, "DMY"), "dk_cpr": (0, "DMY"),
    "fi_hetu": (0, "DMY"), "ee_isikukood": (1, "YMD"), "lt_asmens_kodas": (1, "YMD"), "lv_personas_kods": (0, "DMY"),
    "is_kennitala": (0, "DMY"), "kz_iin": (0, "YMD"), "kr_rrn": (0, "YMD"), "my_nric": (0, "YMD"),
    "id_nik": (6, "DMY"), "za_id": (0, "YMD"), "kw_civil_id": (1, "YMD"),
}  # fmt: skip


# Numbers without a check digit that all issued ones keep to, or of which the library knows older rules.
UNCHECKED = {"dk_cpr", "kr_rrn", "us_itin"}


def draw(kind, form):
    out = []
    for c in form:
        if c == "#":
            out.append(random.choice(string.digits))
        elif c == "@":
            out.append(random.choice(string.ascii_uppercase))
        elif c == "*":
            out.append(random.choice(string.digits + string.ascii_uppercase))
        else:
            out.append(c)
    if kind in DATES:
        start, order = DATES[kind]
        values = {"Y": random.randint(50, 99), "M": random.randint(1, 12), "D": random.randint(1, 28)}
        places = [i for i, c in enumerate(form) if c.isalnum() or c in "#@*"][start : start + 6]
        for place, digit in zip(places, "".join(f"{values[letter]:02d}" for letter in order), strict=False):
            if form[place] == "#":
                out[place] = digit
    return "".join(out)


def spoil(number, is_valid):
    """The number with one digit changed so that it no longer holds, or nothing when any digit is as good."""
    places = [i for i, c in enumerate(number) if c.isdigit()]
    for place in reversed(places):
        for digit in random.sample(string.digits, 10):
            changed = number[:place] + digit + number[place + 1 :]
            if not is_valid(changed):
                return changed
    return None


def main():
    for kind, rule, forms, label in TYPES:
        is_valid = rule_of(rule)
        for form in forms:
            for _ in range(PER_TYPE):
                number = next((n for n in (draw(kind, form) for _ in range(2_000_000)) if is_valid(n)), None)
                if number is None:
                    sys.exit(f"{kind}: found no valid number of the form {form}")
                wrong = None if kind in UNCHECKED else spoil(number, is_valid)
                line = {"kind": kind, "label": label, "number": number, "wrong": wrong}
                print(json.dumps(line, ensure_ascii=False))


if __name__ == "__main__":
    main()
