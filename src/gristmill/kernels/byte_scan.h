// SPDX-License-Identifier: Apache-2.0
// Vectorised search for bytes; x86-64-v3 is the floor, so AVX2 needs no dispatch. The scalar tails are the reference.
#pragma once

#include <immintrin.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gristmill::kernels {

/// First `wanted` in [at, end), or end. Inlined: most calls end within 32 bytes, where a library call would dominate.
inline const char* find_byte(const char* at, const char* end, char wanted) noexcept {
  const auto pattern = _mm256_set1_epi8(wanted);
  for (; end - at >= 32; at += 32) {
    const auto bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
    const auto hits = static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, pattern)));
    if (hits != 0) return at + std::countr_zero(hits);
  }
  while (at != end && *at != wanted) ++at;
  return at;
}

/// The same where more may be looked at than [at, end): up to `readable_end`.
inline const char* find_byte(const char* at, const char* end, const char* readable_end, char wanted) noexcept {
  const auto pattern = _mm256_set1_epi8(wanted);
  for (; at < end && readable_end - at >= 32; at += 32) {
    const auto bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
    const auto hits = static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, pattern)));
    if (hits != 0) return std::min(at + std::countr_zero(hits), end);
  }
  return at < end ? find_byte(at, end, wanted) : end;
}

/// First `first` followed by `second` or `other` in [at, end), or end.
inline const char* find_pair(const char* at, const char* end, char first, char second, char other) noexcept {
  const auto head = _mm256_set1_epi8(first);
  const auto one = _mm256_set1_epi8(second);
  const auto two = _mm256_set1_epi8(other);
  for (; end - at >= 33; at += 32) {
    const auto bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
    const auto next = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at + 1));
    const auto follows = _mm256_or_si256(_mm256_cmpeq_epi8(next, one), _mm256_cmpeq_epi8(next, two));
    const auto both = _mm256_and_si256(_mm256_cmpeq_epi8(bytes, head), follows);
    const auto hits = static_cast<std::uint32_t>(_mm256_movemask_epi8(both));
    if (hits != 0) return at + std::countr_zero(hits);
  }
  for (; end - at >= 2; ++at) {
    if (*at == first && (at[1] == second || at[1] == other)) return at;
  }
  return end;
}

/// Whether a text holds a word, which is not empty and in lower case, capitals of ASCII counting as small letters.
inline bool contains_ascii_folded(std::string_view text, std::string_view lower_word) noexcept {
  const auto fold = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  const auto stands_at = [&](std::size_t place) {
    return std::equal(lower_word.begin(), lower_word.end(), text.begin() + static_cast<std::ptrdiff_t>(place),
                      [&](char a, char b) { return a == fold(b); });
  };
  const auto size = lower_word.size();
  if (text.size() < size) return false;
  const auto places = text.size() - size + 1;
  if (places < 32) {
    for (std::size_t place = 0; place < places; ++place) {
      if (stands_at(place)) return true;
    }
    return false;
  }
  // Places where the first byte and the last one fit; other bytes that become equal by the bit are sorted out after.
  const auto bit = _mm256_set1_epi8(0x20);
  const auto first = _mm256_or_si256(_mm256_set1_epi8(lower_word.front()), bit);
  const auto last = _mm256_or_si256(_mm256_set1_epi8(lower_word.back()), bit);
  const auto folded = [&](std::size_t place) {
    return _mm256_or_si256(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(text.data() + place)), bit);
  };
  for (std::size_t place = 0; place < places; place += 32) {
    const auto from = std::min(place, places - 32);
    const auto fits = _mm256_and_si256(_mm256_cmpeq_epi8(folded(from), first),
                                       _mm256_cmpeq_epi8(folded(from + size - 1), last));
    for (auto hits = static_cast<std::uint32_t>(_mm256_movemask_epi8(fits)); hits != 0; hits &= hits - 1) {
      if (stands_at(from + static_cast<std::size_t>(std::countr_zero(hits)))) return true;
    }
  }
  return false;
}

}  // namespace gristmill::kernels
