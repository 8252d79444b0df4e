// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gristmill/kernels/words.h"
#include "gristmill/ops/operator.h"

namespace gristmill::ops {

/// What makes a word.
enum class WordRule : std::uint8_t {
  spacy,       ///< As spaCy's blank English pipeline splits.
  whitespace,  ///< What stands between white space.
  uax29,       ///< Segments between Unicode's word boundaries.
};

/// The rule that a `words` option names, and what is the same in all such options.
WordRule word_rule_of(std::string_view name);
inline constexpr std::string_view word_rule_choices = "spacy,whitespace,uax29";
inline constexpr std::string_view word_rule_help =
    "How words are found: as spaCy's English tokenizer does, with punctuation as words of its own; at white space; or "
    "at the word boundaries of Unicode (UAX #29), punctuation and each ideograph being words too";

/// English words of the texts at hand, split once for all operators of a chain that look at them. A text is known by
/// its address and size: an operator that rewrites it makes another one. Belongs to one thread.
class SharedWords {
 public:
  /// Forgets all texts. Whoever reuses their memory calls it first; the engine does at each batch.
  void clear();
  /// The words as spaCy's blank English pipeline splits them. Valid until the next call.
  std::span<const kernels::TextRange> english(std::string_view text);
  [[nodiscard]] kernels::WordSplitter& splitter() { return splitter_; }

 private:
  struct Entry {
    std::size_t text_bytes = 0;
    std::size_t first = 0;
    std::size_t count = 0;
  };
  kernels::WordSplitter splitter_;
  std::unordered_map<const char*, Entry> entries_;
  std::vector<kernels::TextRange> words_;
};

/// Scratch of operators that look at words: those of the chain, or of their own when they run alone.
struct WordScratch : Scratch {
  /// Words of a text by a rule. Valid until the next call.
  std::span<const kernels::TextRange> words_of(std::string_view text, WordRule rule);
  /// A splitter with a warm cache.
  kernels::WordSplitter& splitter() { return words().splitter(); }

 private:
  SharedWords& words();

  std::unique_ptr<SharedWords> alone_;
  std::vector<kernels::TextRange> pieces_;
};

}  // namespace gristmill::ops
