// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/kernels/words.h"
#include "gristmill/ops/filter/judgement.h"
#include "gristmill/ops/operator.h"
#include "gristmill/ops/shared_words.h"

namespace gristmill::ops {

/// Drops documents by the quality rules of Gopher, in datatrove's order: the first that fails is the reason.
class GopherQuality final : public Operator {
 public:
  /// Thresholds; 0 switches a rule off.
  struct Limits {
    std::int64_t min_words = 0;
    std::int64_t max_words = 0;
    double min_mean_word_length = 0;
    double max_mean_word_length = 0;
    double max_symbol_ratio = 0;
    double max_bullet_lines_ratio = 0;
    double max_ellipsis_lines_ratio = 0;
    double min_alpha_words_ratio = 0;
    std::int64_t min_stop_words = 0;
  };

  /// What the words of a text add up to.
  struct WordCount {
    std::int64_t words = 0;  ///< That are not all symbols.
    std::size_t code_points = 0;  ///< Of those.
    std::size_t with_letter = 0;  ///< Of all.
  };

  static const Spec spec_;
  static Result<std::unique_ptr<Operator>> make(const Options& options);

  GopherQuality(const Limits& limits, std::vector<std::string> stop_words, WordRule word_rule) noexcept;

  [[nodiscard]] const Spec& spec() const override { return spec_; }
  [[nodiscard]] std::unique_ptr<Scratch> make_scratch() const override;
  Verdict apply(data::Document& document, Scratch& scratch) const override;

 private:
  bool judge_words(const WordCount& count, Judgement& judgement) const;
  bool judge_symbols(std::string_view text, double word_count, Judgement& judgement) const;
  bool judge_lines(std::string_view text, Judgement& judgement) const;
  [[nodiscard]] std::int64_t count_stop_words(std::string_view text, std::span<const kernels::TextRange> words,
                                              std::int64_t enough) const;

  Limits limits_;
  std::vector<std::string> stop_words_;
  std::size_t stop_word_bytes_max_ = 0;
  WordRule word_rule_;
};

}  // namespace gristmill::ops
