// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "gristmill/kernels/simd.h"

namespace gristmill::kernels {

/// Rows that trees judge together: eight registers of 16-bit numbers.
constexpr std::size_t tree_lanes = 128;

/// One feature of several rows side by side.
struct alignas(32) FeatureLanes {
  std::array<std::int16_t, tree_lanes> values;
};

/// Eight features of one row.
struct alignas(16) FeatureEight {
  std::array<std::int16_t, 8> values;
};

/// Puts features side by side: `rows[r].values[f]` becomes `lanes[f]->values[r]`. There are at most `tree_lanes` rows,
/// a multiple of 8.
void put_side_by_side(std::span<const FeatureEight> rows, const std::array<FeatureLanes*, 8>& lanes);

/// What is known of a feature before any row is looked at.
struct FeatureBounds {
  std::int16_t low = -32768;
  std::int16_t high = 32767;
};

class BoostedTrees;

/// What is left of boosted trees for rows whose features lie within known bounds. A tree is walked without branches:
/// each node whose feature is above the edge strikes out the leaves on its left, and the first leaf that remains is the
/// answer (Lucchese et al. 2015, QuickScorer).
class SettledTrees {
 public:
  /// Sum of the trees' answers for each of the first `lanes` lanes. What becomes of the other lanes is open.
  void sum(std::span<const FeatureLanes> features, FeatureLanes& sums, std::size_t lanes = tree_lanes,
           SimdLevel level = simd_level()) const;

 private:
  friend class BoostedTrees;

  /// What is still open of a tree.
  struct Tree {
    std::uint32_t index;
    std::uint16_t nodes;   ///< Bits of the nodes that are open.
    std::uint16_t leaves;  ///< Bits of the leaves that are left.
  };

  struct Avx2;
  struct Avx512;

  template <typename Steps, std::size_t registers, bool is_wide>
  void sum_registers(const FeatureLanes* features, FeatureLanes& sums) const;
  template <typename Steps>
  void sum_lanes(const FeatureLanes* features, FeatureLanes& sums, std::size_t lanes) const;
  void sum_avx2(const FeatureLanes* features, FeatureLanes& sums, std::size_t lanes) const;
  void sum_avx512(const FeatureLanes* features, FeatureLanes& sums, std::size_t lanes) const;

  const BoostedTrees* all_ = nullptr;
  std::vector<Tree> trees_;
  std::vector<std::uint32_t> states_;  ///< Room for the settling.
  std::int32_t base_ = 0;  ///< What all rows have: the least of each tree, and the trees of which one leaf is left.
};

/// Boosted trees of at most 16 leaves over integer features.
class BoostedTrees {
 public:
  /// Reads `tree_count` trees from bytes: for each the count of leaves (u8), for each inner node the feature (u8), the
  /// first and the end of its left leaves (u8 each) and the edge (i16), then the leaves (i16). Moves `bytes` behind
  /// them; false when they are not well-formed, name a feature from `feature_count` on, or could leave 16 bits.
  /// `bounded` lists the features whose bounds will be known.
  bool read(std::string_view& bytes, std::size_t tree_count, std::size_t feature_count,
            std::span<const std::uint8_t> bounded = {});

  /// Leaves out of the trees what no row can reach whose features lie within `bounds`, which has a place for each
  /// feature; those not `bounded` when the trees were read are not looked at. `settled` is overwritten and refers to
  /// these trees.
  void settle(std::span<const FeatureBounds> bounds, SettledTrees& settled) const;

 private:
  friend class SettledTrees;

  static constexpr std::size_t leaves_max = 16;

  /// Small: all of them are read for each page, between which they leave the near caches.
  struct Node {
    std::uint16_t feature;  ///< As an offset in bytes into the lanes.
    std::int16_t above;     ///< The least number above the edge.
    std::uint16_t stays;    ///< Bits of the leaves that stay when the feature is above the edge.
    std::uint16_t unused = 0;
  };
  /// Nodes of a tree, from the root, the left before the right.
  using Nodes = std::array<Node, leaves_max>;
  /// What leaves have more than the least of their tree, a byte of each.
  using Leaves = std::array<std::uint8_t, leaves_max>;

  /// What is still open of a tree: its nodes in the lower half, the leaves that are left in the upper one.
  using State = std::uint32_t;

  /// A node on a feature whose bounds will be known.
  struct BoundedNode {
    std::int16_t edge;
    std::uint16_t tree;
    State above;  ///< What stays of its tree when the feature is above the edge.
    State below;  ///< When it is not.
  };
  /// Nodes on one feature, up to `end` of all of them.
  struct BoundedFeature {
    std::uint32_t end;
    std::uint8_t feature;
  };
  struct FileNode;

  bool read_tree(std::string_view& bytes, std::size_t feature_count);
  bool add_nodes(std::span<const FileNode> nodes, std::size_t leaf_count);
  void bound(std::span<const std::uint8_t> features);
  void add_leaves(std::span<const std::int16_t> leaves);
  [[nodiscard]] int answer(std::size_t tree, State state) const;

  std::vector<Nodes> nodes_;            ///< Of each tree.
  std::vector<Leaves> low_leaves_;
  std::vector<Leaves> high_leaves_;
  std::vector<State> states_;           ///< Of each tree before anything is known.
  std::vector<BoundedNode> bounded_;    ///< By feature and edge.
  std::vector<BoundedFeature> bounded_features_;
  std::vector<std::uint8_t> node_features_;  ///< Of `bounded_` while the trees are read.
  std::int32_t base_ = 0;
  std::int64_t least_ = 0;  ///< Of all sums.
  std::int64_t most_ = 0;
  bool is_wide_ = false;    ///< Some leaf has 256 or more than the least of its tree.
};

}  // namespace gristmill::kernels
