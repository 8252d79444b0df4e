// SPDX-License-Identifier: Apache-2.0
// For .cc files of this layer only (it shows Arrow headers).
#pragma once

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <parquet/arrow/reader.h>

#include <memory>
#include <string>
#include <vector>

#include "gristmill/formats/dataset_file.h"

namespace gristmill::formats {

using ArrayPointer = std::shared_ptr<arrow::Array>;

/// A data file read in the columns of the table: found by field id, by name where the file has no field ids.
class TableRows {
 public:
  static Result<TableRows> open(const std::string& path, const std::vector<TableColumn>& columns);
  /// The next rows, one array a column, null pointers for columns that the file lacks; false at the end.
  Result<bool> next(std::vector<ArrayPointer>& columns, std::int64_t& count);

 private:
  std::string path_;
  std::unique_ptr<parquet::arrow::FileReader> reader_;
  std::unique_ptr<arrow::RecordBatchReader> batches_;
  std::vector<std::string> names_;
};

}  // namespace gristmill::formats
