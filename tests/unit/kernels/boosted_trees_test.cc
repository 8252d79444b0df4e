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
  tree.nodes.push_back({-1, any_number(random)});
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

}  // namespace

TEST_CASE("trees answer as a walk from node to node does") {
  std::mt19937 random(5);
  for (int round = 0; round < 200; ++round) {
    std::vector<DrawnTree> drawn;
    std::string bytes;
    for (std::size_t t = 0; t < 1 + random() % 20; ++t) {
      const auto leaf_count = 1 + random() % 16;
      drawn.push_back(draw(random, leaf_count));
      std::string nodes;
      std::string leaves;
      write(drawn.back(), 0, nodes, leaves);
      bytes += std::string{static_cast<char>(leaf_count)} + nodes + leaves;
    }
    std::string_view rest = bytes;
    BoostedTrees trees;
    REQUIRE(trees.read(rest, drawn.size(), features_max));
    CHECK(rest.empty());
    std::vector<FeatureLanes> features(features_max);
    for (auto& lanes : features) std::ranges::generate(lanes.values, [&] { return any_number(random); });
    FeatureLanes sums;
    trees.sum(features, sums);
    for (std::size_t lane = 0; lane < tree_lanes; ++lane) {
      int expected = 0;
      for (const auto& tree : drawn) expected = std::clamp(expected + tree.walk(features, lane), -32768, 32767);
      CHECK(sums.values[lane] == expected);
    }
  }
}

TEST_CASE("a part of the lanes is judged alike") {
  std::mt19937 random(6);
  const auto tree = draw(random, 16);
  std::string bytes{16};
  std::string leaves;
  write(tree, 0, bytes, leaves);
  bytes += leaves;
  std::string_view rest = bytes;
  BoostedTrees trees;
  REQUIRE(trees.read(rest, 1, features_max));
  std::vector<FeatureLanes> features(features_max);
  for (auto& lanes : features) std::ranges::generate(lanes.values, [&] { return any_number(random); });
  for (std::size_t count = 1; count <= tree_lanes; ++count) {
    FeatureLanes sums;
    trees.sum(features, sums, count);
    for (std::size_t lane = 0; lane < count; ++lane) CHECK(sums.values[lane] == tree.walk(features, lane));
  }
}

TEST_CASE("rows are put side by side") {
  std::mt19937 random(8);
  constexpr std::size_t stride = 24;
  std::vector<std::int16_t> rows(tree_lanes * stride);
  std::ranges::generate(rows, [&] { return any_number(random); });
  std::vector<FeatureLanes> lanes(16);
  put_side_by_side(rows, stride, lanes);
  for (std::size_t f = 0; f < lanes.size(); ++f) {
    for (std::size_t r = 0; r < tree_lanes; ++r) CHECK(lanes[f].values[r] == rows[r * stride + f]);
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
  trees.sum(lanes, sums);
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
  for (const auto& wrong : {std::string{17}, std::string{0}, std::string{2, char(features_max), 0, 1, 0, 0, 1, 0, 2, 0},
                            std::string{2, 0, 1, 1, 0, 0, 1, 0, 2, 0}, std::string{2, 0, 0, 3, 0, 0, 1, 0, 2, 0}}) {
    std::string_view rest = wrong;
    CHECK_FALSE(BoostedTrees().read(rest, 1, features_max));
  }
}

}  // namespace gristmill::kernels
