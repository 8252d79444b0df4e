// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gristmill/base/result.h"
#include "gristmill/platform/workspace.h"

namespace gristmill::platform {

/// Whether the metadata database answers.
Status check_ready(const Workspace& workspace);

}  // namespace gristmill::platform
