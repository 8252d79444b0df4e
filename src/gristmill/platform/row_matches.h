// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "gristmill/base/hash.h"
#include "gristmill/base/json.h"
#include "gristmill/formats/given_rows.h"
#include "gristmill/formats/row_writer.h"
#include "gristmill/platform/row_filter.h"
#include "gristmill/store/row_deletes.h"

namespace gristmill::platform {

/// What becomes of one data file.
struct Edit {
  store::ScanFile file;
  formats::FileEdit rows;            ///< Rows that delete files took already are among those dropped.
  std::vector<Hash128> removed_ids;  ///< Of the rows that the change drops.
  std::int64_t dropped = 0;          ///< By the change.
  std::int64_t deleted_by_others = 0;

  [[nodiscard]] bool is_empty() const { return dropped == 0 && rows.replaced.empty(); }
};

/// Finds the rows of data files that a change concerns. `find` may be called by several threads; the table, and the
/// given rows, must outlive it.
class RowMatcher {
 public:
  /// Rows for which `where` is true, all when it is empty; they are to be dropped, or all set by one given row.
  static Result<RowMatcher> by_condition(const store::Table& table, const store::Snapshot& snapshot, std::string where,
                                         bool is_update);
  /// Rows that have the same key as one of the given rows, which were made from `rows`.
  static Result<RowMatcher> by_key(const store::Table& table, const formats::GivenRows& given,
                                   const std::vector<formats::TableColumn>& keys, const std::vector<Json>& rows);

  /// What single columns must be like: files that cannot hold such rows need not be looked at.
  [[nodiscard]] const store::ScanFilter& conditions() const { return conditions_; }
  /// The rows of one file.
  [[nodiscard]] Result<Edit> find(const store::ScanFile& file) const;

 private:
  explicit RowMatcher(const store::Table& table)
      : metadata_(&table.metadata()),
        deletes_(std::make_unique<store::RowDeletes>(table)),
        mutex_(std::make_unique<std::mutex>()) {}
  Result<formats::RowNumbers> deleted_rows(const store::ScanFile& file) const;
  Status find_by_condition(const formats::RowNumbers& deleted, Edit& edit) const;

  const store::TableMetadata* metadata_;
  std::unique_ptr<store::RowDeletes> deletes_;  ///< Guarded by the mutex.
  std::unique_ptr<std::mutex> mutex_;
  std::string where_;
  bool is_update_ = false;
  std::vector<data::Column> columns_;  ///< Of the version, for conditions.
  std::shared_ptr<const std::vector<formats::TableColumn>> view_columns_;  ///< All of them.
  std::optional<formats::RowKeys> keys_;
  store::ScanFilter conditions_;
};

}  // namespace gristmill::platform
