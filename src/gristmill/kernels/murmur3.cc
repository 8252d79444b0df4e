// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/murmur3.h"

#include <bit>
#include <cstring>

namespace gristmill::kernels {
namespace {

constexpr std::uint32_t first_factor = 0xCC9E2D51;
constexpr std::uint32_t second_factor = 0x1B873593;

std::uint32_t scramble(std::uint32_t block) { return std::rotl(block * first_factor, 15) * second_factor; }

}  // namespace

std::uint32_t murmur3_32(std::string_view bytes, std::uint32_t seed) noexcept {
  std::uint32_t hash = seed;
  std::size_t at = 0;
  for (; at + 4 <= bytes.size(); at += 4) {
    std::uint32_t block = 0;
    std::memcpy(&block, bytes.data() + at, sizeof block);
    hash = std::rotl(hash ^ scramble(block), 13) * 5 + 0xE6546B64;
  }
  std::uint32_t tail = 0;
  for (std::size_t i = bytes.size(); i > at; --i) tail = tail << 8 | static_cast<unsigned char>(bytes[i - 1]);
  hash ^= scramble(tail);
  hash ^= static_cast<std::uint32_t>(bytes.size());
  hash = (hash ^ hash >> 16) * 0x85EBCA6B;
  hash = (hash ^ hash >> 13) * 0xC2B2AE35;
  return hash ^ hash >> 16;
}

}  // namespace gristmill::kernels
