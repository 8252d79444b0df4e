// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <span>

#include "gristmill/store/location.h"
#include "gristmill/store/manifest_part.h"
#include "gristmill/store/partition.h"

namespace gristmill::store {
namespace {

// Of `content` in the data_file record: 0 data, 1 position deletes.
constexpr std::int64_t content_equality_deletes = 2;

// What planning does not look at.
constexpr std::array<std::string_view, 8> without_bounds{"lower_bounds", "upper_bounds",      "column_sizes",
                                                         "value_counts", "null_value_counts", "nan_value_counts",
                                                         "key_metadata", "sort_order_id"};
constexpr std::size_t bounds_among_them = 2;

/// What a scan with these conditions does not look at.
std::vector<std::string_view> left_out_of(const ScanFilter& filter) {
  std::vector<std::string_view> left_out(without_bounds.begin() + (filter.empty() ? 0 : bounds_among_them),
                                         without_bounds.end());
  const auto needed = counts_needed(filter);
  std::erase_if(left_out, [&](std::string_view name) { return std::ranges::find(needed, name) != needed.end(); });
  return left_out;
}

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

Result<ScanFile> scan_file(const ManifestEntry& entry, const ManifestFile& manifest) {
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
                   .spec_id = manifest.spec_id,
                   .deletes = {},
                   .manifest = manifest.location};
  for (const auto& offset : file["split_offsets"].items()) scanned.split_offsets.push_back(offset.as_int());
  return scanned;
}

}  // namespace

std::map<int, Json> constants_of(const TableMetadata& metadata, const ScanFile& file) {
  if (file.partition.size() == 0) return {};
  return partition_constants(metadata.partition_fields(file.spec_id), file.partition);
}

Result<ScannedDelete> scan_delete(const TableMetadata& metadata, const ManifestEntry& entry, std::int64_t spec_id) {
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
    scanned.is_of_all = !metadata.is_partitioned(spec_id);
  } else if (const auto& data = file["referenced_data_file"].as_string(); !data.empty()) {
    GRISTMILL_TRY(scanned.data_path, path_of(data));
  }
  return scanned;
}

bool may_concern(const ScannedDelete& remove, const ScanFile& file) {
  const bool is_equality = !remove.file.equality_ids.empty();
  if (remove.sequence_number < file.sequence_number + (is_equality ? 1 : 0)) return false;
  if (!remove.data_path.empty()) return remove.data_path == file.path;
  if (remove.is_of_all) return true;
  return remove.spec_id == file.spec_id && remove.partition == file.partition;
}

Result<std::vector<ScanFile>> scan_manifests(const TableMetadata& metadata, const Snapshot& snapshot,
                                             const ScanFilter& filter, std::int64_t after) {
  std::vector<ScanFile> files;
  std::vector<ScannedDelete> deletes;
  GRISTMILL_TRY(const auto manifests, read_manifest_list(snapshot));
  std::map<std::int64_t, FilePruner> pruners;
  const auto left_out = left_out_of(filter);
  ManifestPart part{.left_out = left_out, .columns = {}};
  for (const auto& condition : filter) part.columns.push_back(condition.field_id);
  for (const auto& file : manifests) {
    if (file.live_files() == 0 || file.sequence_number <= after) continue;
    const auto known = pruners.find(file.spec_id);
    const auto& pruner =
        known != pruners.end()
            ? known->second
            : pruners.emplace(file.spec_id, FilePruner(filter, metadata.partition_fields(file.spec_id))).first->second;
    if (file.content == ManifestContent::data && !pruner.may_match_manifest(file.partitions)) continue;
    const auto use = [&](const ManifestEntry& entry) -> Status {
      if (entry.status == EntryStatus::deleted || entry.sequence_number <= after) return {};
      if (file.content == ManifestContent::deletes) {
        GRISTMILL_TRY(auto scanned, scan_delete(metadata, entry, file.spec_id));
        deletes.push_back(std::move(scanned));
      } else if (pruner.may_match_file(entry.file)) {
        GRISTMILL_TRY(auto scanned, scan_file(entry, file));
        files.push_back(std::move(scanned));
      }
      return {};
    };
    GRISTMILL_RETURN_IF_ERROR(for_each_entry(file, part, use));
  }
  for (auto& file : files) {
    for (const auto& remove : deletes) {
      if (may_concern(remove, file)) file.deletes.push_back(remove.file);
    }
    std::ranges::sort(file.deletes);
  }
  return files;
}

}  // namespace gristmill::store
