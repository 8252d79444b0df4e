// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "gristmill/kernels/ngram_repeats.h"

namespace gristmill::ops {

/// Texts that can be looked up by a view.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
};
using TextSet = std::unordered_set<std::string, TextHash, std::equal_to<>>;

/// What RedPajama's signals need to know of a text as it is. Lengths are in characters.
struct RawFacts {
  std::uint64_t characters = 0;
  std::uint64_t words = 0;             ///< Runs of \w and runs of what is neither \w nor white space.
  std::uint64_t words_with_latin = 0;  ///< With a letter from a to z.
  std::uint64_t words_in_capitals = 0;
  std::uint64_t stop_words = 0;
  std::uint64_t sentences = 0;
  std::uint64_t symbols = 0;  ///< #, ... and the ellipsis.
  std::uint64_t braces = 0;
  std::uint64_t newlines = 0;
  std::uint64_t lines = 0;
  std::uint64_t lines_with_ellipsis = 0;
  std::uint64_t lines_with_end_mark = 0;
  std::uint64_t lines_with_bullet = 0;
  double upper_fractions = 0;  ///< Of the lines, summed.

  /// Reads a text; words of `stop_words` are counted when it is not null.
  static RawFacts of(std::string_view text, const TextSet* stop_words);
};

/// The text as RedPajama normalizes it: punctuation of ASCII out, lower case, canonical decomposition, single blanks.
class NormalText {
 public:
  /// Reads a text; results stand until the next call.
  void read(std::string_view text);

  /// All words, with one blank between.
  [[nodiscard]] std::string_view bytes() const { return bytes_; }
  [[nodiscard]] const std::vector<kernels::CountedWord>& words() const { return words_; }
  /// Characters of all words, without the blanks.
  [[nodiscard]] std::uint64_t word_characters() const { return word_characters_; }
  /// Words that are "javascript".
  [[nodiscard]] std::uint64_t javascript_count() const { return javascript_count_; }
  /// Share of numeric characters of each line, summed.
  [[nodiscard]] double numeric_fractions() const { return numeric_fractions_; }

 private:
  void read_line(std::string_view text, std::size_t begin, std::size_t end);
  void add_character(std::string_view text, std::size_t begin, std::size_t end, char32_t code_point);
  void begin_word();
  void end_word();

  std::string bytes_;
  std::vector<std::size_t> begins_;
  std::vector<kernels::CountedWord> words_;
  std::vector<char32_t> points_;  ///< Of the word at hand, once it holds a character that may have to move.
  std::size_t word_begin_ = 0;
  std::uint32_t word_length_ = 0;
  bool is_in_word_ = false;
  bool needs_order_ = false;
  std::uint64_t line_words_ = 0;
  std::uint64_t line_characters_ = 0;
  std::uint64_t line_numeric_ = 0;
  std::uint64_t word_characters_ = 0;
  std::uint64_t javascript_count_ = 0;
  double numeric_fractions_ = 0;
};

/// Rounds to eight places, as the published values are.
double rounded(double value);

}  // namespace gristmill::ops
