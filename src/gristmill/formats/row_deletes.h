// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <unordered_set>
#include <vector>

#include "gristmill/base/result.h"
#include "gristmill/formats/dataset_file.h"

namespace gristmill::formats {

/// What a position delete file of an Iceberg table says (columns `file_path` and `pos`): rows by location of their data
/// file, ascending, each once.
Result<std::map<std::string, RowNumbers>> read_position_deletes(const std::string& path);

/// The rows of an equality delete file of an Iceberg table: a row of a data file that has the same values in the given
/// columns is deleted. Null equals null. Columns are found by field id, else by name.
class EqualityDeletes {
 public:
  static Result<EqualityDeletes> read(const std::string& path, const std::vector<TableColumn>& columns);
  /// Rows of a data file that are deleted, ascending; `constants` as in TableView.
  [[nodiscard]] Result<RowNumbers> rows_of(const std::string& data_path, const std::map<int, Json>& constants) const;

 private:
  std::vector<TableColumn> columns_;
  std::unordered_set<std::string> keys_;
};

}  // namespace gristmill::formats
