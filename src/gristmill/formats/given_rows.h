// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gristmill/base/json.h"
#include "gristmill/formats/dataset_file.h"

namespace gristmill::formats {

/// Rows from outside in the types of a table's columns: what updates set and upserts bring. Immutable once made.
class GivenRows {
 public:
  /// Values come as JSON objects of column names; what a row leaves out is not given, which is not the same as null.
  /// A name that is no column, a nested column, or a value that its type cannot hold is an error that names the row
  /// (counted from 1). Where the text is given, the digest of the text follows from it.
  static Result<GivenRows> make(std::span<const Json> rows, const std::vector<TableColumn>& columns);
  ~GivenRows();
  GivenRows(GivenRows&&) noexcept;
  GivenRows& operator=(GivenRows&&) noexcept;

  [[nodiscard]] std::int64_t size() const;
  /// The columns that some row gives.
  [[nodiscard]] const std::vector<TableColumn>& columns() const;
  /// True when the row gives a value, or null, for the column with this field id.
  [[nodiscard]] bool gives(std::int64_t row, int field_id) const;

  struct State;
  /// For .cc files of this layer.
  [[nodiscard]] const State& state() const { return *state_; }

 private:
  explicit GivenRows(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Which given row belongs to which row of a data file.
struct RowMatch {
  std::int64_t row = 0;    ///< Of the data file.
  std::int64_t given = 0;  ///< Of the given rows.
};

/// Finds rows that have the same values in key columns as given rows.
class RowKeys {
 public:
  /// A key that two given rows share, or that a row leaves out or null, is an error naming the rows. The given rows
  /// must outlive it.
  static Result<RowKeys> make(const GivenRows& rows, const std::vector<TableColumn>& keys);
  ~RowKeys();
  RowKeys(RowKeys&&) noexcept;
  RowKeys& operator=(RowKeys&&) noexcept;
  /// Rows of a data file whose key is given, ascending; rows that are deleted are passed over; `constants` as in
  /// TableView.
  [[nodiscard]] Result<std::vector<RowMatch>> find(const std::string& path, const RowNumbers& deleted,
                                                   const std::map<int, Json>& constants) const;

 private:
  struct State;
  explicit RowKeys(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Reads rows as JSON objects from a file of JSON lines, CSV or Parquet (by its ending; JSON lines and CSV also
/// compressed) and calls with the place of each: its byte offset, in Parquet its row. Stops at the first bad row.
Status read_rows(const std::string& path, const std::function<Status(std::int64_t place, Json row)>& use);

}  // namespace gristmill::formats
