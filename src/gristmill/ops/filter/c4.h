// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "gristmill/ops/operator.h"

namespace gristmill::ops {

/// Removes lines by the rules of C4 and drops documents of which too little is left, or that hold filler text or code.
class FilterC4 final : public Operator {
 public:
  /// The rules, named as datatrove names them; 0 switches a limit off.
  struct Rules {
    bool split_paragraph = true;
    bool remove_citations = true;
    bool filter_no_terminal_punct = true;
    std::size_t min_num_sentences = 0;
    std::size_t min_words_per_line = 0;
    std::size_t max_word_length = 0;
    bool filter_lorem_ipsum = true;
    bool filter_javascript = true;
    bool filter_curly_bracket = true;
    bool filter_policy = true;
    bool rewrite = true;
  };

  static const Spec spec_;
  static Result<std::unique_ptr<Operator>> make(const Options& options);

  explicit FilterC4(const Rules& rules) noexcept : rules_(rules) {}

  [[nodiscard]] const Spec& spec() const override { return spec_; }
  [[nodiscard]] std::unique_ptr<Scratch> make_scratch() const override;
  Verdict apply(data::Document& document, Scratch& scratch) const override;

 private:
  Rules rules_;
};

}  // namespace gristmill::ops
