// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>

#include "gristmill/store/attempt_files.h"
#include "gristmill/store/table.h"

namespace gristmill::store {

/// Writes the manifests and the manifest list of one snapshot, again for each attempt to commit it. The manifest of the
/// added files is written once: it holds nothing that depends on who committed before.
class SnapshotWriter {
 public:
  /// With `rewrite` its files go, with `is_replacing` all do. What is given must outlive this.
  SnapshotWriter(const CommitRequest& request, bool is_replacing, const Rewrite* rewrite = nullptr);
  /// Writes what is needed upon `metadata` and adds the snapshot to it.
  Result<Snapshot> write(TableMetadata& metadata, AttemptFiles& files);
  /// Keeps the manifest of the added files: call when the commit won.
  void keep() { added_files_.keep(); }

 private:
  Status write_added(const TableMetadata& metadata);
  Result<ManifestFile> write_manifest(const TableMetadata& metadata, AttemptFiles& files, const ManifestHeader& header,
                                      const std::string& avro_schema, std::span<const ManifestEntry> entries);
  Result<std::vector<ManifestFile>> mark_deleted(const TableMetadata& metadata, AttemptFiles& files,
                                                 const std::vector<ManifestFile>& manifests);
  Result<std::vector<ManifestFile>> take_out(const TableMetadata& metadata, AttemptFiles& files,
                                             std::vector<ManifestFile> manifests);
  Status check_deletes(const TableMetadata& metadata, const std::vector<ManifestFile>& manifests) const;
  Status check_added(const TableMetadata& metadata, const Snapshot* parent) const;
  Result<bool> take_out_of(const TableMetadata& metadata, AttemptFiles& files, ManifestFile& file,
                           std::set<std::string>& wanted);
  void note_removed(const ManifestEntry& entry, ManifestContent content);
  [[nodiscard]] std::string_view operation() const;
  Result<std::vector<ManifestFile>> merge(const TableMetadata& metadata, AttemptFiles& files,
                                          std::vector<ManifestFile> manifests);
  [[nodiscard]] Summary summarize_snapshot(const Snapshot* parent, const std::vector<ManifestFile>& manifests) const;

  const CommitRequest& request_;
  bool is_replacing_;
  const Rewrite* rewrite_;
  std::int64_t snapshot_id_;
  std::string unique_;
  int manifests_written_ = 0;
  int attempts_ = 0;
  bool is_added_written_ = false;
  std::vector<ManifestFile> added_;  ///< One for each partition spec that the added files follow.
  AttemptFiles added_files_;
  std::int64_t added_bytes_ = 0, removed_files_ = 0, removed_rows_ = 0, removed_bytes_ = 0;
  std::int64_t removed_delete_files_ = 0;
};

}  // namespace gristmill::store
