// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "gristmill/io/file.h"
#include "gristmill/store/avro.h"
#include "gristmill/store/location.h"
#include "gristmill/store/manifest_part.h"
#include "gristmill/store/manifest_schema.h"
#include "gristmill/store/metadata.h"

namespace gristmill::store {
namespace {

constexpr std::uint64_t file_bytes_max = std::uint64_t{1} << 30;

Result<std::string> read_bytes(const std::string& location) {
  GRISTMILL_TRY(const auto path, path_of(location));
  auto bytes = io::read_file(path, file_bytes_max);
  if (bytes || bytes.error().code != ErrorCode::not_found) return bytes;
  return corrupt_data(fmt::format("{}; restore the file from a copy", bytes.error().message));
}

/// A manifest must be as long as its list says: one that was cut short may read well.
Result<std::string> read_manifest_bytes(const ManifestFile& file) {
  auto bytes = read_bytes(file.location);
  if (!bytes || file.bytes <= 0 || bytes->size() == static_cast<std::size_t>(file.bytes)) return bytes;
  return corrupt_data(
      fmt::format("{} has {} bytes, the manifest list says {}: it was cut short, or another file is in "
                  "its place; restore it from a copy",
                  file.location, bytes->size(), file.bytes));
}

Result<ManifestFile> manifest_file(const Json& row) {
  ManifestFile file{
      .location = row["manifest_path"].as_string(),
      .bytes = row["manifest_length"].as_int(),
      .spec_id = row["partition_spec_id"].as_int(),
      .content = row["content"].as_int() == 1 ? ManifestContent::deletes : ManifestContent::data,
      .sequence_number = row["sequence_number"].as_int(),
      .min_sequence_number = row["min_sequence_number"].as_int(),
      .added_snapshot_id = row["added_snapshot_id"].as_int(),
      .added_files = row["added_files_count"].as_int(),
      .existing_files = row["existing_files_count"].as_int(),
      .deleted_files = row["deleted_files_count"].as_int(),
      .added_rows = row["added_rows_count"].as_int(),
      .existing_rows = row["existing_rows_count"].as_int(),
      .deleted_rows = row["deleted_rows_count"].as_int(),
      .partitions = row["partitions"],
      .key_metadata = row["key_metadata"],
  };
  if (file.location.empty()) return corrupt_data("a manifest without a path");
  return file;
}

Result<ManifestEntry> manifest_entry(const ManifestFile& manifest, Json row) {
  const auto status = row["status"].as_int(-1);
  if (status < 0 || status > 2) return corrupt_data(fmt::format("an entry of unknown status {}", status));
  ManifestEntry entry;
  entry.status = static_cast<EntryStatus>(status);
  // What is null was not known yet when the manifest was written; the manifest list has it. Version 1 has no numbers:
  // 0.
  entry.snapshot_id = row["snapshot_id"].as_int(manifest.added_snapshot_id);
  entry.sequence_number = row["sequence_number"].as_int(manifest.sequence_number);
  entry.file_sequence_number = row["file_sequence_number"].as_int(manifest.sequence_number);
  const bool is_own = entry.snapshot_id == manifest.added_snapshot_id || manifest.added_snapshot_id == 0;
  if (entry.status == EntryStatus::added && !is_own)
    return corrupt_data(
        fmt::format("an entry that snapshot {} added, where the manifest list says {}: another file is in "
                    "its place; restore it from a copy",
                    entry.snapshot_id, manifest.added_snapshot_id));
  entry.file = std::move(row.at("data_file"));
  if (entry.file["content"].is_null()) entry.file.set("content", 0);
  if (entry.file["file_path"].as_string().empty()) return corrupt_data("an entry without a file path");
  if (entry.records() < 0 || entry.bytes() < 0) return corrupt_data("an entry with a negative size");
  return entry;
}

Json pairs(const std::vector<formats::ColumnStats>& columns, std::int64_t formats::ColumnStats::* number) {
  Json::Array items;
  for (const auto& column : columns) {
    if (column.*number == formats::ColumnStats::unknown) continue;
    items.push_back(Json::object({{"key", column.field_id}, {"value", column.*number}}));
  }
  return items;
}

Json bounds(const std::vector<formats::ColumnStats>& columns, std::string formats::ColumnStats::* bound) {
  Json::Array items;
  for (const auto& column : columns) {
    if (!(column.*bound).empty()) items.push_back(Json::object({{"key", column.field_id}, {"value", column.*bound}}));
  }
  return items;
}

Json entry_row(const ManifestEntry& entry) {
  auto row = Json::object({{"status", static_cast<int>(entry.status)}, {"snapshot_id", entry.snapshot_id}});
  if (entry.status != EntryStatus::added) {
    row.set("sequence_number", entry.sequence_number);
    row.set("file_sequence_number", entry.file_sequence_number);
  }
  row.set("data_file", entry.file);
  return row;
}

Json list_row(const ManifestFile& file) {
  return Json::object({{"manifest_path", file.location},
                       {"manifest_length", file.bytes},
                       {"partition_spec_id", file.spec_id},
                       {"content", static_cast<int>(file.content)},
                       {"sequence_number", file.sequence_number},
                       {"min_sequence_number", file.min_sequence_number},
                       {"added_snapshot_id", file.added_snapshot_id},
                       {"added_files_count", file.added_files},
                       {"existing_files_count", file.existing_files},
                       {"deleted_files_count", file.deleted_files},
                       {"added_rows_count", file.added_rows},
                       {"existing_rows_count", file.existing_rows},
                       {"deleted_rows_count", file.deleted_rows},
                       {"partitions", file.partitions},
                       {"key_metadata", file.key_metadata}});
}

Result<std::vector<ManifestFile>> decode_list(AvroReader& reader, const std::string& location) {
  std::vector<ManifestFile> files;
  Json row;
  while (true) {
    GRISTMILL_TRY(const bool has_row, reader.next(row));
    if (!has_row) return files;
    auto file = manifest_file(row);
    if (!file) return std::move(file).error().within(location);
    files.push_back(*std::move(file));
  }
}

}  // namespace

DataFile data_file(const formats::WrittenFile& written) {
  return {.path = written.path,
          .records = written.documents,
          .bytes = written.bytes,
          .split_offsets = written.row_group_offsets,
          .columns = written.columns,
          .partition = written.partition};
}

Result<std::vector<ManifestFile>> decode_manifest_list(std::string bytes, const std::string& location) {
  GRISTMILL_TRY(auto reader, AvroReader::open(std::move(bytes), location, manifest_list_field_names()));
  return decode_list(reader, location);
}

Result<Manifest> decode_manifest(std::string bytes, const ManifestFile& file) {
  GRISTMILL_TRY(auto reader, AvroReader::open(std::move(bytes), file.location, manifest_field_names()));
  Manifest manifest{.avro_schema = as_version_2(std::string(reader.metadata("avro.schema"))),
                    .partition_spec = std::string(reader.metadata("partition-spec")),
                    .entries = {}};
  Json row;
  while (true) {
    GRISTMILL_TRY(const bool has_row, reader.next(row));
    if (!has_row) return manifest;
    auto entry = manifest_entry(file, std::move(row));
    if (!entry) return std::move(entry).error().within(file.location);
    manifest.entries.push_back(*std::move(entry));
  }
}

Status for_each_entry(const ManifestFile& file, const ManifestPart& part,
                      const std::function<Status(const ManifestEntry& entry)>& use) {
  auto bytes = read_manifest_bytes(file);
  if (!bytes) return std::move(bytes).error().within("manifest");
  auto opened = AvroReader::open(*std::move(bytes), file.location, manifest_field_names());
  if (!opened) return std::move(opened).error().within("manifest");
  auto reader = *std::move(opened);
  reader.leave_out(part.left_out);
  reader.keep_keys(part.columns);
  Json row;
  while (true) {
    const auto has_row = reader.next(row);
    if (!has_row) return Error(has_row.error()).within("manifest");
    if (!*has_row) return {};
    const auto entry = manifest_entry(file, std::move(row));
    if (!entry) return Error(entry.error()).within("manifest " + file.location);
    GRISTMILL_RETURN_IF_ERROR(use(*entry));
  }
}

Result<std::vector<ManifestFile>> read_manifest_list(const Snapshot& snapshot) {
  const auto& location = snapshot.manifest_list;
  auto bytes = read_bytes(location);
  if (!bytes) return std::move(bytes).error().within("manifest list");
  auto reader = AvroReader::open(*std::move(bytes), location, manifest_list_field_names());
  if (!reader) return std::move(reader).error().within("manifest list");
  // Most writers say whose list it is, though no specification demands it.
  const auto said = reader->metadata("snapshot-id");
  std::int64_t owner = 0;
  const auto number = std::from_chars(said.data(), said.data() + said.size(), owner);
  if (number.ec == std::errc() && owner != snapshot.id)
    return corrupt_data(
        fmt::format("manifest list {} is that of snapshot {}, not of {}: another file is in its place; "
                    "restore it from a copy",
                    location, owner, snapshot.id));
  auto files = decode_list(*reader, location);
  return files ? std::move(files) : std::move(files).error().within("manifest list");
}

Result<Manifest> read_manifest(const ManifestFile& file) {
  auto bytes = read_manifest_bytes(file);
  if (!bytes) return std::move(bytes).error().within("manifest");
  auto manifest = decode_manifest(*std::move(bytes), file);
  return manifest ? std::move(manifest) : std::move(manifest).error().within("manifest");
}

ManifestEntry added_entry(const DataFile& file, std::string location, std::int64_t snapshot_id, Json partition) {
  auto offsets = file.split_offsets;
  std::ranges::sort(offsets);
  Json::Array offset_items(offsets.begin(), offsets.end());
  using Stats = formats::ColumnStats;
  return {.status = EntryStatus::added,
          .snapshot_id = snapshot_id,
          .file = Json::object({{"content", 0},
                                {"file_path", std::move(location)},
                                {"file_format", "PARQUET"},
                                {"partition", std::move(partition)},
                                {"record_count", file.records},
                                {"file_size_in_bytes", file.bytes},
                                {"column_sizes", pairs(file.columns, &Stats::size_bytes)},
                                {"value_counts", pairs(file.columns, &Stats::value_count)},
                                {"null_value_counts", pairs(file.columns, &Stats::null_count)},
                                {"nan_value_counts", pairs(file.columns, &Stats::nan_count)},
                                {"lower_bounds", bounds(file.columns, &Stats::lower_bound)},
                                {"upper_bounds", bounds(file.columns, &Stats::upper_bound)},
                                {"key_metadata", Json()},
                                {"split_offsets", offsets.empty() ? Json() : Json(std::move(offset_items))},
                                {"equality_ids", Json()},
                                {"sort_order_id", 0}})};
}

Result<std::string> encode_manifest(const ManifestHeader& header, const std::string& avro_schema,
                                    std::span<const ManifestEntry> entries) {
  const AvroMetadata metadata{{"schema", header.table_schema},
                              {"schema-id", std::to_string(header.schema_id)},
                              {"partition-spec", header.partition_spec},
                              {"partition-spec-id", std::to_string(header.spec_id)},
                              {"format-version", "2"},
                              {"content", header.content == ManifestContent::data ? "data" : "deletes"}};
  GRISTMILL_TRY(auto writer,
                AvroWriter::create(avro_schema, metadata, AvroWriter::Codec::deflate, manifest_field_names()));
  for (const auto& entry : entries) GRISTMILL_RETURN_IF_ERROR(writer.append(entry_row(entry)));
  return writer.finish();
}

ManifestFile summarize(std::span<const ManifestEntry> entries) {
  ManifestFile file;
  std::optional<std::int64_t> oldest;
  for (const auto& entry : entries) {
    if (entry.status == EntryStatus::added) {
      ++file.added_files;
      file.added_rows += entry.records();
    } else if (entry.status == EntryStatus::existing) {
      ++file.existing_files;
      file.existing_rows += entry.records();
      oldest = std::min(oldest.value_or(INT64_MAX), entry.sequence_number);
    } else {
      ++file.deleted_files;
      file.deleted_rows += entry.records();
    }
  }
  file.min_sequence_number = oldest.value_or(0);
  return file;
}

Result<std::string> encode_manifest_list(const ManifestListOwner& owner, std::span<const ManifestFile> files) {
  AvroMetadata metadata{
      {"snapshot-id", std::to_string(owner.snapshot_id)},
      {"parent-snapshot-id", owner.parent_snapshot_id == 0 ? "null" : std::to_string(owner.parent_snapshot_id)},
      {"sequence-number", std::to_string(owner.sequence_number)},
      {"format-version", "2"}};
  GRISTMILL_TRY(auto writer,
                AvroWriter::create(std::string(manifest_list_avro_schema()), metadata, AvroWriter::Codec::deflate));
  for (const auto& file : files) GRISTMILL_RETURN_IF_ERROR(writer.append(list_row(file)));
  return writer.finish();
}

}  // namespace gristmill::store
