// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/workspace.h"

namespace gristmill::platform {

std::string_view program_version() { return GRISTMILL_VERSION; }

}  // namespace gristmill::platform
