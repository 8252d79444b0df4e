// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/document_counts.h"

namespace gristmill::platform {

Json DocumentCounts::of(const store::Snapshot& snapshot) {
  if (snapshot.count("total-equality-deletes").value_or(0) > 0) return {};
  const auto records = snapshot.count("total-records");
  if (records && snapshot.count("total-position-deletes").value_or(0) == 0) return *records;
  const auto counted = count(snapshot);
  return counted ? Json(*counted) : Json();
}

Result<std::int64_t> DocumentCounts::count(const store::Snapshot& snapshot) {
  std::int64_t documents = 0;
  GRISTMILL_TRY(const auto files, table_->scan(snapshot));
  for (const auto& file : files) {
    GRISTMILL_TRY(const auto deleted, deletes_.of(file));
    documents += file.records - static_cast<std::int64_t>(deleted.size());
  }
  return documents;
}

}  // namespace gristmill::platform
