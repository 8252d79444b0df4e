# SPDX-License-Identifier: Apache-2.0
"""Generated text with marked names of persons, for training and for judging the tagger of redact.pii.

Names, places and professions come from Faker's locale lists, ordinary words and prose from Faker and from the
documentation inside Python, ordinary Chinese words from jieba's dictionary. A fifth of the names and a quarter of the
templates are held back: `part="held"` draws only from them, `part="train"` never.
"""

import hashlib
import importlib
import pydoc_data.topics
import random
import re

import jieba
from faker import Faker
from pypinyin import lazy_pinyin

LATIN = ["en_US", "en_GB", "en_IE", "en_IN", "en_NZ", "de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "pl_PL", "pt_BR",
         "sv_SE", "tr_TR", "da_DK", "fi_FI", "cs_CZ", "ro_RO"]  # fmt: skip
CHINESE_PLACES = [
    "北京",
    "上海",
    "广州",
    "深圳",
    "杭州",
    "南京",
    "武汉",
    "成都",
    "重庆",
    "西安",
    "苏州",
    "天津",
    "长沙",
    "郑州",
    "青岛",
    "大连",
    "宁波",
    "厦门",
    "福州",
    "昆明",
]


def is_held(text, share=5):
    """A fixed split of any list by its words."""
    return hashlib.sha256(text.encode()).digest()[0] % share == 0


def of_part(items, part, share=5):
    return [item for item in items if is_held(item, share) == (part == "held")]


def person_lists(locale, shortest=2):
    """First and last names of a locale, each as a list of words."""
    provider = importlib.import_module(f"faker.providers.person.{locale}").Provider

    def collect(*attributes):
        found = []
        for attribute in attributes:
            found += list(getattr(provider, attribute, ()) or ())
        return sorted({word for word in found if " " not in word and len(word) >= shortest})

    first = collect("first_names", "first_names_male", "first_names_female", "first_names_nonbinary")
    last = collect("last_names", "last_names_male", "last_names_female")
    return first, last


class Names:
    """Draws names of one part of the lists."""

    def __init__(self, part, rng):
        self.rng = rng
        self.latin = []
        for locale in LATIN:
            first, last = (of_part(words, part) for words in person_lists(locale))
            if len(first) > 5 and len(last) > 5:
                self.latin.append((first, last))
        first, last = person_lists("zh_CN", 1)
        self.given = [name for name in of_part(first, part) if len(name) <= 2]
        self.family = [name for name in last if len(name) <= 2]

    def chinese(self):
        family = self.rng.choice(self.family)
        if self.rng.random() < 0.5:
            given = self.rng.choice(self.given)
        else:
            given = "".join(self.rng.choice(self.given)[-1] for _ in range(self.rng.choice((1, 2, 2))))
        return family + given

    def parts(self):
        if self.rng.random() < 0.08:
            name = self.chinese()
            return "".join(lazy_pinyin(name[1:])).capitalize(), lazy_pinyin(name[0])[0].capitalize()
        lists = self.latin[0] if self.rng.random() < 0.3 else self.rng.choice(self.latin)
        first, last = self.rng.choice(lists[0]), self.rng.choice(lists[1])
        if self.rng.random() < 0.04:
            last = self.rng.choice(("Mc", "Mac", "O'", "van ", "de ", "von ", "Di ")) + last
        return first, last

    def latin_name(self):
        first, last = self.parts()
        form = self.rng.random()
        if form < 0.7:
            return f"{first} {last}"
        if form < 0.8:
            return f"{first} {self.rng.choice('ABCDEFGHJKLMNPRSTW')}. {last}"
        if form < 0.86:
            return f"{first[0]}. {last}"
        if form < 0.91:
            return f"{first} {self.parts()[0]} {last}"
        if form < 0.95:
            return f"{first} {last}-{self.parts()[1]}"
        return f"{first.upper()} {last.upper()}"


ENGLISH = [
    r"{N} joined {C} in {Y} as {J}.",
    r"Contact {N} at {E} for details.",
    r"My name is {N} and I live in {P}.",
    r"Best regards,\n{N}",
    r"Sincerely,\n\n{N}\n{J}, {C}",
    r"Dear {N},\n\nThank you for your message of {D}.",
    r"By {N} | {D}",
    r"Written by {N}, edited by {N}.",
    r'"{S}" said {N}, a {J} from {P}.',
    r"{N} was born on {D} in {P}.",
    r"The meeting with {N} and {N} is on {W}.",
    r"{T} {L} will see you on {W}.",
    r"{T} {N} of {C} agreed.",
    r"Author: {N}",
    r"Name: {N}\nCity: {P}",
    r"Customer name: {N}, order {O}",
    r"According to {N}, {s}.",
    r"{N} ({A}) lives in {P} with {N2}.",
    r"He met {N} in {P} in {M} {Y}.",
    r"{s}, {N} told reporters in {P} on {W}.",
    r"From: {N} <{E}>\nTo: {N} <{E}>",
    r"cc {N}; {N}; {N}",
    r"{N}'s book about {P} appeared in {M}.",
    r"{N}, CEO of {C}, announced it on {W}.",
    r"The patient, {N}, was admitted on {D}.",
    r"We thank {N}, {N} and {N} for their help.",
    r"Photo by {N}",
    r"Posted by {N} on {D}",
    r"{N} won against {N} in {P}.",
    r"Please ask for {N} when you call.",
    r"{N} says:\n{S}",
    r"Attorney {N} represented {C}.",
    r"Her colleague {N} works for {C} in {P}.",
    r"Signed by {N} on behalf of {C}.",
    r"In {Y}, {N} published a study with {N}.",
    r"{N} et al. ({Y}) showed that {s}.",
    r"Interview with {N} | {C}",
    r"President {N} visited {P} on {W}.",
    r"I spoke to {N} yesterday about {s}.",
    r"The late {N} left the house to {N}.",
    r"Applicant: {N}\nDate of birth: {D}",
    r"{S} {N} replied that {s}.",
    r"directed by {N} and starring {N}",
    r"{N} and {N} married in {P} in {Y}.",
    r"Invoice to {N}, {P}",
    r"{T} {L} was a {J} at {C}.",
    r"My wife {N} and I moved to {P}.",
    r"Copyright {Y} {N}. All rights reserved.",
]
ENGLISH_NONE = [
    r"{S}",
    r"{S} {S}",
    r"{C} opened an office in {P} on {W}, {D}.",
    r"In {M} {Y}, {C} bought {C}.",
    r"{H}",
    r"{H}\n{S}",
    r"# {H}\n\n{S} {S}",
    r"Welcome to {P}! {S}",
    r"The {H} of {P} is in {P}.",
    r"{P}, {P} and {P} are cities.",
    r"Read more: {H}",
    r"Version {V} of {B} was released on {W}.",
    r"{B} and {B} support {H}.",
    r"Copyright {Y} {C}. All Rights Reserved.",
    r"Privacy Policy Terms Of Service Contact Us About Us",
    r"Dear Sir or Madam,\n{S}",
    r"Dear Customer,\n{S}",
    r"The University of {P} and the {P} Museum of {h}",
    r"{W}, {M} 5: {S}",
    r"Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    r"January February March April May June July August",
    r"Order {O} was sent to {P} on {D}.",
    r"{J} wanted in {P}: {C} is hiring. {S}",
    r"Job title: {J}",
    r"{X} people and {X} food in {P}",
    r"The {X} {h} was {s}.",
    r"How To {h} Your {h} In {P}",
    r"Chapter {V}: {H}",
    r"{C} and {C} sign deal with {P} City Council",
    r"Lake {P}, Mount {P}, {P} Street, {P} Airport, Port {P}",
    r"New {P} and North {P} lie in {P}.",
    r"Dr. and Prof. are titles. {S}",
    r"Sign up with {B}, {B} or {B}.",
    r"Subject: {H}",
    r"Name: {C}\nCity: {P}",
    r"Author: {C}",
    r"By {C} | {D}",
    r'{S} "{S}" it said on {W}.',
    r"The {P} {h}, {P} {h} and {H}",
    r"{C}: {S}",
    r"I moved from {P} to {P} in {M}. {S}",
]
CHINESE = [
    r"{N}先生您好，感谢您的来信。",
    r"{N}女士于{Y}年加入{C}。",
    r"姓名：{N}，电话：{F}",
    r"联系人：{N}",
    r"作者：{N}",
    r"记者{N}报道",
    r"{p}的{N}说：“{s}。”",
    r"我叫{N}，来自{P}。",
    r"{N}和{N}是同事。",
    r"总经理{N}表示，{s}。",
    r"{N}教授在{P}大学任教。",
    r"据{N}介绍，{s}。",
    r"客户{N}在{P}购买了产品。",
    r"{N}，{J}，毕业于{P}大学。",
    r"请联系{N}，邮箱{E}。",
    r"{s}，{N}认为{s}。",
    r"导演{N}、演员{N}出席了活动。",
    r"患者{N}，男，{A}岁。",
    r"收件人：{N} 地址：{P}",
    r"他的妻子{N}是{J}。",
    r"主编：{N} 编辑：{N}",
    r"{C}董事长{N}出席会议。",
    r"{N}出生于{Y}年，{P}人。",
    r"老师{N}带领学生参观{P}。",
    r"签名：{N}",
    r"原告{N}诉被告{N}一案",
    r"{N}医生说{s}。",
    r"我的朋友{N}昨天去了{P}。",
    r"感谢{N}、{N}和{N}的帮助。",
    r"{N}在{Y}年获得冠军。",
]
CHINESE_NONE = [
    r"{s}。",
    r"{s}，{s}。",
    r"{s}，{s}，{s}。",
    r"{C}位于{P}，{s}。",
    r"{P}市{s}，{s}。",
    r"{w}、{w}和{w}",
    r"关于{w}的{w}",
    r"{Y}年{s}，{C}{s}。",
    r"联系我们 {w} {w} 版权所有",
    r"{w}：{w}",
    r"如何{w}{w}？{s}。",
    r"{w}先生{s}",
    r"{P}到{P}的{w}",
    r"首页 {w} {w} {w}",
]

BRANDS = [
    "Windows",
    "Linux",
    "Android",
    "Python",
    "Java",
    "Google",
    "Facebook",
    "Twitter",
    "Amazon",
    "Apple",
    "Microsoft",
    "Firefox",
    "Chrome",
    "GitHub",
    "Docker",
    "Oracle",
    "Samsung",
    "Toyota",
    "Honda",
    "Boeing",
    "Nike",
    "Adidas",
    "Disney",
    "Netflix",
    "YouTube",
    "Instagram",
    "LinkedIn",
    "WordPress",
    "Photoshop",
    "Excel",
    "PowerPoint",
    "Bluetooth",
    "Internet",
    "Bible",
    "Quran",
    "Easter",
    "Christmas",
    "Halloween",
    "Ramadan",
    "Olympics",
    "Congress",
    "Senate",
    "Parliament",
    "NASA",
    "NATO",
    "UNESCO",
    "Wikipedia",
]
PEOPLES = [
    "American",
    "British",
    "Chinese",
    "French",
    "German",
    "Spanish",
    "Italian",
    "Japanese",
    "Russian",
    "Indian",
    "African",
    "European",
    "Asian",
    "Canadian",
    "Mexican",
    "Brazilian",
    "Turkish",
    "Polish",
    "Dutch",
    "Swedish",
    "Greek",
    "Irish",
    "Scottish",
    "Jewish",
    "Christian",
    "Muslim",
    "Buddhist",
    "Catholic",
    "Roman",
    "Victorian",
]
TITLES = ["Mr", "Mr.", "Mrs", "Mrs.", "Ms.", "Ms", "Dr.", "Dr", "Prof.", "Miss", "Sir"]
MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


class Writer:
    """Fills templates with names and other words of one part."""

    def __init__(self, part, seed):
        self.rng = random.Random(seed)
        self.names = Names(part, self.rng)
        self.part = part
        self.fakers = [Faker(locale) for locale in ("en_US", "en_GB", "de_DE", "fr_FR", "es_ES")]
        self.chinese_faker = Faker("zh_CN")
        for faker in [*self.fakers, self.chinese_faker]:
            faker.seed_instance(seed)
        prose = " ".join(pydoc_data.topics.topics.values())
        prose = re.sub(r"[*`_|+=<>\\]|\n", " ", prose)
        self.prose = [line for line in re.findall(r"[A-Z][a-z][^.\n:]{20,150}\.", prose) if "  " not in line]
        self.words = sorted({word for line in self.prose for word in re.findall(r"\b[a-z]{3,12}\b", line)})
        self.words += self.fakers[0].words(900, unique=False)
        jieba.setLogLevel(60)
        jieba.initialize()
        common = [(word, count) for word, count in jieba.dt.FREQ.items() if count > 30 and 1 <= len(word) <= 4]
        tagged = self.persons_of_dictionary()
        common = [(w, c) for w, c in common if w not in tagged and all("一" <= ch <= "龥" for ch in w)]
        self.chinese_words = [word for word, _ in common]
        self.chinese_weights = [count**0.7 for _, count in common]
        self.drawn = []
        self.english, self.english_none = of_part(ENGLISH, part, 4), of_part(ENGLISH_NONE, part, 4)
        self.chinese, self.chinese_none = of_part(CHINESE, part, 4), of_part(CHINESE_NONE, part, 4)

    @staticmethod
    def persons_of_dictionary():
        path = jieba.get_dict_file()
        lines = (line.decode().split() for line in path)
        return {parts[0] for parts in lines if len(parts) > 2 and parts[2].startswith("nr")}

    def chinese_word(self):
        if not self.drawn:
            self.drawn = self.rng.choices(self.chinese_words, self.chinese_weights, k=20000)
        return self.drawn.pop()

    def english_value(self, slot):
        rng, faker = self.rng, self.rng.choice(self.fakers)
        values = {
            "N": lambda: self.names.latin_name(),
            "N2": lambda: self.names.latin_name(),
            "L": lambda: self.names.parts()[1],
            "T": lambda: rng.choice(TITLES),
            "P": lambda: rng.choice((faker.city, faker.country, faker.city, self.fakers[0].state))(),
            "C": lambda: self.company(faker),
            "J": lambda: self.fakers[rng.randrange(2)].job(),
            "Y": lambda: str(rng.randint(1950, 2025)),
            "D": lambda: faker.date(rng.choice(("%B %d, %Y", "%Y-%m-%d", "%d %B %Y", "%d/%m/%Y"))),
            "M": lambda: rng.choice(MONTHS),
            "W": lambda: rng.choice(DAYS),
            "E": lambda: faker.email(),
            "A": lambda: str(rng.randint(18, 90)),
            "O": lambda: f"#{rng.randint(1000, 999999)}",
            "V": lambda: f"{rng.randint(1, 20)}.{rng.randint(0, 9)}",
            "B": lambda: rng.choice(BRANDS),
            "X": lambda: rng.choice(PEOPLES),
            "S": lambda: rng.choice(self.prose) if rng.random() < 0.7 else faker.sentence(),
            "s": lambda: " ".join(rng.choices(self.words, k=rng.randint(3, 8))),
            "h": lambda: rng.choice(self.words).capitalize(),
            "H": lambda: " ".join(word.capitalize() for word in rng.choices(self.words, k=rng.randint(2, 6))),
        }
        return values[slot]()

    def company(self, faker):
        """Companies named after nobody, so that a name inside one cannot be wanted and unwanted at once."""
        rng = self.rng
        ends = (
            "Inc",
            "Ltd",
            "LLC",
            "GmbH",
            "Group",
            "Corp",
            "Bank",
            "Holdings",
            "Systems",
            "Motors",
            "Foundation",
            "Press",
        )
        if rng.random() < 0.3:
            return f"{self.names.parts()[1]} {rng.choice(ends)}"
        if rng.random() < 0.3:
            return f"{self.names.parts()[1]} & {self.names.parts()[1]} {rng.choice(ends)}"
        return f"{rng.choice(self.words).capitalize()} {rng.choice(self.words).capitalize()} {rng.choice(ends)}"

    def chinese_value(self, slot):
        rng = self.rng
        values = {
            "N": lambda: self.names.chinese(),
            "P": lambda: rng.choice(CHINESE_PLACES) if rng.random() < 0.5 else self.chinese_faker.city()[:2],
            "C": lambda: (
                self.chinese_word() + self.chinese_word() + rng.choice(("公司", "集团", "有限公司", "科技", "银行"))
            ),
            "J": lambda: self.chinese_faker.job(),
            "p": lambda: rng.choice(("来自北京", "附近", "公司", "该校", "当地")),
            "Y": lambda: str(rng.randint(1950, 2025)),
            "F": lambda: self.chinese_faker.phone_number(),
            "E": lambda: self.chinese_faker.email(),
            "A": lambda: str(rng.randint(18, 90)),
            "s": lambda: "".join(self.chinese_word() for _ in range(rng.randint(3, 9))),
            "w": lambda: self.chinese_word(),
        }
        return values[slot]()

    def fill(self, template, value):
        """Text and the spans of its names in bytes of UTF-8."""
        out, spans, size = [], [], 0
        for piece in re.split(r"(\{[A-Za-z0-9]+\})", template.replace("\\n", "\n")):
            text = value(piece[1:-1]) if piece.startswith("{") else piece
            length = len(text.encode())
            if piece in ("{N}", "{N2}", "{L}"):
                spans.append((size, size + length))
            out.append(text)
            size += length
        return "".join(out), spans

    def document(self):
        """A few templates after each other, of one language."""
        rng, texts, spans, size = self.rng, [], [], 0
        is_chinese = rng.random() < 0.4
        for _ in range(rng.randint(1, 4)):
            has_name = rng.random() < 0.5
            if is_chinese:
                template, value = rng.choice(self.chinese if has_name else self.chinese_none), self.chinese_value
            else:
                template, value = rng.choice(self.english if has_name else self.english_none), self.english_value
            text, found = self.fill(template, value)
            spans += [(begin + size, end + size) for begin, end in found]
            text += "\n" if is_chinese or rng.random() < 0.5 else " "
            texts.append(text)
            size += len(text.encode())
        return {"text": "".join(texts), "names": spans, "language": "zh" if is_chinese else "en"}
