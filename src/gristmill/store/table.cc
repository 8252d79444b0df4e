// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/table.h"

#include <fmt/format.h>

#include <algorithm>

#include "gristmill/io/file.h"
#include "gristmill/store/attempt_files.h"
#include "gristmill/store/deflate.h"
#include "gristmill/store/format_3.h"
#include "gristmill/store/location.h"
#include "gristmill/store/metadata_files.h"
#include "gristmill/store/scan.h"

namespace gristmill::store {
namespace {

/// A file of the table that is missing makes the table damaged.
Error damaged(Error error) {
  if (error.code == ErrorCode::not_found) error.code = ErrorCode::corrupt_data;
  return error;
}

/// Metadata that lies elsewhere than its table says may well be this table's: tables are moved, and registered from
/// anywhere. It is not when another table of the catalog has its metadata there, under the same uuid.
Status check_owner(const Table& table, const Catalog& catalog) {
  const auto own_folder = table.metadata().location() + "/";
  if (table.metadata_location().starts_with(own_folder)) return {};
  GRISTMILL_TRY(const auto names, catalog.list_tables());
  for (const auto& name : names) {
    if (name == table.name()) continue;
    const auto location = catalog.metadata_location(name);
    if (!location || !location->starts_with(own_folder)) continue;
    const auto other = read_metadata(*location);
    if (!other || other->uuid().empty() || other->uuid() != table.metadata().uuid()) continue;
    return corrupt_data(fmt::format("dataset {}: {} holds the table metadata of {}: restore the file from a copy",
                                    table.name().text(), table.metadata_location(), name.text()));
  }
  return {};
}

}  // namespace

Table::Table(const Catalog& catalog, TableName name, std::string metadata_location, TableMetadata metadata)
    : catalog_(catalog),
      name_(std::move(name)),
      metadata_location_(std::move(metadata_location)),
      metadata_(std::move(metadata)) {}

Result<Table> Table::create(const Catalog& catalog, const TableName& name,
                            const std::vector<formats::TableColumn>& columns, const std::string& path,
                            const InSameTransaction& also) {
  GRISTMILL_TRY(auto location, location_of(path));
  auto metadata = TableMetadata::create(location, columns, current_time_ms());
  const auto metadata_location = next_metadata_location(location, {});
  AttemptFiles files;
  GRISTMILL_RETURN_IF_ERROR(files.write(metadata_location, metadata.dump()));
  auto status = catalog.database().write([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_RETURN_IF_ERROR(Catalog::insert(transaction, name, metadata_location));
    return also ? also(transaction, 0) : Status();
  });
  if (!status) {
    // A failed commit may have become durable all the same: what the catalog says now counts.
    const auto now = catalog.metadata_location(name);
    if (!now && now.error().code != ErrorCode::not_found) files.keep();
    if (!now || *now != metadata_location) return std::move(status).error();
  }
  files.keep();
  return Table(catalog, name, metadata_location, std::move(metadata));
}

Result<Table> Table::load_at(const Catalog& catalog, const TableName& name, const std::string& metadata_location) {
  auto metadata = read_metadata(metadata_location);
  if (!metadata) return std::move(metadata).error().within(fmt::format("dataset {}: table metadata", name.text()));
  return Table(catalog, name, metadata_location, *std::move(metadata));
}

Result<Table> Table::load(const Catalog& catalog, const TableName& name) {
  // The file may have been replaced and cleaned away between the two reads; then the pointer has moved.
  // A table whose file is gone is damaged, not absent: the caller must not think of making it anew.
  for (std::string before;;) {
    GRISTMILL_TRY(auto location, catalog.metadata_location(name));
    auto table = load_at(catalog, name, location);
    if (table) GRISTMILL_RETURN_IF_ERROR(check_owner(*table, catalog));
    if (table || table.error().code != ErrorCode::not_found) return table;
    if (location == before) return damaged(std::move(table).error());
    before = std::move(location);
  }
}

Status Table::refresh() {
  GRISTMILL_TRY(*this, load(catalog_, name_));
  return {};
}

Result<std::string> Table::data_folder() const {
  GRISTMILL_TRY(auto path, path_of(metadata_.location()));
  return path + "/data";
}

std::vector<formats::TableColumn> Table::assign_field_ids(std::vector<formats::TableColumn> columns) const {
  return metadata_.plan_columns(std::move(columns));
}

Result<std::vector<formats::TableColumn>> Table::columns_at(const Snapshot& snapshot) const {
  // Columns may have changed since the newest version was written: Iceberg reads it with those that hold now.
  const bool is_current = snapshot.id == metadata_.current_snapshot_id() || snapshot.schema_id < 0;
  return metadata_.columns(is_current ? metadata_.current_schema_id() : snapshot.schema_id);
}

Result<std::vector<ScanFile>> Table::scan(const Snapshot& snapshot) const { return scan_filtered(*this, snapshot, {}); }

Result<std::vector<ScanFile>> scan_filtered(const Table& table, const Snapshot& snapshot, const ScanFilter& filter) {
  if (auto readable = check_readable(table.metadata()); !readable)
    return std::move(readable).error().within(fmt::format("dataset {}", table.name().text()));
  auto files = scan_manifests(table.metadata(), snapshot, filter);
  if (!files) return damaged(std::move(files).error().within(fmt::format("dataset {}", table.name().text())));
  return files;
}

}  // namespace gristmill::store
