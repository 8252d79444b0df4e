// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace gristmill::kernels {

/// Rows that trees judge together: four registers of 16-bit numbers.
constexpr std::size_t tree_lanes = 64;

/// One feature of several rows side by side.
struct alignas(32) FeatureLanes {
  std::array<std::int16_t, tree_lanes> values{};
};

/// Puts rows of features side by side: the feature `f` of row `r`, `rows[r * stride + f]`, becomes
/// `lanes[f].values[r]`. There are at most `tree_lanes` rows; `stride`, their count and that of lanes are multiples
/// of 8.
void put_side_by_side(std::span<const std::int16_t> rows, std::size_t stride, std::span<FeatureLanes> lanes);

/// Boosted trees of at most 16 leaves over integer features. A tree is walked without branches: each node whose
/// feature is above the edge strikes out the leaves on its left, and the first leaf that remains is the answer
/// (Lucchese et al. 2015, QuickScorer).
class BoostedTrees {
 public:
  /// Reads `tree_count` trees from bytes: for each the count of leaves (u8), for each inner node the feature (u8), the
  /// first and the end of its left leaves (u8 each) and the edge (i16), then the leaves (i16). Moves `bytes` behind
  /// them; false when they are not well-formed or name a feature from `feature_count` on.
  bool read(std::string_view& bytes, std::size_t tree_count, std::size_t feature_count);

  /// Sum of the trees' answers for each of the first `lanes` lanes, added in order, kept within 16 bits after each
  /// tree. What becomes of the other lanes is open.
  void sum(std::span<const FeatureLanes> features, FeatureLanes& sums, std::size_t lanes = tree_lanes) const;

 private:
  /// Numbers stand twice side by side: 32 bits are cheaper to spread over a register than 16.
  struct Node {
    std::uint32_t feature;  ///< As an offset in bytes into the lanes.
    std::uint32_t above;    ///< The least number above the edge.
    std::uint32_t stays;    ///< Bits of the leaves that stay when the feature is above the edge.
  };
  struct Tree {
    std::uint32_t nodes_end;
    std::array<std::uint8_t, 16> leaves_low;   ///< Lower bytes of the leaves, in the order of `leaf_place`.
    std::array<std::uint8_t, 16> leaves_high;
  };

  template <std::size_t registers>
  void sum_registers(const FeatureLanes* features, FeatureLanes& sums) const;

  std::vector<Node> nodes_;
  std::vector<Tree> trees_;
};

}  // namespace gristmill::kernels
