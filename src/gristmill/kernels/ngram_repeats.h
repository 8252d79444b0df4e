// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace gristmill::kernels {

/// A word: its bytes and its length in characters.
struct CountedWord {
  std::string_view bytes;
  std::uint32_t characters = 0;
};

/// Repetition of words and word n-grams in a document, exactly. An n-gram can only repeat where both (n-1)-grams in it
/// repeat, so each length looks at what the one before left: hardly anything in honest text. One object a thread.
class NgramRepeats {
 public:
  static constexpr std::size_t longest = 10;

  /// Counts; read the results below before the next call.
  void count(std::span<const CountedWord> words);

  /// How often each different word occurs, in order of first occurrence.
  [[nodiscard]] std::span<const std::uint32_t> word_counts() const {
    return {counts_of_words_.data(), different_words_};
  }
  /// Characters of the most frequent n-gram (the first of those), times its count; 0 when none repeats. n is 2 to 10.
  [[nodiscard]] std::uint64_t top_characters(std::size_t n) const { return top_characters_[n]; }
  /// Characters of the words that some n-gram covers that occurs more than once. n is 2 to 10.
  [[nodiscard]] std::uint64_t repeated_characters(std::size_t n) const { return repeated_characters_[n]; }

 private:
  /// A place of the hash table; taken when its round is the one at hand, so that nothing has to be cleared.
  struct Slot {
    std::uint64_t key = 0;
    std::uint32_t id = 0;
    std::uint32_t round = 0;
  };

  /// An n-gram of two that repeat.
  struct Pair {
    std::uint64_t key = 0;
    std::uint32_t position = 0;
    std::uint32_t id = 0;
  };

  /// Makes room for a new round over so many items; the mask of the part of the table that it uses.
  std::size_t start_round(std::size_t items);
  void make_room(std::size_t words);
  void number_words(std::span<const CountedWord> words);
  void find_pairs();
  void count_pairs();
  void measure(std::size_t n);

  std::vector<Slot> table_;
  std::uint32_t round_ = 0;
  // The lists are as long as the longest text so far; how much of them holds is said beside them.
  std::vector<std::uint32_t> counts_of_words_;  ///< The first `different_words_`.
  std::vector<std::uint32_t> first_words_;      ///< Position of the first occurrence of each different word.
  std::uint32_t different_words_ = 0;
  std::vector<std::uint32_t> ends_;  ///< Characters before each word, and of all.
  std::vector<Pair> pairs_;          ///< The first `found_`.
  std::size_t found_ = 0;
  std::vector<std::uint32_t> counts_;
  std::vector<std::uint32_t> firsts_;
  /// Positions at which a repeated (n-1)-gram stands, ascending, and its number: the first `repeats_`.
  std::vector<std::uint32_t> positions_;
  std::vector<std::uint32_t> ids_;
  std::size_t repeats_ = 0;
  std::array<std::uint64_t, longest + 1> top_characters_{};
  std::array<std::uint64_t, longest + 1> repeated_characters_{};
};

}  // namespace gristmill::kernels
