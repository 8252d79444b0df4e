// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>
#include <string_view>

#include "gristmill/ops/operator.h"
#include "gristmill/ops/shared_words.h"

namespace gristmill::ops {

/// Drops documents that repeat themselves too much, by the rules of Gopher in datatrove's order: the first that fails
/// is the reason.
class GopherRepetition final : public Operator {
 public:
  /// Number of rules, in the order of Spec::annotation_columns and of the thresholds.
  static constexpr std::size_t rule_count = 13;
  /// Greatest share that each rule allows; 0 switches it off.
  using Limits = std::array<double, rule_count>;

  static const Spec spec_;
  static Result<std::unique_ptr<Operator>> make(const Options& options);

  GopherRepetition(const Limits& limits, WordRule word_rule) noexcept : limits_(limits), word_rule_(word_rule) {}

  [[nodiscard]] const Spec& spec() const override { return spec_; }
  [[nodiscard]] std::unique_ptr<Scratch> make_scratch() const override;
  Verdict apply(data::Document& document, Scratch& scratch) const override;

 private:
  Limits limits_;
  WordRule word_rule_;
};

}  // namespace gristmill::ops
