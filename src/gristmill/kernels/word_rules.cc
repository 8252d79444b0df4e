// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/word_rules.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include "gristmill/kernels/unicode.h"
#include "gristmill/kernels/utf8.h"

namespace gristmill::kernels {
namespace {

using namespace word_class;

constexpr char32_t ellipsis = U'\u2026';
constexpr char32_t degree = U'\u00B0';

/// Units of measure, split off a number before them. Two of them are not separated in the list that the rules were
/// observed with, and so stand here as one.
constexpr std::u32string_view units =
    U"km km\u00B2 km\u00B3 m m\u00B2 m\u00B3 dm dm\u00B2 dm\u00B3 cm cm\u00B2 cm\u00B3 mm mm\u00B2 mm\u00B3 ha \u00B5m "
    U"nm "
    U"yd in ft kg g mg \u00B5g t lb oz m/s km/h kmh mph hPa Pa mbar mb MB kb KB gb GB tb TB T G M K % "
    U"км км\u00B2 км\u00B3 м м\u00B2 м\u00B3 дм дм\u00B2 дм\u00B3 см см\u00B2 см\u00B3 мм мм\u00B2 мм\u00B3 нм кг г мг "
    U"м/с "
    U"км/ч кПа Па мбар Кб КБ кб Мб МБ мб Гб ГБ гб Тб ТБ тбكم كم\u00B2 كم\u00B3 م م\u00B2 م\u00B3 سم سم\u00B2 سم\u00B3 "
    U"مم "
    U"مم\u00B2 مم\u00B3 كم غرام جرام جم كغ ملغ كوب اكواب";
constexpr std::size_t unit_length_max = 5;

bool is_unit(std::u32string_view text) {
  for (auto rest = units; !rest.empty();) {
    const auto unit = rest.substr(0, rest.find(U' '));
    if (unit == text) return true;
    rest.remove_prefix(std::min(rest.size(), unit.size() + 1));
  }
  return false;
}

std::u32string_view points_of(const WordPiece& piece, WordSpan span) {
  return {piece.points.data() + span.begin, span.end - span.begin};
}

/// Dollars with a country before them: US$, C$, A$. Length of the one at the start, or 0.
std::size_t dollar_length(std::u32string_view text) {
  for (const std::u32string_view dollar : {U"US$", U"C$", U"A$"})
    if (text.starts_with(dollar)) return dollar.size();
  return 0;
}

/// A currency or a unit behind a digit: the longest that fits.
std::size_t measure_length(const WordPiece& piece, WordSpan span) {
  const auto text = points_of(piece, span);
  const auto digit_before = [&](std::size_t length) {
    return length < text.size() && piece.has(span.end - length - 1, digit);
  };
  for (std::size_t length = std::min(unit_length_max, text.size()); length > 0; --length) {
    if (!digit_before(length)) continue;
    const auto end = text.substr(text.size() - length);
    if (is_unit(end) || dollar_length(end) == length) return length;
    if (length == 1 && piece.has(span.end - 1, currency)) return 1;
  }
  return 0;
}

bool is_stop_alone(const WordPiece& piece, WordSpan span) {
  const auto length = span.end - span.begin;
  if (length < 2) return false;
  if (piece.has(span.end - 2, stop_before)) return true;
  if (length < 3) return false;
  if (piece.has(span.end - 2, upper) && piece.has(span.end - 3, upper)) return true;
  constexpr std::u32string_view scales = U"FfCcKk";
  return piece.points[span.end - 3] == degree && scales.find(piece.points[span.end - 2]) != std::u32string_view::npos;
}

std::size_t dots_at_end(const WordPiece& piece, WordSpan span) {
  std::size_t count = 0;
  while (span.end - count > span.begin && piece.points[span.end - count - 1] == U'.') ++count;
  return count;
}

bool is_possessive(const WordPiece& piece, WordSpan span) {
  if (span.end - span.begin < 2) return false;
  const auto mark = piece.points[span.end - 2];
  const auto s = piece.points[span.end - 1];
  return (mark == U'\'' || mark == U'\u2019') && (s == U's' || s == U'S');
}

/// Length of a hyphen at `at` that a letter follows, or 0. The shorter forms are tried first.
std::size_t hyphen_length(const WordPiece& piece, WordSpan span, std::size_t at) {
  const auto c = piece.points[at];
  const auto letter_at = [&](std::size_t i) { return i < span.end && piece.has(i, letter); };
  const auto same_at = [&](std::size_t i) { return i < span.end && piece.points[i] == c; };
  if (c != U'-' && c != U'\u2013' && c != U'\u2014' && c != U'~') return 0;
  if (letter_at(at + 1)) return 1;
  if ((c == U'-' || c == U'\u2014') && same_at(at + 1) && letter_at(at + 2)) return 2;
  if (c == U'-' && same_at(at + 1) && same_at(at + 2) && letter_at(at + 3)) return 3;
  return 0;
}

}  // namespace

void WordPiece::decode(std::string_view piece) {
  bytes = piece;
  points.clear();
  classes.clear();
  offsets.clear();
  for (std::size_t at = 0; at < piece.size();) {
    offsets.push_back(static_cast<std::uint32_t>(at));
    const auto c = next_code_point(piece, at);
    points.push_back(c);
    classes.push_back(word_class::of(c));
  }
  offsets.push_back(static_cast<std::uint32_t>(piece.size()));
}

std::size_t prefix_length(const WordPiece& piece, WordSpan span) {
  const auto c = piece.points[span.begin];
  if (piece.has(span.begin, prefix)) return 1;
  if (c == U'+') return span.begin + 1 < span.end && piece.has(span.begin + 1, digit) ? 0 : 1;
  if (c == U'.') {
    std::size_t dots = 1;
    while (span.begin + dots < span.end && piece.points[span.begin + dots] == U'.') ++dots;
    return dots > 1 ? dots : 0;
  }
  return dollar_length(points_of(piece, span));
}

std::size_t suffix_length(const WordPiece& piece, WordSpan span) {
  if (span.begin == span.end) return 0;
  const auto last = span.end - 1;
  // The rule takes the alternative that starts first, that is, the longest.
  if (const auto dots = dots_at_end(piece, span); dots > 1) return dots;
  if (is_possessive(piece, span)) return 2;
  if (const auto measure = measure_length(piece, span); measure > 0) return measure;
  if (piece.points[last] == ellipsis && last > span.begin && piece.points[last - 1] == ellipsis) return 2;
  if (piece.has(last, suffix)) return 1;
  if (piece.points[last] == U'+' && last > span.begin && piece.has(last - 1, digit)) return 1;
  return piece.points[last] == U'.' && is_stop_alone(piece, span) ? 1 : 0;
}

std::size_t infix_length(const WordPiece& piece, WordSpan span, std::size_t at) {
  const auto c = piece.points[at];
  const bool has_next = at + 1 < span.end;
  if (c == U'.' && has_next && piece.points[at + 1] == U'.') {
    std::size_t dots = 2;
    while (at + dots < span.end && piece.points[at + dots] == U'.') ++dots;
    return dots;
  }
  if (c == ellipsis || piece.has(at, icon)) return 1;
  if (at == span.begin || !has_next) return 0;
  const auto before = at - 1;
  const auto after = at + 1;
  if ((c == U'+' || c == U'-' || c == U'*' || c == U'^') && piece.has(before, digit) &&
      (piece.has(after, digit) || piece.points[after] == U'-'))
    return 1;
  if (c == U'.') return piece.has(before, lower | quote) && piece.has(after, upper | quote) ? 1 : 0;
  if (c == U',') return piece.has(before, letter) && piece.has(after, letter) ? 1 : 0;
  if (!piece.has(before, letter | digit)) return 0;
  if (c == U':' || c == U'<' || c == U'>' || c == U'=' || c == U'/') return piece.has(after, letter) ? 1 : 0;
  return hyphen_length(piece, span, at);
}

std::uint64_t WordExceptions::hash(std::string_view text) {
  std::uint64_t head = 0;
  std::uint64_t tail = 0;
  if (text.size() >= 8) {
    std::memcpy(&head, text.data(), 8);
    std::memcpy(&tail, text.data() + text.size() - 8, 8);
  } else {
    std::memcpy(&head, text.data(), text.size());
  }
  return mixed(head, tail, text.size());
}

WordExceptions::WordExceptions(std::vector<WordException> exceptions) : exceptions_(std::move(exceptions)) {
  // Sparse, so that most words that are no exception meet a free slot at once.
  slots_.assign(std::bit_ceil(exceptions_.size() * 16), -1);
  for (std::size_t i = 0; i < exceptions_.size(); ++i) {
    auto slot = hash(exceptions_[i].text);
    filter_[slot % filter_bits / 64] |= std::uint64_t{1} << (slot % 64);
    bytes_max_ = std::max(bytes_max_, exceptions_[i].text.size());
    while (slots_[slot & (slots_.size() - 1)] >= 0) ++slot;
    slots_[slot & (slots_.size() - 1)] = static_cast<std::int32_t>(i);
  }
}

const WordExceptions& WordExceptions::english() {
  static const WordExceptions table(english_word_exceptions());
  return table;
}

const WordException* WordExceptions::find(std::string_view text) const {
  for (auto slot = hash(text);; ++slot) {
    const auto index = slots_[slot & (slots_.size() - 1)];
    if (index < 0) return nullptr;
    const auto& exception = exceptions_[static_cast<std::size_t>(index)];
    if (exception.text == text) return &exception;
  }
}

}  // namespace gristmill::kernels
