// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/boosted_trees.h"

#include <immintrin.h>

#include <cstring>

namespace gristmill::kernels {
namespace {

constexpr std::size_t leaves_max = 16;

/// A de Bruijn sequence: the upper four bits of its product with a power of two are different for each power.
constexpr std::uint16_t de_bruijn = 0x09AF;

constexpr std::size_t leaf_place(std::size_t leaf) noexcept {
  return static_cast<std::uint16_t>(de_bruijn << leaf) >> 12;
}

constexpr std::uint32_t twice(std::uint32_t half) noexcept { return (half & 0xFFFF) | half << 16; }

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

bool BoostedTrees::read(std::string_view& bytes, std::size_t tree_count, std::size_t feature_count) {
  for (std::size_t t = 0; t < tree_count; ++t) {
    std::uint8_t leaf_count = 0;
    if (!take(bytes, leaf_count) || leaf_count == 0 || leaf_count > leaves_max) return false;
    for (std::uint8_t i = 1; i < leaf_count; ++i) {
      std::array<std::uint8_t, 3> place{};
      std::int16_t edge = 0;
      if (!take(bytes, place) || !take(bytes, edge)) return false;
      const auto [feature, first, end] = place;
      if (feature >= feature_count || first >= end || end >= leaf_count) return false;
      nodes_.push_back({feature, twice(static_cast<std::uint16_t>(edge)), twice((1u << end) - (1u << first))});
    }
    Tree tree{static_cast<std::uint32_t>(nodes_.size()), {}, {}};
    for (std::uint8_t i = 0; i < leaf_count; ++i) {
      std::int16_t leaf = 0;
      if (!take(bytes, leaf)) return false;
      tree.leaves_low[leaf_place(i)] = static_cast<std::uint8_t>(leaf);
      tree.leaves_high[leaf_place(i)] = static_cast<std::uint8_t>(leaf >> 8);
    }
    trees_.push_back(tree);
  }
  return true;
}

void BoostedTrees::sum(std::span<const FeatureLanes> features, FeatureLanes& sums) const {
  const auto even_places = _mm256_set1_epi16(static_cast<std::int16_t>(0x8000));  // Bit 7: the byte becomes 0.
  auto total = _mm256_setzero_si256();
  const auto* node = nodes_.data();
  for (const auto& tree : trees_) {
    auto remaining = _mm256_set1_epi16(-1);
    for (const auto* const end = nodes_.data() + tree.nodes_end; node != end; ++node) {
      const auto values = _mm256_load_si256(reinterpret_cast<const __m256i*>(features[node->feature].values.data()));
      const auto is_above = _mm256_cmpgt_epi16(values, spread(node->edge));
      remaining = _mm256_andnot_si256(_mm256_and_si256(is_above, spread(node->left_leaves)), remaining);
    }
    const auto first = _mm256_and_si256(remaining, _mm256_sub_epi16(_mm256_setzero_si256(), remaining));
    const auto place = _mm256_srli_epi16(_mm256_mullo_epi16(first, _mm256_set1_epi16(de_bruijn)), 12);
    const auto low = _mm256_shuffle_epi8(spread(tree.leaves_low), _mm256_or_si256(place, even_places));
    const auto high = _mm256_shuffle_epi8(spread(tree.leaves_high), place);
    const auto leaf = _mm256_or_si256(low, _mm256_slli_epi16(high, 8));
    total = _mm256_adds_epi16(total, leaf);
  }
  _mm256_store_si256(reinterpret_cast<__m256i*>(sums.values.data()), total);
}

}  // namespace gristmill::kernels
