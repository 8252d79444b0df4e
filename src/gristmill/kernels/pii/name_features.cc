// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/pii/name_features.h"

#include <algorithm>
#include <bitset>

namespace gristmill::kernels::pii {
namespace {

constexpr std::size_t word_bytes_max = 24;
constexpr std::size_t run_words_max = 12;

/// Family names of one character, the most frequent ones.
constexpr std::string_view family_names =
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭"
    "陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤";
constexpr std::array<std::string_view, 12> double_family_names{"欧阳", "司马", "上官", "诸葛", "司徒", "东方",
                                                               "皇甫", "尉迟", "公孙", "慕容", "令狐", "夏侯"};
constexpr std::array<std::string_view, 15> particles{"van", "von", "de",  "da", "di",  "del", "der", "den",
                                                     "la",  "le",  "bin", "al", "dos", "du",  "ter"};
constexpr std::array<std::string_view, 28> titles{
    "mr",    "mrs",     "ms",       "miss",   "dr",    "prof",   "professor", "sir", "herr", "frau",
    "mme",   "madame",  "monsieur", "doctor", "señor", "señora", "sr",        "sra", "lady", "lord",
    "judge", "captain", "sergeant", "rev",    "hon",   "mx",     "mlle",      "dame"};

bool is_continuation(char c) noexcept { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }
/// First byte of a two-byte letter of Latin script (U+00C0 to U+024F).
bool is_latin_lead(char c) noexcept { return c >= '\xC3' && c <= '\xC9'; }
bool is_word_byte(char c) noexcept { return is_letter(c) || is_latin_lead(c) || is_continuation(c); }

/// Whether a capital letter stands at a position.
bool is_capital_at(std::string_view text, std::size_t at) noexcept {
  const char c = byte_at(text, at);
  if (is_upper(c)) return true;
  const auto second = static_cast<unsigned char>(byte_at(text, at + 1));
  if (c == '\xC3') return second >= 0x80 && second <= 0x9E;
  return (c == '\xC4' || c == '\xC5') && (second & 1) == 0;
}

/// End of a word of letters with inner apostrophes and hyphens.
std::size_t word_end(std::string_view text, std::size_t at) noexcept {
  while (at < text.size()) {
    if (is_word_byte(text[at])) {
      ++at;
    } else if ((text[at] == '\'' || text[at] == '-') && at + 1 < text.size() &&
               (is_letter(text[at + 1]) || is_latin_lead(text[at + 1])) && text.substr(at, 2) != "'s") {
      ++at;
    } else if (text.substr(at).starts_with("’") && is_upper(byte_at(text, at + 3))) {
      at += 3;
    } else {
      break;
    }
  }
  return at;
}

/// Hash of up to `word_bytes_max` bytes in lower case.
std::uint32_t hash_word(std::string_view word) noexcept {
  std::uint32_t hash = 2166136261U;
  for (const char c : word.substr(0, word_bytes_max)) {
    hash = (hash ^ static_cast<unsigned char>(is_upper(c) ? c + 32 : c)) * 16777619U;
  }
  return hash;
}

/// Collects the features of one candidate; each call is a new template, so that equal strings in two roles differ.
class Features {
 public:
  explicit Features(NameCandidate& candidate) noexcept : candidate_(candidate) {}
  void add(std::uint32_t hash) noexcept {
    const auto role = static_cast<std::uint32_t>(candidate_.feature_count) + (candidate_.is_chinese ? 64U : 1U);
    std::uint32_t mixed = (hash ^ (role * 0x9E3779B9U)) * 0x85EBCA6BU;
    mixed = (mixed ^ (mixed >> 15)) * 0xC2B2AE35U;
    candidate_.features[candidate_.feature_count++] = mixed >> (32 - name_feature_bits);
  }
  void add(std::string_view word) noexcept { add(hash_word(word)); }

 private:
  NameCandidate& candidate_;
};

bool is_one_of(std::string_view word, std::span<const std::string_view> list) noexcept {
  return std::ranges::any_of(list, [&](std::string_view other) {
    return other.size() == word.size() && std::equal(word.begin(), word.end(), other.begin(), [](char c, char wanted) {
             return (is_upper(c) ? static_cast<char>(c + 32) : c) == wanted;
           });
  });
}

/// The word that ends before a position, with one blank and one mark between at most; empty at a line's start.
std::string_view word_before(std::string_view text, std::size_t& at) noexcept {
  std::size_t end = at;
  while (end > 0 && at - end < 3 && !is_word_byte(text[end - 1]) && text[end - 1] != '\n') --end;
  std::size_t begin = end;
  while (begin > 0 && end - begin < word_bytes_max && is_word_byte(text[begin - 1])) --begin;
  at = begin;
  return text.substr(begin, end - begin);
}

std::string_view word_after(std::string_view text, std::size_t& at) noexcept {
  std::size_t begin = at;
  while (begin < text.size() && begin - at < 3 && !is_word_byte(text[begin]) && text[begin] != '\n') ++begin;
  std::size_t end = begin;
  while (end < text.size() && end - begin < word_bytes_max && is_word_byte(text[end])) ++end;
  at = end;
  return text.substr(begin, end - begin);
}

/// Capitals, capital and small, initial, capitals inside, particle.
std::uint32_t shape_of(std::string_view word) noexcept {
  std::size_t capitals = 0;
  std::size_t letters = 0;
  for (const char c : word) {
    capitals += is_upper(c) ? 1U : 0U;
    letters += is_continuation(c) ? 0U : 1U;
  }
  if (letters == 1) return 1;
  if (capitals == letters) return letters < 4 ? 2 : 3;
  if (capitals == 0) return 4;
  return capitals == 1 ? 5 + static_cast<std::uint32_t>(std::min<std::size_t>(letters, 6)) : 20;
}

/// Words that stand together with a blank between, begin with capitals (but for particles), from `begin` on.
struct Run {
  std::array<Span, run_words_max> words{};
  std::size_t count = 0;
  std::size_t end = 0;
};

Run read_run(std::string_view text, std::size_t begin) noexcept {
  Run run;
  std::size_t at = begin;
  std::size_t capital_count = 0;
  while (run.count < run_words_max) {
    const std::size_t end = word_end(text, at);
    const auto word = text.substr(at, end - at);
    const bool is_capital = is_capital_at(text, at);
    if (word.empty() || (!is_capital && !is_one_of(word, particles))) break;
    run.words[run.count++] = {at, end};
    if (is_capital) capital_count = run.count;
    at = end;
    // Initials may have a dot; short forms of address too.
    if (byte_at(text, at) == '.' && (word.size() <= 2 || is_one_of(word, titles))) ++at;
    if (byte_at(text, at) != ' ') break;
    ++at;
  }
  run.count = capital_count;
  run.end = run.count > 0 ? run.words[run.count - 1].end : word_end(text, begin);
  return run;
}

std::string_view tail_of(std::string_view word, std::size_t length) noexcept {
  return word.substr(word.size() - std::min(word.size(), length));
}

void add_latin_features(std::string_view text, const Run& run, std::size_t index, NameCandidate& candidate) {
  const auto word_of = [&](std::size_t i) {
    return i < run.count ? text.substr(run.words[i].begin, run.words[i].size()) : std::string_view{};
  };
  const auto word = word_of(index);
  std::size_t left = run.words[index].begin;
  std::size_t right = run.words[index].end;
  const auto before = word_before(text, left);
  const auto before_that = word_before(text, left);
  const auto after = word_after(text, right);
  const auto after_that = word_after(text, right);
  const std::size_t run_begin = run.words[0].begin;
  const char mark_before = byte_before(text, run_begin, byte_before(text, run_begin) == ' ' ? 2 : 1);
  const char mark_after = byte_at(text, run.end);
  const bool starts_sentence = mark_before == '\0' || mark_before == '\n' || mark_before == '.' || mark_before == '!' ||
                               mark_before == '?';
  const auto place = static_cast<std::uint32_t>((index == 0 ? 1U : 0U) | (index + 1 == run.count ? 2U : 0U) |
                                                (std::min<std::size_t>(run.count, 5) << 2));
  Features features(candidate);
  features.add(place);
  features.add(word);
  features.add(tail_of(word, 4));
  features.add(tail_of(word, 3));
  features.add(tail_of(word, 2));
  features.add(word.substr(0, 3));
  features.add(shape_of(word) * 32 + place);
  features.add(before);
  features.add(after);
  features.add(before_that);
  features.add(after_that);
  features.add(hash_word(index > 0 ? tail_of(word_of(index - 1), 3) : std::string_view{}) + 1);
  features.add(hash_word(tail_of(word_of(index + 1), 3)) + 1);
  features.add(static_cast<std::uint32_t>(starts_sentence) + 2 * place);
  features.add(static_cast<unsigned char>(mark_before) * 256U + static_cast<unsigned char>(mark_after));
  // What stands around the whole run is evidence for each of its words.
  std::size_t run_left = run_begin;
  std::size_t run_right = run.end;
  features.add(word_before(text, run_left));
  features.add(word_after(text, run_right));
  features.add(word_of(0));
  features.add(word_of(run.count - 1));
}

/// Adds the words of a run. A form of address before the names is no name itself, nor does it count as their first
/// word.
void add_run(std::string_view text, Run run, std::uint32_t number, std::vector<NameCandidate>& candidates) {
  bool is_titled = false;
  while (run.count > 0 && is_one_of(text.substr(run.words[0].begin, run.words[0].size()), titles)) {
    is_titled = true;
    std::copy(run.words.begin() + 1, run.words.end(), run.words.begin());
    --run.count;
  }
  for (std::size_t i = 0; i < run.count; ++i) {
    NameCandidate candidate{.span = run.words[i], .run = number, .is_titled = is_titled};
    candidate.is_particle = !is_capital_at(text, run.words[i].begin);
    add_latin_features(text, run, i, candidate);
    candidates.push_back(candidate);
  }
}

constexpr std::size_t han_bytes = 3;
constexpr std::uint32_t first_han = 0x4E00;
constexpr std::uint32_t last_han = 0x9FFF;

/// Code point of three bytes of UTF-8.
std::uint32_t code_point_at(std::string_view text, std::size_t at) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[at + i])); };
  return (byte(0) & 15) << 12 | (byte(1) & 63) << 6 | (byte(2) & 63);
}

bool is_han_at(std::string_view text, std::size_t at) noexcept {
  if (at + han_bytes > text.size() || static_cast<unsigned char>(text[at]) < 0xE4) return false;
  const auto code_point = code_point_at(text, at);
  return static_cast<unsigned char>(text[at]) <= 0xE9 && code_point >= first_han && code_point <= last_han;
}

using HanSet = std::bitset<last_han - first_han + 1>;

const HanSet& family_name_set() {
  static const HanSet set = [] {
    HanSet names;
    for (std::size_t i = 0; i < family_names.size(); i += han_bytes) {
      names.set(code_point_at(family_names, i) - first_han);
    }
    return names;
  }();
  return set;
}

/// Up to three characters before a position, or after it.
std::string_view chars_before(std::string_view text, std::size_t at, std::size_t count) noexcept {
  std::size_t begin = at;
  for (; count > 0 && begin > 0; --count) {
    --begin;
    while (begin > 0 && is_continuation(text[begin])) --begin;
  }
  return text.substr(begin, at - begin);
}
std::string_view chars_after(std::string_view text, std::size_t at, std::size_t count) noexcept {
  std::size_t end = at;
  for (; count > 0 && end < text.size(); --count) {
    ++end;
    while (end < text.size() && is_continuation(text[end])) ++end;
  }
  return text.substr(at, end - at);
}

void add_chinese(std::string_view text, std::size_t begin, std::size_t family_bytes, std::size_t given,
                 std::vector<NameCandidate>& candidates) {
  const std::size_t end = begin + family_bytes + given * han_bytes;
  NameCandidate candidate{.span = {begin, end}, .is_chinese = true};
  const auto family = text.substr(begin, family_bytes);
  const auto first = text.substr(begin + family_bytes, han_bytes);
  const auto rest = text.substr(begin + family_bytes, given * han_bytes);
  const auto length = static_cast<std::uint32_t>(given + (family_bytes > han_bytes ? 2 : 0));
  Features features(candidate);
  features.add(length);
  features.add(hash_word(family) + length);
  features.add(hash_word(first) + length);
  features.add(hash_word(tail_of(rest, han_bytes)) + length);
  features.add(rest);
  features.add(text.substr(begin, family_bytes + han_bytes));
  features.add(text.substr(begin, end - begin));
  features.add(chars_before(text, begin, 1));
  features.add(chars_before(text, begin, 2));
  features.add(chars_before(text, begin, 3));
  features.add(hash_word(chars_after(text, end, 1)) + length);
  features.add(chars_after(text, end, 2));
  features.add(chars_after(text, end, 3));
  // The last character with the next: a word that goes on makes a bad end.
  features.add(text.substr(end - han_bytes, han_bytes + chars_after(text, end, 1).size()));
  features.add(hash_word(chars_before(text, begin, 1)) ^ hash_word(family));
  features.add(hash_word(chars_before(text, begin, 1)) * 31 + hash_word(chars_after(text, end, 1)));
  candidates.push_back(candidate);
}

void add_han(std::string_view text, std::size_t at, std::vector<NameCandidate>& candidates) {
  std::size_t family_bytes = 0;
  if (is_one_of(text.substr(at, 2 * han_bytes), double_family_names)) {
    family_bytes = 2 * han_bytes;
  } else if (family_name_set()[code_point_at(text, at) - first_han]) {
    family_bytes = han_bytes;
  }
  if (family_bytes == 0 || !is_han_at(text, at + family_bytes)) return;
  add_chinese(text, at, family_bytes, 1, candidates);
  if (is_han_at(text, at + family_bytes + han_bytes)) add_chinese(text, at, family_bytes, 2, candidates);
}

}  // namespace

void collect_name_candidates(std::string_view text, std::vector<NameCandidate>& candidates) {
  candidates.clear();
  std::uint32_t run_number = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (is_han_at(text, at)) {
      add_han(text, at, candidates);
      at += han_bytes;
      continue;
    }
    const bool is_inside = at > 0 && (is_word_byte(text[at - 1]) || is_digit(text[at - 1]) || text[at - 1] == '_');
    if (is_inside || !is_capital_at(text, at)) {
      ++at;
      continue;
    }
    const auto run = read_run(text, at);
    add_run(text, run, ++run_number, candidates);
    at = std::max(run.end, at + 1);
  }
}

}  // namespace gristmill::kernels::pii
