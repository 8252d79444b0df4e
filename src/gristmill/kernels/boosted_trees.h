// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

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

/// What is left of boosted trees for rows whose features lie within known bounds. A tree is walked without branches:
/// each node whose feature is above the edge strikes out the leaves on its left, and the first leaf that remains is the
/// answer (Lucchese et al. 2015, QuickScorer).
class SettledTrees {
 public:
  /// Sum of the trees' answers for each of the first `lanes` lanes. What becomes of the other lanes is open.
  void sum(std::span<const FeatureLanes> features, FeatureLanes& sums, std::size_t lanes = tree_lanes) const;

 private:
  friend class BoostedTrees;

  /// Numbers stand twice side by side: 32 bits are cheaper to spread over a register than 16.
  struct alignas(16) Node {
    std::uint32_t feature;  ///< As an offset in bytes into the lanes.
    std::uint32_t above;    ///< The least number above the edge.
    std::uint32_t stays;    ///< Bits of the leaves that stay when the feature is above the edge.
  };
  /// What leaves have more than the least of their tree, in the order of `leaf_place`.
  struct Leaves {
    std::array<std::uint8_t, 16> low{};
    std::array<std::uint8_t, 16> high{};
  };
  struct Tree {
    std::uint32_t nodes_end;
    std::uint32_t remaining;  ///< Bits of the leaves that are left, twice.
    const Leaves* leaves;
  };

  template <std::size_t registers, bool is_wide>
  void sum_registers(const FeatureLanes* features, FeatureLanes& sums) const;

  std::vector<Node> nodes_;
  std::vector<Tree> trees_;
  std::vector<std::uint32_t> states_;  ///< Room for the settling.
  std::int32_t base_ = 0;  ///< What all rows have: the least of each tree, and the trees of which one leaf is left.
  bool is_wide_ = false;   ///< Some leaf has 256 or more than the least of its tree.
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
  using Node = SettledTrees::Node;

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
  struct Tree {
    std::uint32_t nodes_begin;
    SettledTrees::Leaves leaves;
    std::array<std::uint8_t, 16> places;  ///< Of the leaves in the tables.
  };
  struct FileNode;

  bool read_tree(std::string_view& bytes, std::size_t feature_count);
  bool add_nodes(std::span<const FileNode> nodes, std::size_t leaf_count);
  void bound(std::span<const std::uint8_t> features);
  void add_leaves(std::span<const std::int16_t> leaves);
  [[nodiscard]] static int answer(const Tree& tree, State state);

  std::vector<Node> nodes_;
  std::vector<State> states_;           ///< Of each tree before anything is known.
  std::vector<BoundedNode> bounded_;    ///< By feature and edge.
  std::vector<BoundedFeature> bounded_features_;
  std::vector<Tree> trees_;
  std::int32_t base_ = 0;
  std::int64_t least_ = 0;  ///< Of all sums.
  std::int64_t most_ = 0;
  bool is_wide_ = false;
};

}  // namespace gristmill::kernels
