// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "gristmill/base/json.h"
#include "gristmill/base/result.h"
#include "gristmill/platform/workspace.h"

namespace gristmill::platform {

/// A part of a long list: {"items": [...], "next": text or null}. `next` given as `after` gets the following part.
struct Page {
  std::int64_t limit = 100;
  std::string after;
};

/// Runs, newest first, each as in `list_runs`.
Result<Json> page_runs(const Workspace& workspace, const Page& page);
/// Ingestion records, newest first, without their files.
Result<Json> page_ingestions(const Workspace& workspace, const Page& page);

/// How far a run is, whoever executes it: {run_id, status, started_at, finished_at, tasks_done, stages [{name,
/// tasks_done}]}. Tasks are those recorded in the database; a finished run has none.
Result<Json> run_progress(const Workspace& workspace, const std::string& run_id);

/// Id and fingerprint of the run of an idempotency key: {run_id, fingerprint}; not_found when there is none.
Result<Json> run_of_key(const Workspace& workspace, const std::string& idempotency_key);

/// Runs by status: {"done": 3, ...}.
Result<Json> count_runs(const Workspace& workspace);

}  // namespace gristmill::platform
