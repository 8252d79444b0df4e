// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace gristmill::kernels {

/// The rank of each pair of token ids that merges. Most questions are about pairs that do not: a bit for each eighth of
/// a pair answers nearly all of those from the nearest cache.
class BpePairs {
 public:
  static constexpr unsigned id_bits = 21;
  static constexpr unsigned rank_bits = 22;
  static constexpr std::uint32_t none = UINT32_MAX;

  BpePairs() : BpePairs(0) {}
  /// Room for this many pairs.
  explicit BpePairs(std::size_t count)
      : slots_(std::bit_ceil(count * 2 + 2), empty_slot), bits_(std::bit_ceil(count * 8 + 64) / 64) {}

  /// A pair that is listed twice has its last rank, as in the library that writes such files.
  void set(std::uint32_t left, std::uint32_t right, std::uint32_t rank) {
    const auto pair = key(left, right);
    const auto hash = mix(pair);
    auto slot = first_slot(hash);
    while (slots_[slot] != empty_slot && slots_[slot] >> rank_bits != pair) slot = (slot + 1) & (slots_.size() - 1);
    slots_[slot] = (pair << rank_bits) | rank;
    bits_[word_of(hash)] |= std::uint64_t{1} << (hash & 63);
  }
  /// Rank of a pair, or `none`.
  [[nodiscard]] std::uint32_t rank(std::uint32_t left, std::uint32_t right) const {
    const auto pair = key(left, right);
    const auto hash = mix(pair);
    if ((bits_[word_of(hash)] >> (hash & 63) & 1) == 0) return none;
    for (auto slot = first_slot(hash); slots_[slot] != empty_slot; slot = (slot + 1) & (slots_.size() - 1)) {
      if (slots_[slot] >> rank_bits == pair) return static_cast<std::uint32_t>(slots_[slot] & rank_mask);
    }
    return none;
  }
  /// A hash of two ids, good in its low bits.
  static std::uint64_t mix(std::uint64_t value) {
    value *= 0x9E3779B97F4A7C15ULL;
    return value ^ (value >> 32);
  }
  /// Both ids in one number.
  static std::uint64_t key(std::uint32_t left, std::uint32_t right) { return (std::uint64_t{left} << id_bits) | right; }

 private:
  static constexpr std::uint64_t rank_mask = (std::uint64_t{1} << rank_bits) - 1;
  // No pair has this value: ranks stay below their largest.
  static constexpr std::uint64_t empty_slot = UINT64_MAX;

  [[nodiscard]] std::size_t first_slot(std::uint64_t hash) const { return (hash >> 6) & (slots_.size() - 1); }
  [[nodiscard]] std::size_t word_of(std::uint64_t hash) const { return (hash >> 6) & (bits_.size() - 1); }

  std::vector<std::uint64_t> slots_;
  std::vector<std::uint64_t> bits_;
};

}  // namespace gristmill::kernels
