// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "gristmill/formats/row_deletes.h"
#include "gristmill/store/table.h"

namespace gristmill::store {

/// Finds out which rows of data files are deleted. Each delete file is read once and kept as long as this lives; the
/// table must outlive it.
class RowDeletes {
 public:
  explicit RowDeletes(const Table& table) : table_(&table) {}
  /// Deleted rows of a data file, ascending.
  Result<formats::RowNumbers> of(const ScanFile& file);
  /// False when a delete file says nothing of a data file, as far as it tells without a look into that file.
  Result<bool> names(const DeleteFile& remove, const std::string& data_path);
  /// Paths of delete files that concern nothing any more when the files `going` leave a version of the files `all`.
  Result<std::vector<std::string>> idle_without(const std::vector<ScanFile>& all, const std::vector<ScanFile>& going);

 private:
  Status load(const DeleteFile& file);

  const Table* table_;
  std::map<std::string, std::map<std::string, formats::RowNumbers>> positions_;  ///< By delete file, by data file.
  std::map<std::string, formats::EqualityDeletes> equalities_;
};

}  // namespace gristmill::store
