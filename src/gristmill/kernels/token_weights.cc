// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/token_weights.h"

namespace gristmill::kernels {
namespace {

/// Sixteen bytes for a shuffle.
struct alignas(16) Shuffle {
  std::array<std::uint8_t, 16> from{};
};

__m256i load(const std::uint32_t* at) noexcept { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)); }

__m256i pair_hashes(__m256i first, __m256i second) noexcept {
  const auto turned = _mm256_or_si256(_mm256_slli_epi32(first, 7), _mm256_srli_epi32(first, 25));
  const auto mixed = _mm256_mullo_epi32(_mm256_xor_si256(turned, second),
                                        _mm256_set1_epi32(static_cast<int>(0x85EBCA6Bu)));
  return _mm256_add_epi32(mixed, _mm256_set1_epi32(1));
}

}  // namespace

TokenWeights::TokenWeights(std::span<const std::int8_t> weights)
    : weights_(std::make_unique_for_overwrite<std::int8_t[]>(token_slot_count)) {
  static_assert(turns[0] == 1 && turns[1] == 2 && turns[2] == 7 && turns[3] == 4 && turns[4] == 8);
  for (std::size_t slot = 0; slot < token_slot_count; ++slot)
    weights_[slot / line * line + ordered[slot % line]] = weights[slot];
}

void TokenPlaces::find(const TokenHashes& hashes) noexcept {
  // One or two words, as most values have, are done before the registers are set up.
  if (hashes.size() <= 2) {
    count_ = 0;
    for (const auto hash : hashes) push_back(hash);
    if (hashes.size() == 2) push_back(token_pair_hash(hashes.begin()[0], hashes.begin()[1]));
    return;
  }
  find_many(hashes);
}

void TokenPlaces::find_many(const TokenHashes& hashes) noexcept {
  // The new order is linear in the bits of the old one, so that two small tables make it.
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
  const auto spread = [](const Shuffle& table) {
    return _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(table.from.data())));
  };
  const auto low_order = spread(low_bits);
  const auto high_order = spread(high_bits);
  const auto put = [&](std::size_t at, __m256i hash) {
    const auto mixed = _mm256_mullo_epi32(_mm256_xor_si256(hash, _mm256_srli_epi32(hash, 15)),
                                          _mm256_set1_epi32(static_cast<int>(0x9E3779B1u)));
    const auto place = _mm256_srli_epi32(mixed, 16);
    // The upper bytes of a lane look at the first entry, which is 0.
    const auto low = _mm256_shuffle_epi8(low_order, _mm256_and_si256(place, _mm256_set1_epi32(15)));
    const auto high = _mm256_shuffle_epi8(high_order,
                                          _mm256_and_si256(_mm256_srli_epi32(place, 4), _mm256_set1_epi32(3)));
    const auto first = _mm256_and_si256(place, _mm256_set1_epi32(~63));
    const auto all = _mm256_or_si256(first, _mm256_xor_si256(low, high));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(places_.data() + at), all);
  };
  const auto count = hashes.size();
  for (std::size_t i = 0; i < count; i += 8) put(i, load(hashes.begin() + i));
  for (std::size_t i = 0; i + 1 < count; i += 8)
    put(count + i, pair_hashes(load(hashes.begin() + i), load(hashes.begin() + i + 1)));
  count_ = 2 * count - 1;
}

BandSums TokenWeights::sums(const TokenPlaces& places) const noexcept {
  constexpr auto shuffles = [] {
    std::array<Shuffle, 16> all{};
    for (std::uint8_t place = 0; place < 16; ++place) {
      all[place].from.fill(0x80);
      for (std::size_t band = 0; band < near_bands; ++band)
        all[place].from[band] = static_cast<std::uint8_t>(place ^ turns[band]);
    }
    return all;
  }();
  auto sums = _mm256_setzero_si256();
  for (const auto place : places) {
    const auto* const around = weights_.get() + (place & ~15u);
    const auto bytes = _mm_shuffle_epi8(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(around)),
        _mm_load_si128(reinterpret_cast<const __m128i*>(shuffles[place & 15].from.data())));
    sums = _mm256_add_epi32(sums, _mm256_cvtepi8_epi32(bytes));
  }
  BandSums out;
  _mm256_store_si256(reinterpret_cast<__m256i*>(out.of_band.data()), sums);
  return out;
}

}  // namespace gristmill::kernels
