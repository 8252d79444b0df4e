// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/ops/operator.h"

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

  static const Spec spec_;
  static Result<std::unique_ptr<Operator>> make(const Options& options);

  GopherQuality(const Limits& limits, std::vector<std::string> stop_words, bool splits_at_whitespace) noexcept;

  [[nodiscard]] const Spec& spec() const override { return spec_; }
  [[nodiscard]] std::unique_ptr<Scratch> make_scratch() const override;
  Verdict apply(data::Document& document, Scratch& scratch) const override;

 private:
  [[nodiscard]] std::string_view judge_words(const std::vector<std::string_view>& words) const;
  [[nodiscard]] std::string_view judge_symbols(std::string_view text, double word_count) const;
  [[nodiscard]] std::string_view judge_lines(std::string_view text) const;
  [[nodiscard]] std::string_view judge_vocabulary(const std::vector<std::string_view>& words) const;
  [[nodiscard]] std::int64_t count_stop_words(const std::vector<std::string_view>& words) const;

  Limits limits_;
  std::vector<std::string> stop_words_;
  std::size_t stop_word_bytes_max_ = 0;
  bool splits_at_whitespace_;
};

}  // namespace gristmill::ops
