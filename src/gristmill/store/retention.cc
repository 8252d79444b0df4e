// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/retention.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <functional>
#include <map>

#include "gristmill/io/file.h"
#include "gristmill/io/object_path.h"
#include "gristmill/store/location.h"
#include "gristmill/store/table.h"

namespace gristmill::store {
namespace {

namespace fs = std::filesystem;

/// Adds what stays of one branch to `kept`, and all of its history to `known`.
void keep_branch(const TableMetadata& metadata, const Reference& branch, const Retention& retention,
                 std::set<std::int64_t>& kept, std::set<std::int64_t>& known) {
  const auto count_min = branch.snapshots_min.value_or(std::max<std::int64_t>(retention.keep_last, 1));
  auto oldest_ms = retention.older_than_ms;
  if (branch.age_ms_max) oldest_ms = std::min(oldest_ms, current_time_ms() - *branch.age_ms_max);
  bool is_kept = true;
  std::int64_t count = 0;
  std::set<std::int64_t> met;  // Damaged metadata may hold a ring of parents.
  for (const auto* snapshot = metadata.find_snapshot(branch.snapshot_id);
       snapshot != nullptr && met.insert(snapshot->id).second; snapshot = metadata.find_snapshot(snapshot->parent_id)) {
    is_kept = is_kept && (count++ < count_min || snapshot->timestamp_ms >= oldest_ms);
    if (is_kept) kept.insert(snapshot->id);
  }
  known.merge(met);
}

/// Adds what lies between a branch and the version that it left `main` at: without it nobody could tell that `main` has
/// not gone on, and the branch could not be published any more.
void keep_way_to_main(const TableMetadata& metadata, const Reference& branch, std::set<std::int64_t>& kept) {
  const auto current = metadata.current_snapshot_id();
  if (branch.name == main_branch || !metadata.is_ancestor(current, branch.snapshot_id)) return;
  for (const auto* snapshot = metadata.find_snapshot(branch.snapshot_id);
       snapshot != nullptr && snapshot->id != current && kept.insert(snapshot->id).second;)
    snapshot = metadata.find_snapshot(snapshot->parent_id);
}

using Manifests = std::map<std::string, ManifestFile>;

/// All files that snapshots refer to, by local path.
class Reach {
 public:
  /// Adds lists and manifests; manifests that `other` has are left out.
  Status add(const Snapshot& snapshot, const Reach* other = nullptr) {
    GRISTMILL_TRY(auto list, path_of(snapshot.manifest_list));
    GRISTMILL_TRY(const auto files, read_manifest_list(snapshot));
    lists_.insert(std::move(list));
    for (const auto& file : files) {
      GRISTMILL_TRY(auto path, path_of(file.location));
      if (other == nullptr || !other->manifests_.contains(path)) manifests_.emplace(std::move(path), file);
    }
    return {};
  }
  Status add_path(const std::string& location) {
    GRISTMILL_TRY(auto path, path_of(location));
    lists_.insert(std::move(path));
    return {};
  }
  /// Calls with the path of each data or delete file in the manifests.
  Status for_each_file(bool is_live_only, const std::function<void(std::string)>& use) const {
    for (const auto& [path, file] : manifests_) {
      GRISTMILL_TRY(const auto manifest, read_manifest(file));
      for (const auto& entry : manifest.entries) {
        if (is_live_only && entry.status == EntryStatus::deleted) continue;
        GRISTMILL_TRY(auto data, path_of(entry.file["file_path"].as_string()));
        use(std::move(data));
      }
    }
    return {};
  }
  [[nodiscard]] const std::set<std::string>& lists() const { return lists_; }
  [[nodiscard]] const Manifests& manifests() const { return manifests_; }

 private:
  std::set<std::string> lists_;
  Manifests manifests_;
};

/// Files that snapshots which go away refer to, and those which stay do not.
Result<std::set<std::string>> files_only_of(const std::vector<Snapshot>& going, const TableMetadata& metadata,
                                            const std::set<std::int64_t>& going_ids) {
  Reach kept;
  for (const auto& snapshot : metadata.snapshots()) {
    if (!going_ids.contains(snapshot.id)) GRISTMILL_RETURN_IF_ERROR(kept.add(snapshot));
  }
  Reach gone;
  for (const auto& snapshot : going) GRISTMILL_RETURN_IF_ERROR(gone.add(snapshot, &kept));
  for (const auto& [id, location] : metadata.statistics_files()) {
    if (going_ids.contains(id)) GRISTMILL_RETURN_IF_ERROR(gone.add_path(location));
  }
  std::set<std::string> files;
  GRISTMILL_RETURN_IF_ERROR(gone.for_each_file(false, [&](std::string path) { files.insert(std::move(path)); }));
  if (!files.empty())
    GRISTMILL_RETURN_IF_ERROR(kept.for_each_file(true, [&](const std::string& path) { files.erase(path); }));
  for (const auto& path : gone.lists()) {
    if (!kept.lists().contains(path)) files.insert(path);
  }
  for (const auto& [path, file] : gone.manifests()) files.insert(path);
  return files;
}

/// Bytes of those of the files that are there. In an object store one listing is far cheaper than a request for each.
Result<std::int64_t> bytes_of(const std::set<std::string>& paths, const std::string& root) {
  std::int64_t sum = 0;
  if (!io::is_object(root)) {
    for (const auto& path : paths) {
      if (const auto bytes = io::file_size(path)) sum += static_cast<std::int64_t>(*bytes);
    }
    return sum;
  }
  if (paths.empty()) return sum;
  GRISTMILL_TRY(const auto files, io::list_folder(root));
  for (const auto& file : files) {
    if (paths.contains(file.path)) sum += static_cast<std::int64_t>(file.bytes);
  }
  return sum;
}

Result<Expired> plan_expiry(const TableMetadata& metadata, const std::set<std::int64_t>& ids) {
  Expired expired;
  for (const auto& snapshot : metadata.snapshots()) {
    if (ids.contains(snapshot.id)) expired.snapshots.push_back(snapshot);
  }
  GRISTMILL_TRY(const auto files, files_only_of(expired.snapshots, metadata, ids));
  GRISTMILL_TRY(const auto root, path_of(metadata.location()));
  for (const auto& path : files) {
    const bool is_inside = path.starts_with(root + "/");
    (is_inside ? expired.paths : expired.left).push_back(path);
  }
  GRISTMILL_TRY(expired.bytes, bytes_of({expired.paths.begin(), expired.paths.end()}, root));
  return expired;
}

}  // namespace

std::set<std::int64_t> expirable(const TableMetadata& metadata, const Retention& retention) {
  auto kept = retention.in_use;
  std::set<std::int64_t> known;
  kept.insert(metadata.current_snapshot_id());
  for (const auto& reference : metadata.references()) {
    if (reference.is_tag) {
      kept.insert(reference.snapshot_id);
      known.insert(reference.snapshot_id);
    } else {
      keep_branch(metadata, reference, retention, kept, known);
    }
  }
  std::set<std::int64_t> ways;
  for (const auto& reference : metadata.references()) {
    if (!reference.is_tag) keep_way_to_main(metadata, reference, ways);
  }
  kept.merge(ways);
  std::set<std::int64_t> ids;
  for (const auto& snapshot : metadata.snapshots()) {
    // What no reference leads to, such as versions that were rolled back, goes by its age alone.
    const bool is_young = !known.contains(snapshot.id) && snapshot.timestamp_ms >= retention.older_than_ms;
    if (!is_young && !kept.contains(snapshot.id)) ids.insert(snapshot.id);
  }
  return ids;
}

Status check_removable(const TableMetadata& metadata) {
  auto value = metadata.property("gc.enabled");
  std::ranges::transform(value, value.begin(), [](unsigned char byte) { return std::tolower(byte); });
  if (value != "false") return {};
  return Error{ErrorCode::denied,
               "its property gc.enabled is false: other tables may share its files, so none of them is removed. Set it "
               "to true if that is not so any more"};
}

Result<std::set<std::string>> referenced_files(const Table& table) {
  const auto& metadata = table.metadata();
  Reach reach;
  GRISTMILL_RETURN_IF_ERROR(reach.add_path(table.metadata_location()));
  for (const auto& location : metadata.logged_files()) GRISTMILL_RETURN_IF_ERROR(reach.add_path(location));
  for (const auto& [id, location] : metadata.statistics_files()) GRISTMILL_RETURN_IF_ERROR(reach.add_path(location));
  for (const auto& snapshot : metadata.snapshots()) GRISTMILL_RETURN_IF_ERROR(reach.add(snapshot));
  auto files = reach.lists();
  for (const auto& [path, file] : reach.manifests()) files.insert(path);
  GRISTMILL_RETURN_IF_ERROR(reach.for_each_file(true, [&](std::string path) { files.insert(std::move(path)); }));
  return files;
}

Result<Expired> Table::expire(const Retention& retention, bool is_dry_run, const InSameTransaction& also) {
  const auto check = [&](const TableMetadata& metadata) -> Status {
    auto allowed = check_removable(metadata);
    return allowed ? allowed : std::move(allowed).error().within(fmt::format("dataset {}", name_.text()));
  };
  if (is_dry_run) {
    GRISTMILL_RETURN_IF_ERROR(check(metadata_));
    return plan_expiry(metadata_, expirable(metadata_, retention));
  }
  Expired expired;
  const Change change = [&](TableMetadata& next, AttemptFiles&) -> Result<Outcome> {
    GRISTMILL_RETURN_IF_ERROR(check(next));
    const auto ids = expirable(next, retention);
    GRISTMILL_TRY(expired, plan_expiry(next, ids));
    if (ids.empty()) return Outcome{next.current_snapshot_id(), true};
    next.remove_snapshots(ids);
    next.touch(next.next_timestamp_ms(current_time_ms()));
    return Outcome{next.current_snapshot_id(), false};
  };
  GRISTMILL_TRY([[maybe_unused]] const auto done, commit(change, also));
  GRISTMILL_TRY(const auto root, path_of(metadata_.location()));
  GRISTMILL_RETURN_IF_ERROR(remove_files(expired.paths, root));
  return expired;
}

Result<Orphans> find_orphans(Table& table, std::int64_t older_than_ms, const std::set<std::string>& unfinished,
                             const std::set<std::string>& needed_elsewhere) {
  older_than_ms = std::min(older_than_ms, current_time_ms() - orphan_age_ms_min);
  GRISTMILL_TRY(const auto root, path_of(table.metadata().location()));
  std::vector<io::FileEntry> files;
  for (const auto* folder : {"/data", "/metadata"}) {
    GRISTMILL_TRY(auto found, io::list_folder(root + folder, unfinished));
    for (auto& file : found) {
      if (file.modified_ms < older_than_ms) files.push_back(std::move(file));
    }
  }
  // Read after the listing: what was committed in between is known then.
  GRISTMILL_RETURN_IF_ERROR(table.refresh());
  if (auto allowed = check_removable(table.metadata()); !allowed)
    return std::move(allowed).error().within(fmt::format("dataset {}", table.name().text()));
  GRISTMILL_TRY(const auto referenced, referenced_files(table));
  Orphans orphans;
  for (auto& file : files) {
    if (referenced.contains(file.path) || needed_elsewhere.contains(file.path)) continue;
    orphans.bytes += static_cast<std::int64_t>(file.bytes);
    orphans.paths.push_back(std::move(file.path));
  }
  std::ranges::sort(orphans.paths);
  return orphans;
}

Status remove_files(const std::vector<std::string>& paths, const std::string& root) {
  GRISTMILL_RETURN_IF_ERROR(io::remove_files(paths));
  for (const auto& path : paths) {
    // A folder of its own, such as that of a run, goes with its last file. `data` and `metadata` themselves stay.
    if (io::is_object(path)) continue;
    for (auto folder = fs::path(path).parent_path();
         folder.string().size() > root.size() && folder.parent_path() != root && ::rmdir(folder.c_str()) == 0;)
      folder = folder.parent_path();
  }
  return {};
}

}  // namespace gristmill::store
