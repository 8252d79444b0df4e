// SPDX-License-Identifier: Apache-2.0
// Counts of kinds of bytes, 32 at a time; inlined, as most texts of a page are shorter than that.
#pragma once

#include <immintrin.h>

#include <array>
#include <bit>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <utility>

namespace gristmill::kernels {

/// Counts of what tells sentences from lists.
struct PunctuationCounts {
  std::uint32_t commas = 0;      ///< Commas and semicolons.
  std::uint32_t ends = 0;        ///< Full stops, exclamation and question marks that white space or the end follows.
  std::uint32_t ideographs = 0;  ///< First bytes (E3 to ED less EA) of kana, Han and Hangul in UTF-8.
};

/// Counts of ASCII digits and capitals.
struct FigureCounts {
  std::uint16_t digits = 0;
  std::uint16_t upper = 0;
};

namespace byte_sets {

/// A set of ASCII bytes of which no two have the same lower four bits: a byte belongs to it when it equals the entry at
/// its lower four bits.
using ByteSet = std::array<char, 16>;

constexpr ByteSet byte_set(std::initializer_list<char> members) {
  ByteSet set{};
  set[0] = 1;  // Matches nothing, as a zero would match NUL.
  for (const char member : members) set[static_cast<std::size_t>(member) & 15] = member;
  return set;
}

inline constexpr auto commas_set = byte_set({',', ';'});
inline constexpr auto ends_set = byte_set({'.', '!', '?'});
inline constexpr auto spaces_set = byte_set({' ', '\n', '\t', '\r', '\f'});

inline __m256i spread(const ByteSet& set) noexcept {
  return _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(set.data())));
}

inline std::uint32_t mask_of(__m256i lanes) noexcept { return static_cast<std::uint32_t>(_mm256_movemask_epi8(lanes)); }

inline std::uint32_t members_of(__m256i bytes, __m256i set) noexcept {
  return mask_of(_mm256_cmpeq_epi8(_mm256_shuffle_epi8(set, bytes), bytes));
}

inline std::uint32_t between(__m256i bytes, unsigned first, unsigned last) noexcept {
  const auto place = _mm256_sub_epi8(bytes, _mm256_set1_epi8(static_cast<char>(first)));
  return mask_of(_mm256_cmpeq_epi8(_mm256_min_epu8(place, _mm256_set1_epi8(static_cast<char>(last - first))), place));
}

inline __m256i load(const char* at) noexcept { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)); }

/// The bits of those bytes that belong to the text, when `left` of them are left.
inline std::uint32_t kept_of(std::uint32_t mask, std::size_t left) noexcept {
  return left >= 32 ? mask : _bzhi_u32(mask, static_cast<unsigned>(left));
}

inline std::uint32_t count(std::uint32_t mask) noexcept { return static_cast<std::uint32_t>(std::popcount(mask)); }

}  // namespace byte_sets

/// Figures are counted in the beginning of a text only.
constexpr std::size_t figure_bytes_max = 256;

/// Counts both kinds at once. Looks at whole registers: `readable_bytes` (letter_words.h) behind the text must be
/// readable.
inline std::pair<PunctuationCounts, FigureCounts> count_bytes(std::string_view text) noexcept {
  static_assert(figure_bytes_max % 32 == 0);
  const auto commas = byte_sets::spread(byte_sets::commas_set);
  const auto ends = byte_sets::spread(byte_sets::ends_set);
  const auto spaces = byte_sets::spread(byte_sets::spaces_set);
  PunctuationCounts counts;
  FigureCounts figures;
  for (std::size_t first = 0; first < text.size(); first += 32) {
    const auto bytes = byte_sets::load(text.data() + first);
    const auto left = text.size() - first;
    const auto count = [&](std::uint32_t mask) { return byte_sets::count(byte_sets::kept_of(mask, left)); };
    auto spaces_behind = byte_sets::members_of(byte_sets::load(text.data() + first + 1), spaces);
    if (left <= 32) spaces_behind |= 1u << (left - 1);
    counts.commas += count(byte_sets::members_of(bytes, commas));
    counts.ends += count(byte_sets::members_of(bytes, ends) & spaces_behind);
    if (first < figure_bytes_max) {
      figures.digits = static_cast<std::uint16_t>(figures.digits + count(byte_sets::between(bytes, '0', '9')));
      figures.upper = static_cast<std::uint16_t>(figures.upper + count(byte_sets::between(bytes, 'A', 'Z')));
    }
    if (byte_sets::mask_of(bytes) == 0) continue;
    const auto korean_gap = byte_sets::mask_of(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(static_cast<char>(0xEA))));
    counts.ideographs += count(byte_sets::between(bytes, 0xE3, 0xED) & ~korean_gap);
  }
  return {counts, figures};
}

}  // namespace gristmill::kernels
