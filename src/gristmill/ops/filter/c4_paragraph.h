// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>

#include "gristmill/ops/operator.h"

namespace gristmill::ops {

/// Drops documents without a few long paragraphs (lines, in fact), as mC4 does.
class C4Paragraph final : public Operator {
 public:
  static const Spec spec_;
  static Result<std::unique_ptr<Operator>> make(const Options& options);

  C4Paragraph(std::size_t min_paragraphs, std::size_t min_paragraph_len) noexcept
      : min_paragraphs_(min_paragraphs), min_paragraph_len_(min_paragraph_len) {}

  [[nodiscard]] const Spec& spec() const override { return spec_; }
  [[nodiscard]] std::unique_ptr<Scratch> make_scratch() const override;
  Verdict apply(data::Document& document, Scratch& scratch) const override;

 private:
  std::size_t min_paragraphs_;
  std::size_t min_paragraph_len_;
};

}  // namespace gristmill::ops
