// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/pii/context.h"

#include <algorithm>

namespace gristmill::kernels::pii {
namespace {

char to_lower(char c) noexcept { return is_upper(c) ? static_cast<char>(c + 32) : c; }

bool starts_with_folded(std::string_view text, std::string_view word) noexcept {
  return text.size() >= word.size() &&
         std::equal(word.begin(), word.end(), text.begin(), [](char wanted, char c) { return wanted == to_lower(c); });
}

/// Signs of money that stand before an amount: $ and, in UTF-8, the pound, yen and euro signs.
bool is_money_before(std::string_view text, std::size_t position) noexcept {
  const auto before = text.substr(0, position);
  return before.ends_with('$') || before.ends_with("\xC2\xA3") || before.ends_with("\xC2\xA5") ||
         before.ends_with("\xE2\x82\xAC");
}

}  // namespace

std::size_t digits_end(std::string_view text, std::size_t begin) noexcept {
  while (begin < text.size() && is_digit(text[begin])) ++begin;
  return begin;
}

bool number_starts(std::string_view text, std::size_t begin, char joiner) noexcept {
  const char before = byte_before(text, begin);
  const char second = byte_before(text, begin, 2);
  if (is_alphanumeric(before) || before == '_' || before == '+') return false;
  switch (before) {
    case '=':
    case '&':
    case '?':
    case '#':
    case '%':
    case '\\': return false;
    case '-':
    case '/': return !is_alphanumeric(second) && second != before;
    case '.':
    case ',':
    case ':': return !is_digit(second);
    case ' ': return joiner != ' ' || !is_digit(second);
    default: return !is_money_before(text, begin);
  }
}

bool number_ends(std::string_view text, std::size_t end, char joiner) noexcept {
  const char after = byte_at(text, end);
  const char second = byte_at(text, end + 1);
  if (is_alphanumeric(after) || after == '_') return false;
  switch (after) {
    case '=':
    case '%': return false;
    case '-':
    case '/': return !is_alphanumeric(second);
    case '.':
    case ':':
    case ',': return !is_digit(second);
    case ' ': return joiner != ' ' || !is_digit(second);
    default: return true;
  }
}

bool has_cue_before(std::string_view text, std::size_t position, std::size_t window,
                    std::span<const std::string_view> words) noexcept {
  std::size_t begin = position;
  const std::size_t limit = position > window ? position - window : 0;
  while (begin > limit && !is_digit(text[begin - 1])) --begin;
  for (std::size_t at = begin; at < position; ++at) {
    const auto rest = text.substr(at, position - at);
    for (const auto word : words) {
      if (!starts_with_folded(rest, word)) continue;
      if (is_letter(word.front()) && is_letter(byte_before(text, at))) continue;
      if (is_letter(word.back()) && is_letter(byte_at(text, at + word.size()))) continue;
      return true;
    }
  }
  return false;
}

}  // namespace gristmill::kernels::pii
