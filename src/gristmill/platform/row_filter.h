// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "gristmill/base/result.h"
#include "gristmill/formats/dataset_file.h"
#include "gristmill/ops/expression/evaluate.h"
#include "gristmill/ops/expression/tree.h"
#include "gristmill/store/scan_filter.h"

namespace gristmill::platform {

/// A condition on the rows of a dataset, in the language of filter.expression. Used by one thread at a time.
class RowFilter {
 public:
  /// The error names what is misspelt or does not fit the dataset's columns.
  static Result<RowFilter> make(const std::string& where, const std::vector<data::Column>& columns);

  /// The operator columns that documents must be read with, in this order.
  [[nodiscard]] const std::vector<data::Column>& columns() const { return columns_; }
  /// True when texts must be read.
  [[nodiscard]] bool needs_text() const;
  [[nodiscard]] const ops::expression::Tree& tree() const { return tree_; }
  /// What the condition demands of single columns: files that cannot meet it need not be read.
  [[nodiscard]] store::ScanFilter conditions(const std::vector<formats::TableColumn>& columns) const;
  /// Whether the condition is true; neither false nor null. An overflow is an error that names the document.
  Result<bool> test(const data::Document& document);

 private:
  explicit RowFilter(ops::expression::Tree tree) : tree_(std::move(tree)) {}

  using Columns = std::vector<formats::TableColumn>;
  void add_conditions(std::size_t node, const Columns& columns, store::ScanFilter& filter) const;
  void add_condition(std::size_t place, store::Condition::Test test, std::span<const std::uint32_t> literals,
                     const Columns& columns, store::ScanFilter& filter) const;
  void add_prefix(const ops::expression::Node& node, const Columns& columns, store::ScanFilter& filter) const;
  void add_null_test(const ops::expression::Node& node, bool is_negated, const Columns& columns,
                     store::ScanFilter& filter) const;
  /// The column that a node stands for, when bounds say something of it; else null.
  [[nodiscard]] const formats::TableColumn* subject(const ops::expression::Node& node, const Columns& columns) const;

  ops::expression::Tree tree_;
  std::vector<data::Column> columns_;
  std::vector<std::uint16_t> slots_;
  ops::expression::Workspace workspace_;
};

}  // namespace gristmill::platform
