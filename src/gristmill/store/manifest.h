// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/base/json.h"
#include "gristmill/formats/dataset_file.h"

namespace gristmill::store {

struct Snapshot;

/// A data file about to be added to a table.
struct DataFile {
  std::string path;
  std::int64_t records = 0;
  std::int64_t bytes = 0;
  std::vector<std::int64_t> split_offsets;
  std::vector<formats::ColumnStats> columns;
  Json partition;  ///< Values by field name; null: of no partition.
};

/// The data file that a dataset writer just finished.
DataFile data_file(const formats::WrittenFile& written);

enum class EntryStatus : std::uint8_t { existing = 0, added = 1, deleted = 2 };
enum class ManifestContent : std::uint8_t { data = 0, deletes = 1 };

/// One line of a manifest list.
struct ManifestFile {
  std::string location;
  std::int64_t bytes = 0;
  std::int64_t spec_id = 0;
  ManifestContent content = ManifestContent::data;
  std::int64_t sequence_number = 0, min_sequence_number = 0, added_snapshot_id = 0;
  std::int64_t added_files = 0, existing_files = 0, deleted_files = 0;
  std::int64_t added_rows = 0, existing_rows = 0, deleted_rows = 0;
  Json partitions;    ///< Summaries of partition fields as they were read.
  Json key_metadata;

  [[nodiscard]] std::int64_t live_files() const { return added_files + existing_files; }
  [[nodiscard]] std::int64_t live_rows() const { return added_rows + existing_rows; }
};

/// One file in a manifest. Numbers that are inherited from the manifest list are filled in.
struct ManifestEntry {
  EntryStatus status = EntryStatus::added;
  std::int64_t snapshot_id = 0, sequence_number = 0, file_sequence_number = 0;
  Json file;  ///< The data_file record, fields under their Iceberg names.

  [[nodiscard]] std::int64_t records() const { return file["record_count"].as_int(); }
  [[nodiscard]] std::int64_t bytes() const { return file["file_size_in_bytes"].as_int(); }
};

/// A manifest as read.
struct Manifest {
  std::string avro_schema;     ///< For a manifest with the same partition types; see as_version_2.
  std::string partition_spec;  ///< Header entry, JSON list of fields.
  std::vector<ManifestEntry> entries;
};

/// What a manifest's header says beside its Avro schema.
struct ManifestHeader {
  std::string table_schema;  ///< JSON.
  std::int64_t schema_id = 0;
  std::string partition_spec = "[]";
  std::int64_t spec_id = 0;
  ManifestContent content = ManifestContent::data;
};

/// Reads the manifest list of a snapshot, of format version 1 or 2.
Result<std::vector<ManifestFile>> read_manifest_list(const Snapshot& snapshot);
/// Reads one manifest.
Result<Manifest> read_manifest(const ManifestFile& file);
/// The same from the bytes of the file.
Result<std::vector<ManifestFile>> decode_manifest_list(std::string bytes, const std::string& location);
Result<Manifest> decode_manifest(std::string bytes, const ManifestFile& file);
/// An ADDED entry; `partition` under the names of manifests. Its sequence numbers stay open until the commit, so that a
/// retry writes no new manifest.
ManifestEntry added_entry(const DataFile& file, std::string location, std::int64_t snapshot_id, Json partition);
/// Bytes of a manifest of these entries.
Result<std::string> encode_manifest(const ManifestHeader& header, const std::string& avro_schema,
                                    std::span<const ManifestEntry> entries);
/// Counts of the entries as a manifest list wants them.
ManifestFile summarize(std::span<const ManifestEntry> entries);

/// Whose manifest list it is.
struct ManifestListOwner {
  std::int64_t snapshot_id = 0, parent_snapshot_id = 0, sequence_number = 0;
};
Result<std::string> encode_manifest_list(const ManifestListOwner& owner, std::span<const ManifestFile> files);

}  // namespace gristmill::store
