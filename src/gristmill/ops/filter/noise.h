// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "gristmill/ops/operator.h"

namespace gristmill::ops {

/// Drops documents that are short or full of leftover markup, by the noise score of a much copied example.
class FilterNoise final : public Operator {
 public:
  static const Spec spec_;
  static Result<std::unique_ptr<Operator>> make(const Options& options);

  FilterNoise(double max_score, double tag_weight, std::int64_t min_characters) noexcept;

  [[nodiscard]] const Spec& spec() const override { return spec_; }
  Verdict apply(data::Document& document, Scratch& scratch) const override;

 private:
  double max_score_;
  double tag_weight_;
  std::int64_t min_characters_;
};

}  // namespace gristmill::ops
