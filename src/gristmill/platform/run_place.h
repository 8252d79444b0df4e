// SPDX-License-Identifier: Apache-2.0
// Where a run that several machines share keeps what they hand to each other.
#pragma once

#include <string>

#include "gristmill/base/json.h"
#include "gristmill/base/result.h"
#include "gristmill/platform/pipeline_file.h"
#include "gristmill/platform/workspace.h"

namespace gristmill::platform {

/// What the plan of a new shared run says of its place: the warehouse as this process sees it, this machine, and a mark
/// that nobody can guess.
Json new_run_place(const Workspace& workspace);

/// Puts the mark where the run's files will be.
Status mark_run_place(const Workspace& workspace, const std::string& run_id, const Json& place);

/// Fails (`invalid_argument`, saying what to do) where this workspace's warehouse is not the one that the run's files
/// are in: another path, or another folder at the same path. Plans without a place pass.
Status check_run_place(const Workspace& workspace, const std::string& run_id, const Json& place);

/// Marks the place anew when that was removed and no task of the run is recorded any more, else as `check_run_place`.
Status reopen_run_place(const Workspace& workspace, const std::string& run_id, const Json& place);

/// Copies what the steps' `file` options name, and other machines may not have, to where the run's files are, and notes
/// the copies in the pipeline. Variables of the environment and files that are shipped stay where they are.
Status copy_step_files(const Workspace& workspace, const std::string& run_id, Pipeline& pipeline);

/// Removes what runs that have ended left in an object store: a worker that was thought to have vanished may have
/// written there since. Does nothing for a local warehouse.
Status sweep_run_places(const Workspace& workspace);

}  // namespace gristmill::platform
