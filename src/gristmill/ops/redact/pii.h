// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "gristmill/kernels/pii/scan.h"
#include "gristmill/ops/operator.h"
#include "gristmill/ops/redact/pii_policy.h"

namespace gristmill::ops {

/// Finds personal data and secrets; replaces, removes or counts them, or drops documents that hold them.
class RedactPii final : public Operator {
 public:
  /// What the pipeline sets.
  struct Settings {
    kernels::pii::Wanted wanted;
    PiiPolicy policy;
  };

  static const Spec spec_;
  static Result<std::unique_ptr<Operator>> make(const Options& options);
  explicit RedactPii(Settings settings) noexcept : settings_(std::move(settings)) {}

  [[nodiscard]] const Spec& spec() const override { return spec_; }
  [[nodiscard]] std::unique_ptr<Scratch> make_scratch() const override;
  Verdict apply(data::Document& document, Scratch& scratch) const override;

 private:
  Settings settings_;
};

}  // namespace gristmill::ops
