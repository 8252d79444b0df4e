// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gristmill/base/json.h"
#include "gristmill/base/result.h"
#include "gristmill/platform/ingest.h"
#include "gristmill/platform/workspace.h"
#include "gristmill/store/table.h"

namespace gristmill::platform {

/// How a dataset's files are to be put together.
struct CompactRequest {
  std::string selector;  ///< NAME or NAME@BRANCH.
  std::int64_t target_bytes = std::int64_t{512} << 20;
  std::vector<std::string> sort_by;  ///< Columns by which the rows of each partition are put in order.
};

/// Puts small files together to files of about the target size, cuts far larger ones, applies row-level deletes of
/// other writers, and moves rows into the partitions in use. The rows and their ids stay; files that are good as they
/// are stay too, unless an order is asked for. Memory is bounded by the workspace's setting.
Result<Json> compact_dataset(const Workspace& workspace, const CompactRequest& request);

/// So many threads may write rows at once within the memory setting; who writes partitions holds more.
int row_writer_threads(const Workspace& workspace, const WorkOptions& options, bool is_partitioned);

/// Writes data files that a run or ingestion made anew, split by partition fields; without any they stay as they are.
/// The files that were split are left to the caller. What comes out depends on the files only.
Result<std::vector<store::DataFile>> split_by_partition(const std::vector<formats::PartitionField>& fields,
                                                        const std::vector<formats::TableColumn>& columns,
                                                        std::vector<store::DataFile> files, int threads);
/// Removes files that were split, once the others are committed.
void remove_split_files(const std::vector<store::DataFile>& before, const std::vector<store::DataFile>& after);

/// Sets by what new files of a dataset are split.
Result<Json> partition_dataset(const Workspace& workspace, const std::string& dataset, const std::string& by);

}  // namespace gristmill::platform
