// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/snapshot_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "gristmill/store/location.h"
#include "gristmill/store/manifest_schema.h"
#include "gristmill/store/partition.h"
#include "gristmill/store/scan.h"

namespace gristmill::store {
namespace {

// As Iceberg's commit.manifest.min-count-to-merge and commit.manifest.target-size-bytes: a manifest list, which each
// commit rewrites whole, stays short however many commits there are.
constexpr std::size_t merge_count_min = 100;
constexpr std::int64_t merge_bytes_max = std::int64_t{8} << 20;

/// Manifests whose entries may be rewritten into one: content, spec, Avro schema and, where partitions are of a kind
/// that we cannot sum up, the manifest itself.
using GroupKey = std::tuple<ManifestContent, std::int64_t, std::string, std::string>;
struct Group {
  std::string partition_spec;
  Json partitions;
  std::vector<ManifestEntry> entries;
  std::vector<ManifestFile> sources;
};

ManifestHeader header_for(const TableMetadata& metadata) {
  return {.table_schema = metadata.schema(metadata.current_schema_id()).dump(),
          .schema_id = metadata.current_schema_id(),
          .partition_spec = partition_json(metadata.partition_fields()).dump(),
          .spec_id = metadata.default_spec_id()};
}

ManifestHeader header_for(const TableMetadata& metadata, const GroupKey& key, const Group& group) {
  auto header = header_for(metadata);
  header.content = std::get<0>(key);
  header.spec_id = std::get<1>(key);
  if (!group.partition_spec.empty()) header.partition_spec = group.partition_spec;
  return header;
}

/// Whether we know the values of all fields of a spec well enough to sum them up.
bool is_summable(const TableMetadata& metadata, std::int64_t spec_id) {
  return !partition_summaries(metadata.partition_fields(spec_id), {}).is_null();
}

Result<std::map<GroupKey, Group>> read_groups(const TableMetadata& metadata,
                                              const std::vector<ManifestFile>& manifests) {
  std::map<GroupKey, Group> groups;
  for (const auto& file : manifests) {
    GRISTMILL_TRY(auto manifest, read_manifest(file));
    const auto alone = is_summable(metadata, file.spec_id) ? std::string() : file.location;
    auto& group = groups[{file.content, file.spec_id, manifest.avro_schema, alone}];
    group.partition_spec = std::move(manifest.partition_spec);
    group.partitions = file.partitions;
    group.sources.push_back(file);
    for (auto& entry : manifest.entries) {
      if (entry.status != EntryStatus::deleted) group.entries.push_back(std::move(entry));
    }
  }
  return groups;
}

void put(Summary& summary, std::string_view key, std::int64_t value) {
  summary.emplace_back(key, std::to_string(value));
}

}  // namespace

SnapshotWriter::SnapshotWriter(const CommitRequest& request, bool is_replacing, const Rewrite* rewrite)
    : request_(request),
      is_replacing_(is_replacing),
      rewrite_(rewrite),
      snapshot_id_(new_snapshot_id()),
      unique_(new_uuid()) {
  for (const auto& file : request.files) added_bytes_ += file.bytes;
}

Result<ManifestFile> SnapshotWriter::write_manifest(const TableMetadata& metadata, AttemptFiles& files,
                                                    const ManifestHeader& header, const std::string& avro_schema,
                                                    std::span<const ManifestEntry> entries) {
  GRISTMILL_TRY(const auto bytes, encode_manifest(header, avro_schema, entries));
  auto file = summarize(entries);
  file.location = fmt::format("{}/metadata/{}-m{}.avro", metadata.location(), unique_, manifests_written_++);
  file.bytes = static_cast<std::int64_t>(bytes.size());
  file.spec_id = header.spec_id;
  file.content = header.content;
  file.added_snapshot_id = snapshot_id_;
  file.partitions = partition_summaries(metadata.partition_fields(header.spec_id), entries);
  GRISTMILL_RETURN_IF_ERROR(files.write(file.location, bytes));
  return file;
}

Status SnapshotWriter::write_added(const TableMetadata& metadata) {
  if (is_added_written_ || request_.files.empty()) return {};
  std::map<std::int64_t, std::vector<ManifestEntry>> entries;
  for (const auto& file : request_.files) {
    GRISTMILL_TRY(auto location, location_of(file.path));
    const auto spec_id = metadata.spec_of(file.partition);
    if (!spec_id)
      return Error{ErrorCode::conflict, fmt::format("{} is of a partition ({}) that the table does not have", file.path,
                                                    file.partition.dump())};
    auto partition = partition_record(metadata.partition_fields(*spec_id), file.partition);
    entries[*spec_id].push_back(added_entry(file, std::move(location), snapshot_id_, std::move(partition)));
  }
  added_.clear();
  for (const auto& [spec_id, group] : entries) {
    const auto fields = metadata.partition_fields(spec_id);
    auto header = header_for(metadata);
    header.spec_id = spec_id;
    header.partition_spec = partition_json(fields).dump();
    GRISTMILL_TRY(auto file, write_manifest(metadata, added_files_, header, manifest_avro_schema(fields), group));
    added_.push_back(std::move(file));
  }
  is_added_written_ = true;
  return {};
}

Result<std::vector<ManifestFile>> SnapshotWriter::mark_deleted(const TableMetadata& metadata, AttemptFiles& files,
                                                               const std::vector<ManifestFile>& manifests) {
  std::vector<ManifestFile> marked;
  GRISTMILL_TRY(auto groups, read_groups(metadata, manifests));
  for (auto& [key, group] : groups) {
    if (group.entries.empty()) continue;
    for (auto& entry : group.entries) {
      entry.status = EntryStatus::deleted;
      entry.snapshot_id = snapshot_id_;
      note_removed(entry, std::get<0>(key));
    }
    GRISTMILL_TRY(auto file,
                  write_manifest(metadata, files, header_for(metadata, key, group), std::get<2>(key), group.entries));
    if (file.partitions.is_null()) file.partitions = group.partitions;
    marked.push_back(std::move(file));
  }
  return marked;
}

Result<std::vector<ManifestFile>> SnapshotWriter::merge(const TableMetadata& metadata, AttemptFiles& files,
                                                        std::vector<ManifestFile> manifests) {
  const auto is_small = [&](const ManifestFile& file) {
    return file.content == ManifestContent::data && file.bytes < merge_bytes_max && is_summable(metadata, file.spec_id);
  };
  std::vector<ManifestFile> small;
  std::vector<ManifestFile> result;
  for (auto& file : manifests) (is_small(file) ? small : result).push_back(std::move(file));
  if (small.size() < merge_count_min) {
    result.insert(result.end(), small.begin(), small.end());
    return result;
  }
  GRISTMILL_TRY(auto groups, read_groups(metadata, small));
  for (auto& [key, group] : groups) {
    if (group.sources.size() == 1) {
      result.push_back(group.sources[0]);
      continue;
    }
    for (auto& entry : group.entries) entry.status = EntryStatus::existing;
    if (group.entries.empty()) continue;
    GRISTMILL_TRY(auto file,
                  write_manifest(metadata, files, header_for(metadata, key, group), std::get<2>(key), group.entries));
    result.push_back(std::move(file));
  }
  return result;
}

void SnapshotWriter::note_removed(const ManifestEntry& entry, ManifestContent content) {
  removed_bytes_ += entry.bytes();
  if (content == ManifestContent::deletes) {
    ++removed_delete_files_;
    return;
  }
  ++removed_files_;
  removed_rows_ += entry.records();
}

Status SnapshotWriter::check_deletes(const TableMetadata& metadata, const std::vector<ManifestFile>& manifests) const {
  for (const auto& file : manifests) {
    if (file.content != ManifestContent::deletes || file.sequence_number <= rewrite_->base_sequence_number) continue;
    GRISTMILL_TRY(const auto manifest, read_manifest(file));
    for (const auto& entry : manifest.entries) {
      if (entry.status == EntryStatus::deleted || entry.sequence_number <= rewrite_->base_sequence_number) continue;
      GRISTMILL_TRY(const auto remove, scan_delete(metadata, entry, file.spec_id));
      const auto concerned = std::ranges::find_if(rewrite_->files,
                                                  [&](const ScanFile& data) { return may_concern(remove, data); });
      if (concerned != rewrite_->files.end())
        return Error{ErrorCode::conflict, fmt::format("somebody deleted rows of {} meanwhile", concerned->path)};
    }
  }
  return {};
}

Status SnapshotWriter::check_added(const TableMetadata& metadata, const Snapshot* parent) const {
  if (!rewrite_->check_added || parent == nullptr || parent->id == rewrite_->base_snapshot_id) return {};
  // A rollback may have brought files back that are older than the version that was read, but were not in it.
  if (!metadata.is_ancestor(rewrite_->base_snapshot_id, parent->id))
    return Error{ErrorCode::conflict, "the version that was read is no longer part of the history"};
  GRISTMILL_TRY(const auto added,
                scan_manifests(metadata, *parent, rewrite_->concerned, rewrite_->base_sequence_number));
  return added.empty() ? Status() : rewrite_->check_added(added);
}

Result<bool> SnapshotWriter::take_out_of(const TableMetadata& metadata, AttemptFiles& files, ManifestFile& file,
                                         std::set<std::string>& wanted) {
  GRISTMILL_TRY(auto manifest, read_manifest(file));
  std::erase_if(manifest.entries, [](const ManifestEntry& entry) { return entry.status == EntryStatus::deleted; });
  bool is_touched = false;
  for (auto& entry : manifest.entries) {
    entry.status = EntryStatus::existing;
    GRISTMILL_TRY(const auto path, path_of(entry.file["file_path"].as_string()));
    if (wanted.erase(path) == 0) continue;
    entry.status = EntryStatus::deleted;
    entry.snapshot_id = snapshot_id_;
    note_removed(entry, file.content);
    is_touched = true;
  }
  if (!is_touched) return false;
  auto header = header_for(metadata);
  header.content = file.content;
  header.spec_id = file.spec_id;
  if (!manifest.partition_spec.empty()) header.partition_spec = manifest.partition_spec;
  // Partitions that we cannot sum up: what was said of them holds for what stays as well.
  auto partitions = file.partitions;
  GRISTMILL_TRY(file, write_manifest(metadata, files, header, manifest.avro_schema, manifest.entries));
  if (file.partitions.is_null()) file.partitions = std::move(partitions);
  return true;
}

Result<std::vector<ManifestFile>> SnapshotWriter::take_out(const TableMetadata& metadata, AttemptFiles& files,
                                                           std::vector<ManifestFile> manifests) {
  GRISTMILL_RETURN_IF_ERROR(check_deletes(metadata, manifests));
  std::set<std::string> data_paths;
  std::set<std::string> known_manifests;
  for (const auto& file : rewrite_->files) {
    data_paths.insert(file.path);
    known_manifests.insert(file.manifest);
  }
  std::set<std::string> delete_paths(rewrite_->delete_paths.begin(), rewrite_->delete_paths.end());
  std::set<std::string> touched;
  // Where they were listed when they were read; manifests that others merged meanwhile only when that is not enough.
  for (const bool is_known : {true, false}) {
    for (auto& file : manifests) {
      auto& wanted = file.content == ManifestContent::data ? data_paths : delete_paths;
      const bool is_likely = file.content == ManifestContent::deletes || known_manifests.contains(file.location);
      if (wanted.empty() || is_likely != is_known || touched.contains(file.location)) continue;
      GRISTMILL_TRY(const bool is_touched, take_out_of(metadata, files, file, wanted));
      if (is_touched) touched.insert(file.location);
    }
  }
  if (!data_paths.empty())
    return Error{ErrorCode::conflict, fmt::format("somebody replaced or removed {} meanwhile", *data_paths.begin())};
  return manifests;
}

std::string_view SnapshotWriter::operation() const {
  if (removed_files_ == 0) return "append";
  if (rewrite_ != nullptr && rewrite_->keeps_rows) return "replace";
  return request_.files.empty() ? "delete" : "overwrite";
}

Summary SnapshotWriter::summarize_snapshot(const Snapshot* parent, const std::vector<ManifestFile>& manifests) const {
  Summary summary{{"operation", std::string(operation())}};
  put(summary, "added-data-files", static_cast<std::int64_t>(request_.files.size()));
  std::int64_t added_rows = 0;
  for (const auto& file : added_) added_rows += file.added_rows;
  put(summary, "added-records", added_rows);
  put(summary, "added-files-size", added_bytes_);
  if (removed_files_ > 0) {
    put(summary, "deleted-data-files", removed_files_);
    put(summary, "deleted-records", removed_rows_);
    put(summary, "removed-files-size", removed_bytes_);
  }
  if (removed_delete_files_ > 0) put(summary, "removed-delete-files", removed_delete_files_);
  std::int64_t data_files = 0;
  std::int64_t records = 0;
  std::int64_t delete_files = 0;
  for (const auto& file : manifests) {
    const bool is_data = file.content == ManifestContent::data;
    data_files += is_data ? file.live_files() : 0;
    records += is_data ? file.live_rows() : 0;
    delete_files += is_data ? 0 : file.live_files();
  }
  put(summary, "total-data-files", data_files);
  put(summary, "total-records", records);
  put(summary, "total-delete-files", delete_files);
  // Sizes are in no manifest list: they are known only when every writer before kept count.
  const auto bytes_before = parent == nullptr || is_replacing_ ? 0 : parent->count("total-files-size");
  if (bytes_before)
    put(summary, "total-files-size", *bytes_before + added_bytes_ - (is_replacing_ ? 0 : removed_bytes_));
  const auto deletes_before = [&](std::string_view key) {
    return parent == nullptr || delete_files == 0 ? 0 : parent->count(key).value_or(0);
  };
  const auto applied = rewrite_ == nullptr ? 0 : rewrite_->applied_position_deletes;
  put(summary, "total-position-deletes", std::max<std::int64_t>(deletes_before("total-position-deletes") - applied, 0));
  put(summary, "total-equality-deletes", deletes_before("total-equality-deletes"));
  if (!request_.key.empty()) summary.emplace_back(commit_key_note, request_.key);
  for (const auto& [key, value] : request_.summary) {
    if (key != "operation") summary.emplace_back(key, value);
  }
  return summary;
}

Result<Snapshot> SnapshotWriter::write(TableMetadata& metadata, AttemptFiles& files) {
  const Snapshot* parent = metadata.branch_head(request_.branch);
  GRISTMILL_RETURN_IF_ERROR(write_added(metadata));
  Snapshot snapshot{.id = snapshot_id_,
                    .parent_id = parent != nullptr ? parent->id : 0,
                    .sequence_number = metadata.last_sequence_number() + 1,
                    .timestamp_ms = metadata.next_timestamp_ms(current_time_ms()),
                    .schema_id = metadata.current_schema_id(),
                    .manifest_list = fmt::format("{}/metadata/snap-{}-{}-{}.avro", metadata.location(), snapshot_id_,
                                                 ++attempts_, unique_),
                    .summary = {}};
  std::vector<ManifestFile> manifests;
  if (parent != nullptr) {
    GRISTMILL_TRY(manifests, read_manifest_list(*parent));
  }
  std::erase_if(manifests, [](const ManifestFile& file) { return file.live_files() == 0; });
  removed_files_ = removed_rows_ = removed_bytes_ = removed_delete_files_ = 0;
  GRISTMILL_TRY(manifests, is_replacing_ ? mark_deleted(metadata, files, manifests)
                                         : merge(metadata, files, std::move(manifests)));
  if (rewrite_ != nullptr) {
    GRISTMILL_RETURN_IF_ERROR(check_added(metadata, parent));
    GRISTMILL_TRY(manifests, take_out(metadata, files, std::move(manifests)));
  }
  manifests.insert(manifests.begin(), added_.begin(), added_.end());
  for (auto& file : manifests) {
    // Manifests of this snapshot get their place in the order now, with each attempt anew.
    if (file.added_snapshot_id != snapshot_id_) continue;
    file.sequence_number = snapshot.sequence_number;
    // Files of version 1 have the number 0: deletes that were made since concern them still.
    if (file.existing_files == 0) file.min_sequence_number = snapshot.sequence_number;
  }
  snapshot.summary = summarize_snapshot(parent, manifests);
  if (request_.branch != main_branch && !request_.partition_by.empty())
    snapshot.summary.emplace_back(partition_spec_note, std::to_string(metadata.default_spec_id()));
  const ManifestListOwner owner{snapshot.id, snapshot.parent_id, snapshot.sequence_number};
  GRISTMILL_TRY(const auto bytes, encode_manifest_list(owner, manifests));
  GRISTMILL_RETURN_IF_ERROR(files.write(snapshot.manifest_list, bytes));
  metadata.add_snapshot(snapshot, request_.branch);
  return snapshot;
}

}  // namespace gristmill::store
