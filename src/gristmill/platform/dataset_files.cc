// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/dataset_files.h"

#include <algorithm>
#include <tuple>

#include "gristmill/platform/datasets.h"
#include "gristmill/platform/row_filter.h"

namespace gristmill::platform {

Result<std::vector<store::ScanFile>> scan_in_order(const store::Table& table, const store::Snapshot& snapshot,
                                                   const store::ScanFilter& filter) {
  GRISTMILL_TRY(auto files, store::scan_filtered(table, snapshot, filter));
  std::ranges::sort(files, [](const store::ScanFile& a, const store::ScanFile& b) {
    return std::tie(a.sequence_number, a.path) < std::tie(b.sequence_number, b.path);
  });
  return files;
}

Result<Json> dataset_files(const Workspace& workspace, const std::string& selector, const std::string& where) {
  GRISTMILL_TRY(const auto chosen, select_version(workspace, selector));
  const auto& [table, snapshot] = chosen;
  store::ScanFilter filter;
  if (!where.empty()) {
    GRISTMILL_TRY(const auto columns, operator_columns(table, snapshot));
    GRISTMILL_TRY(const auto table_columns, table.columns_at(snapshot));
    GRISTMILL_TRY(const auto condition, RowFilter::make(where, columns));
    filter = condition.conditions(table_columns);
  }
  GRISTMILL_TRY(const auto files, scan_in_order(table, snapshot, filter));
  Json::Array list;
  for (const auto& file : files) {
    list.push_back(Json::object({{"path", file.path},
                                 {"documents", file.records},
                                 {"bytes", file.bytes},
                                 {"partition", file.partition},
                                 {"spec", file.spec_id},
                                 {"delete_files", file.deletes.size()}}));
  }
  return Json(std::move(list));
}

}  // namespace gristmill::platform
