// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/pii/name_runs.h"

#include <algorithm>
#include <span>

namespace gristmill::kernels::pii {
namespace {

constexpr std::size_t word_bytes_max = 24;
constexpr std::array<std::string_view, 18> particles{"van", "von", "de", "da",  "di", "del", "der", "den", "la",
                                                     "le",  "bin", "al", "dos", "du", "ter", "ibn", "zu",  "el"};
/// Forms of address and offices that stand before a name, are no part of it and no names themselves.
constexpr auto titles = std::to_array<std::string_view>(
    {"mr",     "mrs",      "ms",    "miss",   "dr",  "prof", "professor", "sir",      "herr", "frau", "mme", "madame",
     "doctor", "monsieur", "señor", "señora", "sr",  "sra",  "lady",      "sergeant", "rev",  "hon",  "mx",  "mlle",
     "dame",   "sgt",      "capt",  "lt",     "gen", "col",  "sen",       "gov",      "maj",  "pres", "rep"});
/// Offices that are no names and stand before names and before other words.
constexpr auto plain_offices = std::to_array<std::string_view>(
    {"princess",  "governor",    "senator",    "president",      "minister",  "sheikh",     "shaikh",     "colonel",
     "admiral",   "chairman",    "detective",  "inspector",      "reverend",  "chancellor", "ambassador", "emperor",
     "secretary", "congressman", "lieutenant", "representative", "commander", "officer"});
/// Offices that are names too: "King", "Bishop".
constexpr auto name_offices = std::to_array<std::string_view>(
    {"king",  "queen",   "prince", "general",  "major", "attorney", "justice", "coach",
     "uncle", "aunt",    "father", "bishop",   "pope",  "saint",    "mayor",   "cardinal",
     "judge", "captain", "lord",   "director", "nurse", "baron",    "duke"});

/// First byte of a two-byte letter of Latin script (U+00C0 to U+024F).
bool is_latin_lead(char c) noexcept { return c >= '\xC3' && c <= '\xC9'; }

bool is_one_of(std::string_view word, std::span<const std::string_view> list) noexcept {
  return std::ranges::any_of(list, [&](std::string_view other) {
    return other.size() == word.size() && std::equal(word.begin(), word.end(), other.begin(), [](char c, char wanted) {
             return (is_upper(c) ? static_cast<char>(c + 32) : c) == wanted;
           });
  });
}

/// End of a word of letters with inner apostrophes and hyphens.
std::size_t word_end(std::string_view text, std::size_t at) noexcept {
  while (at < text.size()) {
    const char c = text[at];
    if (is_letter(c) || is_latin_lead(c) || (static_cast<unsigned char>(c) & 0xC0) == 0x80) {
      ++at;
    } else if ((c == '\'' || c == '-') && at + 1 < text.size() &&
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

}  // namespace

bool is_word_byte(char c) noexcept { return is_letter(c) || static_cast<unsigned char>(c) >= 0x80; }

bool is_name_capital(std::string_view text, std::size_t at) noexcept {
  const char c = byte_at(text, at);
  if (is_upper(c)) return true;
  const auto second = static_cast<unsigned char>(byte_at(text, at + 1));
  if (c == '\xC3') return second >= 0x80 && second <= 0x9E;
  return (c == '\xC4' || c == '\xC5') && (second & 1) == 0;
}

NameRun read_name_run(std::string_view text, std::size_t begin) noexcept {
  NameRun run{.begin = begin};
  std::size_t at = begin;
  std::size_t capital_count = 0;
  while (run.count < NameRun::words_max) {
    const std::size_t end = word_end(text, at);
    const auto word = text.substr(at, end - at);
    const bool is_capital = is_name_capital(text, at);
    if (word.empty() || (!is_capital && !is_one_of(word, particles))) break;
    const bool is_title = is_one_of(word, titles);
    const bool is_plain_office = !is_title && is_one_of(word, plain_offices);
    // "Prime Minister Anna Nowak": what follows is a run of its own, which the office begins.
    if ((is_title || is_plain_office) && run.count > 0) break;
    const bool is_office = is_plain_office || (!is_title && is_one_of(word, name_offices));
    if ((is_title || is_office) && run.count == 0) {
      run.is_titled = is_title;
      run.has_office = is_office;
    } else {
      run.words[run.count++] = {at, end};
      if (is_capital) capital_count = run.count;
    }
    at = end;
    // Initials may have a dot; short forms of address too. After one the next letter may follow at once ("J.R.").
    const bool has_dot = byte_at(text, at) == '.' && (word.size() <= 2 || is_title);
    if (has_dot) ++at;
    if (byte_at(text, at) == ' ') {
      ++at;
    } else if (!has_dot || !is_upper(byte_at(text, at))) {
      break;
    }
  }
  run.count = capital_count;
  run.end = run.count > 0 ? run.words[run.count - 1].end : word_end(text, begin);
  return run;
}

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

}  // namespace gristmill::kernels::pii
