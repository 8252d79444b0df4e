// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

#include "gristmill/data/arrow_c.h"
#include "gristmill/ops/operator.h"

namespace gristmill::ops {

/// Which columns of a table are the parts of a document.
struct ColumnarSettings {
  std::string text_column = "text";
  std::string media_type = "text/plain";  ///< Of documents in a table without a column `media_type`.
  std::string annotation;                 ///< Column for a filter's verdict instead of dropping; empty = drop.
};

/// What an operator did to batches: documents balance, in = out + dropped + quarantined.
struct ColumnarReport {
  std::int64_t in = 0;
  std::int64_t out = 0;
  std::int64_t bytes_in = 0;
  std::int64_t bytes_out = 0;
  std::map<std::string, std::int64_t> dropped;
  std::map<std::string, std::int64_t> quarantined;
};

/// One batch after an operator: which rows stay, and the columns that it wrote or changed, for those rows.
struct ColumnarResult {
  std::optional<data::ArrowPair> keep;  ///< Booleans, one a row that came in; absent when all stay.
  data::ArrowPair columns;              ///< A record batch; columns that did not change are left out.
  ColumnarReport report;
};

/// Hash keys of all rows of a table, for an operator that compares documents with each other.
struct ColumnarKeys {
  std::vector<Hash128> values;      ///< Of all keys, GlobalOperator::key_values() of each.
  std::vector<std::uint32_t> rows;  ///< The row that each key belongs to.
  std::vector<std::int64_t> batch_rows;
  std::int64_t text_bytes = 0;
};

/// Applies an operator to Arrow batches without copying what it reads. Thread-safe.
class ColumnarOperator {
 public:
  ColumnarOperator(std::unique_ptr<Operator> op, ColumnarSettings settings);

  [[nodiscard]] const Operator& op() const { return *op_; }
  /// Names of the columns that it reads where a table has them; the text column comes first and must be there.
  [[nodiscard]] std::vector<std::string> columns_read() const;
  /// Applies a map or filter to one batch.
  [[nodiscard]] Result<ColumnarResult> apply(const data::ArrowBatch& batch) const;
  /// Adds the keys of one batch (global operators).
  [[nodiscard]] Status add_keys(const data::ArrowBatch& batch, ColumnarKeys& keys) const;
  /// Which rows survive, one column of booleans for each batch that `add_keys` saw.
  [[nodiscard]] Result<std::vector<data::ArrowPair>> survivors(ColumnarKeys keys, ColumnarReport& report) const;

 private:
  Status bind(const std::vector<data::Column>& columns) const;

  std::unique_ptr<Operator> op_;
  ColumnarSettings settings_;
  mutable std::shared_mutex mutex_;
  mutable std::vector<data::Column> bound_columns_;  ///< That the operator was last told of.
};

}  // namespace gristmill::ops
