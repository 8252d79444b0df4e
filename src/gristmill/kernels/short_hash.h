// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <immintrin.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "gristmill/kernels/letter_words.h"

namespace gristmill::kernels {

/// Hash of a short text without branches but its loop: 16 bytes at a time, multiplied and the halves of the product
/// joined. `readable_bytes` behind the text must be readable; they do not count.
inline std::uint64_t short_hash(std::string_view text) noexcept {
  constexpr std::uint64_t first_odd = 0x9E3779B97F4A7C15u;
  constexpr std::uint64_t second_odd = 0xD6E8FEB86659FD93u;
  const auto joined = [](std::uint64_t a, std::uint64_t b) {
    unsigned long long upper = 0;
    const auto lower = _mulx_u64(a, b, &upper);
    return static_cast<std::uint64_t>(lower ^ upper);
  };
  const auto eight = [](const char* at) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, at, sizeof bytes);
    return bytes;
  };
  auto hash = text.size() * first_odd;
  const char* at = text.data();
  auto left = text.size();
  for (; left > 16; left -= 16, at += 16) hash = joined(eight(at) ^ first_odd, eight(at + 8) ^ hash);
  const auto low = first_bytes(eight(at), std::min<std::size_t>(left, 8));
  const auto high = first_bytes(eight(at + 8), left > 8 ? left - 8 : 0);
  hash = joined(low ^ first_odd, high ^ hash);
  return joined(hash ^ second_odd, first_odd);
}

}  // namespace gristmill::kernels
