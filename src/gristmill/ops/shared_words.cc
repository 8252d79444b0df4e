// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/shared_words.h"

#include "gristmill/kernels/word_breaks.h"

namespace gristmill::ops {
namespace {

/// Words that are kept over documents: 32 MB. What comes on top replaces them, so that a batch of long documents holds
/// little more than the words of one.
constexpr std::size_t kept_words_max = std::size_t{4} << 20;

}  // namespace

WordRule word_rule_of(std::string_view name) {
  if (name == "whitespace") return WordRule::whitespace;
  return name == "uax29" ? WordRule::uax29 : WordRule::spacy;
}

void SharedWords::clear() {
  entries_.clear();
  words_.clear();
}

std::span<const kernels::TextRange> SharedWords::english(std::string_view text) {
  const auto known = entries_.find(text.data());
  if (known != entries_.end() && known->second.text_bytes == text.size())
    return std::span(words_).subspan(known->second.first, known->second.count);
  if (words_.size() > kept_words_max) clear();
  const auto first = words_.size();
  splitter_.split(text, words_);
  entries_[text.data()] = {text.size(), first, words_.size() - first};
  return std::span(words_).subspan(first);
}

SharedWords& WordScratch::words() {
  if (shared_words != nullptr) return *shared_words;
  if (alone_ == nullptr) alone_ = std::make_unique<SharedWords>();
  return *alone_;
}

std::span<const kernels::TextRange> WordScratch::words_of(std::string_view text, WordRule rule) {
  if (rule != WordRule::spacy) {
    pieces_.clear();
    if (rule == WordRule::whitespace) {
      kernels::split_whitespace(text, pieces_);
    } else {
      kernels::split_at_word_boundaries(text, pieces_);
    }
    return pieces_;
  }
  auto& found = words();
  // Nobody says when the memory of documents that come alone is reused.
  if (&found == alone_.get()) found.clear();
  return found.english(text);
}

}  // namespace gristmill::ops
