// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "gristmill/ops/operator.h"

namespace gristmill::ops {

/// Repairs mojibake, brings white space into order and composes characters (NFC), each by option.
class NormalizeUnicode final : public Operator {
 public:
  enum class Form { none, nfc, nfkc };
  /// Which steps are taken.
  struct Steps {
    Form form = Form::nfc;
    bool repair_mojibake = true;
    bool whitespace = true;
    bool quotes = false;
  };

  static const Spec spec_;
  static Result<std::unique_ptr<Operator>> make(const Options& options);

  explicit NormalizeUnicode(Steps steps) noexcept : steps_(steps) {}

  [[nodiscard]] const Spec& spec() const override { return spec_; }
  [[nodiscard]] std::unique_ptr<Scratch> make_scratch() const override;
  Verdict apply(data::Document& document, Scratch& scratch) const override;

 private:
  Steps steps_;
};

}  // namespace gristmill::ops
