// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/boosted_trees.h"

#include <immintrin.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

namespace gristmill::kernels {
namespace {

constexpr std::size_t leaves_max = 16;
constexpr std::uint32_t all_leaves = 0xFFFF0000u;
constexpr std::int16_t number_max = std::numeric_limits<std::int16_t>::max();

/// A de Bruijn sequence: the upper four bits of its product with a power of two are different for each power.
constexpr std::uint16_t de_bruijn = 0x09AF;

constexpr std::size_t leaf_place(std::size_t leaf) noexcept {
  return static_cast<std::uint16_t>(de_bruijn << leaf) >> 12;
}

constexpr std::uint32_t twice(std::uint32_t half) noexcept { return (half & 0xFFFF) | half << 16; }

/// Bits from `first` to before `end`.
constexpr std::uint16_t bits(std::size_t first, std::size_t end) noexcept {
  return static_cast<std::uint16_t>((1u << end) - (1u << first));
}

template <typename Value>
bool take(std::string_view& bytes, Value& value) {
  if (bytes.size() < sizeof value) return false;
  std::memcpy(&value, bytes.data(), sizeof value);
  bytes.remove_prefix(sizeof value);
  return true;
}

__m256i spread(std::uint32_t both_halves) noexcept { return _mm256_set1_epi32(static_cast<int>(both_halves)); }

__m256i spread(const std::array<std::uint8_t, 16>& table) noexcept {
  return _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(table.data())));
}

}  // namespace

/// A node as it stands in the file: the leaves on its left are [first, middle), and those on its right end at `end`.
struct BoostedTrees::FileNode {
  std::uint8_t feature = 0;
  std::uint8_t first = 0;
  std::uint8_t middle = 0;
  std::uint8_t end = 0;
  std::int16_t edge = 0;
};

bool BoostedTrees::read(std::string_view& bytes, std::size_t tree_count, std::size_t feature_count,
                        std::span<const std::uint8_t> bounded) {
  for (std::size_t t = 0; t < tree_count; ++t) {
    if (!read_tree(bytes, feature_count)) return false;
  }
  bound(bounded);
  return least_ >= -number_max - 1 && most_ <= number_max;
}

bool BoostedTrees::read_tree(std::string_view& bytes, std::size_t feature_count) {
  std::uint8_t leaf_count = 0;
  if (!take(bytes, leaf_count) || leaf_count == 0 || leaf_count > leaves_max) return false;
  std::array<FileNode, leaves_max> nodes;
  for (std::uint8_t i = 1; i < leaf_count; ++i) {
    auto& node = nodes[i - 1u];
    std::array<std::uint8_t, 3> place{};
    if (!take(bytes, place) || !take(bytes, node.edge)) return false;
    node.feature = place[0];
    node.first = place[1];
    node.middle = place[2];
    if (node.feature >= feature_count || node.first >= node.middle || node.middle >= leaf_count) return false;
  }
  std::array<std::int16_t, leaves_max> leaves;
  for (std::uint8_t i = 0; i < leaf_count; ++i) {
    if (!take(bytes, leaves[i])) return false;
  }
  trees_.push_back({static_cast<std::uint32_t>(nodes_.size()), {}, {}});
  states_.push_back(all_leaves | bits(0, leaf_count - 1u));
  if (!add_nodes(std::span(nodes).first(leaf_count - 1u), leaf_count)) return false;
  add_leaves(std::span(leaves).first(leaf_count));
  return true;
}

/// Puts the nodes in the order from the root, the left before the right; false when they form no tree.
bool BoostedTrees::add_nodes(std::span<const FileNode> nodes, std::size_t leaf_count) {
  const auto tree = static_cast<std::uint16_t>(trees_.size() - 1);
  std::vector<std::pair<std::uint8_t, std::uint8_t>> open{{std::uint8_t{0}, static_cast<std::uint8_t>(leaf_count)}};
  for (std::uint16_t at = 0; !open.empty();) {
    const auto [first, end] = open.back();
    open.pop_back();
    if (end - first == 1) continue;
    // Of the nodes whose left begins here, the one with the most leaves below it.
    const FileNode* root = nullptr;
    for (const auto& node : nodes) {
      const bool fits = node.first == first && node.middle < end;
      if (fits && (root == nullptr || node.middle > root->middle)) root = &node;
    }
    if (root == nullptr) return false;
    const auto right = static_cast<std::uint16_t>(at + root->middle - first);
    const auto behind = static_cast<std::uint16_t>(at + end - first - 1);
    const auto stays = static_cast<std::uint16_t>(~bits(first, root->middle));
    const State above = static_cast<State>(stays) << 16 | static_cast<std::uint16_t>(~bits(at, right));
    const State below = all_leaves | static_cast<std::uint16_t>(~bits(right, behind) & ~(1u << at));
    if (root->edge == number_max) states_.back() &= below;  // Nothing is above.
    bounded_.push_back({root->edge, tree, above, below});
    nodes_.push_back({static_cast<std::uint32_t>(root->feature * sizeof(FeatureLanes)),
                      twice(static_cast<std::uint16_t>(root->edge + 1)), twice(stays)});
    open.emplace_back(root->middle, end);
    open.emplace_back(first, root->middle);
    ++at;
  }
  return true;
}

/// Keeps the nodes on features whose bounds will be known, those on one feature together.
void BoostedTrees::bound(std::span<const std::uint8_t> features) {
  std::array<std::vector<BoundedNode>, 256> nodes_on;
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    nodes_on[nodes_[i].feature / sizeof(FeatureLanes)].push_back(bounded_[i]);
  bounded_.clear();
  for (const auto feature : features) {
    auto& nodes = nodes_on[feature];
    std::ranges::stable_sort(nodes, {}, &BoundedNode::edge);
    bounded_.insert(bounded_.end(), nodes.begin(), nodes.end());
    bounded_features_.push_back({static_cast<std::uint32_t>(bounded_.size()), feature});
  }
}

void BoostedTrees::add_leaves(std::span<const std::int16_t> leaves) {
  auto& tree = trees_.back();
  const auto [least, most] = std::ranges::minmax(leaves);
  for (std::size_t i = 0; i < leaves_max; ++i) tree.places[i] = static_cast<std::uint8_t>(leaf_place(i));
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    const auto more = static_cast<unsigned>(leaves[i] - least);
    tree.leaves.low[leaf_place(i)] = static_cast<std::uint8_t>(more);
    tree.leaves.high[leaf_place(i)] = static_cast<std::uint8_t>(more >> 8);
    is_wide_ = is_wide_ || more > 0xFF;
  }
  base_ += least;
  least_ += least;
  most_ += most;
}

int BoostedTrees::answer(const Tree& tree, State state) {
  const auto place = tree.places[static_cast<std::size_t>(std::countr_zero(state >> 16))];
  return tree.leaves.low[place] | tree.leaves.high[place] << 8;
}

void BoostedTrees::settle(std::span<const FeatureBounds> bounds, SettledTrees& settled) const {
  auto& states = settled.states_;
  states.assign(states_.begin(), states_.end());
  const auto* node = bounded_.data();
  for (const auto& [end_index, feature] : bounded_features_) {
    const auto [low, high] = bounds[feature];
    const auto* const end = bounded_.data() + end_index;
    for (; node != end && node->edge < low; ++node) states[node->tree] &= node->above;
    while (node != end && node->edge < high) ++node;
    for (; node != end; ++node) states[node->tree] &= node->below;
  }
  settled.trees_.resize(trees_.size());
  settled.nodes_.resize(nodes_.size());
  settled.base_ = base_;
  settled.is_wide_ = is_wide_;
  auto* next = settled.nodes_.data();
  auto* next_tree = settled.trees_.data();
  for (std::size_t t = 0; t < trees_.size(); ++t) {
    const auto& tree = trees_[t];
    const auto state = states[t];
    auto open = state & 0xFFFF;
    if (open == 0) {
      settled.base_ += answer(tree, state);
      continue;
    }
    settled.base_ -= tree.leaves.low[0] << 8;
    const auto* const all = nodes_.data() + tree.nodes_begin;
    for (; open != 0; open &= open - 1) *next++ = all[std::countr_zero(open)];
    *next_tree++ = {static_cast<std::uint32_t>(next - settled.nodes_.data()), twice(state >> 16), &tree.leaves};
  }
  settled.trees_.resize(static_cast<std::size_t>(next_tree - settled.trees_.data()));
}

template <std::size_t registers, bool is_wide>
void SettledTrees::sum_registers(const FeatureLanes* features, FeatureLanes& sums) const {
  auto* const totals = reinterpret_cast<__m256i*>(sums.values.data());
  // Sums lie within 16 bits, so what is beyond them on the way takes itself back.
  for (std::size_t i = 0; i < registers; ++i)
    _mm256_store_si256(totals + i, _mm256_set1_epi16(static_cast<std::int16_t>(base_)));
  const auto* node = nodes_.data();
  for (const auto& tree : trees_) {
    __m256i remaining[registers];
    for (auto& lanes : remaining) lanes = spread(tree.remaining);
    for (const auto* const end = nodes_.data() + tree.nodes_end; node != end; ++node) {
      const auto* values = reinterpret_cast<const __m256i*>(reinterpret_cast<const char*>(features) + node->feature);
      const auto above = spread(node->above);
      const auto stays = spread(node->stays);
      for (std::size_t i = 0; i < registers; ++i) {
        const auto is_not_above = _mm256_cmpgt_epi16(above, _mm256_load_si256(values + i));
        remaining[i] = _mm256_and_si256(remaining[i], _mm256_or_si256(is_not_above, stays));
      }
    }
    const auto low = spread(tree.leaves->low);
    for (std::size_t i = 0; i < registers; ++i) {
      const auto first = _mm256_and_si256(remaining[i], _mm256_sub_epi16(_mm256_setzero_si256(), remaining[i]));
      const auto place = _mm256_srli_epi16(_mm256_mullo_epi16(first, _mm256_set1_epi16(de_bruijn)), 12);
      // The upper byte becomes the entry at place 0, which `base_` takes back.
      auto more = _mm256_shuffle_epi8(low, place);
      if constexpr (is_wide) {
        const auto high = _mm256_shuffle_epi8(spread(tree.leaves->high), place);
        more = _mm256_add_epi16(more, _mm256_slli_epi16(high, 8));
      }
      _mm256_store_si256(totals + i, _mm256_add_epi16(_mm256_load_si256(totals + i), more));
    }
  }
}

void SettledTrees::sum(std::span<const FeatureLanes> features, FeatureLanes& sums, std::size_t lanes) const {
  const auto* all = features.data();
  if (is_wide_) return sum_registers<tree_lanes / 16, true>(all, sums);
  switch ((lanes + 15) / 16) {
    case 1: return sum_registers<1, false>(all, sums);
    case 2: return sum_registers<2, false>(all, sums);
    case 3: return sum_registers<3, false>(all, sums);
    case 4: return sum_registers<4, false>(all, sums);
    case 5: return sum_registers<5, false>(all, sums);
    case 6: return sum_registers<6, false>(all, sums);
    case 7: return sum_registers<7, false>(all, sums);
    default: return sum_registers<8, false>(all, sums);
  }
}

void put_side_by_side(std::span<const FeatureEight> rows, const std::array<FeatureLanes*, 8>& lanes) {
  for (std::size_t row = 0; row < rows.size(); row += 8) {
    const auto at = [&](std::size_t i) {
      return _mm_load_si128(reinterpret_cast<const __m128i*>(rows[row + i].values.data()));
    };
    // Pairs, fours and eights of rows come together, as in a sort by merging.
    __m128i pairs[8];
    __m128i fours[8];
    for (std::size_t i = 0; i < 4; ++i) {
      pairs[2 * i] = _mm_unpacklo_epi16(at(2 * i), at(2 * i + 1));
      pairs[2 * i + 1] = _mm_unpackhi_epi16(at(2 * i), at(2 * i + 1));
    }
    for (std::size_t i = 0; i < 2; ++i) {
      const auto* four = &pairs[4 * i];
      fours[4 * i] = _mm_unpacklo_epi32(four[0], four[2]);
      fours[4 * i + 1] = _mm_unpackhi_epi32(four[0], four[2]);
      fours[4 * i + 2] = _mm_unpacklo_epi32(four[1], four[3]);
      fours[4 * i + 3] = _mm_unpackhi_epi32(four[1], four[3]);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      const auto put = [&](std::size_t feature, __m128i values) {
        _mm_store_si128(reinterpret_cast<__m128i*>(lanes[feature]->values.data() + row), values);
      };
      put(2 * i, _mm_unpacklo_epi64(fours[i], fours[i + 4]));
      put(2 * i + 1, _mm_unpackhi_epi64(fours[i], fours[i + 4]));
    }
  }
}

}  // namespace gristmill::kernels
