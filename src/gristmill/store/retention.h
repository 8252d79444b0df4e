// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "gristmill/store/metadata.h"

namespace gristmill::store {

class Table;

/// Which versions of a table may be forgotten.
struct Retention {
  std::int64_t older_than_ms = 0;  ///< Only those from before this time, milliseconds since 1970.
  std::int64_t keep_last = 1;      ///< So many of each branch stay, whatever their age.
  std::set<std::int64_t> in_use;   ///< Snapshots that somebody needs.
};

/// What was forgotten, or would be.
struct Expired {
  std::vector<Snapshot> snapshots;
  std::vector<std::string> paths;  ///< Files removed.
  std::int64_t bytes = 0;          ///< Of these files.
  std::vector<std::string> left;   ///< Files that nobody needs now, but which lie outside the table's folder.
};

/// The snapshots that may be forgotten, by Iceberg's rules: never one that a tag (a release) names or that is the
/// newest of a branch; of each branch the last `keep_last` and the young ones stay; branches may ask for more
/// themselves. What a branch has beyond `main` stays whole until it is published.
std::set<std::int64_t> expirable(const TableMetadata& metadata, const Retention& retention);

/// Refuses a table whose files others may share, as Iceberg's property `gc.enabled` says: they are not for removal.
Status check_removable(const TableMetadata& metadata);

/// Every file that a table needs: data, manifests, statistics, metadata. A version that cannot be read is an error.
Result<std::set<std::string>> referenced_files(const Table& table);

/// Younger files may belong to a commit that is under way.
inline constexpr std::int64_t orphan_age_ms_min = std::int64_t{60} * 60 * 1000;

/// Files in the folders `data` and `metadata` of a table that no version refers to: what killed commits and runs left.
struct Orphans {
  std::vector<std::string> paths;
  std::int64_t bytes = 0;
};
/// Finds those last written before a time (at least `orphan_age_ms_min` ago). `unfinished` are names of folders of work
/// that may go on; files in `needed_elsewhere` are no orphans. A version that cannot be read is an error: what it needs
/// is not known then. Refreshes the table.
Result<Orphans> find_orphans(Table& table, std::int64_t older_than_ms, const std::set<std::string>& unfinished,
                             const std::set<std::string>& needed_elsewhere = {});

/// Removes files, and the folders that are empty then below `root`. What is gone already is fine.
Status remove_files(const std::vector<std::string>& paths, const std::string& root);

}  // namespace gristmill::store
