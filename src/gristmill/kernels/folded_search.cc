// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/folded_search.h"

#include <immintrin.h>

#include <bit>
#include <cstdint>
#include <string>

namespace gristmill::kernels {
namespace {

/// Beside the ASCII letters, the one character whose lower case holds one is the Kelvin sign. (The capital I with a dot
/// becomes an i and a combining dot, which only matters behind a final i.)
constexpr std::string_view kelvin_sign = "\u212A";

char folded(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

bool equals_folded(const char* text, std::string_view phrase) {
  for (std::size_t i = 0; i < phrase.size(); ++i)
    if (folded(text[i]) != phrase[i]) return false;
  return true;
}

bool contains_ascii(std::string_view text, std::string_view phrase) {
  if (text.size() < phrase.size()) return false;
  const auto places = text.size() - phrase.size() + 1;
  const auto last = phrase.size() - 1;
  // Setting this bit makes capitals small, and what else it changes is found out by the comparison.
  const auto case_bit = _mm256_set1_epi8(0x20);
  const auto first_byte = _mm256_set1_epi8(static_cast<char>(phrase.front() | 0x20));
  const auto last_byte = _mm256_set1_epi8(static_cast<char>(phrase.back() | 0x20));
  std::size_t at = 0;
  for (; at + 32 <= places; at += 32) {
    const auto load = [&](std::size_t from) {
      return _mm256_or_si256(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(text.data() + from)), case_bit);
    };
    const auto both = _mm256_and_si256(_mm256_cmpeq_epi8(load(at), first_byte),
                                       _mm256_cmpeq_epi8(load(at + last), last_byte));
    auto hits = static_cast<std::uint32_t>(_mm256_movemask_epi8(both));
    for (; hits != 0; hits &= hits - 1)
      if (equals_folded(text.data() + at + static_cast<std::size_t>(std::countr_zero(hits)), phrase)) return true;
  }
  for (; at < places; ++at)
    if (equals_folded(text.data() + at, phrase)) return true;
  return false;
}

}  // namespace

bool contains_folded(std::string_view text, std::string_view phrase) {
  if (contains_ascii(text, phrase)) return true;
  if (phrase.find('k') == std::string_view::npos || !contains_ascii(text, kelvin_sign)) return false;
  std::string plain;
  for (std::size_t at = 0; at < text.size();) {
    const bool is_kelvin = text.substr(at).starts_with(kelvin_sign);
    plain += is_kelvin ? 'k' : text[at];
    at += is_kelvin ? kelvin_sign.size() : 1;
  }
  return contains_ascii(plain, phrase);
}

}  // namespace gristmill::kernels
