// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/store/catalog.h"
#include "gristmill/store/manifest.h"
#include "gristmill/store/metadata.h"
#include "gristmill/store/retention.h"
#include "gristmill/store/scan_filter.h"

namespace gristmill::store {

class AttemptFiles;

/// Summary entry that holds CommitRequest::key.
inline constexpr std::string_view commit_key_note = "gristmill.commit-key";

/// Summary entry of a version on a branch: the partition spec that the branch makes that of new files once it is
/// published.
inline constexpr std::string_view partition_spec_note = "gristmill.partition-spec";

/// What the caller writes in the very transaction that moves the table's pointer: run state, audit. Gets the snapshot
/// that the change is about (0: none). May run again, in a new transaction, when a commit is retried.
using InSameTransaction = std::function<Status(meta::Transaction&, std::int64_t snapshot_id)>;

/// Files that become, or replace, a table's content.
struct CommitRequest {
  std::vector<DataFile> files;
  Summary summary;  ///< Further entries of the snapshot's summary: run id, fingerprint, token count.
  /// Names this commit for ever: when a snapshot with the key is there already, it is returned and nothing happens, so
  /// that a caller who crashed before he heard of his success can simply ask again. Empty: no such protection.
  std::string key;
  /// When not empty: the table's columns from this commit on, with the field ids used in the files (assign_field_ids).
  std::vector<formats::TableColumn> columns;
  InSameTransaction also;
  /// When not empty: how new files are split from this commit on, on a branch from its publication on, and these are;
  /// see parse_partition.
  std::string partition_by = {};
  std::string branch = std::string(main_branch);  ///< Another one is seen by nobody who does not ask for it.
  bool has_turn = false;  ///< The commit is made within Table::in_turn.
  /// Field ids that the new rows cannot do without. Where another program has replaced the table's columns, so that
  /// nobody would see them, the commit is refused.
  std::vector<int> needed_fields = {};
};

/// A file of row-level deletes, as other Iceberg writers leave them.
struct DeleteFile {
  std::string path;
  std::vector<int> equality_ids;  ///< Field ids of the columns compared; empty for a file of positions.
  auto operator<=>(const DeleteFile&) const = default;
};

/// One data file of a snapshot.
struct ScanFile {
  std::string path;
  std::int64_t records = 0;
  std::int64_t bytes = 0;
  std::vector<std::int64_t> split_offsets;
  Json partition;  ///< Values by partition field name; empty for an unpartitioned table.
  std::int64_t sequence_number = 0;
  std::int64_t snapshot_id = 0;  ///< That added it.
  std::int64_t spec_id = 0;
  std::vector<DeleteFile> deletes;  ///< Those that may concern it; see RowDeletes.
  std::string manifest;  ///< That lists it.
};

/// What a commit takes out of a table: files whose rows the commit's own files hold in their new form.
struct Rewrite {
  std::int64_t base_sequence_number = 0;  ///< Of the version that was read.
  std::vector<ScanFile> files;  ///< As that version has them.
  /// Delete files that concern nothing any more.
  std::vector<std::string> delete_paths;
  std::int64_t applied_position_deletes = 0;  ///< Rows that were deleted by position in `files`.
  bool keeps_rows = false;  ///< The rows stay what they are, as in a compaction.
  /// Where the change depends on rows that it did not find: gets the data files added since the version that was read
  /// which may hold rows that meet `concerned`, and answers `conflict` when one does. May be called for each attempt.
  std::function<Status(const std::vector<ScanFile>& added)> check_added = {};
  ScanFilter concerned = {};
  std::int64_t base_snapshot_id = 0;  ///< The version that was read; needed with `check_added`.
};

/// An Iceberg table of the catalog, as of when it was loaded or last committed to. Copies are independent views; one
/// object is used by one thread at a time; the database must outlive it. Any number of processes, ours and other
/// Iceberg writers', may commit at once.
class Table {
 public:
  /// Makes an empty table whose files live below the folder `path`.
  static Result<Table> create(const Catalog& catalog, const TableName& name,
                              const std::vector<formats::TableColumn>& columns, const std::string& path,
                              const InSameTransaction& also = {});
  static Result<Table> load(const Catalog& catalog, const TableName& name);
  /// The table as a metadata file tells it, whether the catalog points there or not.
  static Result<Table> load_at(const Catalog& catalog, const TableName& name, const std::string& metadata_location);
  /// Loads the newest state.
  Status refresh();

  /// Fails for a table of a format version that we do not write.
  [[nodiscard]] Status check_writable() const;

  [[nodiscard]] const TableName& name() const { return name_; }
  [[nodiscard]] const TableMetadata& metadata() const { return metadata_; }
  [[nodiscard]] const std::string& metadata_location() const { return metadata_location_; }
  /// Local folder for new data files.
  [[nodiscard]] Result<std::string> data_folder() const;

  /// Runs `work`, once, behind those who came before to commit to this table; who comes later waits for it. Every
  /// commit does so by itself. Who prepares for long and lost to others may have his preparation here as well.
  void in_turn(const std::function<void()>& work) const;

  /// Adds files. A concurrent commit of others is no conflict.
  Result<Snapshot> append(const CommitRequest& request);
  /// Replaces all files by the given ones. `conflict` when somebody changed the content since this object was loaded.
  Result<Snapshot> replace(const CommitRequest& request);
  /// Puts the given files in the place of others and leaves the rest as it is. `conflict` when somebody took away one
  /// of those others or deleted rows in them since they were read; what others added meanwhile is no conflict unless
  /// `check_added` says so.
  Result<Snapshot> rewrite(const CommitRequest& request, const Rewrite& rewrite);
  /// Makes an earlier snapshot current again, with its columns. Nothing is lost: the newer ones stay.
  Status rollback(std::int64_t snapshot_id, const InSameTransaction& also = {});
  /// Names a snapshot (a release). The same again does nothing; a name that is taken is `already_exists`.
  Status set_tag(const std::string& tag, std::int64_t snapshot_id, const InSameTransaction& also = {});
  Status remove_tag(const std::string& tag, const InSameTransaction& also = {});
  /// Makes a branch that starts at a snapshot. The same again does nothing; a name that is taken is `already_exists`.
  Status create_branch(const std::string& branch, std::int64_t snapshot_id, const InSameTransaction& also = {});
  /// Forgets a branch; its snapshots stay until they expire.
  Status remove_branch(const std::string& branch, const InSameTransaction& also = {});
  /// Makes the newest snapshot of a branch current, in one step, with its columns; the branch is then gone. `conflict`
  /// when something was committed to `main` since the branch left it, or when `head_id` is no longer the newest.
  Status publish_branch(const std::string& branch, std::int64_t head_id, const InSameTransaction& also = {});
  /// Forgets versions, then removes the files that only they needed; those outside the table's folder stay. With
  /// `is_dry_run` nothing changes. Anything that cannot be read stops it before anything changed.
  Result<Expired> expire(const Retention& retention, bool is_dry_run, const InSameTransaction& also = {});
  /// Adds optional columns; returns them with their new field ids. A name that is there with the same type keeps its
  /// id.
  Result<std::vector<formats::TableColumn>> add_columns(const std::vector<formats::TableColumn>& columns,
                                                        const InSameTransaction& also = {});
  /// Changes columns in one commit; no version is made, nor a file rewritten. False when nothing is different then.
  Result<bool> change_schema(std::span<const SchemaChange> changes, const InSameTransaction& also = {});
  /// Splits the rows of new files by what `by` says (parse_partition); files that are there keep their spec. False when
  /// it was so already.
  Result<bool> set_partition(const std::string& by, const InSameTransaction& also = {});
  /// The columns with the field ids under which files for this table must hold them: by name where the table knows the
  /// name with that type, else new ones.
  [[nodiscard]] std::vector<formats::TableColumn> assign_field_ids(std::vector<formats::TableColumn> columns) const;

  [[nodiscard]] const std::vector<Snapshot>& snapshots() const { return metadata_.snapshots(); }
  /// Columns as of a snapshot; of the current one, the columns of the table now.
  [[nodiscard]] Result<std::vector<formats::TableColumn>> columns_at(const Snapshot& snapshot) const;
  /// Data files of a snapshot, with the delete files that may concern them. Deletion vectors (format version 3) and
  /// files that are not Parquet are refused.
  [[nodiscard]] Result<std::vector<ScanFile>> scan(const Snapshot& snapshot) const;
  /// True when there is a snapshot with this id, written in digits.
  [[nodiscard]] bool has_version(std::string_view id) const;
  /// Finds a version: a snapshot id, else a tag or branch name, `v3` (the third commit), a time such as
  /// 2026-11-01T00:00:00Z (what was current then), or nothing and `latest` for the current one.
  [[nodiscard]] Result<Snapshot> resolve_version(std::string_view selector) const;

 private:
  struct Outcome {
    std::int64_t snapshot_id = 0;
    bool is_done_already = false;
  };
  using Change = std::function<Result<Outcome>(TableMetadata& next, AttemptFiles& files)>;
  struct Prepared;

  Table(const Catalog& catalog, TableName name, std::string metadata_location, TableMetadata metadata);
  Result<Outcome> commit(const Change& change, const InSameTransaction& also, bool has_turn = false);
  Result<Outcome> commit_in_turn(const Change& change, const InSameTransaction& also);
  Status catch_up();
  Result<Outcome> commit_under_lock(const Change& change, const InSameTransaction& also);
  Result<Prepared> prepare(const Change& change, AttemptFiles& files) const;
  Status publish(meta::Transaction& transaction, const Prepared& prepared, const InSameTransaction& also,
                 bool& has_lost) const;
  void adopt(Prepared prepared, AttemptFiles& files);
  Result<Outcome> settle(Status failure, const Prepared& prepared, AttemptFiles& files);
  Result<Snapshot> commit_files(const CommitRequest& request, bool is_replacing, const Rewrite* rewrite = nullptr);
  Status name_snapshot(const Reference& reference, const InSameTransaction& also);
  Status remove_name(const std::string& name, bool is_tag, const InSameTransaction& also);
  [[nodiscard]] Status check_needed_fields(const TableMetadata& metadata, const CommitRequest& request) const;
  Status check_columns(const TableMetadata& metadata, const std::vector<formats::TableColumn>& columns) const;

  Catalog catalog_;
  TableName name_;
  std::string metadata_location_;
  TableMetadata metadata_;
};

}  // namespace gristmill::store
