// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gristmill/ops/operator.h"

namespace gristmill::ops {

/// Keeps documents in wanted languages that were identified surely enough. Needs the columns of language.identify.
class FilterLanguage final : public Operator {
 public:
  /// Which languages pass. An empty `keep` lets all pass but those of `drop`.
  struct Wanted {
    std::vector<std::string> keep;
    std::vector<std::string> drop;
    double min_score = 0;
  };

  static const Spec spec_;
  static Result<std::unique_ptr<Operator>> make(const Options& options);

  explicit FilterLanguage(Wanted wanted) noexcept;

  [[nodiscard]] const Spec& spec() const override { return spec_; }
  Verdict apply(data::Document& document, Scratch& scratch) const override;

 private:
  Wanted wanted_;
};

}  // namespace gristmill::ops
