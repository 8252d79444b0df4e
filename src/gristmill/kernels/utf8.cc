// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/utf8.h"

#include <bit>
#include <cstring>

namespace gristmill::kernels {
namespace {

unsigned char byte_at(std::string_view text, std::size_t position) {
  return static_cast<unsigned char>(text[position]);
}

bool is_continuation(unsigned char byte) { return (byte & 0xC0) == 0x80; }

/// Length of the well-formed sequence at `position`, or minus the length of the maximal ill-formed part.
int sequence_length(std::string_view text, std::size_t position) {
  const auto lead = byte_at(text, position);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return -1;
  const int length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  // The second byte's range rules out overlong forms, surrogates and values beyond U+10FFFF.
  unsigned char low = 0x80;
  unsigned char high = 0xBF;
  if (lead == 0xE0) low = 0xA0;
  if (lead == 0xED) high = 0x9F;
  if (lead == 0xF0) low = 0x90;
  if (lead == 0xF4) high = 0x8F;
  for (int i = 1; i < length; ++i) {
    const auto at = position + static_cast<std::size_t>(i);
    if (at >= text.size()) return -i;
    const auto byte = byte_at(text, at);
    if (byte < low || byte > high) return -i;
    low = 0x80;
    high = 0xBF;
  }
  return length;
}

/// Passes ASCII, eight bytes at a time.
std::size_t skip_ascii(std::string_view text, std::size_t position) {
  constexpr std::uint64_t high_bits = 0x8080808080808080ULL;
  while (position + 8 <= text.size()) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + position, 8);
    word &= high_bits;
    if (word != 0) return position + static_cast<std::size_t>(std::countr_zero(word)) / 8;
    position += 8;
  }
  while (position < text.size() && byte_at(text, position) < 0x80) ++position;
  return position;
}

/// Passes well-formed sequences of two and three bytes, a load and two comparisons each; stops at anything else, and
/// near the end of the text. Masks are for little-endian loads, as all of this program's formats are.
std::size_t skip_short_sequences(std::string_view text, std::size_t position) {
  while (position + 4 <= text.size()) {
    std::uint32_t word = 0;
    std::memcpy(&word, text.data() + position, 4);
    if ((word & 0xC0E0) == 0x80C0) {
      if ((word & 0x1E) == 0) return position;  // overlong
      position += 2;
    } else if ((word & 0xC0C0F0) == 0x8080E0) {
      const auto value = word & 0x200F;
      if (value == 0 || value == 0x200D) return position;  // overlong, or a surrogate
      position += 3;
    } else {
      return position;
    }
  }
  return position;
}

}  // namespace

std::size_t first_invalid_utf8(std::string_view text) noexcept {
  std::size_t position = 0;
  while (true) {
    position = skip_ascii(text, position);
    position = skip_short_sequences(text, position);
    if (position == text.size()) return std::string_view::npos;
    const int length = sequence_length(text, position);
    if (length < 0) return position;
    position += static_cast<std::size_t>(length);
  }
}

bool is_valid_utf8(std::string_view text) noexcept { return first_invalid_utf8(text) == std::string_view::npos; }

std::size_t count_code_points(std::string_view text) noexcept {
  std::size_t count = 0;
  for (const char c : text) count += !is_continuation(static_cast<unsigned char>(c));
  return count;
}

std::string replace_invalid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  std::size_t position = 0;
  while (position < text.size()) {
    const auto bad = first_invalid_utf8(text.substr(position));
    if (bad == std::string_view::npos) break;
    out.append(text.substr(position, bad));
    out.append("\xEF\xBF\xBD");
    position += bad;
    position += static_cast<std::size_t>(-sequence_length(text, position));
  }
  out.append(text.substr(position));
  return out;
}

char32_t next_code_point(std::string_view text, std::size_t& position) noexcept {
  const auto lead = byte_at(text, position);
  if (lead < 0x80) {
    ++position;
    return lead;
  }
  const int length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  char32_t value = lead & (0x7Fu >> length);
  for (int i = 1; i < length; ++i)
    value = (value << 6) | (byte_at(text, position + static_cast<std::size_t>(i)) & 0x3Fu);
  position += static_cast<std::size_t>(length);
  return value;
}

void append_code_point(std::string& out, char32_t code_point) {
  if (code_point > 0x10FFFF || (code_point >= 0xD800 && code_point <= 0xDFFF)) code_point = 0xFFFD;
  const auto put = [&](char32_t byte) { out += static_cast<char>(byte); };
  if (code_point < 0x80) return put(code_point);
  if (code_point < 0x800) {
    put(0xC0 | (code_point >> 6));
    return put(0x80 | (code_point & 0x3F));
  }
  if (code_point < 0x10000) {
    put(0xE0 | (code_point >> 12));
    put(0x80 | ((code_point >> 6) & 0x3F));
    return put(0x80 | (code_point & 0x3F));
  }
  put(0xF0 | (code_point >> 18));
  put(0x80 | ((code_point >> 12) & 0x3F));
  put(0x80 | ((code_point >> 6) & 0x3F));
  put(0x80 | (code_point & 0x3F));
}

}  // namespace gristmill::kernels
