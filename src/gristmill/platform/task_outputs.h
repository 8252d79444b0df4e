// SPDX-License-Identifier: Apache-2.0
// Whether what finished tasks wrote is still there: a bucket or folder may have been removed, and come back from a copy
// that was made before, or empty.
#pragma once

#include <string>

#include "gristmill/base/result.h"
#include "gristmill/engine/execute.h"
#include "gristmill/meta/database.h"

namespace gristmill::platform {

/// The first file that a recorded task of a run or ingestion wrote and that is gone or of another length; empty when
/// all are there. Lists each folder once.
Result<std::string> find_lost_output(meta::Database& database, const std::string& run_id);

/// Before a lone run or an ingestion goes on: when something is lost, all its tasks are forgotten, so that they are
/// done again. The caller holds its lock.
Status forget_lost_tasks(meta::Database& database, const std::string& run_id);

/// Before a commit: fails when a data file or token shard is gone, so that no version names what is not there.
Status check_outputs(const engine::PlanResult& result);

}  // namespace gristmill::platform
