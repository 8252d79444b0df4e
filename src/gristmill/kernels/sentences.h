// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "gristmill/kernels/words.h"

namespace gristmill::kernels {

/// True for marks that end a sentence by the rules of spaCy's sentencizer, in any script.
bool ends_sentence(char32_t code_point) noexcept;
/// True for marks that datatrove takes for the end of a whole line: those above and a few more.
bool is_terminal_mark(char32_t code_point) noexcept;

/// Cuts texts into sentences as spaCy's blank English pipeline with its sentencizer does: a sentence goes on to the
/// first word that follows a word of one end mark and is no punctuation. Keeps buffers: one a thread.
class SentenceSplitter {
 public:
  /// Counts the sentences of a text; one that is empty has one. Stops at `enough`.
  std::size_t count(std::string_view text, WordSplitter& words, std::size_t enough);
  /// Appends the sentences. Together they are the text, white space between two belonging to the second.
  void split(std::string_view text, WordSplitter& words, std::vector<std::string_view>& sentences);

 private:
  std::vector<TextRange> tokens_;
};

}  // namespace gristmill::kernels
