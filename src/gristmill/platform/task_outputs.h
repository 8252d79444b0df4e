// SPDX-License-Identifier: Apache-2.0
// Whether what finished tasks wrote is still there: a bucket or folder may have been removed, and come back from a copy
// that was made before, or empty.
#pragma once

#include <string>

#include "gristmill/base/result.h"
#include "gristmill/engine/execute.h"
#include "gristmill/meta/database.h"

namespace gristmill::platform {

/// Before a lone run or an ingestion goes on: when something is lost, all its tasks are forgotten, so that they are
/// done again. The caller holds its lock.
Status forget_lost_tasks(meta::Database& database, const std::string& run_id);
/// The same before a shared run that had stopped is reopened; not once another process has done so.
Status forget_lost_tasks_if_stopped(meta::Database& database, const std::string& run_id);

/// Before a commit: fails when a data file or token shard is gone, so that no version names what is not there.
Status check_outputs(const engine::PlanResult& result);

}  // namespace gristmill::platform
