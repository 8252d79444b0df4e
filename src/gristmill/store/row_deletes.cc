// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/row_deletes.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>

#include "gristmill/store/location.h"
#include "gristmill/store/scan.h"

namespace gristmill::store {

Status RowDeletes::load(const DeleteFile& file) {
  if (positions_.contains(file.path) || equalities_.contains(file.path)) return {};
  if (!file.equality_ids.empty()) {
    std::vector<formats::TableColumn> columns;
    const auto& metadata = table_->metadata();
    GRISTMILL_TRY(const auto current, metadata.columns(metadata.current_schema_id()));
    for (const auto id : file.equality_ids) {
      const auto known = std::ranges::find(current, id, &formats::TableColumn::field_id);
      // One that was dropped since counts still.
      const auto column = known != current.end() ? std::optional(*known) : metadata.column_by_id(id);
      if (!column)
        return corrupt_data(fmt::format("equality delete file {}: no column has field id {}", file.path, id));
      columns.push_back(*column);
    }
    GRISTMILL_TRY(auto deletes, formats::EqualityDeletes::read(file.path, columns));
    equalities_.emplace(file.path, std::move(deletes));
    return {};
  }
  GRISTMILL_TRY(auto by_location, formats::read_position_deletes(file.path));
  auto& by_path = positions_[file.path];
  for (auto& [location, rows] : by_location) {
    GRISTMILL_TRY(auto path, path_of(location));
    by_path[std::move(path)] = std::move(rows);
  }
  return {};
}

Result<bool> RowDeletes::names(const DeleteFile& remove, const std::string& data_path) {
  if (!remove.equality_ids.empty()) return true;
  GRISTMILL_RETURN_IF_ERROR(load(remove));
  return positions_[remove.path].contains(data_path);
}

Result<std::vector<std::string>> RowDeletes::idle_without(const std::vector<ScanFile>& all,
                                                          const std::vector<ScanFile>& going) {
  std::set<std::string> idle;
  std::set<std::string> gone;
  for (const auto& file : going) {
    gone.insert(file.path);
    for (const auto& remove : file.deletes) idle.insert(remove.path);
  }
  if (idle.empty()) return std::vector<std::string>();
  for (const auto& file : all) {
    if (gone.contains(file.path)) continue;
    for (const auto& remove : file.deletes) {
      if (!idle.contains(remove.path)) continue;
      GRISTMILL_TRY(const bool is_named, names(remove, file.path));
      if (is_named) idle.erase(remove.path);
    }
  }
  return std::vector<std::string>(idle.begin(), idle.end());
}

Result<formats::RowNumbers> RowDeletes::of(const ScanFile& file) {
  formats::RowNumbers rows;
  for (const auto& remove : file.deletes) {
    GRISTMILL_RETURN_IF_ERROR(load(remove));
    formats::RowNumbers found;
    if (const auto equality = equalities_.find(remove.path); equality != equalities_.end()) {
      GRISTMILL_TRY(found, equality->second.rows_of(file.path, constants_of(table_->metadata(), file)));
    } else if (const auto position = positions_[remove.path].find(file.path);
               position != positions_[remove.path].end()) {
      found = position->second;
    }
    formats::RowNumbers all;
    std::ranges::set_union(rows, found, std::back_inserter(all));
    rows = std::move(all);
  }
  // A position behind the last row deletes nothing.
  std::erase_if(rows, [&](std::int64_t row) { return row < 0 || row >= file.records; });
  return rows;
}

}  // namespace gristmill::store
