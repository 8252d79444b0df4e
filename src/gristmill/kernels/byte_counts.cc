// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/byte_counts.h"

#include <immintrin.h>

#include <array>
#include <bit>
#include <initializer_list>

namespace gristmill::kernels {
namespace {

/// A set of ASCII bytes of which no two have the same lower four bits: a byte belongs to it when it equals the entry at
/// its lower four bits.
using ByteSet = std::array<char, 16>;

constexpr ByteSet byte_set(std::initializer_list<char> members) {
  ByteSet set{};
  set[0] = 1;  // Matches nothing, as a zero would match NUL.
  for (const char member : members) set[static_cast<std::size_t>(member) & 15] = member;
  return set;
}

constexpr auto commas_set = byte_set({',', ';'});
constexpr auto ends_set = byte_set({'.', '!', '?'});
constexpr auto spaces_set = byte_set({' ', '\n', '\t', '\r', '\f'});

__m256i spread(const ByteSet& set) noexcept {
  return _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(set.data())));
}

std::uint32_t mask_of(__m256i lanes) noexcept { return static_cast<std::uint32_t>(_mm256_movemask_epi8(lanes)); }

std::uint32_t members_of(__m256i bytes, __m256i set) noexcept {
  return mask_of(_mm256_cmpeq_epi8(_mm256_shuffle_epi8(set, bytes), bytes));
}

std::uint32_t between(__m256i bytes, unsigned first, unsigned last) noexcept {
  const auto place = _mm256_sub_epi8(bytes, _mm256_set1_epi8(static_cast<char>(first)));
  return mask_of(_mm256_cmpeq_epi8(_mm256_min_epu8(place, _mm256_set1_epi8(static_cast<char>(last - first))), place));
}

__m256i load(const char* at) noexcept { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)); }

/// Bits of the bytes that belong to the text, when `left` of them are left.
std::uint32_t kept_of(std::size_t left) noexcept { return left >= 32 ? ~0u : (1u << left) - 1; }

std::uint32_t count(std::uint32_t mask) noexcept { return static_cast<std::uint32_t>(std::popcount(mask)); }

}  // namespace

PunctuationCounts count_punctuation(std::string_view text) noexcept {
  const auto commas = spread(commas_set);
  const auto ends = spread(ends_set);
  const auto spaces = spread(spaces_set);
  PunctuationCounts counts;
  for (std::size_t first = 0; first < text.size(); first += 32) {
    const auto bytes = load(text.data() + first);
    const auto left = text.size() - first;
    const auto kept = kept_of(left);
    auto spaces_behind = members_of(load(text.data() + first + 1), spaces);
    if (left <= 32) spaces_behind |= 1u << (left - 1);
    counts.commas += count(members_of(bytes, commas) & kept);
    counts.ends += count(members_of(bytes, ends) & spaces_behind & kept);
    if (mask_of(bytes) == 0) continue;
    const auto korean_gap = mask_of(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(static_cast<char>(0xEA))));
    counts.ideographs += count(between(bytes, 0xE3, 0xED) & ~korean_gap & kept);
  }
  return counts;
}

FigureCounts count_figures(std::string_view text) noexcept {
  FigureCounts counts;
  for (std::size_t first = 0; first < text.size(); first += 32) {
    const auto bytes = load(text.data() + first);
    const auto kept = kept_of(text.size() - first);
    counts.digits += count(between(bytes, '0', '9') & kept);
    counts.upper += count(between(bytes, 'A', 'Z') & kept);
  }
  return counts;
}

}  // namespace gristmill::kernels
