// SPDX-License-Identifier: Apache-2.0
// Upkeep of datasets: what is no longer needed goes, and says so.
#pragma once

#include <cstdint>
#include <string>

#include "gristmill/base/json.h"
#include "gristmill/base/result.h"
#include "gristmill/platform/workspace.h"

namespace gristmill::platform {

/// Which versions of a dataset go. Those that a release or branch names, that an unfinished run reads, or that tokens
/// were made from stay.
struct ExpireRequest {
  std::string dataset;
  std::int64_t older_than_ms = std::int64_t{5} * 24 * 60 * 60 * 1000;  ///< Age; Iceberg's default.
  std::int64_t keep_last = 1;
  bool with_token_sources = false;  ///< Also versions that tokens were made from, which then cannot be traced.
  bool is_dry_run = false;
};
/// {dataset, expired [{version, ordinal, timestamp}], kept [{version, ordinal, why}], files, bytes, foreign_files,
/// dry_run}.
Result<Json> expire_dataset(const Workspace& workspace, const ExpireRequest& request);

/// Removes files that no version refers to: what was left by killed processes and given-up runs.
struct CleanRequest {
  std::string dataset;
  std::int64_t older_than_ms = std::int64_t{3} * 24 * 60 * 60 * 1000;  ///< Age; Iceberg's default.
  bool is_dry_run = false;
};
/// {dataset, files, bytes, paths [], dry_run}.
Result<Json> clean_dataset(const Workspace& workspace, const CleanRequest& request);

}  // namespace gristmill::platform
