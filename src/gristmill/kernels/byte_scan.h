// SPDX-License-Identifier: Apache-2.0
// Vectorised search for bytes; x86-64-v3 is the floor, so AVX2 needs no dispatch. The scalar tails are the reference.
#pragma once

#include <immintrin.h>

#include <algorithm>
#include <bit>
#include <cstdint>

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

}  // namespace gristmill::kernels
