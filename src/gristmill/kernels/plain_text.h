// SPDX-License-Identifier: Apache-2.0
// Vectorised search in the text of pages; x86-64-v3 is the floor, so AVX2 needs no dispatch.
#pragma once

#include <immintrin.h>

#include <array>
#include <bit>
#include <cstdint>

namespace gristmill::kernels {

/// What a byte of HTML text is to a reader who folds white space.
enum class TextByte : std::uint8_t {
  plain,
  space,      ///< ASCII white space.
  reference,  ///< '&'.
  other,      ///< NUL, and C2, E2 and E3, with which the other spaces begin (U+00A0, U+200x, U+3000).
};

inline constexpr auto text_bytes = [] {
  std::array<TextByte, 256> kinds{};
  for (const char c : {' ', '\n', '\t', '\r', '\f'}) kinds[static_cast<unsigned char>(c)] = TextByte::space;
  kinds[static_cast<unsigned char>('&')] = TextByte::reference;
  for (const std::size_t byte : {0x00, 0xC2, 0xE2, 0xE3}) kinds[byte] = TextByte::other;
  return kinds;
}();

inline TextByte text_byte(char c) noexcept { return text_bytes[static_cast<unsigned char>(c)]; }

/// Bytes of a space beyond ASCII (U+00A0, U+2000 to U+200A, U+3000) at `at`, 0 for anything else.
inline std::size_t wide_space_bytes(const char* at, const char* end) noexcept {
  const auto byte = [&](int i) { return static_cast<unsigned char>(at[i]); };
  if (end - at >= 2 && byte(0) == 0xC2 && byte(1) == 0xA0) return 2;
  if (end - at < 3 || byte(1) != 0x80) return 0;
  return (byte(0) == 0xE3 && byte(2) == 0x80) || (byte(0) == 0xE2 && byte(2) <= 0x8A) ? 3 : 0;
}

/// Words with single spaces between them, which can be copied together.
struct PlainWords {
  const char* end = nullptr;
  std::uint32_t spaces = 0;
};

/// Bits of 32 bytes.
struct PlainMasks {
  std::uint32_t spaces = 0;  ///< ' ' only.
  std::uint32_t others = 0;  ///< All else that is not plain.
};

inline PlainMasks plain_masks(const char* at) noexcept {
  // Of the ASCII bytes in question no two have the same lower four bits: one look-up compares with all.
  const auto ascii = _mm256_broadcastsi128_si256(
      _mm_setr_epi8('\0', 0, 0, 0, 0, 0, '&', 0, 0, '\t', '\n', 0, '\f', '\r', 0, 0));
  const auto bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
  const auto equals = [&](__m256i value, unsigned byte) {
    return _mm256_cmpeq_epi8(value, _mm256_set1_epi8(static_cast<char>(byte)));
  };
  const auto mask = [](__m256i lanes) { return static_cast<std::uint32_t>(_mm256_movemask_epi8(lanes)); };
  const auto first_of_space = _mm256_or_si256(equals(bytes, 0xC2),
                                              equals(_mm256_or_si256(bytes, _mm256_set1_epi8(1)), 0xE3));
  const auto in_ascii = _mm256_cmpeq_epi8(_mm256_shuffle_epi8(ascii, bytes), bytes);
  return {mask(equals(bytes, ' ')), mask(_mm256_or_si256(first_of_space, in_ascii))};
}

/// The plain words at `at`, which is plain. What stands up to `readable_end` may be looked at.
inline PlainWords plain_words(const char* at, const char* end, const char* readable_end) noexcept {
  PlainWords words{at + 1, 0};
  // Looked at byte by byte near the end of the page only.
  while (words.end < end && readable_end - words.end >= 32) {
    auto [spaces, others] = plain_masks(words.end);
    const auto left = end - words.end;
    if (left < 32) others |= ~0u << left;
    // A space whose neighbour lies in the next 32 bytes is looked at again with those.
    const auto stops = others | (spaces & (spaces | others) >> 1);
    const bool is_cut = stops == 0 && (spaces >> 31) != 0;
    const int taken = is_cut ? 31 : std::countr_zero(stops);
    words.spaces += static_cast<std::uint32_t>(std::popcount(spaces & ((std::uint64_t{1} << taken) - 1)));
    words.end += taken;
    if (stops == 0) continue;
    if (text_byte(*words.end) != TextByte::other || *words.end == '\0' || wide_space_bytes(words.end, end) > 0)
      return words;
    ++words.end;  // A letter, as of Japanese, or a quotation mark.
  }
  for (; words.end < end; ++words.end) {
    if (text_byte(*words.end) == TextByte::plain) continue;
    const bool is_between = *words.end == ' ' && words.end + 1 < end && text_byte(words.end[1]) == TextByte::plain;
    if (!is_between) break;
    ++words.spaces;
  }
  return words;
}

}  // namespace gristmill::kernels
