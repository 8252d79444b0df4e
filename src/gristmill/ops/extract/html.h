// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "gristmill/ops/extract/choose.h"
#include "gristmill/ops/extract/render.h"
#include "gristmill/ops/operator.h"

namespace gristmill::ops {

/// Turns HTML pages into the text of their main content; other documents pass unchanged. Work is linear in the page's
/// bytes and bounded by the node budget.
class ExtractHtml final : public Operator {
 public:
  static const Spec spec_;
  static Result<std::unique_ptr<Operator>> make(const Options& options);

  [[nodiscard]] const Spec& spec() const override { return spec_; }
  [[nodiscard]] std::unique_ptr<Scratch> make_scratch() const override;
  Verdict apply(data::Document& document, Scratch& scratch) const override;

 private:
  extract::Keep keep_;
  extract::Mode mode_ = extract::Mode::balanced;
  std::uint32_t words_min_ = 0;
  std::uint32_t nodes_max_ = 0;
};

}  // namespace gristmill::ops
