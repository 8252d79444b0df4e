// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gristmill/kernels/strip_tags.h"
#include "gristmill/ops/operator.h"

namespace gristmill::ops {

/// Removes the markup of pages and keeps all of their text, boilerplate too.
class ExtractStripTags final : public Operator {
 public:
  static const Spec spec_;
  static Result<std::unique_ptr<Operator>> make(const Options& given);
  explicit ExtractStripTags(const kernels::StripOptions& options) : options_(options) {}
  [[nodiscard]] const Spec& spec() const override { return spec_; }
  Verdict apply(data::Document& document, Scratch& scratch) const override;

 private:
  kernels::StripOptions options_;
};

}  // namespace gristmill::ops
