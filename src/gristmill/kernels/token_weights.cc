// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/token_weights.h"

#include <algorithm>

namespace gristmill::kernels {
namespace {

/// Sixteen bytes for a shuffle.
struct alignas(16) Shuffle {
  std::array<std::uint8_t, 16> from{};
};

/// By a place in its 16 bytes: takes the weights of neighbouring bands out of them.
using Shuffles = std::array<Shuffle, 16>;

__m128i load(const void* at) noexcept { return _mm_loadu_si128(static_cast<const __m128i*>(at)); }

}  // namespace

TokenWeights::TokenWeights(std::span<const std::int8_t> weights)
    : weights_(std::make_unique<std::int8_t[]>(token_slot_count + near)) {
  static_assert(std::ranges::all_of(std::array{0, 1, 2, 3, 4, 5, 6, 7, 8},
                                    [](std::size_t band) { return ordered[(band + 1) * 7] < near; }));
  for (std::size_t slot = 0; slot < token_slot_count; ++slot)
    weights_[slot / line * line + ordered[slot % line]] = weights[slot];
}

TokenPlacer::TokenPlacer() noexcept {
  // The order is linear in the bits of a slot, so that two small tables make it.
  constexpr auto low_bits = [] {
    Shuffle table;
    for (std::size_t i = 0; i < 16; ++i) table.from[i] = TokenWeights::ordered[i];
    return table;
  }();
  constexpr auto high_bits = [] {
    Shuffle table;
    for (std::size_t i = 0; i < 4; ++i) table.from[i] = TokenWeights::ordered[16 * i];
    return table;
  }();
  low_order_ = _mm256_broadcastsi128_si256(load(low_bits.from.data()));
  high_order_ = _mm256_broadcastsi128_si256(load(high_bits.from.data()));
}

BandSums TokenWeights::at(std::uint32_t place, std::size_t first_band) const noexcept {
  std::array<BandSums, 2> sums{};
  add_up({&place, 1}, {&empty_place, 1}, first_band, sums.data());
  return sums[1];
}

void TokenWeights::add_up(std::span<const std::uint32_t> words, std::span<const std::uint32_t> pairs,
                          std::size_t first_band, BandSums* sums) const noexcept {
  static constexpr auto shuffles_from = [](std::size_t first, std::size_t end) {
    Shuffles all{};
    for (std::uint8_t place = 0; place < near; ++place) {
      all[place].from.fill(0x80);  // Nothing.
      for (auto band = first; band < end; ++band)
        all[place].from[band - first] = static_cast<std::uint8_t>(place ^ ordered[(band + 1) * 7]);
    }
    return all;
  };
  static constexpr std::array<Shuffles, 2> shuffles{shuffles_from(0, text_bands),
                                                    shuffles_from(text_bands, token_band_max)};
  const auto& take = shuffles[first_band == 0 ? 0 : 1];
  const auto* const weights = weights_.get();
  const auto of = [&](std::uint32_t place) {
    const auto all = load(weights + (place & ~(near - 1)));
    return _mm_cvtepi8_epi16(_mm_shuffle_epi8(all, load(take[place % near].from.data())));
  };
  // Between two pages the table leaves the near caches; its lines are asked for well before they are needed.
  constexpr std::size_t ahead = 24;
  auto sum = load(sums);
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto soon = std::min(i + ahead, words.size() - 1);
    _mm_prefetch(reinterpret_cast<const char*>(weights + words[soon]), _MM_HINT_T0);
    _mm_prefetch(reinterpret_cast<const char*>(weights + pairs[soon]), _MM_HINT_T0);
    sum = _mm_add_epi16(sum, _mm_add_epi16(of(words[i]), of(pairs[i])));
    _mm_store_si128(reinterpret_cast<__m128i*>(sums + i + 1), sum);
  }
}

}  // namespace gristmill::kernels
