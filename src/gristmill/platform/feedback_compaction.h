// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gristmill/base/json.h"
#include "gristmill/base/result.h"
#include "gristmill/feedback/log.h"
#include "gristmill/platform/workspace.h"

namespace gristmill::platform {

/// Moves events from the feedback log into the dataset of the settings, each exactly once, whatever is killed in
/// between: the mark up to which the log is compacted moves in the transaction of the commit, and segments are removed
/// only behind it. `log`: when this process writes it; else the process that does is asked to end its segment, or, when
/// there is none, the log is recovered first. Gives what was done, every damage met (`damages`: acknowledged events are
/// lost) and what was set right (`recovered`: a torn write, damaged keys; no event is lost); `conflict` while another
/// compaction is at work.
Result<Json> compact_feedback(const Workspace& workspace, feedback::Log* log);

}  // namespace gristmill::platform
