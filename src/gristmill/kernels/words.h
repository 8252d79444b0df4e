// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace gristmill::kernels {

/// A stretch of a text, as byte offsets; texts are shorter than 4 GB.
struct TextRange {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;

  [[nodiscard]] std::size_t size() const { return end - begin; }
  [[nodiscard]] std::string_view of(std::string_view text) const { return text.substr(begin, size()); }
  bool operator==(const TextRange&) const = default;
};

/// Splits at white space (as Python's str.split does) and appends the words. Views into `text`.
void split_whitespace(std::string_view text, std::vector<std::string_view>& words);
/// The same, as ranges.
void split_whitespace(std::string_view text, std::vector<TextRange>& words);

/// Counts the words that split_whitespace gives, up to `enough`.
std::size_t count_whitespace_words(std::string_view text, std::size_t enough);

/// Splits English text into words and punctuation as spaCy's blank English pipeline does, which datatrove's filters
/// and signatures are defined on: white space, then prefixes and suffixes off each piece, then infixes, with
/// exceptions for contractions, abbreviations and emoticons, and addresses kept whole. Pieces of nothing but white
/// space are left out. Well-formed UTF-8 only; keeps a cache of seen pieces, so one splitter a thread.
class WordSplitter {
 public:
  WordSplitter();
  ~WordSplitter();
  WordSplitter(const WordSplitter&) = delete;
  WordSplitter& operator=(const WordSplitter&) = delete;

  /// Appends the words of `text` in order. Views into `text`.
  void split(std::string_view text, std::vector<std::string_view>& words);
  /// The same, as ranges.
  void split(std::string_view text, std::vector<TextRange>& words);
  /// Appends the words and, between them, the white space that is a token of its own: all but a single blank behind a
  /// word.
  void split_tokens(std::string_view text, std::vector<TextRange>& tokens);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gristmill::kernels
