// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "gristmill/kernels/fasttext.h"
#include "gristmill/ops/operator.h"

namespace gristmill::ops {

/// Writes the language of each document and how sure it is, by a fastText model or the built-in detector.
class LanguageIdentify final : public Operator {
 public:
  static const Spec spec_;
  static Result<std::unique_ptr<Operator>> make(const Options& options);

  /// Without a model the built-in detector is asked. `bytes_max` 0 looks at the whole text.
  LanguageIdentify(std::unique_ptr<const kernels::FasttextModel> model, std::size_t bytes_max,
                   bool is_per_paragraph) noexcept;

  [[nodiscard]] const Spec& spec() const override { return spec_; }
  [[nodiscard]] std::unique_ptr<Scratch> make_scratch() const override;
  Verdict apply(data::Document& document, Scratch& scratch) const override;

 private:
  std::unique_ptr<const kernels::FasttextModel> model_;
  std::size_t bytes_max_;
  bool is_per_paragraph_;
};

}  // namespace gristmill::ops
