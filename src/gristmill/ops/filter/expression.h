// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "gristmill/ops/expression/tree.h"
#include "gristmill/ops/operator.h"

namespace gristmill::ops {

/// Keeps documents for which an expression over their fields and columns is true.
class FilterExpression final : public Operator {
 public:
  static const Spec spec_;
  static Result<std::unique_ptr<Operator>> make(const Options& options);

  explicit FilterExpression(expression::Tree tree);

  /// The spec with the columns that this expression names.
  [[nodiscard]] const Spec& spec() const override { return own_spec_; }
  [[nodiscard]] std::unique_ptr<Scratch> make_scratch() const override;
  Status bind(std::span<const data::Column> columns) override;
  Verdict apply(data::Document& document, Scratch& scratch) const override;

 private:
  expression::Tree tree_;
  std::vector<ColumnSpec> columns_in_;
  Spec own_spec_;
};

}  // namespace gristmill::ops
