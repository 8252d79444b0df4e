// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace gristmill::kernels {

/// Beginning of a known name in lower case as a number, to be compared with names in any letter case at once.
struct NameKey {
  std::uint64_t bytes = 0;  ///< The first eight, zeros behind a shorter name.
  std::uint64_t fold = 0;   ///< The bits that tell small letters from capitals, where the name has letters.
};

constexpr NameKey name_key(std::string_view lower_name) {
  NameKey key;
  for (std::size_t i = 0; i < std::min<std::size_t>(lower_name.size(), 8); ++i) {
    key.bytes |= std::uint64_t{static_cast<unsigned char>(lower_name[i])} << 8 * i;
    if (lower_name[i] >= 'a' && lower_name[i] <= 'z') key.fold |= std::uint64_t{0x20} << 8 * i;
  }
  return key;
}

/// The first eight bytes of a name as written. What stands up to `readable_end` may be looked at.
inline std::uint64_t name_bytes(std::string_view name, const char* readable_end) noexcept {
  std::uint64_t bytes = 0;
  if (readable_end - name.data() < 8) {
    std::memcpy(&bytes, name.data(), name.size());
    return bytes;
  }
  std::memcpy(&bytes, name.data(), sizeof bytes);
  return name.size() < 8 ? bytes & ((std::uint64_t{1} << 8 * name.size()) - 1) : bytes;
}

constexpr bool matches(const NameKey& key, std::uint64_t name) noexcept { return (name | key.fold) == key.bytes; }

/// Place in a table of 2^bits slots; letters of both cases have one place. The multiplier was searched for: it gives
/// the 17 attributes places of their own among 64, and nearly all elements among 512.
constexpr std::size_t name_slot(std::uint64_t name, int bits) noexcept {
  return ((name | 0x2020202020202020u) * 0x0A901CC49284F641u) >> (64 - bits);
}

/// True when two names are equal, ASCII letters in either case.
inline bool same_letters(std::string_view name, std::string_view lower_name) noexcept {
  return std::ranges::equal(name, lower_name, {},
                            [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
}

}  // namespace gristmill::kernels
