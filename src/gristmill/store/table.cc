// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/table.h"

#include <fmt/format.h>

#include "gristmill/io/file.h"
#include "gristmill/store/attempt_files.h"
#include "gristmill/store/deflate.h"
#include "gristmill/store/location.h"

namespace gristmill::store {
namespace {

constexpr std::size_t metadata_bytes_max = std::size_t{1} << 30;

Result<TableMetadata> read_metadata(const std::string& location) {
  GRISTMILL_TRY(const auto path, path_of(location));
  GRISTMILL_TRY(auto bytes, io::read_file(path, metadata_bytes_max));
  if (bytes.starts_with("\x1F\x8B")) {
    auto inflated = inflate(bytes, Compression::gzip, metadata_bytes_max);
    if (!inflated) return std::move(inflated).error().within(path);
    bytes = *std::move(inflated);
  }
  auto metadata = TableMetadata::parse(bytes);
  if (!metadata) return std::move(metadata).error().within(path);
  return metadata;
}

/// A file of the table that is missing makes the table damaged.
Error damaged(Error error) {
  if (error.code == ErrorCode::not_found) error.code = ErrorCode::corrupt_data;
  return error;
}

Status check_deletes(const TableName& name, const Snapshot& snapshot, const ManifestFile& file) {
  if (file.content == ManifestContent::data || file.live_files() == 0) return {};
  return invalid_argument(
      fmt::format("dataset {}: snapshot {} has row-level delete files of another writer, which cannot be read yet; "
                  "rewrite the table's "
                  "data files with that writer first",
                  name.text(), snapshot.id));
}

Result<ScanFile> scan_file(const ManifestEntry& entry) {
  const auto& file = entry.file;
  const auto& location = file["file_path"].as_string();
  const auto& format = file["file_format"].as_string();
  if (format != "PARQUET" && format != "parquet")
    return invalid_argument(fmt::format("data file {} is of format {}; only PARQUET is read", location, format));
  GRISTMILL_TRY(auto path, path_of(location));
  ScanFile scanned{.path = std::move(path),
                   .records = entry.records(),
                   .bytes = entry.bytes(),
                   .split_offsets = {},
                   .partition = file["partition"],
                   .sequence_number = entry.sequence_number,
                   .snapshot_id = entry.snapshot_id};
  for (const auto& offset : file["split_offsets"].items()) scanned.split_offsets.push_back(offset.as_int());
  return scanned;
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
  const auto metadata_location = fmt::format("{}/metadata/00000-{}.metadata.json", location, new_uuid());
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
  return metadata_.columns(snapshot.schema_id >= 0 ? snapshot.schema_id : metadata_.current_schema_id());
}

Result<std::vector<ScanFile>> Table::scan(const Snapshot& snapshot) const {
  std::vector<ScanFile> files;
  auto manifests = read_manifest_list(snapshot.manifest_list);
  if (!manifests) return damaged(std::move(manifests).error().within(fmt::format("dataset {}", name_.text())));
  for (const auto& file : *manifests) GRISTMILL_RETURN_IF_ERROR(check_deletes(name_, snapshot, file));
  for (const auto& file : *manifests) {
    if (file.live_files() == 0) continue;
    auto manifest = read_manifest(file);
    if (!manifest) return damaged(std::move(manifest).error().within(fmt::format("dataset {}", name_.text())));
    for (const auto& entry : manifest->entries) {
      if (entry.status == EntryStatus::deleted) continue;
      auto scanned = scan_file(entry);
      if (!scanned) return std::move(scanned).error().within(fmt::format("dataset {}", name_.text()));
      files.push_back(*std::move(scanned));
    }
  }
  return files;
}

}  // namespace gristmill::store
