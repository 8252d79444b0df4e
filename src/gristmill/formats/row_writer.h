// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "gristmill/base/hash.h"
#include "gristmill/formats/given_rows.h"
#include "gristmill/formats/partition_values.h"

namespace gristmill::formats {

/// What becomes of the rows of one data file.
struct FileEdit {
  std::string path;
  RowNumbers dropped;              ///< Ascending.
  std::vector<RowMatch> replaced;  ///< Ascending; none of them dropped.
  std::map<int, Json> constants = {};  ///< See TableView.
};

/// Where rows go, and in which order.
struct RowOutput {
  std::function<std::string(std::size_t)> path;       ///< Of the data file with this number, counted from 0.
  std::vector<PartitionField> partition;              ///< A file holds rows of one partition only.
  std::int64_t file_bytes_max = INT64_MAX;            ///< Then the next file begins.
  std::vector<std::string> sort_by;                   ///< Columns; rows are then held in memory until the end.
  std::int64_t held_bytes_max = std::int64_t{1} << 30;  ///< Rows that are to be sorted must fit; uncompressed.
  /// Called with the id of each row that is written: number of the file, row in it.
  std::function<void(std::size_t file, const Hash128& id, std::int64_t row)> note;
};

/// Writes rows of a table's data files, whatever program made those, into new data files: under the table's present
/// names and types, those inside nested columns as well. Columns are found by field id, in files without field ids by
/// the names that the table knows for them.
/// A row without an id of ours gets the one under which it was read so far, and so keeps it.
class RowWriter {
 public:
  virtual ~RowWriter() = default;
  /// Copies a file's rows without those dropped, with the given values in those replaced.
  virtual Status copy(const FileEdit& edit, const GivenRows* given) = 0;
  /// Appends given rows.
  virtual Status append(const GivenRows& given, std::span<const std::int64_t> rows) = 0;
  /// Finishes the files, fsyncs, renames into place; in the order of their numbers.
  virtual Result<std::vector<WrittenFile>> close() = 0;
};

Result<std::unique_ptr<RowWriter>> create_row_writer(RowOutput output, const std::vector<TableColumn>& columns);

}  // namespace gristmill::formats
