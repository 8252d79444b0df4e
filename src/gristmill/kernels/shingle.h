// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "gristmill/kernels/simd.h"

namespace gristmill::kernels {

/// What a shingle is made of.
enum class ShingleUnit {
  word,  ///< Runs of letters, marks and digits, lower-cased; a code point each in scripts written without spaces.
  character,  ///< Every letter, mark or digit by itself, lower-cased.
};

/// Cuts texts into overlapping n-grams and hashes each to 32 bits. Punctuation, symbols and spaces separate words and
/// have no hash. Chinese, Japanese, Thai, Lao, Khmer and Burmese have no spaces: there, each code point counts as a
/// word, so that a long run is many shingles and not a single word.
///
/// Works in pieces of bounded size whatever the text's length. One object a thread; reuse keeps the buffers.
class Shingler {
 public:
  /// `size` words or characters make a shingle (at least 1).
  Shingler(std::size_t size, ShingleUnit unit, SimdLevel level = simd_level());

  /// Starts on a text of valid UTF-8, which must outlive the calls of `next`.
  void start(std::string_view text) noexcept;
  /// Hashes of the next shingles in text order, or none at the end. The view lives until the next call.
  std::span<const std::uint32_t> next();

 private:
  void normalize_piece();
  void hash_words();
  void roll();

  std::size_t size_;
  ShingleUnit unit_;
  SimdLevel level_;
  std::uint64_t drop_factor_ = 1;  ///< base^(size-1): what the oldest word weighs in the rolling hash.
  std::string_view rest_;  ///< Text not yet normalised.
  std::vector<char> piece_;  ///< Lower-cased words with blanks between; a cut word is carried over.
  std::size_t piece_bytes_ = 0;
  std::vector<std::uint64_t> words_;  ///< Hashes of words, preceded by the last `size` of the piece before.
  std::vector<std::uint32_t> shingles_;
  std::uint64_t rolling_ = 0;
  std::size_t words_seen_ = 0;
};

}  // namespace gristmill::kernels
