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

/// Hashes of the words of one text or value.
class TokenHashes {
 public:
  static constexpr std::size_t count_max = 32;

  void clear() { count_ = 0; }
  void push_back(std::uint32_t hash) { hashes_[count_++] = hash; }
  [[nodiscard]] std::size_t size() const { return count_; }
  [[nodiscard]] const std::uint32_t* begin() const { return hashes_.data(); }
  [[nodiscard]] const std::uint32_t* end() const { return hashes_.data() + count_; }

 private:
  std::size_t count_ = 0;
  std::array<std::uint32_t, count_max + 9> hashes_{};  ///< With room to be looked at in whole registers.
};

/// Where the weights of words, and of each two neighbours among them, lie in `TokenWeights`.
class TokenPlaces {
 public:
  void find(const TokenHashes& hashes) noexcept;
  inline void push_back(std::uint32_t hash) noexcept;
  [[nodiscard]] const std::uint32_t* begin() const { return places_.data(); }
  [[nodiscard]] const std::uint32_t* end() const { return places_.data() + count_; }

 private:
  void find_many(const TokenHashes& hashes) noexcept;

  std::size_t count_ = 0;
  alignas(32) std::array<std::uint32_t, 2 * TokenHashes::count_max + 16> places_;
};

/// Sums of weights in the first five bands, the others zero.
struct alignas(32) BandSums {
  std::array<std::int32_t, 8> of_band;
};

/// A table of weights, ordered so that the first five bands of a word lie within 16 bytes.
class TokenWeights {
 public:
  static constexpr std::size_t near_bands = 5;

  /// `weights` holds one a slot.
  explicit TokenWeights(std::span<const std::int8_t> weights);

  /// Sum of the weights of places in one band.
  [[nodiscard]] int sum(const TokenPlaces& places, std::size_t band) const noexcept {
    const auto turn = turns[band];
    int sum = 0;
    for (const auto place : places) sum += weights_[place ^ turn];
    return sum;
  }
  /// Of two bands.
  [[nodiscard]] std::array<int, 2> sums(const TokenPlaces& places, std::size_t band, std::size_t other) const noexcept {
    const auto turn = turns[band];
    const auto other_turn = turns[other];
    std::array<int, 2> sums{};
    for (const auto place : places) {
      sums[0] += weights_[place ^ turn];
      sums[1] += weights_[place ^ other_turn];
    }
    return sums;
  }
  /// Of the first five bands at once.
  [[nodiscard]] BandSums sums(const TokenPlaces& places) const noexcept;

 private:
  friend class TokenPlaces;

  static constexpr std::size_t line = 64;

  /// Places in a line, so that the bands' turns, which are XORs, become 1, 2, 7, 4 and 8: a change of the basis.
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
  static constexpr auto turns = [] {
    std::array<std::uint32_t, token_band_max> table{};
    for (std::size_t band = 0; band < token_band_max; ++band) table[band] = ordered[(band + 1) * 7];
    return table;
  }();

  std::unique_ptr<std::int8_t[]> weights_;
};

inline void TokenPlaces::push_back(std::uint32_t hash) noexcept {
  const std::uint32_t slot = token_slot(hash, 0) ^ 7u;
  places_[count_++] = (slot & ~63u) | TokenWeights::ordered[slot & 63];
}

}  // namespace gristmill::kernels
