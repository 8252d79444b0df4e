// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gristmill/base/json.h"
#include "gristmill/formats/dataset_file.h"
#include "gristmill/formats/partition_values.h"
#include "gristmill/store/schema_changes.h"

namespace gristmill::store {

/// The branch that a table's readers see.
inline constexpr std::string_view main_branch = "main";

using Summary = std::vector<std::pair<std::string, std::string>>;

/// One version of a table.
struct Snapshot {
  std::int64_t id = 0;
  std::int64_t parent_id = 0;  ///< 0: none.
  std::int64_t sequence_number = 0;
  std::int64_t timestamp_ms = 0;
  std::int64_t schema_id = -1;  ///< -1: not said, the table's current one.
  std::string manifest_list;
  Summary summary;

  /// Entry of the summary, empty when absent.
  [[nodiscard]] std::string_view note(std::string_view key) const;
  /// Entry of the summary as a number; nothing when absent or no number.
  [[nodiscard]] std::optional<std::int64_t> count(std::string_view key) const;
};

/// A name for a snapshot: a tag (a release) or a branch.
struct Reference {
  std::string name;
  std::int64_t snapshot_id = 0;
  bool is_tag = false;
  // How much of its history a branch keeps, where it says so itself (min-snapshots-to-keep, max-snapshot-age-ms).
  std::optional<std::int64_t> snapshots_min;
  std::optional<std::int64_t> age_ms_max;
};

/// How a table's rows are seen and its new files are laid out.
struct TableShape {
  std::int64_t schema_id = 0;
  std::int64_t spec_id = 0;
  Json sort_order_id;
  Json name_mapping;
};

/// Iceberg table metadata (format version 2; 1 and 3 can be read). The JSON document is kept whole and changed in
/// place, so that what other writers put there survives our commits.
class TableMetadata {
 public:
  /// Metadata of a new, empty table.
  static TableMetadata create(std::string location, const std::vector<formats::TableColumn>& columns,
                              std::int64_t timestamp_ms);
  /// Parses what any writer wrote; damage is an error that names the member.
  static Result<TableMetadata> parse(std::string_view text);
  /// The same for a document that is parsed already.
  static Result<TableMetadata> from_json(Json document);
  [[nodiscard]] std::string dump() const { return document_.dump(); }
  /// The whole of it, as other programs read it.
  [[nodiscard]] const Json& document() const { return document_; }

  [[nodiscard]] std::int64_t format_version() const { return document_["format-version"].as_int(); }
  [[nodiscard]] const std::string& uuid() const { return document_["table-uuid"].as_string(); }
  [[nodiscard]] const std::string& location() const { return document_["location"].as_string(); }
  [[nodiscard]] std::int64_t last_sequence_number() const { return document_["last-sequence-number"].as_int(); }
  [[nodiscard]] std::int64_t last_updated_ms() const { return document_["last-updated-ms"].as_int(); }
  [[nodiscard]] std::int64_t current_schema_id() const { return document_["current-schema-id"].as_int(); }
  [[nodiscard]] std::int64_t default_spec_id() const { return document_["default-spec-id"].as_int(); }
  [[nodiscard]] std::int64_t current_snapshot_id() const { return current_snapshot_id_; }  ///< 0: none.
  [[nodiscard]] const std::string& property(std::string_view key) const {
    return document_["properties"][key].as_string();
  }
  /// True when the partition spec in use, or another one, has fields that are not `void`.
  [[nodiscard]] bool is_partitioned() const;
  [[nodiscard]] bool is_partitioned(std::int64_t spec_id) const;
  /// The fields of the partition spec in use, or of another one.
  [[nodiscard]] std::vector<formats::PartitionField> partition_fields() const;
  [[nodiscard]] std::vector<formats::PartitionField> partition_fields(std::int64_t spec_id) const;
  /// The spec whose fields are those of a file's partition (values by field name): the one in use, else an earlier one.
  [[nodiscard]] std::optional<std::int64_t> spec_of(const Json& partition) const;
  /// Makes these the fields by which new files are split; those that are there keep theirs. False when they were so
  /// already.
  bool set_partition(std::vector<formats::PartitionField> fields);

  /// All snapshots in the order of their commits.
  [[nodiscard]] const std::vector<Snapshot>& snapshots() const { return snapshots_; }
  [[nodiscard]] const Snapshot* find_snapshot(std::int64_t id) const;
  [[nodiscard]] const Snapshot* current_snapshot() const { return find_snapshot(current_snapshot_id_); }
  [[nodiscard]] std::vector<Reference> references() const;
  /// Which snapshot was current at a time, from the history; null when the table had none yet.
  [[nodiscard]] const Snapshot* snapshot_at(std::int64_t timestamp_ms) const;
  /// Columns of a schema. Types that are not primitive are given by their kind: struct, list, map.
  [[nodiscard]] Result<std::vector<formats::TableColumn>> columns(std::int64_t schema_id) const;
  /// The schema as JSON, for manifest headers.
  [[nodiscard]] const Json& schema(std::int64_t schema_id) const;

  /// A time for the next change: now, but later than every earlier one.
  [[nodiscard]] std::int64_t next_timestamp_ms(std::int64_t now_ms) const;
  /// The newest snapshot of a branch; of one that does not exist yet the current one, from which it would start. Null:
  /// none.
  [[nodiscard]] const Snapshot* branch_head(std::string_view branch) const;
  /// True when `ancestor_id` is a snapshot or comes before it on its line; 0 comes before all.
  [[nodiscard]] bool is_ancestor(std::int64_t ancestor_id, std::int64_t snapshot_id) const;
  /// Adds a snapshot and makes it the newest of a branch, of `main` current. The branch is made where it is missing.
  void add_snapshot(Snapshot snapshot, std::string_view branch = main_branch);
  /// Makes an existing snapshot current on `main`, with the schema that it was written with.
  void set_current_snapshot(const Snapshot& snapshot, std::int64_t timestamp_ms);
  void set_tag(std::string_view name, std::int64_t snapshot_id);
  /// Moves or makes a branch other than `main`.
  void set_branch(std::string_view name, std::int64_t snapshot_id);
  void remove_reference(std::string_view name);
  /// Forgets snapshots, with their statistics and the part of the history that would have gaps without them.
  void remove_snapshots(const std::set<std::int64_t>& ids);
  /// Statistics files of the snapshots.
  [[nodiscard]] std::vector<std::pair<std::int64_t, std::string>> statistics_files() const;
  /// The metadata files before this one that may still be read.
  [[nodiscard]] std::vector<std::string> logged_files() const;
  /// True when the log says that this metadata file was once the current one.
  [[nodiscard]] bool has_logged(std::string_view location) const;
  /// The columns with field ids: those of columns of that name and type in any schema, newest first, unless the column
  /// was renamed since; else new ones.
  [[nodiscard]] std::vector<formats::TableColumn> plan_columns(std::vector<formats::TableColumn> columns) const;
  /// Makes exactly these columns the current schema, reusing an equal earlier one. New columns of a table that has rows
  /// become optional.
  void set_schema(const std::vector<formats::TableColumn>& columns);
  /// Changes the current schema's columns; false when nothing is different then.
  Result<bool> change_schema(std::span<const SchemaChange> changes);
  /// Makes one of the schemas the current one. What new files are split or ordered by stays as far as its columns do.
  void use_schema(std::int64_t schema_id);
  /// Makes an earlier partition spec that of new files, as far as the current schema has its columns.
  void use_spec(std::int64_t spec_id);
  /// What readers see of the table beside its rows, and the way back to it.
  [[nodiscard]] TableShape shape() const;
  void restore(const TableShape& shape);
  /// Next free field id.
  [[nodiscard]] int next_field_id() const { return static_cast<int>(document_["last-column-id"].as_int()) + 1; }
  /// The column with this field id: in the current schema, else in the newest that has it.
  [[nodiscard]] std::optional<formats::TableColumn> column_by_id(int field_id) const;
  /// Notes the metadata file that this one replaces; returns those that fell off the log and may go.
  std::vector<std::string> log_previous(const std::string& location, std::int64_t its_timestamp_ms);
  void touch(std::int64_t timestamp_ms) { document_.set("last-updated-ms", timestamp_ms); }

 private:
  explicit TableMetadata(Json document) : document_(std::move(document)) {}
  Status read_snapshots();
  Status check() const;
  [[nodiscard]] const Json* field_by_id(int field_id) const;
  void upgrade_version_1();
  void adopt_fields(Json::Array fields);
  /// An id or number that is in use is not given out again, even where the counter of another writer is behind.
  void mend_counters();
  void fit_partition();
  void use_no_order();

  Json document_;
  std::vector<Snapshot> snapshots_;
  std::int64_t current_snapshot_id_ = 0;
};

/// A random UUID, version 4.
std::string new_uuid();
/// A random positive number for a snapshot.
std::int64_t new_snapshot_id();
std::int64_t current_time_ms();

}  // namespace gristmill::store
