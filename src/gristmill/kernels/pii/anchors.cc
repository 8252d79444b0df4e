// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/pii/anchors.h"

#include <immintrin.h>

#include <array>
#include <cstring>

#include "gristmill/kernels/pii/secrets.h"

namespace gristmill::kernels::pii {
namespace {

/// Bytes read for a block: heads that start at its end reach beyond it.
constexpr std::size_t window_bytes = block_bytes + 2;

/// For each place of a head and each half of a byte: the buckets (eight, one bit each) whose heads have such a byte
/// there. Three bytes may belong to a head when some bucket is left after all six (the filter of Hyperscan's Teddy).
struct Nibbles {
  std::array<std::array<std::uint8_t, 16>, 3> low{};
  std::array<std::array<std::uint8_t, 16>, 3> high{};
};

constexpr Nibbles nibbles = [] {
  Nibbles table;
  for (std::size_t i = 0; i < secret_heads.size(); ++i) {
    // Neighbours in the list begin alike, so that buckets stay narrow.
    const auto bucket = static_cast<std::uint8_t>(1U << (i * 8 / secret_heads.size()));
    for (std::size_t place = 0; place < 3; ++place) {
      const auto byte = static_cast<unsigned char>(secret_heads[i][place]);
      table.low[place][byte & 15] |= bucket;
      table.high[place][byte >> 4] |= bucket;
    }
  }
  return table;
}();

Anchors anchors_scalar(const char* in) noexcept {
  Anchors anchors;
  for (std::size_t i = 0; i < block_bytes; ++i) {
    const std::uint64_t bit = std::uint64_t{1} << i;
    if (in[i] == '@') anchors.at |= bit;
    if (in[i] == ':') anchors.colon |= bit;
    if (in[i] == '=') anchors.equals |= bit;
    if (is_digit(in[i])) anchors.digit |= bit;
    unsigned buckets = 255;
    for (std::size_t place = 0; place < 3; ++place) {
      const auto byte = static_cast<unsigned char>(in[i + place]);
      buckets &= nibbles.low[place][byte & 15] & nibbles.high[place][byte >> 4];
    }
    if (buckets != 0) anchors.head |= bit;
  }
  return anchors;
}

__m256i table_of(const std::array<std::uint8_t, 16>& bytes) noexcept {
  return _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes.data())));
}

std::uint32_t heads_of(const char* in) noexcept {
  const __m256i low_half = _mm256_set1_epi8(15);
  __m256i buckets = _mm256_set1_epi8(-1);
  for (std::size_t place = 0; place < 3; ++place) {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(in + place));
    const __m256i low = _mm256_shuffle_epi8(table_of(nibbles.low[place]), _mm256_and_si256(bytes, low_half));
    const __m256i high_bytes = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), low_half);
    buckets = _mm256_and_si256(buckets,
                               _mm256_and_si256(low, _mm256_shuffle_epi8(table_of(nibbles.high[place]), high_bytes)));
  }
  return ~static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(buckets, _mm256_setzero_si256())));
}

std::uint64_t bits(__m256i low, __m256i high) noexcept {
  return static_cast<std::uint32_t>(_mm256_movemask_epi8(low)) |
         (static_cast<std::uint64_t>(static_cast<std::uint32_t>(_mm256_movemask_epi8(high))) << 32);
}

Anchors anchors_avx2(const char* in) noexcept {
  const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(in));
  const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(in + 32));
  const auto equal = [&](char c) {
    const __m256i wanted = _mm256_set1_epi8(c);
    return bits(_mm256_cmpeq_epi8(low, wanted), _mm256_cmpeq_epi8(high, wanted));
  };
  const auto digits = [](__m256i bytes) {
    return _mm256_and_si256(_mm256_cmpgt_epi8(bytes, _mm256_set1_epi8('0' - 1)),
                            _mm256_cmpgt_epi8(_mm256_set1_epi8('9' + 1), bytes));
  };
  return {.at = equal('@'),
          .colon = equal(':'),
          .equals = equal('='),
          .digit = bits(digits(low), digits(high)),
          .head = heads_of(in) | static_cast<std::uint64_t>(heads_of(in + 32)) << 32};
}

}  // namespace

Anchors anchors_at(std::string_view text, std::size_t begin, SimdLevel level) noexcept {
  const auto anchors = level == SimdLevel::scalar ? anchors_scalar : anchors_avx2;
  if (text.size() - begin >= window_bytes) return anchors(text.data() + begin);
  std::array<char, window_bytes> tail{};
  std::memcpy(tail.data(), text.data() + begin, text.size() - begin);
  auto found = anchors(tail.data());
  if (text.size() - begin < block_bytes) {
    const std::uint64_t inside = (std::uint64_t{1} << (text.size() - begin)) - 1;
    found.head &= inside;
  }
  return found;
}

}  // namespace gristmill::kernels::pii
