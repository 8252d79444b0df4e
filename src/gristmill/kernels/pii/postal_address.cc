// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/pii/postal_address.h"

#include <algorithm>
#include <array>
#include <span>

namespace gristmill::kernels::pii {
namespace {

constexpr std::size_t words_max = 5;  // of a street's or a town's name
constexpr std::size_t word_bytes_max = 32;
constexpr std::size_t house_digits_max = 5;

constexpr std::array<std::string_view, 26> english_streets{
    "street", "st",       "avenue", "ave",    "road", "rd",      "boulevard", "blvd", "lane",
    "ln",     "drive",    "dr",     "court",  "ct",   "terrace", "parkway",   "pkwy", "highway",
    "hwy",    "crescent", "close",  "square", "way",  "place",   "gardens",   "grove"};
constexpr std::array<std::string_view, 12> french_streets{"rue",   "avenue", "boulevard", "place", "chemin",  "impasse",
                                                          "allée", "quai",   "route",     "cours", "passage", "square"};
constexpr std::array<std::string_view, 13> southern_streets{"calle",   "avenida", "avda",    "plaza", "paseo",
                                                            "carrera", "camino",  "via",     "viale", "piazza",
                                                            "corso",   "rua",     "travessa"};
constexpr std::array<std::string_view, 10> german_endings{"straße", "strasse", "str.",   "gasse", "allee",
                                                          "straat", "laan",    "gracht", "platz", "weg"};
constexpr std::array<std::string_view, 14> small_words{"de", "la", "le",  "les", "du",  "des", "del",
                                                       "di", "da", "der", "dei", "las", "los", "el"};

char to_lower(char c) noexcept { return is_upper(c) ? static_cast<char>(c + 32) : c; }
bool is_word_byte(char c) noexcept { return is_letter(c) || static_cast<unsigned char>(c) >= 0x80; }
bool is_capital(char c) noexcept { return is_upper(c) || c == '\xC3' || c == '\xC5'; }

bool is_folded(std::string_view word, std::string_view wanted) noexcept {
  return word.size() == wanted.size() &&
         std::equal(word.begin(), word.end(), wanted.begin(), [](char c, char other) { return to_lower(c) == other; });
}
bool is_one_of(std::string_view word, std::span<const std::string_view> list) noexcept {
  return std::ranges::any_of(list, [&](std::string_view other) { return is_folded(word, other); });
}
bool ends_with_folded(std::string_view word, std::string_view ending) noexcept {
  return word.size() >= ending.size() && is_folded(word.substr(word.size() - ending.size()), ending);
}

/// The word at a position with inner hyphens and apostrophes; empty when it is too long.
std::string_view word_at(std::string_view text, std::size_t begin) noexcept {
  std::size_t end = begin;
  while (end < text.size() && end - begin <= word_bytes_max &&
         (is_word_byte(text[end]) || (end > begin && (text[end] == '-' || text[end] == '\'')))) {
    ++end;
  }
  return end - begin > word_bytes_max ? std::string_view{} : text.substr(begin, end - begin);
}

std::string_view word_before(std::string_view text, std::size_t end) noexcept {
  std::size_t begin = end;
  while (begin > 0 && end - begin <= word_bytes_max &&
         (is_word_byte(text[begin - 1]) || (begin < end && text[begin - 1] == '-') ||
          (begin == end && text[begin - 1] == '.'))) {
    --begin;
  }
  return end - begin > word_bytes_max ? std::string_view{} : text.substr(begin, end - begin);
}

/// End of capitalized words joined by blanks (small words may stand between), or `begin` for none.
std::size_t capitalized_end(std::string_view text, std::size_t begin) noexcept {
  std::size_t end = begin;
  std::size_t at = begin;
  for (std::size_t count = 0; count < words_max; ++count) {
    const auto word = word_at(text, at);
    if (word.empty()) break;
    const bool is_small = is_one_of(word, small_words);
    if (!is_small && !is_capital(word.front())) break;
    at += word.size();
    if (!is_small) end = at;
    if (byte_at(text, at) != ' ') break;
    ++at;
  }
  return end;
}

/// A US state and ZIP code, or a British postcode, at a position; 0 for none.
std::size_t english_code_end(std::string_view text, std::size_t at) noexcept {
  if (is_upper(byte_at(text, at)) && is_upper(byte_at(text, at + 1)) && byte_at(text, at + 2) == ' ') {
    const std::size_t end = digits_end(text.substr(0, std::min(text.size(), at + 9)), at + 3);
    if (end - at == 8)
      return byte_at(text, end) == '-'
                 ? std::max(end, digits_end(text.substr(0, std::min(text.size(), end + 5)), end + 1))
                 : end;
  }
  std::size_t end = at;
  while (end - at < 4 && (is_upper(byte_at(text, end)) || is_digit(byte_at(text, end)))) ++end;
  const auto outward = text.substr(at, end - at);
  const bool is_outward = outward.size() >= 2 && is_upper(outward.front()) &&
                          (is_digit(outward.back()) || is_digit(outward[outward.size() - 2]));
  const bool is_inward = byte_at(text, end) == ' ' && is_digit(byte_at(text, end + 1)) &&
                         is_upper(byte_at(text, end + 2)) && is_upper(byte_at(text, end + 3)) &&
                         !is_alphanumeric(byte_at(text, end + 4));
  return is_outward && is_inward ? end + 4 : 0;
}

/// ", Springfield, IL 62704" or ", London SW1A 2AA" behind a street; `end` for none.
std::size_t english_town_end(std::string_view text, std::size_t end) noexcept {
  std::size_t at = end;
  for (int part = 0; part < 3; ++part) {
    if (byte_at(text, at) == '.') ++at;
    if (byte_at(text, at) == ',') ++at;
    if (byte_at(text, at) != ' ' && byte_at(text, at) != '\n') return end;
    ++at;
    // The town's words are tried one by one: the last of them may be the state or the postcode.
    for (std::size_t words = 0; words <= words_max; ++words) {
      if (const auto code = english_code_end(text, at); code != 0) return code;
      const auto word = word_at(text, at);
      if (word.empty() || !is_capital(word.front())) return end;
      at += word.size();
      if (byte_at(text, at) != ' ') break;
      ++at;
    }
  }
  return end;
}

/// ", 10115 Berlin" behind a street; `end` for none.
std::size_t continental_town_end(std::string_view text, std::size_t end) noexcept {
  std::size_t at = end;
  if (byte_at(text, at) == ',') ++at;
  if (byte_at(text, at) != ' ' && byte_at(text, at) != '\n') return end;
  const std::size_t code = ++at;
  at = digits_end(text.substr(0, std::min(text.size(), at + 6)), at);
  if (at - code < 4 || at - code > 5 || byte_at(text, at) != ' ') return end;
  const std::size_t town = capitalized_end(text, at + 1);
  return town == at + 1 ? end : town;
}

/// "12 Elm Street": capitalized words, the last of which says what sort of street it is.
Span find_english(std::string_view text, std::size_t begin, std::size_t number_end) noexcept {
  std::size_t at = number_end + 1;
  for (std::size_t count = 0; count < words_max; ++count) {
    const auto word = word_at(text, at);
    if (word.empty() || !is_capital(word.front())) return {};
    at += word.size();
    if (count > 0 && is_one_of(word, english_streets)) {
      const std::size_t end = english_town_end(text, at);
      const bool is_weak = word.size() < 3 || is_folded(word, "way") || is_folded(word, "place") ||
                           is_folded(word, "square") || is_folded(word, "close") || is_folded(word, "court");
      // Years stand before names of streets too, and a street's name may go on as that of something else.
      const bool is_year = number_end - begin == 4 && (text.substr(begin, 2) == "19" || text.substr(begin, 2) == "20");
      const bool goes_on = byte_at(text, at) == ' ' && is_capital(byte_at(text, at + 1));
      return end == at && (is_weak || is_year || goes_on) ? Span{} : Span{begin, end};
    }
    if (byte_at(text, at) != ' ') return {};
    ++at;
  }
  return {};
}

/// "8 rue de la Paix, 75002 Paris".
Span find_french(std::string_view text, std::size_t begin, std::size_t number_end) noexcept {
  std::size_t at = number_end;
  if (byte_at(text, at) == ',') ++at;
  if (byte_at(text, at) != ' ') return {};
  auto word = word_at(text, ++at);
  if (is_folded(word, "bis") || is_folded(word, "ter")) word = word_at(text, at += word.size() + 1);
  if (!is_one_of(word, french_streets) || byte_at(text, at + word.size()) != ' ') return {};
  const std::size_t name = at + word.size() + 1;
  std::size_t end = capitalized_end(text, name);
  if (end == name) {
    // "de l'Église"
    const auto article = text.substr(name).find('\'');
    if (article > 6) return {};
    const std::size_t noun = name + article + 1;
    end = capitalized_end(text, noun);
    if (end == noun) return {};
  }
  return {begin, continental_town_end(text, end)};
}

/// "Hauptstraße 5, 10115 Berlin", "Calle Mayor 12": the street stands before its number.
Span find_number_last(std::string_view text, std::size_t begin, std::size_t number_end) noexcept {
  if (byte_before(text, begin) != ' ') return {};
  std::size_t at = begin - 1;
  if (byte_before(text, at) == ',') --at;
  std::size_t end = number_end;
  const char letter = byte_at(text, end);
  if (is_letter(letter) && !is_alphanumeric(byte_at(text, end + 1))) ++end;
  const auto last = word_before(text, at);
  if (last.empty()) return {};
  const auto ending = std::ranges::find_if(german_endings, [&](auto part) { return ends_with_folded(last, part); });
  if (ending != german_endings.end() && is_capital(last.front()) && last.size() > ending->size()) {
    const std::size_t town = continental_town_end(text, end);
    const bool is_weak = *ending == "platz" || *ending == "weg";
    return is_weak && town == end ? Span{} : Span{at - last.size(), town};
  }
  for (std::size_t count = 0; count < words_max && at > 0; ++count) {
    const auto word = word_before(text, at);
    if (word.empty()) return {};
    at -= word.size();
    if (count > 0 && is_capital(word.front()) && is_one_of(word, southern_streets)) {
      return {at, continental_town_end(text, end)};
    }
    if ((!is_capital(word.front()) && !is_one_of(word, small_words)) || byte_before(text, at) != ' ') return {};
    --at;
  }
  return {};
}

constexpr std::size_t han_bytes = 3;

bool is_han_before(std::string_view text, std::size_t at) noexcept {
  return at >= han_bytes && text[at - han_bytes] >= '\xE4' && text[at - han_bytes] <= '\xE9';
}

/// "北京市朝阳区建国路88号": the number, what it counts, and before it the street and its town.
Span find_chinese(std::string_view text, std::size_t begin, std::size_t number_end) noexcept {
  constexpr std::array<std::string_view, 2> counted{"号", "號"};
  constexpr std::array<std::string_view, 8> streets{"路", "街", "道", "巷", "弄", "胡同", "村", "里"};
  constexpr std::array<std::string_view, 9> parts{"楼", "室", "栋", "幢", "单元", "层", "弄", "院", "座"};
  constexpr std::array<std::string_view, 10> others{"在", "于", "到", "往", "址", "是", "的", "为", "寄", "住"};
  constexpr std::size_t chars_max = 24;
  const auto starts = [&](std::size_t at, std::span<const std::string_view> list) {
    const auto found = std::ranges::find_if(list, [&](auto word) { return text.substr(at).starts_with(word); });
    return found == list.end() ? std::size_t{0} : found->size();
  };
  std::size_t end = number_end + starts(number_end, counted);
  if (end == number_end) return {};
  const auto before = text.substr(0, begin);
  if (std::ranges::none_of(streets, [&](auto street) { return before.ends_with(street); })) return {};
  std::size_t start = begin;
  while (begin - start < chars_max * han_bytes && is_han_before(text, start) &&
         starts(start - han_bytes, others) == 0) {
    start -= han_bytes;
  }
  if (begin - start < 2 * han_bytes) return {};
  for (int part = 0; part < 4; ++part) {
    std::size_t at = end + starts(end, parts);
    at = digits_end(text.substr(0, std::min(text.size(), at + house_digits_max)), at);
    const std::size_t unit = starts(at, parts);
    if (unit == 0 && at == end) break;
    if (unit > 0) end = at + unit;
    if (unit == 0) break;
  }
  return {start, end};
}

}  // namespace

Span find_postal_address(std::string_view text, std::size_t digit) noexcept {
  const std::size_t end = digits_end(text.substr(0, std::min(text.size(), digit + house_digits_max + 1)), digit);
  if (end - digit > house_digits_max) return {};
  if (const auto chinese = find_chinese(text, digit, end); !chinese.empty()) return chinese;
  if (!number_starts(text, digit, '\0')) return {};
  if (const auto last = find_number_last(text, digit, end); !last.empty()) return last;
  if (const auto french = find_french(text, digit, end); !french.empty()) return french;
  return byte_at(text, end) == ' ' ? find_english(text, digit, end) : Span{};
}

}  // namespace gristmill::kernels::pii
