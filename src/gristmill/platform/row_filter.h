// SPDX-License-Identifier: Apache-2.0
#pragma once

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

  void add_conditions(std::size_t node, const std::vector<formats::TableColumn>& columns,
                      store::ScanFilter& filter) const;

  ops::expression::Tree tree_;
  std::vector<data::Column> columns_;
  std::vector<std::uint16_t> slots_;
  ops::expression::Workspace workspace_;
};

}  // namespace gristmill::platform
