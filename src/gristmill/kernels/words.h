// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace gristmill::kernels {

/// Splits at white space (as Python's str.split does) and appends the words. Views into `text`.
void split_whitespace(std::string_view text, std::vector<std::string_view>& words);

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

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gristmill::kernels
