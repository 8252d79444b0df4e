// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/kernels/simd.h"
#include "gristmill/kernels/words.h"

namespace gristmill::kernels {

/// MinHash signatures as datatrove 0.10 computes them for English: `simplify_text`, spaCy's words, a hash of each
/// n-gram, h(x) = (a x + b modulo 2^64) modulo 2^61-1 with a and b from NumPy's legacy generator. Immutable, so
/// threads share one.
class DatatroveMinhash {
 public:
  /// Hash of an n-gram's words joined by blanks; datatrove's default is xxhash64.
  enum class Hash { xxhash64, xxhash32, sha1_64, sha1_32 };
  struct Settings {
    std::size_t ngram = 5;
    std::size_t functions = 112;
    std::uint32_t seed = 1;
    Hash hash = Hash::xxhash64;
  };
  /// Working memory of one thread.
  struct Scratch {
    WordSplitter splitter;
    std::string simple;
    std::string joined;
    std::vector<std::string_view> words;
    std::vector<std::uint64_t> ngrams;
    std::vector<std::uint64_t> minima;
  };

  explicit DatatroveMinhash(const Settings& settings, SimdLevel level = simd_level());

  /// The minima of a text, one a function; none when it has fewer words than an n-gram. The view lives until the
  /// scratch is used again. `text` must be valid UTF-8.
  std::span<const std::uint64_t> signature(std::string_view text, Scratch& scratch) const;

 private:
  void hash_ngrams(Scratch& scratch) const;

  Settings settings_;
  SimdLevel level_;
  std::vector<std::uint64_t> factors_;  ///< Padded to full vectors.
  std::vector<std::uint64_t> offsets_;
};

}  // namespace gristmill::kernels
