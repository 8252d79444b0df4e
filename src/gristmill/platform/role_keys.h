// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gristmill/base/result.h"
#include "gristmill/platform/workspace.h"

namespace gristmill::platform {

/// Puts the keys of the warehouse's object store into the environment, for a program that takes this one's place and
/// cannot ask for the role of the machine itself. Those of a profile or file that the settings name it finds there.
Status pass_role_keys(const Workspace& workspace);

}  // namespace gristmill::platform
