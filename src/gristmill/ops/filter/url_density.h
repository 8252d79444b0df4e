// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "gristmill/kernels/phrases.h"
#include "gristmill/ops/operator.h"

namespace gristmill::ops {

/// Drops documents of which addresses, or words of a list of advertising words, make up too large a share.
class FilterUrlDensity final : public Operator {
 public:
  /// Greatest shares; 1 switches a rule off.
  struct Limits {
    double url_characters = 1;
    double url_words = 1;
    double ad_words = 1;
  };

  static const Spec spec_;
  static Result<std::unique_ptr<Operator>> make(const Options& options);

  FilterUrlDensity(const Limits& limits, kernels::PhraseMatcher ad_words);

  [[nodiscard]] const Spec& spec() const override { return spec_; }
  [[nodiscard]] std::unique_ptr<Scratch> make_scratch() const override;
  Verdict apply(data::Document& document, Scratch& scratch) const override;

 private:
  Limits limits_;
  kernels::PhraseMatcher ad_words_;
};

}  // namespace gristmill::ops
