// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/artifact_chunks.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace gristmill::store {
namespace {

/// One number a byte value, by SplitMix64 from 1: part of the format, since it decides where chunks end.
constexpr auto gears = [] {
  std::array<std::uint64_t, 256> numbers{};
  std::uint64_t state = 1;
  for (auto& number : numbers) {
    std::uint64_t value = (state += 0x9E3779B97F4A7C15U);
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9U;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBU;
    number = value ^ (value >> 31);
  }
  return numbers;
}();

constexpr int mean_bits = 19;
static_assert(chunk_bytes_mean == std::size_t{1} << mean_bits);
/// The highest bits of the hash depend on the last 64 bytes, the lowest on fewer.
constexpr std::uint64_t rare_mask = ~std::uint64_t{0} << (64 - (mean_bits + 2));
constexpr std::uint64_t frequent_mask = ~std::uint64_t{0} << (64 - (mean_bits - 2));
constexpr std::size_t window = 64;

/// The first place in [begin, end) behind which the mask's bits are zero, or `end`.
std::size_t find_boundary(std::string_view bytes, std::size_t begin, std::size_t end, std::uint64_t mask,
                          std::uint64_t& hash) noexcept {
  std::uint64_t value = hash;
  for (std::size_t i = begin; i < end; ++i) {
    value = (value << 1) + gears[static_cast<unsigned char>(bytes[i])];
    if ((value & mask) == 0) {
      hash = value;
      return i + 1;
    }
  }
  hash = value;
  return end;
}

}  // namespace

std::size_t chunk_length(std::string_view bytes) noexcept {
  if (bytes.size() <= chunk_bytes_min) return bytes.size();
  const auto end = std::min(bytes.size(), chunk_bytes_max);
  const auto middle = std::min(end, chunk_bytes_mean);
  std::uint64_t hash = 0;
  // Bytes further back than the window have left the hash.
  for (std::size_t i = chunk_bytes_min - window; i < chunk_bytes_min; ++i)
    hash = (hash << 1) + gears[static_cast<unsigned char>(bytes[i])];
  const auto early = find_boundary(bytes, chunk_bytes_min, middle, rare_mask, hash);
  if (early < middle || (hash & rare_mask) == 0) return early;
  return find_boundary(bytes, middle, end, frequent_mask, hash);
}

}  // namespace gristmill::store
