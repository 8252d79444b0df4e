// SPDX-License-Identifier: Apache-2.0
// Weights of hashed words, which are told apart by where they stand: a word has a weight in each of several bands.
#pragma once

#include <immintrin.h>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace gristmill::kernels {

/// Slots of weights: words and bands share them by hash.
constexpr std::size_t token_slot_count = std::size_t{1} << 16;
constexpr std::size_t token_band_max = 9;

/// Hash of two neighbours.
constexpr std::uint32_t token_pair_hash(std::uint32_t first, std::uint32_t second) noexcept {
  return (std::rotl(first, 7) ^ second) * 0x85EBCA6Bu + 1;
}

/// Slot of a word in a band. All bands of a word share a line of 64 slots, so that one line of memory serves them all.
constexpr std::uint16_t token_slot(std::uint32_t hash, std::size_t band) noexcept {
  const auto place = (hash ^ hash >> 15) * 0x9E3779B1u >> 16;
  return static_cast<std::uint16_t>(place ^ (band + 1) * 7);
}
static_assert(token_band_max * 7 < 64);

/// Sums of weights in eight neighbouring bands.
struct alignas(16) BandSums {
  std::array<std::int16_t, 8> of_band{};

  BandSums& operator+=(const BandSums& more) noexcept {
    for (std::size_t i = 0; i < of_band.size(); ++i)
      of_band[i] = static_cast<std::int16_t>(of_band[i] + more.of_band[i]);
    return *this;
  }
};

/// A table of weights, ordered so that all bands of a word lie within 16 bytes.
class TokenWeights {
 public:
  /// `weights` holds one a slot.
  explicit TokenWeights(std::span<const std::int8_t> weights);

  /// Where the weights of a word lie, by its hash.
  [[nodiscard]] static std::uint32_t place(std::uint32_t hash) noexcept {
    const std::uint32_t slot = token_slot(hash, 0) ^ 7u;
    return (slot & ~(line - 1)) | ordered[slot % line];
  }
  /// A place of which all weights are 0.
  static constexpr std::uint32_t empty_place = token_slot_count;

  /// Weights of a place in the bands from `first_band` on, which is 0 or `text_bands`.
  [[nodiscard]] BandSums at(std::uint32_t place, std::size_t first_band) const noexcept;
  /// For all words, in order: `sums[i + 1]` is `sums[i]` and the weights of both places of the word. 16 bits run over,
  /// which differences take back.
  void add_up(std::span<const std::uint32_t> words, std::span<const std::uint32_t> pairs, std::size_t first_band,
              BandSums* sums) const noexcept;

  static constexpr std::size_t text_bands = 5;

 private:
  friend class TokenPlacer;

  /// Slots whose order changes; a word's bands are all in one line.
  static constexpr std::uint32_t line = 64;
  static constexpr std::uint32_t near = 16;

  /// Places in a line, so that the bands' turns, which are XORs, lie below 16: a change of the basis.
  static constexpr auto ordered = [] {
    constexpr std::array<std::uint8_t, 6> basis{7, 14, 28, 35, 1, 2};
    std::array<std::uint8_t, line> table{};
    for (std::uint8_t place = 0; place < line; ++place) {
      std::uint8_t slot = 0;
      for (std::size_t bit = 0; bit < basis.size(); ++bit) slot ^= place >> bit & 1 ? basis[bit] : std::uint8_t{0};
      table[slot] = place;
    }
    return table;
  }();

  std::unique_ptr<std::int8_t[]> weights_;
};

/// Finds the places of eight words at a time.
class TokenPlacer {
 public:
  TokenPlacer() noexcept;

  [[nodiscard]] __m256i places(__m256i hashes) const noexcept {
    const auto mixed = _mm256_mullo_epi32(_mm256_xor_si256(hashes, _mm256_srli_epi32(hashes, 15)),
                                          _mm256_set1_epi32(static_cast<int>(0x9E3779B1u)));
    const auto slots = _mm256_srli_epi32(mixed, 16);
    // The upper bytes of a lane look at the first entry, which is 0.
    const auto low = _mm256_shuffle_epi8(low_order_, _mm256_and_si256(slots, _mm256_set1_epi32(15)));
    const auto high = _mm256_shuffle_epi8(high_order_,
                                          _mm256_and_si256(_mm256_srli_epi32(slots, 4), _mm256_set1_epi32(3)));
    return _mm256_or_si256(_mm256_and_si256(slots, _mm256_set1_epi32(~63)), _mm256_xor_si256(low, high));
  }

 private:
  __m256i low_order_;
  __m256i high_order_;
};

}  // namespace gristmill::kernels
