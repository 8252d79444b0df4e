// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "gristmill/base/hash.h"
#include "gristmill/kernels/simd.h"

namespace gristmill::kernels {

/// A family of hash functions h(x) = a x + b modulo 2^32 with odd a, drawn from a seed; x are well-mixed shingle
/// hashes. The share of equal minima of two sets estimates their Jaccard similarity (Broder 1997). Immutable, so
/// threads share one.
class MinHash {
 public:
  MinHash(std::size_t count, std::uint64_t seed, SimdLevel level = simd_level());

  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  /// Sets `minima` to the signature of the empty set: `padded_count()` values, all ones.
  void start(std::vector<std::uint32_t>& minima) const;
  /// Lowers the minima by more elements; the order and repetition of elements do not matter.
  void update(std::span<const std::uint32_t> elements, std::vector<std::uint32_t>& minima) const noexcept;
  /// Functions are computed in full vectors: values behind `count()` are padding.
  [[nodiscard]] std::size_t padded_count() const noexcept { return factors_.size(); }

 private:
  using Update = void (*)(const MinHash&, std::span<const std::uint32_t>, std::uint32_t*);
  struct Kernels;

  std::size_t count_;
  std::vector<std::uint32_t> factors_;
  std::vector<std::uint32_t> offsets_;
  Update update_;
};

/// Most rows in a band.
constexpr std::size_t band_rows_max = 64;

/// Hash of one band of a signature together with the band's number: documents that share it agree on all its minima.
Hash128 band_key(std::uint32_t band, std::span<const std::uint32_t> minima) noexcept;
Hash128 band_key(std::uint32_t band, std::span<const std::uint64_t> minima) noexcept;

}  // namespace gristmill::kernels
