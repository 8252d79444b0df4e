// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/minhash.h"

// GCC 12 takes the undefined registers inside its own AVX-512 intrinsics for ours (bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>

#include <algorithm>
#include <array>
#include <limits>
#include <string>

#include "gristmill/base/result.h"

namespace gristmill::kernels {
namespace {

constexpr std::size_t lanes_padded = 16;  // one AVX-512 vector of 32-bit values

/// SplitMix64 (Steele, Lea, Flood 2014): the next value of a well-distributed sequence.
std::uint64_t next_random(std::uint64_t& state) noexcept {
  std::uint64_t mixed = state += 0x9E3779B97F4A7C15ULL;
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9ULL;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBULL;
  return mixed ^ (mixed >> 31);
}

/// Minima of `vectors` AVX2 vectors of functions stay in registers while all elements pass.
template <int vectors>
void pass_avx2(const std::uint32_t* factors, const std::uint32_t* offsets, std::span<const std::uint32_t> elements,
               std::uint32_t* minima) noexcept {
  __m256i factor[vectors];
  __m256i offset[vectors];
  __m256i lowest[vectors];
  for (int v = 0; v < vectors; ++v) {
    factor[v] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(factors) + v);
    offset[v] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(offsets) + v);
    lowest[v] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(minima) + v);
  }
  for (const std::uint32_t element : elements) {
    const __m256i x = _mm256_set1_epi32(static_cast<int>(element));
    for (int v = 0; v < vectors; ++v) {
      lowest[v] = _mm256_min_epu32(lowest[v], _mm256_add_epi32(_mm256_mullo_epi32(x, factor[v]), offset[v]));
    }
  }
  for (int v = 0; v < vectors; ++v) _mm256_storeu_si256(reinterpret_cast<__m256i*>(minima) + v, lowest[v]);
}

/// The same with AVX-512 vectors.
template <int vectors>
[[gnu::target("avx512f")]] void pass_avx512(const std::uint32_t* factors, const std::uint32_t* offsets,
                                            std::span<const std::uint32_t> elements, std::uint32_t* minima) noexcept {
  __m512i factor[vectors];
  __m512i offset[vectors];
  __m512i lowest[vectors];
  for (int v = 0; v < vectors; ++v) {
    factor[v] = _mm512_loadu_si512(factors + 16 * v);
    offset[v] = _mm512_loadu_si512(offsets + 16 * v);
    lowest[v] = _mm512_loadu_si512(minima + 16 * v);
  }
  for (const std::uint32_t element : elements) {
    const __m512i x = _mm512_set1_epi32(static_cast<int>(element));
    for (int v = 0; v < vectors; ++v) {
      lowest[v] = _mm512_min_epu32(lowest[v], _mm512_add_epi32(_mm512_mullo_epi32(x, factor[v]), offset[v]));
    }
  }
  for (int v = 0; v < vectors; ++v) _mm512_storeu_si512(minima + 16 * v, lowest[v]);
}

}  // namespace

/// One update function a level, all with the same result.
struct MinHash::Kernels {
  static void scalar(const MinHash& hash, std::span<const std::uint32_t> elements, std::uint32_t* minima) {
    for (std::size_t i = 0; i < hash.factors_.size(); ++i) {
      for (const std::uint32_t element : elements) {
        minima[i] = std::min(minima[i], element * hash.factors_[i] + hash.offsets_[i]);
      }
    }
  }

  static void avx2(const MinHash& hash, std::span<const std::uint32_t> elements, std::uint32_t* minima) {
    const std::uint32_t* const factors = hash.factors_.data();
    const std::uint32_t* const offsets = hash.offsets_.data();
    std::size_t at = 0;
    for (; at + 32 <= hash.factors_.size(); at += 32) pass_avx2<4>(factors + at, offsets + at, elements, minima + at);
    for (; at < hash.factors_.size(); at += 16) pass_avx2<2>(factors + at, offsets + at, elements, minima + at);
  }

  static void avx512(const MinHash& hash, std::span<const std::uint32_t> elements, std::uint32_t* minima) {
    const std::uint32_t* const factors = hash.factors_.data();
    const std::uint32_t* const offsets = hash.offsets_.data();
    std::size_t at = 0;
    // 7 vectors are the 112 functions of 14 bands of 8, the usual case; 3 x 7 registers of 32.
    for (; at + 112 <= hash.factors_.size(); at += 112) {
      pass_avx512<7>(factors + at, offsets + at, elements, minima + at);
    }
    for (; at + 64 <= hash.factors_.size(); at += 64) pass_avx512<4>(factors + at, offsets + at, elements, minima + at);
    for (; at < hash.factors_.size(); at += 16) pass_avx512<1>(factors + at, offsets + at, elements, minima + at);
  }
};

MinHash::MinHash(std::size_t count, std::uint64_t seed, SimdLevel level)
    : count_(count),
      update_(level == SimdLevel::avx512 ? Kernels::avx512
              : level == SimdLevel::avx2 ? Kernels::avx2
                                         : Kernels::scalar) {
  const std::size_t padded = (count + lanes_padded - 1) / lanes_padded * lanes_padded;
  for (std::size_t i = 0; i < padded; ++i) {
    factors_.push_back(static_cast<std::uint32_t>(next_random(seed)) | 1);
    offsets_.push_back(static_cast<std::uint32_t>(next_random(seed)));
  }
}

void MinHash::start(std::vector<std::uint32_t>& minima) const {
  minima.assign(padded_count(), std::numeric_limits<std::uint32_t>::max());
}

void MinHash::update(std::span<const std::uint32_t> elements, std::vector<std::uint32_t>& minima) const noexcept {
  update_(*this, elements, minima.data());
}

namespace {

template <typename Minimum>
Hash128 key_of(std::uint32_t band, std::span<const Minimum> minima) {
  std::array<Minimum, 1 + band_rows_max> values;
  GRISTMILL_CHECK(minima.size() <= band_rows_max, std::to_string(minima.size()));
  values[0] = band;
  std::ranges::copy(minima, values.begin() + 1);
  return xxh3_128({reinterpret_cast<const char*>(values.data()), (1 + minima.size()) * sizeof(Minimum)});
}

}  // namespace

Hash128 band_key(std::uint32_t band, std::span<const std::uint32_t> minima) noexcept { return key_of(band, minima); }
Hash128 band_key(std::uint32_t band, std::span<const std::uint64_t> minima) noexcept { return key_of(band, minima); }

}  // namespace gristmill::kernels
