// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/byte_search.h"

#include <immintrin.h>

#include <bit>

namespace gristmill::kernels {
namespace {

constexpr std::size_t lane_bytes = 32;

__m256i load(const char* bytes) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes)); }

bool is_json_special(char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20; }

}  // namespace

std::size_t find_json_special(std::string_view text, std::size_t from) noexcept {
  const auto quote = _mm256_set1_epi8('"');
  const auto backslash = _mm256_set1_epi8('\\');
  const auto last_control = _mm256_set1_epi8(0x1F);
  for (; from + lane_bytes <= text.size(); from += lane_bytes) {
    const auto lane = load(text.data() + from);
    // Unsigned "lane <= 0x1F": the minimum with 0x1F is the byte itself.
    const auto control = _mm256_cmpeq_epi8(_mm256_min_epu8(lane, last_control), lane);
    const auto marks = _mm256_or_si256(_mm256_cmpeq_epi8(lane, quote), _mm256_cmpeq_epi8(lane, backslash));
    const auto mask = static_cast<unsigned>(_mm256_movemask_epi8(_mm256_or_si256(marks, control)));
    if (mask != 0) return from + static_cast<std::size_t>(std::countr_zero(mask));
  }
  while (from < text.size() && !is_json_special(text[from])) ++from;
  return from < text.size() ? from : text.size();
}

std::size_t find_any(std::string_view text, std::size_t from, std::array<char, 4> bytes) noexcept {
  const auto [a, b, c, d] = bytes;
  const std::array lanes{_mm256_set1_epi8(a), _mm256_set1_epi8(b), _mm256_set1_epi8(c), _mm256_set1_epi8(d)};
  for (; from + lane_bytes <= text.size(); from += lane_bytes) {
    const auto lane = load(text.data() + from);
    const auto first = _mm256_or_si256(_mm256_cmpeq_epi8(lane, lanes[0]), _mm256_cmpeq_epi8(lane, lanes[1]));
    const auto second = _mm256_or_si256(_mm256_cmpeq_epi8(lane, lanes[2]), _mm256_cmpeq_epi8(lane, lanes[3]));
    const auto mask = static_cast<unsigned>(_mm256_movemask_epi8(_mm256_or_si256(first, second)));
    if (mask != 0) return from + static_cast<std::size_t>(std::countr_zero(mask));
  }
  while (from < text.size() && text[from] != a && text[from] != b && text[from] != c && text[from] != d) ++from;
  return from < text.size() ? from : text.size();
}

}  // namespace gristmill::kernels
