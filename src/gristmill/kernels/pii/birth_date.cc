// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/pii/birth_date.h"

#include <algorithm>
#include <array>

#include "gristmill/kernels/pii/cues.h"
#include "gristmill/kernels/pii/id_checks.h"

namespace gristmill::kernels::pii {
namespace {

constexpr std::size_t word_max = 16;

/// Names of months and their usual short forms, lower case, by month.
constexpr std::array<std::string_view, 12> months{
    "january jan januar jänner janvier enero gennaio janeiro januari",
    "february feb februar février fevrier febrero febbraio fevereiro februari",
    "march mar märz mars marzo março maart",
    "april apr avril abril aprile",
    "may mai mayo maggio maio mei",
    "june jun juni juin junio giugno junho",
    "july jul juli juillet julio luglio julho",
    "august aug août aout agosto augustus",
    "september sep sept septembre septiembre settembre setembro",
    "october oct okt oktober octobre octubre ottobre outubro",
    "november nov novembre noviembre novembro",
    "december dec dez dezember décembre decembre diciembre dicembre dezembro",
};

const CueTable& birth_cues() {
  static const CueTable table = [] {
    CueTable cues;
    cues.add(
        "born,date of birth,dob,d.o.b,birthday,birth date,birthdate,birth,geboren,geb.,geburtsdatum,geburtstag,"
        "né le,née le,né,née,date de naissance,naissance,nacido,nacida,nació,fecha de nacimiento,nacimiento,nato,"
        "nata,data di nascita,nascido,nascida,data de nascimento,nascimento,geboortedatum,född,født,urodzony,"
        "urodzona,data urodzenia,дата рождения,родился,родилась,出生,生于,生於,生日,年生,日生,誕生日,生年月日,생년월일",
        0);
    cues.build();
    return cues;
  }();
  return table;
}

/// A run of letters; bytes from 0x80 on count as letters.
std::string_view word_at(std::string_view text, std::size_t begin) noexcept {
  std::size_t end = begin;
  while (end < text.size() && end - begin <= word_max &&
         (is_letter(text[end]) || static_cast<unsigned char>(text[end]) >= 0x80)) {
    ++end;
  }
  return text.substr(begin, end - begin);
}

/// Number of the month that a word names, or 0.
unsigned month_named(std::string_view word) noexcept {
  if (word.size() < 3 || word.size() > word_max) return 0;
  std::array<char, word_max> lower{};
  std::ranges::transform(word, lower.begin(), [](char c) { return is_upper(c) ? static_cast<char>(c + 32) : c; });
  const std::string_view folded(lower.data(), word.size());
  for (unsigned i = 0; i < months.size(); ++i) {
    const auto at = months[i].find(folded);
    if (at == std::string_view::npos || (at > 0 && months[i][at - 1] != ' ')) continue;
    if (at + folded.size() == months[i].size() || months[i][at + folded.size()] == ' ') return i + 1;
  }
  return 0;
}

/// Reads one to `longest` digits at a position and moves past them; -1 for none or more.
int read_number(std::string_view text, std::size_t& at, std::size_t longest) noexcept {
  const std::size_t end = digits_end(text.substr(0, std::min(text.size(), at + longest + 1)), at);
  if (end == at || end - at > longest) return -1;
  const auto value = static_cast<int>(value_of(text.substr(at, end - at)));
  at = end;
  return value;
}

bool skip(std::string_view text, std::size_t& at, std::string_view word) noexcept {
  if (!text.substr(at).starts_with(word)) return false;
  at += word.size();
  return true;
}

bool is_birth_day(int year, int month, int day) noexcept {
  return year >= 1880 && year <= 2035 && month > 0 && day > 0 &&
         is_day(static_cast<unsigned>(year), static_cast<unsigned>(month), static_cast<unsigned>(day));
}

/// "5 March 1970", "5. März 1970", "1er mars 1970", "5 de marzo de 1970", from behind the day.
std::size_t named_month_end(std::string_view text, std::size_t at, int day) noexcept {
  if (!skip(text, at, ".") && !skip(text, at, "er") && !skip(text, at, "th") && !skip(text, at, "st") &&
      !skip(text, at, "nd")) {
    skip(text, at, "rd");
  }
  if (!skip(text, at, " ") && !skip(text, at, "-")) return 0;
  if (!skip(text, at, "de ")) skip(text, at, "of ");
  const auto word = word_at(text, at);
  const auto month = static_cast<int>(month_named(word));
  at += word.size();
  skip(text, at, ".");
  skip(text, at, ",");
  if (!skip(text, at, " ") && !skip(text, at, "-")) return 0;
  if (!skip(text, at, "de ")) skip(text, at, "del ");
  const int year = read_number(text, at, 4);
  return is_birth_day(year, month, day) ? at : 0;
}

/// "March 5, 1970": the month stands before the digit. Gives its place too.
Span month_first(std::string_view text, std::size_t digit) noexcept {
  if (byte_before(text, digit) != ' ') return {};
  std::size_t begin = digit - 1;
  if (byte_before(text, begin) == '.') --begin;
  const std::size_t word_end = begin;
  while (begin > 0 && word_end - begin < word_max && is_letter(text[begin - 1])) --begin;
  const auto month = static_cast<int>(month_named(text.substr(begin, word_end - begin)));
  std::size_t at = digit;
  const int day = read_number(text, at, 2);
  if (!skip(text, at, "th") && !skip(text, at, "st") && !skip(text, at, "nd")) skip(text, at, "rd");
  skip(text, at, ",");
  if (month == 0 || !skip(text, at, " ")) return {};
  const int year = read_number(text, at, 4);
  return is_birth_day(year, month, day) ? Span{begin, at} : Span{};
}

/// Year first, "1970-03-05" or "1970年3月5日", from behind the year.
std::size_t year_first_end(std::string_view text, std::size_t at, int year) noexcept {
  constexpr std::string_view of_year = "年";
  constexpr std::string_view of_month = "月";
  if (skip(text, at, of_year)) {
    const int month = read_number(text, at, 2);
    if (!skip(text, at, of_month)) return 0;
    const int day = read_number(text, at, 2);
    if (!skip(text, at, "日")) skip(text, at, "号");
    return is_birth_day(year, month, day) ? at : 0;
  }
  const char joiner = byte_at(text, at);
  if (joiner != '-' && joiner != '/' && joiner != '.') return 0;
  const int month = read_number(text, ++at, 2);
  if (byte_at(text, at) != joiner) return 0;
  const int day = read_number(text, ++at, 2);
  return is_birth_day(year, month, day) ? at : 0;
}

/// Day or month first, "5.3.1970" or "03/05/1970", from behind the first number.
std::size_t year_last_end(std::string_view text, std::size_t at, int first) noexcept {
  const char joiner = byte_at(text, at);
  if (joiner != '-' && joiner != '/' && joiner != '.') return 0;
  const int second = read_number(text, ++at, 2);
  if (byte_at(text, at) != joiner) return 0;
  const std::size_t year_at = ++at;
  const int year = read_number(text, at, 4);
  if (at - year_at != 4) return 0;
  return is_birth_day(year, second, first) || is_birth_day(year, first, second) ? at : 0;
}

Span date_at(std::string_view text, std::size_t digit) noexcept {
  std::size_t at = digit;
  const int first = read_number(text, at, 4);
  if (first < 0) return {};
  std::size_t end = 0;
  if (at - digit == 4) {
    end = year_first_end(text, at, first);
  } else if (at - digit <= 2) {
    const auto spoken = month_first(text, digit);
    if (!spoken.empty()) return spoken;
    end = year_last_end(text, at, first);
    if (end == 0) end = named_month_end(text, at, first);
  }
  return end == 0 ? Span{} : Span{digit, end};
}

}  // namespace

Span find_birth_date(std::string_view text, std::size_t digit) {
  const auto span = date_at(text, digit);
  if (span.empty() || is_digit(byte_at(text, span.end)) || is_digit(byte_before(text, span.begin))) return {};
  return birth_cues().near(text, span).any() ? span : Span{};
}

}  // namespace gristmill::kernels::pii
