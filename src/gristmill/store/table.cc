// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/table.h"

#include <fmt/format.h>

#include <algorithm>

#include "gristmill/io/file.h"
#include "gristmill/store/attempt_files.h"
#include "gristmill/store/deflate.h"
#include "gristmill/store/location.h"

namespace gristmill::store {
namespace {

// Of `content` in the data_file record: 0 data, 1 position deletes.
constexpr std::int64_t content_equality_deletes = 2;
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

/// A delete file with what decides which data files it concerns.
struct ScannedDelete {
  DeleteFile file;
  std::int64_t sequence_number = 0;
  std::int64_t spec_id = 0;
  Json partition;
  std::string data_path;  ///< The only data file that it concerns, where it says so.
};

Status check_format(const Json& file) {
  const auto& location = file["file_path"].as_string();
  const auto& format = file["file_format"].as_string();
  if (format == "PUFFIN" || format == "puffin")
    return invalid_argument(fmt::format(
        "{} is a deletion vector (Iceberg format version 3), which cannot be read yet; rewrite the table's data files "
        "with the writer that made it",
        location));
  if (format != "PARQUET" && format != "parquet")
    return invalid_argument(fmt::format("file {} is of format {}; only PARQUET is read", location, format));
  return {};
}

Result<ScannedDelete> scan_delete(const ManifestEntry& entry, std::int64_t spec_id) {
  const auto& file = entry.file;
  GRISTMILL_RETURN_IF_ERROR(check_format(file));
  GRISTMILL_TRY(auto path, path_of(file["file_path"].as_string()));
  ScannedDelete scanned{.file = {std::move(path), {}},
                        .sequence_number = entry.sequence_number,
                        .spec_id = spec_id,
                        .partition = file["partition"],
                        .data_path = {}};
  if (file["content"].as_int() == content_equality_deletes) {
    for (const auto& id : file["equality_ids"].items())
      scanned.file.equality_ids.push_back(static_cast<int>(id.as_int()));
    if (scanned.file.equality_ids.empty())
      return corrupt_data(fmt::format("equality delete file {} names no columns", scanned.file.path));
  } else if (const auto& data = file["referenced_data_file"].as_string(); !data.empty()) {
    GRISTMILL_TRY(scanned.data_path, path_of(data));
  }
  return scanned;
}

/// Whether a delete file may concern a data file, by the table specification's rules for sequence numbers and
/// partitions. Without a partition an equality delete holds for the whole table.
bool may_concern(const ScannedDelete& remove, const ScanFile& file) {
  const bool is_equality = !remove.file.equality_ids.empty();
  if (remove.sequence_number < file.sequence_number + (is_equality ? 1 : 0)) return false;
  if (!remove.data_path.empty()) return remove.data_path == file.path;
  if (is_equality && remove.partition.size() == 0) return true;
  return remove.spec_id == file.spec_id && remove.partition == file.partition;
}

Result<ScanFile> scan_file(const ManifestEntry& entry, std::int64_t spec_id) {
  const auto& file = entry.file;
  GRISTMILL_RETURN_IF_ERROR(check_format(file));
  const auto& location = file["file_path"].as_string();
  GRISTMILL_TRY(auto path, path_of(location));
  ScanFile scanned{.path = std::move(path),
                   .records = entry.records(),
                   .bytes = entry.bytes(),
                   .split_offsets = {},
                   .partition = file["partition"],
                   .sequence_number = entry.sequence_number,
                   .snapshot_id = entry.snapshot_id,
                   .spec_id = spec_id,
                   .deletes = {}};
  for (const auto& offset : file["split_offsets"].items()) scanned.split_offsets.push_back(offset.as_int());
  return scanned;
}

Result<std::vector<ScanFile>> scan_manifests(const Snapshot& snapshot) {
  std::vector<ScanFile> files;
  std::vector<ScannedDelete> deletes;
  GRISTMILL_TRY(const auto manifests, read_manifest_list(snapshot.manifest_list));
  for (const auto& file : manifests) {
    if (file.live_files() == 0) continue;
    GRISTMILL_TRY(const auto manifest, read_manifest(file));
    for (const auto& entry : manifest.entries) {
      if (entry.status == EntryStatus::deleted) continue;
      if (file.content == ManifestContent::data) {
        GRISTMILL_TRY(auto scanned, scan_file(entry, file.spec_id));
        files.push_back(std::move(scanned));
      } else {
        GRISTMILL_TRY(auto scanned, scan_delete(entry, file.spec_id));
        deletes.push_back(std::move(scanned));
      }
    }
  }
  for (auto& file : files) {
    for (const auto& remove : deletes) {
      if (may_concern(remove, file)) file.deletes.push_back(remove.file);
    }
    std::ranges::sort(file.deletes);
  }
  return files;
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
  // Columns may have changed since the newest version was written: Iceberg reads it with those that hold now.
  const bool is_current = snapshot.id == metadata_.current_snapshot_id() || snapshot.schema_id < 0;
  return metadata_.columns(is_current ? metadata_.current_schema_id() : snapshot.schema_id);
}

Result<std::vector<ScanFile>> Table::scan(const Snapshot& snapshot) const {
  auto files = scan_manifests(snapshot);
  if (!files) return damaged(std::move(files).error().within(fmt::format("dataset {}", name_.text())));
  return files;
}

}  // namespace gristmill::store
