// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "gristmill/store/manifest.h"
#include "gristmill/store/scan_filter.h"
#include "gristmill/store/table.h"

namespace gristmill::store {

/// A delete file with what decides which data files it concerns.
struct ScannedDelete {
  DeleteFile file;
  std::int64_t sequence_number = 0;
  std::int64_t spec_id = 0;
  Json partition;
  bool is_of_all = false;  ///< An equality delete of a spec without a partition: it holds for the whole table.
  std::string data_path;  ///< The only data file that it concerns, where it says so.
};

Result<ScannedDelete> scan_delete(const TableMetadata& metadata, const ManifestEntry& entry, std::int64_t spec_id);
/// Whether a delete file may concern a data file, by the table specification's rules for sequence numbers and
/// partitions.
bool may_concern(const ScannedDelete& remove, const ScanFile& file);
/// Data files of a snapshot of a table that may hold rows which meet the conditions: as Table::scan without those whose
/// partition or bounds say no.
Result<std::vector<ScanFile>> scan_filtered(const Table& table, const Snapshot& snapshot, const ScanFilter& filter);
/// Data files of a snapshot that may hold rows which meet the conditions, with their deletes; of both only those whose
/// sequence number is above `after`.
Result<std::vector<ScanFile>> scan_manifests(const TableMetadata& metadata, const Snapshot& snapshot,
                                             const ScanFilter& filter, std::int64_t after = -1);

/// See partition_constants.
std::map<int, Json> constants_of(const TableMetadata& metadata, const ScanFile& file);

}  // namespace gristmill::store
