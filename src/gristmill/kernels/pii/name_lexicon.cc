// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/pii/name_lexicon.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "gristmill/kernels/pii/context.h"

namespace gristmill::kernels::pii {
namespace {

/// A Bloom filter of words, each with its flag: six bits a character of the base64 alphabet, least significant first
/// (tools/training/names/lexicon.py).
constexpr std::string_view coded_filter =
#include "gristmill/kernels/pii/name_lexicon.inc"
    ;
constexpr unsigned filter_bits = 19;
constexpr unsigned probes = 4;
constexpr std::size_t word_bytes_max = 24;
static_assert(coded_filter.size() == ((std::size_t{1} << filter_bits) + 5) / 6);

std::uint32_t place_of(char c) noexcept {
  if (is_upper(c)) return static_cast<std::uint32_t>(c - 'A');
  if (c >= 'a' && c <= 'z') return static_cast<std::uint32_t>(c - 'a' + 26);
  if (is_digit(c)) return static_cast<std::uint32_t>(c - '0' + 52);
  return c == '+' ? 62 : 63;
}

using Filter = std::array<std::uint32_t, (std::size_t{1} << filter_bits) / 32 + 1>;

const Filter& filter() {
  static const Filter table = [] {
    Filter decoded{};
    for (std::size_t i = 0; i < coded_filter.size(); ++i) {
      const auto six = static_cast<std::uint64_t>(place_of(coded_filter[i])) << (i * 6 % 32);
      decoded[i * 6 / 32] |= static_cast<std::uint32_t>(six);
      if (six >> 32 != 0) decoded[i * 6 / 32 + 1] |= static_cast<std::uint32_t>(six >> 32);
    }
    return decoded;
  }();
  return table;
}

/// Hash of a word in small letters without apostrophes.
std::uint64_t hash_of(std::string_view word) noexcept {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : word.substr(0, word_bytes_max)) {
    if (c == '\'') continue;
    hash = (hash ^ static_cast<unsigned char>(is_upper(c) ? c + 32 : c)) * 1099511628211ULL;
  }
  return hash;
}

bool has_flag(const Filter& table, std::uint64_t hash, unsigned flag) noexcept {
  hash = (hash ^ flag) * 0x9E3779B97F4A7C15ULL;
  hash ^= hash >> 29;
  const auto first = static_cast<std::uint32_t>(hash);
  const auto step = static_cast<std::uint32_t>(hash >> 32) | 1;
  for (std::uint32_t i = 0; i < probes; ++i) {
    const auto bit = (first + i * step) >> (32 - filter_bits);
    if ((table[bit / 32] >> (bit % 32) & 1) == 0) return false;
  }
  return true;
}

}  // namespace

unsigned name_flags(std::string_view word) noexcept {
  const auto& table = filter();
  const auto hash = hash_of(word);
  unsigned flags = 0;
  for (const unsigned flag : {given_name, family_name, ordinary_word, place_name}) {
    if (has_flag(table, hash, flag)) flags |= flag;
  }
  const auto hyphen = word.rfind('-');
  if (flags == 0 && hyphen != std::string_view::npos) return name_flags(word.substr(hyphen + 1));
  return flags;
}

bool is_han_word(std::string_view pair) noexcept {
  constexpr std::size_t two_characters = 6;
  return pair.size() == two_characters && has_flag(filter(), hash_of(pair), han_word);
}

}  // namespace gristmill::kernels::pii
