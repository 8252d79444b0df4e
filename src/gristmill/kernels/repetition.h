// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "gristmill/kernels/words.h"

namespace gristmill::kernels {

/// Parts of a list that came before in it, and their length in code points.
struct Repeats {
  std::size_t count = 0;
  std::size_t characters = 0;
};

/// Says which of many things, known by number, was the first of its kind: an open hash table of 8 bytes a slot that
/// only leads to candidates, which the caller compares. Probing stops after a fixed number of steps, so that time is
/// linear even for texts made to collide.
class FirstSeen {
 public:
  /// Empties the table and makes room for `count` things.
  void start(std::size_t count);
  /// The number of the first thing for which `equals(number)` holds, or `number` itself when there is none: then it
  /// is kept.
  template <typename Equals>
  std::uint32_t find_or_add(std::uint64_t hash, std::uint32_t number, Equals&& equals);

 private:
  static constexpr std::size_t probes_max = 256;
  std::vector<std::uint64_t> slots_;  ///< 32 bits of the hash and the number plus 1; 0 is free.
  std::size_t mask_ = 0;
};

/// Measures how much of a text repeats itself, as datatrove's GopherRepetitionFilter defines it. Exact and linear;
/// keeps its buffers, so that nothing is allocated for each text. Lengths are in code points.
class RepetitionMeter {
 public:
  /// Parts that are equal to an earlier one.
  Repeats repeated_parts(std::span<const std::string_view> parts);

  /// Takes the words that the calls below look at.
  void set_words(std::string_view text, std::span<const TextRange> words);
  /// Length of the commonest n-gram, its words joined by blanks, times its occurrences; of several the first. 0 when
  /// there are fewer words. n is 2 or more and must not fall from one call to the next.
  std::size_t top_ngram_characters(std::size_t n);
  /// Length of the n-grams, their words joined without blanks, that came before, where n words are skipped behind each
  /// of them. n is 5 or more.
  std::size_t repeated_ngram_characters(std::size_t n);

 private:
  /// The commonest n-gram.
  struct Top {
    std::uint32_t first = 0;
    std::uint32_t count = 1;
  };
  void count_bigrams();
  void lengthen_ngrams();
  void note_repeat(std::uint32_t first, std::uint32_t position);
  [[nodiscard]] bool same_bigram(std::uint32_t a, std::uint32_t b) const;
  void find_candidates();
  [[nodiscard]] std::size_t bytes_of(std::size_t first_word, std::size_t count) const {
    return offsets_[first_word + count] - offsets_[first_word];
  }
  [[nodiscard]] std::size_t characters_of(std::size_t first_word, std::size_t count) const;

  FirstSeen seen_;
  bool is_ascii_ = false;
  std::vector<char> joined_;             ///< All words without blanks, and room to read beyond.
  std::vector<std::uint32_t> offsets_;   ///< Of each word in `joined_`, and the end of the last.
  std::vector<std::uint64_t> keys_;      ///< A word of up to 8 bytes is its key; a longer one is hashed.
  std::size_t n_ = 0;                    ///< Of the n-grams that the following are of.
  Top top_;
  std::vector<std::uint32_t> firsts_;    ///< First place of the n-gram at each place.
  std::vector<std::uint32_t> counts_;    ///< Occurrences so far, at first places.
  std::vector<char> repeats_;            ///< Does the n-gram at this place occur more than once?
  std::vector<std::uint64_t> pairs_;     ///< An (n+1)-gram as two n-grams.
  bool has_candidates_ = false;
  std::vector<std::uint32_t> candidates_;  ///< Places where five words or more may occur more than once.
  std::vector<std::uint64_t> marks_;
};

}  // namespace gristmill::kernels
