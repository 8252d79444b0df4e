// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <immintrin.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace gristmill::kernels {

/// The first bytes of a piece as two words, zeros behind them, and its length (255 for all that are longer) in the last
/// byte. Pieces of at most `exact_bytes_max` have a key of their own.
struct PieceKey {
  static constexpr std::size_t exact_bytes_max = 15;
  std::uint64_t low;
  std::uint64_t high;

  /// Of a piece of a text: reads past its end where the text goes on.
  static PieceKey of(std::string_view text, std::size_t begin, std::size_t size) {
    PieceKey key{0, 0};
    const auto shown = size < exact_bytes_max ? size : exact_bytes_max;
    if (begin + sizeof(key) <= text.size()) {
      std::memcpy(&key, text.data() + begin, sizeof(key));
      // An index of 64 or more keeps every bit.
      key.low = _bzhi_u64(key.low, static_cast<unsigned>(8 * shown));
      key.high = _bzhi_u64(key.high, static_cast<unsigned>(8 * (shown < 8 ? 0 : shown - 8)));
    } else {
      std::memcpy(&key, text.data() + begin, shown);
    }
    key.high |= std::uint64_t{size < 255 ? size : 255} << 56;
    return key;
  }
  /// Good in its high half.
  [[nodiscard]] std::uint64_t hash() const { return (low ^ (high * 0xC2B2AE3D27D4EB4FULL)) * 0x9E3779B97F4A7C15ULL; }
};

/// Ids of short tokens by their bytes: one cache line a look-up, whose address is known before the line is needed.
/// Immutable once built. A few tokens find no place and are not found: it saves work, it does not decide.
class ShortTokens {
 public:
  struct Token {
    std::string_view bytes;
    std::uint32_t id = 0;
  };
  static constexpr std::uint32_t none = UINT32_MAX;

  ShortTokens() : ShortTokens(std::span<const Token>()) {}
  /// The first tokens find a place most surely; those over 15 bytes have none.
  explicit ShortTokens(std::span<const Token> tokens);

  /// Where a piece is looked up: an argument of `fetch` and `find`.
  [[nodiscard]] std::uint32_t place(const PieceKey& key) const {
    return static_cast<std::uint32_t>(key.hash() >> shift_);
  }
  void fetch(std::uint32_t place) const { __builtin_prefetch(&lines_[place]); }
  /// The id, or `none`.
  [[nodiscard]] std::uint32_t find(const PieceKey& key, std::uint32_t place) const {
    const auto& line = lines_[place];
    const auto equal = [](const std::uint64_t* words, std::uint64_t wanted) {
      const auto four = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(words));
      return _mm256_cmpeq_epi64(four, _mm256_set1_epi64x(static_cast<long long>(wanted)));
    };
    // The fourth lane is not theirs.
    const auto both = _mm256_and_si256(equal(line.low.data(), key.low), equal(line.high.data(), key.high));
    const auto found = static_cast<unsigned>(_mm256_movemask_pd(_mm256_castsi256_pd(both)));
    return line.ids[_tzcnt_u32((found & 7U) | 8U)];
  }

 private:
  static constexpr std::size_t entries = 3;
  /// Three keys and their ids. No key has 0 as its second word; what is not found has the last id.
  struct alignas(64) Line {
    std::array<std::uint64_t, entries> low{};
    std::array<std::uint64_t, entries> high{};
    std::array<std::uint32_t, entries + 1> ids{none, none, none, none};
  };

  std::vector<Line> lines_;
  unsigned shift_ = 63;
};

}  // namespace gristmill::kernels
