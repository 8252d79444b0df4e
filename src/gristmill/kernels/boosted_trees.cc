// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/boosted_trees.h"

#include <immintrin.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

namespace gristmill::kernels {
namespace {

constexpr std::uint32_t all_leaves = 0xFFFF0000u;
constexpr std::int16_t number_max = std::numeric_limits<std::int16_t>::max();

/// A de Bruijn sequence: the upper four bits of its product with a power of two are different for each power.
constexpr std::uint16_t de_bruijn = 0x09AF;

/// Where the leaves stand in the tables.
constexpr auto leaf_places = [] {
  std::array<std::uint8_t, 16> places{};
  for (std::size_t leaf = 0; leaf < places.size(); ++leaf)
    places[leaf] = static_cast<std::uint8_t>(static_cast<std::uint16_t>(de_bruijn << leaf) >> 12);
  return places;
}();

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

__m256i spread(std::uint16_t number) noexcept { return _mm256_set1_epi16(static_cast<std::int16_t>(number)); }

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
  if (nodes_.size() > 0xFFFF) return false;
  states_.push_back(all_leaves | bits(0, leaf_count - 1u));
  if (!add_nodes(std::span(nodes).first(leaf_count - 1u), leaf_count)) return false;
  add_leaves(std::span(leaves).first(leaf_count));
  return true;
}

/// Puts the nodes in the order from the root, the left before the right; false when they form no tree.
bool BoostedTrees::add_nodes(std::span<const FileNode> nodes, std::size_t leaf_count) {
  const auto tree = static_cast<std::uint16_t>(nodes_.size());
  auto& own = nodes_.emplace_back();
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
    node_features_.push_back(root->feature);
    own[at] = {.feature = static_cast<std::uint16_t>(root->feature * sizeof(FeatureLanes)),
               .above = static_cast<std::int16_t>(root->edge + 1),
               .stays = stays};
    open.emplace_back(root->middle, end);
    open.emplace_back(first, root->middle);
    ++at;
  }
  return true;
}

/// Keeps the nodes on features whose bounds will be known, those on one feature together.
void BoostedTrees::bound(std::span<const std::uint8_t> features) {
  std::array<std::vector<BoundedNode>, 256> nodes_on;
  for (std::size_t i = 0; i < bounded_.size(); ++i) nodes_on[node_features_[i]].push_back(bounded_[i]);
  bounded_.clear();
  node_features_ = {};
  for (const auto feature : features) {
    auto& nodes = nodes_on[feature];
    std::ranges::stable_sort(nodes, {}, &BoundedNode::edge);
    bounded_.insert(bounded_.end(), nodes.begin(), nodes.end());
    bounded_features_.push_back({static_cast<std::uint32_t>(bounded_.size()), feature});
  }
}

void BoostedTrees::add_leaves(std::span<const std::int16_t> leaves) {
  auto& low = low_leaves_.emplace_back();
  auto& high = high_leaves_.emplace_back();
  const auto [least, most] = std::ranges::minmax(leaves);
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    const auto more = static_cast<unsigned>(leaves[i] - least);
    low[leaf_places[i]] = static_cast<std::uint8_t>(more);
    high[leaf_places[i]] = static_cast<std::uint8_t>(more >> 8);
    is_wide_ = is_wide_ || more > 0xFF;
  }
  base_ += least;
  least_ += least;
  most_ += most;
}

int BoostedTrees::answer(std::size_t tree, State state) const {
  const auto place = leaf_places[static_cast<std::size_t>(std::countr_zero(state >> 16))];
  return low_leaves_[tree][place] | high_leaves_[tree][place] << 8;
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
  settled.all_ = this;
  settled.trees_.resize(states.size());
  settled.base_ = base_;
  auto* next = settled.trees_.data();
  for (std::size_t tree = 0; tree < states.size(); ++tree) {
    const auto state = states[tree];
    const auto open = static_cast<std::uint16_t>(state);
    if (open == 0) {
      settled.base_ += answer(tree, state);
      continue;
    }
    settled.base_ -= low_leaves_[tree][0] << 8;
    *next++ = {static_cast<std::uint32_t>(tree), open, static_cast<std::uint16_t>(state >> 16)};
  }
  settled.trees_.resize(static_cast<std::size_t>(next - settled.trees_.data()));
}

/// One step of a node: what remains of the leaves of 16 rows.
struct SettledTrees::Avx2 {
  static __m256i strike(__m256i remaining, __m256i is_not_above, __m256i stays) noexcept {
    return _mm256_and_si256(remaining, _mm256_or_si256(is_not_above, stays));
  }
};
struct SettledTrees::Avx512 {
  [[GRISTMILL_AVX512]] static __m256i strike(__m256i remaining, __m256i is_not_above, __m256i stays) noexcept {
    return _mm256_ternarylogic_epi64(remaining, is_not_above, stays, 0xF0 & (0xCC | 0xAA));
  }
};

template <typename Steps, std::size_t registers, bool is_wide>
[[gnu::always_inline]] inline void SettledTrees::sum_registers(const FeatureLanes* features, FeatureLanes& sums) const {
  auto* const totals = reinterpret_cast<__m256i*>(sums.values.data());
  // Sums lie within 16 bits, so what is beyond them on the way takes itself back.
  for (std::size_t i = 0; i < registers; ++i)
    _mm256_store_si256(totals + i, _mm256_set1_epi16(static_cast<std::int16_t>(base_)));
  for (const auto& tree : trees_) {
    __m256i remaining[registers];
    for (auto& lanes : remaining) lanes = spread(tree.leaves);
    const auto& nodes = all_->nodes_[tree.index];
    for (std::uint32_t open = tree.nodes; open != 0; open &= open - 1) {
      const auto& node = nodes[static_cast<std::size_t>(std::countr_zero(open))];
      const auto* values = reinterpret_cast<const __m256i*>(reinterpret_cast<const char*>(features) + node.feature);
      const auto above = spread(static_cast<std::uint16_t>(node.above));
      const auto stays = spread(node.stays);
      for (std::size_t i = 0; i < registers; ++i) {
        const auto is_not_above = _mm256_cmpgt_epi16(above, _mm256_load_si256(values + i));
        remaining[i] = Steps::strike(remaining[i], is_not_above, stays);
      }
    }
    const auto low = spread(all_->low_leaves_[tree.index]);
    for (std::size_t i = 0; i < registers; ++i) {
      const auto first = _mm256_and_si256(remaining[i], _mm256_sub_epi16(_mm256_setzero_si256(), remaining[i]));
      const auto place = _mm256_srli_epi16(_mm256_mullo_epi16(first, _mm256_set1_epi16(de_bruijn)), 12);
      // The upper byte becomes the entry at place 0, which `base_` takes back.
      auto more = _mm256_shuffle_epi8(low, place);
      if constexpr (is_wide) {
        const auto high = _mm256_shuffle_epi8(spread(all_->high_leaves_[tree.index]), place);
        more = _mm256_add_epi16(more, _mm256_slli_epi16(high, 8));
      }
      _mm256_store_si256(totals + i, _mm256_add_epi16(_mm256_load_si256(totals + i), more));
    }
  }
}

template <typename Steps>
[[gnu::always_inline]] inline void SettledTrees::sum_lanes(const FeatureLanes* features, FeatureLanes& sums,
                                                           std::size_t lanes) const {
  if (all_->is_wide_) return sum_registers<Steps, tree_lanes / 16, true>(features, sums);
  switch ((lanes + 15) / 16) {
    case 1: return sum_registers<Steps, 1, false>(features, sums);
    case 2: return sum_registers<Steps, 2, false>(features, sums);
    case 3: return sum_registers<Steps, 3, false>(features, sums);
    case 4: return sum_registers<Steps, 4, false>(features, sums);
    case 5: return sum_registers<Steps, 5, false>(features, sums);
    case 6: return sum_registers<Steps, 6, false>(features, sums);
    case 7: return sum_registers<Steps, 7, false>(features, sums);
    default: return sum_registers<Steps, 8, false>(features, sums);
  }
}

void SettledTrees::sum_avx2(const FeatureLanes* features, FeatureLanes& sums, std::size_t lanes) const {
  sum_lanes<Avx2>(features, sums, lanes);
}

[[GRISTMILL_AVX512]] void SettledTrees::sum_avx512(const FeatureLanes* features, FeatureLanes& sums,
                                                   std::size_t lanes) const {
  sum_lanes<Avx512>(features, sums, lanes);
}

void SettledTrees::sum(std::span<const FeatureLanes> features, FeatureLanes& sums, std::size_t lanes,
                       SimdLevel level) const {
  if (level == SimdLevel::avx512) return sum_avx512(features.data(), sums, lanes);
  sum_avx2(features.data(), sums, lanes);
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
