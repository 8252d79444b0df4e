// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gristmill/base/json.h"
#include "gristmill/store/row_deletes.h"
#include "gristmill/store/table.h"

namespace gristmill::platform {

/// How many documents versions of a table hold. What summaries say is taken where nothing was deleted by position;
/// else the delete files are read, each once: deletes may name a row twice, or rows of a file that has left the table.
class DocumentCounts {
 public:
  /// The table must outlive it.
  explicit DocumentCounts(const store::Table& table) : table_(&table), deletes_(table) {}
  /// Null where equality deletes hide how many rows they concern, or what tells the number cannot be read.
  Json of(const store::Snapshot& snapshot);

 private:
  Result<std::int64_t> count(const store::Snapshot& snapshot);

  const store::Table* table_;
  store::RowDeletes deletes_;
};

}  // namespace gristmill::platform
