// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/ops/operator.h"
#include "gristmill/ops/shared_words.h"

namespace gristmill::ops {

/// Drops documents whose lines look like lists or menus, by the rules that FineWeb added to Gopher's and C4's: the
/// first that fails is the reason.
class FilterFineweb final : public Operator {
 public:
  /// Thresholds, named as datatrove names them.
  struct Limits {
    double line_punct_thr = 0;
    bool line_punct_exclude_zero = false;
    double short_line_thr = 0;
    std::size_t short_line_length = 0;
    double char_duplicates_ratio = 0;
    double new_line_ratio = 0;
  };

  static const Spec spec_;
  static Result<std::unique_ptr<Operator>> make(const Options& options);

  FilterFineweb(const Limits& limits, std::vector<std::string> stop_chars, WordRule word_rule) noexcept
      : limits_(limits), stop_chars_(std::move(stop_chars)), word_rule_(word_rule) {}

  [[nodiscard]] const Spec& spec() const override { return spec_; }
  [[nodiscard]] std::unique_ptr<Scratch> make_scratch() const override;
  Verdict apply(data::Document& document, Scratch& scratch) const override;

 private:
  struct Lines;
  [[nodiscard]] Lines read_lines(std::string_view text, std::vector<std::string_view>& lines) const;
  [[nodiscard]] bool ends_in_mark(std::string_view line) const;
  [[nodiscard]] bool is_short(std::string_view line) const;

  Limits limits_;
  std::vector<std::string> stop_chars_;
  WordRule word_rule_;
};

}  // namespace gristmill::ops
