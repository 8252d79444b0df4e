// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace gristmill::kernels::pii {

/// A stretch of text; empty when nothing was found.
struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
  [[nodiscard]] bool empty() const noexcept { return begin == end; }
  [[nodiscard]] std::size_t size() const noexcept { return end - begin; }
};

inline bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
inline bool is_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }
inline bool is_letter(char c) noexcept { return is_upper(c) || (c >= 'a' && c <= 'z'); }
inline bool is_alphanumeric(char c) noexcept { return is_digit(c) || is_letter(c); }
inline bool is_hex(char c) noexcept { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

/// The byte at a position, or NUL outside the text.
inline char byte_at(std::string_view text, std::size_t position) noexcept {
  return position < text.size() ? text[position] : '\0';
}
/// The byte `back` places before a position, or NUL outside the text.
inline char byte_before(std::string_view text, std::size_t position, std::size_t back = 1) noexcept {
  return position >= back ? text[position - back] : '\0';
}

/// Length of the blank at a position: 1, 2 for a no-break space, 0 for none.
inline std::size_t blank_length(std::string_view text, std::size_t position) noexcept {
  if (byte_at(text, position) == ' ') return 1;
  return byte_at(text, position) == '\xC2' && byte_at(text, position + 1) == '\xA0' ? 2 : 0;
}

/// First position from `begin` on that holds no digit.
std::size_t digits_end(std::string_view text, std::size_t begin) noexcept;

/// Whether a number may start here: it is not the tail of a word, a longer number, a decimal, an amount of money, a
/// path or a query parameter. `joiner` is what separates the number's own groups ('\0' for none): with blanks, a number
/// before the blank makes it a row of a table.
bool number_starts(std::string_view text, std::size_t begin, char joiner) noexcept;
/// Whether a number may end here, by the same rules.
bool number_ends(std::string_view text, std::size_t end, char joiner) noexcept;

/// Whether one of the lower-case words occurs as a whole word (those in Latin letters) in the `window` bytes before a
/// position, in either case. No digit may stand in between.
bool has_cue_before(std::string_view text, std::size_t position, std::size_t window,
                    std::span<const std::string_view> words) noexcept;

}  // namespace gristmill::kernels::pii
