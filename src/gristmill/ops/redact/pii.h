// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "gristmill/kernels/pii/scan.h"
#include "gristmill/ops/operator.h"

namespace gristmill::ops {

/// Finds personal data and replaces, removes or counts it, or drops documents that hold it.
class RedactPii final : public Operator {
 public:
  enum class Action { placeholder, remove, drop, annotate };
  enum class Style { placeholder, fineweb };
  /// What the pipeline sets.
  struct Settings {
    kernels::pii::Wanted wanted;
    Action action = Action::placeholder;
    Style style = Style::placeholder;
  };

  static const Spec spec_;
  static Result<std::unique_ptr<Operator>> make(const Options& options);
  explicit RedactPii(const Settings& settings) noexcept : settings_(settings) {}

  [[nodiscard]] const Spec& spec() const override { return spec_; }
  [[nodiscard]] std::unique_ptr<Scratch> make_scratch() const override;
  Verdict apply(data::Document& document, Scratch& scratch) const override;

 private:
  Settings settings_;
};

}  // namespace gristmill::ops
