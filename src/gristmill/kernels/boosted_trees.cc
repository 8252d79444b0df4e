// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/boosted_trees.h"

#include <immintrin.h>

#include <cstring>
#include <limits>

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
      if (edge == std::numeric_limits<std::int16_t>::max()) continue;  // Nothing is above.
      const auto left_leaves = (1u << end) - (1u << first);
      nodes_.push_back({static_cast<std::uint32_t>(feature * sizeof(FeatureLanes)),
                        twice(static_cast<std::uint16_t>(edge + 1)), twice(~left_leaves & 0xFFFF)});
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

template <std::size_t registers>
void BoostedTrees::sum_registers(const FeatureLanes* features, FeatureLanes& sums) const {
  const auto even_places = _mm256_set1_epi16(static_cast<std::int16_t>(0x8000));  // Bit 7: the byte becomes 0.
  __m256i total[registers];
  for (auto& lanes : total) lanes = _mm256_setzero_si256();
  const auto* node = nodes_.data();
  for (const auto& tree : trees_) {
    __m256i remaining[registers];
    for (auto& lanes : remaining) lanes = _mm256_set1_epi16(-1);
    for (const auto* const end = nodes_.data() + tree.nodes_end; node != end; ++node) {
      const auto* values = reinterpret_cast<const __m256i*>(reinterpret_cast<const char*>(features) + node->feature);
      const auto above = spread(node->above);
      const auto stays = spread(node->stays);
      for (std::size_t i = 0; i < registers; ++i) {
        const auto is_not_above = _mm256_cmpgt_epi16(above, _mm256_load_si256(values + i));
        remaining[i] = _mm256_and_si256(remaining[i], _mm256_or_si256(is_not_above, stays));
      }
    }
    for (std::size_t i = 0; i < registers; ++i) {
      const auto first = _mm256_and_si256(remaining[i], _mm256_sub_epi16(_mm256_setzero_si256(), remaining[i]));
      const auto place = _mm256_srli_epi16(_mm256_mullo_epi16(first, _mm256_set1_epi16(de_bruijn)), 12);
      const auto low = _mm256_shuffle_epi8(spread(tree.leaves_low), _mm256_or_si256(place, even_places));
      const auto high = _mm256_shuffle_epi8(spread(tree.leaves_high), place);
      total[i] = _mm256_adds_epi16(total[i], _mm256_or_si256(low, _mm256_slli_epi16(high, 8)));
    }
  }
  for (std::size_t i = 0; i < registers; ++i)
    _mm256_store_si256(reinterpret_cast<__m256i*>(sums.values.data()) + i, total[i]);
}

void BoostedTrees::sum(std::span<const FeatureLanes> features, FeatureLanes& sums, std::size_t lanes) const {
  switch ((lanes + 15) / 16) {
    case 1: return sum_registers<1>(features.data(), sums);
    case 2: return sum_registers<2>(features.data(), sums);
    case 3: return sum_registers<3>(features.data(), sums);
    default: return sum_registers<4>(features.data(), sums);
  }
}

void put_side_by_side(std::span<const std::int16_t> rows, std::size_t stride, std::span<FeatureLanes> lanes) {
  for (std::size_t row = 0; row * stride < rows.size(); row += 8) {
    for (std::size_t feature = 0; feature < lanes.size(); feature += 8) {
      const auto* from = rows.data() + row * stride + feature;
      const auto at = [&](std::size_t i) {
        return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i * stride));
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
        const auto put = [&](std::size_t offset, __m128i values) {
          _mm_store_si128(reinterpret_cast<__m128i*>(lanes[feature + 2 * i + offset].values.data() + row), values);
        };
        put(0, _mm_unpacklo_epi64(fours[i], fours[i + 4]));
        put(1, _mm_unpackhi_epi64(fours[i], fours[i + 4]));
      }
    }
  }
}

}  // namespace gristmill::kernels
