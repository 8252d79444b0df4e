// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/boosted_trees.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>

namespace gristmill::kernels {
namespace {

constexpr std::size_t features_max = 40;

/// A tree as one would draw it, and the walk that everybody knows.
struct DrawnTree {
  struct Node {
    int feature = -1;  ///< Of a leaf: -1.
    std::int16_t number = 0;  ///< Edge or answer.
    std::size_t left = 0;
    std::size_t right = 0;
  };
  std::vector<Node> nodes;

  [[nodiscard]] int walk(const std::vector<FeatureLanes>& features, std::size_t lane) const {
    std::size_t at = 0;
    while (nodes[at].feature >= 0) {
      const auto value = features[static_cast<std::size_t>(nodes[at].feature)].values[lane];
      at = value > nodes[at].number ? nodes[at].right : nodes[at].left;
    }
    return nodes[at].number;
  }
};

std::int16_t any_number(std::mt19937& random) { return static_cast<std::int16_t>(random()); }

/// Splits leaves at random until there are `leaf_count`.
DrawnTree draw(std::mt19937& random, std::size_t leaf_count) {
  DrawnTree tree;
  tree.nodes.push_back({-1, static_cast<std::int16_t>(any_number(random) / 64)});
  for (std::size_t leaves = 1; leaves < leaf_count;) {
    const auto at = random() % tree.nodes.size();
    if (tree.nodes[at].feature >= 0) continue;
    const auto left = tree.nodes.size();
    tree.nodes.push_back({-1, static_cast<std::int16_t>(any_number(random) / 64)});
    tree.nodes.push_back({-1, static_cast<std::int16_t>(any_number(random) / 64)});
    tree.nodes[at] = {static_cast<int>(random() % features_max), any_number(random), left, left + 1};
    ++leaves;
  }
  return tree;
}

void put(std::string& bytes, std::int16_t number) {
  bytes.push_back(static_cast<char>(number & 0xFF));
  bytes.push_back(static_cast<char>(number >> 8 & 0xFF));
}

/// Nodes to `nodes`, leaves from left to right to `leaves`.
void write(const DrawnTree& tree, std::size_t at, std::string& nodes, std::string& leaves) {
  const auto& node = tree.nodes[at];
  if (node.feature < 0) return put(leaves, node.number);
  const auto first = leaves.size() / 2;
  write(tree, node.left, nodes, leaves);
  nodes += {static_cast<char>(node.feature), static_cast<char>(first), static_cast<char>(leaves.size() / 2)};
  put(nodes, node.number);
  write(tree, node.right, nodes, leaves);
}

/// The tree as it stands in a file.
std::string written(const DrawnTree& tree) {
  std::string nodes;
  std::string leaves;
  write(tree, 0, nodes, leaves);
  return std::string{static_cast<char>(leaves.size() / 2)} + nodes + leaves;
}

/// The trees with nothing known of any feature.
SettledTrees unsettled(const BoostedTrees& trees) {
  SettledTrees settled;
  trees.settle(std::vector<FeatureBounds>(features_max), settled);
  return settled;
}

}  // namespace

TEST_CASE("trees answer as a walk from node to node does") {
  std::mt19937 random(5);
  for (int round = 0; round < 200; ++round) {
    std::vector<DrawnTree> drawn;
    std::string bytes;
    for (std::size_t t = 0; t < 1 + random() % 20; ++t) {
      drawn.push_back(draw(random, 1 + random() % 16));
      bytes += written(drawn.back());
    }
    std::string_view rest = bytes;
    BoostedTrees trees;
    REQUIRE(trees.read(rest, drawn.size(), features_max));
    CHECK(rest.empty());
    std::vector<FeatureLanes> features(features_max);
    for (auto& lanes : features) std::ranges::generate(lanes.values, [&] { return any_number(random); });
    const auto level = round % 2 == 0 ? simd_level() : SimdLevel::avx2;
    FeatureLanes sums;
    unsettled(trees).sum(features, sums, tree_lanes, level);
    for (std::size_t lane = 0; lane < tree_lanes; ++lane) {
      int expected = 0;
      for (const auto& tree : drawn) expected += tree.walk(features, lane);
      CHECK(sums.values[lane] == expected);
    }
  }
}

TEST_CASE("a part of the lanes is judged alike") {
  std::mt19937 random(6);
  const auto tree = draw(random, 16);
  const auto bytes = written(tree);
  std::string_view rest = bytes;
  BoostedTrees trees;
  REQUIRE(trees.read(rest, 1, features_max));
  std::vector<FeatureLanes> features(features_max);
  for (auto& lanes : features) std::ranges::generate(lanes.values, [&] { return any_number(random); });
  for (std::size_t count = 1; count <= tree_lanes; ++count) {
    FeatureLanes sums;
    unsettled(trees).sum(features, sums, count, count % 2 == 0 ? simd_level() : SimdLevel::avx2);
    for (std::size_t lane = 0; lane < count; ++lane) CHECK(sums.values[lane] == tree.walk(features, lane));
  }
}

TEST_CASE("features are put side by side") {
  std::mt19937 random(8);
  std::vector<FeatureEight> rows(tree_lanes);
  for (auto& row : rows) std::ranges::generate(row.values, [&] { return any_number(random); });
  std::array<FeatureLanes, 8> lanes;
  put_side_by_side(rows, {&lanes[0], &lanes[1], &lanes[2], &lanes[3], &lanes[4], &lanes[5], &lanes[6], &lanes[7]});
  for (std::size_t f = 0; f < lanes.size(); ++f) {
    for (std::size_t r = 0; r < tree_lanes; ++r) CHECK(lanes[f].values[r] == rows[r].values[f]);
  }
}

TEST_CASE("trees settled for bounds answer alike for all rows within them") {
  std::mt19937 random(9);
  constexpr std::array<std::uint8_t, 25> bounded{0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12,
                                                 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24};
  for (int round = 0; round < 200; ++round) {
    std::vector<DrawnTree> drawn;
    std::string bytes;
    for (std::size_t t = 0; t < 1 + random() % 20; ++t) {
      drawn.push_back(draw(random, 1 + random() % 16));
      bytes += written(drawn.back());
    }
    std::string_view rest = bytes;
    BoostedTrees trees;
    REQUIRE(trees.read(rest, drawn.size(), features_max, bounded));
    // Some features are the same for all rows, some lie in a range, and of some nothing is known.
    std::vector<FeatureBounds> bounds(features_max);
    std::vector<FeatureLanes> features(features_max);
    for (std::size_t f = 0; f < features_max; ++f) {
      if (f < bounded.size() && f % 5 != 0) {
        const auto [low, high] = std::minmax({any_number(random), any_number(random)});
        bounds[f] = {low, f % 2 == 0 ? low : high};
      }
      const int span = bounds[f].high - bounds[f].low + 1;
      std::ranges::generate(features[f].values, [&] {
        return static_cast<std::int16_t>(bounds[f].low + static_cast<int>(random() % static_cast<unsigned>(span)));
      });
    }
    SettledTrees settled;
    trees.settle(bounds, settled);
    FeatureLanes sums;
    settled.sum(features, sums);
    for (std::size_t lane = 0; lane < tree_lanes; ++lane) {
      int expected = 0;
      for (const auto& tree : drawn) expected += tree.walk(features, lane);
      CHECK(sums.values[lane] == expected);
    }
  }
}

TEST_CASE("trees answer as by hand") {
  // Feature 0 above 10: right leaf 30; else feature 1 above -5: middle leaf 20, left leaf 10. The nodes in the order
  // of the file: each strikes out the leaves on its left.
  std::string bytes{3, 1, 0, 1, char(-5), char(-1), 0, 0, 2, 10, 0, 10, 0, 20, 0, 30, 0};
  std::string_view rest = bytes;
  BoostedTrees trees;
  REQUIRE(trees.read(rest, 1, features_max));
  CHECK(rest.empty());
  std::vector<FeatureLanes> lanes(features_max);
  lanes[0].values = {0, 0, 10, 11, 32767, -32768};
  lanes[1].values = {-5, -4, 0, -32768, 32767, -6};
  FeatureLanes sums;
  unsettled(trees).sum(lanes, sums);
  CHECK(sums.values[0] == 10);
  CHECK(sums.values[1] == 20);
  CHECK(sums.values[2] == 20);
  CHECK(sums.values[3] == 30);
  CHECK(sums.values[4] == 30);
  CHECK(sums.values[5] == 10);
}

TEST_CASE("malformed trees are refused") {
  const std::string bytes{2, 1, 0, 1, 0, 0, 10, 0, 20, 0};
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    std::string_view part = std::string_view(bytes).substr(0, size);
    CHECK_FALSE(BoostedTrees().read(part, 1, features_max));
  }
  for (const auto& wrong :
       {std::string{17}, std::string{0}, std::string{2, char(features_max), 0, 1, 0, 0, 1, 0, 2, 0},
        std::string{2, 0, 1, 1, 0, 0, 1, 0, 2, 0}, std::string{2, 0, 0, 3, 0, 0, 1, 0, 2, 0},
        // Two nodes that part the same leaves; a sum of answers beyond 16 bits.
        std::string{3, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0, 2, 0, 3, 0}, std::string{1, char(0xFF), 0x7F, 1, 1, 0}}) {
    std::string_view rest = wrong;
    CHECK_FALSE(BoostedTrees().read(rest, wrong[0] == 1 ? 2 : 1, features_max));
  }
}

}  // namespace gristmill::kernels
