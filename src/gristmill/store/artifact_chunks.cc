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
/// A chunk ends behind a byte where the hash is below a limit: its highest bits, which depend on the last 64 bytes,
/// are zero then.
constexpr std::uint64_t rare_limit = std::uint64_t{1} << (64 - (mean_bits + 2));
constexpr std::uint64_t frequent_limit = std::uint64_t{1} << (64 - (mean_bits - 2));
constexpr std::size_t window = 64;
constexpr std::size_t npos = std::string_view::npos;

std::uint64_t next_hash(std::uint64_t hash, const char* byte) noexcept {
  return (hash << 1) + gears[static_cast<unsigned char>(*byte)];
}

/// The first place in [begin, end), itself a window from the start, where the hash is below the limit.
std::size_t find_plain(const char* bytes, std::size_t begin, std::size_t end, std::uint64_t limit) noexcept {
  std::uint64_t hash = 0;
  for (std::size_t i = begin - window; i < begin; ++i) hash = next_hash(hash, bytes + i);
  for (std::size_t i = begin; i < end; ++i) {
    hash = next_hash(hash, bytes + i);
    if (hash < limit) return i;
  }
  return npos;
}

constexpr std::size_t strips = 4;
constexpr std::size_t strip_bytes = 2048;

/// True when the hash is below the limit anywhere in as many bytes. Each hash needs the one before it, and a processor
/// that waits for it does little else: so it walks down several strips at once, after the window in front of each.
bool is_anywhere(const char* bytes, std::uint64_t limit) noexcept {
  std::uint64_t hash[strips] = {};
  for (std::size_t i = 0; i < window; ++i) {
    for (std::size_t k = 0; k < strips; ++k) hash[k] = next_hash(hash[k], bytes + k * strip_bytes + i - window);
  }
  constexpr std::size_t line_bytes = 64;
  constexpr std::size_t unrolled = 8;
  for (std::size_t i = 0; i < strip_bytes; i += unrolled) {
    // Too many streams for the processor to see where each one goes.
    for (std::size_t k = 0; i % line_bytes == 0 && k < strips; ++k)
      __builtin_prefetch(bytes + (strips + k) * strip_bytes + i);
#pragma GCC unroll 8
    for (std::size_t step = 0; step < unrolled; ++step) {
#pragma GCC unroll 4
      for (std::size_t k = 0; k < strips; ++k) {
        hash[k] = next_hash(hash[k], bytes + k * strip_bytes + i + step);
        if (hash[k] < limit) [[unlikely]]
          return true;
      }
    }
  }
  return false;
}

std::size_t find(const char* bytes, std::size_t begin, std::size_t end, std::uint64_t limit) noexcept {
  constexpr auto step = strips * strip_bytes;
  for (; begin + step <= end; begin += step) {
    if (is_anywhere(bytes + begin, limit)) return find_plain(bytes, begin, begin + step, limit);
  }
  return find_plain(bytes, begin, end, limit);
}

}  // namespace

std::size_t chunk_length(std::string_view bytes) noexcept {
  if (bytes.size() <= chunk_bytes_min) return bytes.size();
  const auto end = std::min(bytes.size(), chunk_bytes_max);
  const auto middle = std::min(end, chunk_bytes_mean);
  auto last = find(bytes.data(), chunk_bytes_min, middle, rare_limit);
  if (last == npos) last = find(bytes.data(), middle, end, frequent_limit);
  return last == npos ? end : last + 1;
}

}  // namespace gristmill::store
