// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "gristmill/base/result.h"
#include "gristmill/platform/workspace.h"

namespace gristmill::platform {

/// The name that a log gave itself when it was made: a log in its place later counts from 1 again.
Result<std::string> feedback_log_id(const Workspace& workspace);

/// Up to which event the workspace's log is compacted; 0 for nothing yet.
Result<std::uint64_t> compacted_through(const Workspace& workspace, const std::string& log_id);

/// Begins a tenure: the log in this folder, and no copy of it, is the one that goes on. Noted in the folder and in the
/// catalog. Only for the one that holds the log's lock; `check_failed` when another copy had a tenure since.
Status begin_feedback_tenure(const Workspace& workspace, const std::string& log_id);

/// The tenure that the folder knows; empty when there was none yet.
Result<std::string> feedback_tenure(const Workspace& workspace);

/// `check_failed` when the catalog knows of a later tenure, of another copy of the log.
Status check_feedback_tenure(const Workspace& workspace, meta::Transaction& transaction, const std::string& log_id,
                             const std::string& tenure);

}  // namespace gristmill::platform
