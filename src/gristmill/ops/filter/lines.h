// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/kernels/text_pattern.h"
#include "gristmill/ops/operator.h"

namespace gristmill::ops {

/// Removes lines and paragraphs by rules on their length, characters and repetition, and counts what went by which.
class FilterLines final : public Operator {
 public:
  /// The rules, in the order in which they are tried; a line goes by the first that it breaks.
  struct Rules {
    std::int64_t min_characters = 0;  ///< 0 switches a rule off, for shares 1.
    std::int64_t max_characters = 0;
    std::int64_t min_words = 0;
    double max_digit_share = 1;
    double max_upper_share = 1;
    bool wants_end_mark = false;
    bool drops_duplicates = false;
    std::int64_t min_paragraph_words = 0;
    double max_removed_share = 1;
  };

  static const Spec spec_;
  static Result<std::unique_ptr<Operator>> make(const Options& options);

  FilterLines(const Rules& rules, std::optional<kernels::TextPatternSet> patterns);

  [[nodiscard]] const Spec& spec() const override { return spec_; }
  [[nodiscard]] std::unique_ptr<Scratch> make_scratch() const override;
  Verdict apply(data::Document& document, Scratch& scratch) const override;

 private:
  struct LineScratch;
  [[nodiscard]] std::size_t broken_rule(std::string_view line, LineScratch& scratch) const;
  void judge_lines(std::string_view text, LineScratch& scratch) const;
  void judge_paragraphs(LineScratch& scratch) const;

  Rules rules_;
  std::optional<kernels::TextPatternSet> patterns_;
};

}  // namespace gristmill::ops
