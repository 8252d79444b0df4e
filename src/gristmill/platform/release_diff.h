// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "gristmill/base/json.h"
#include "gristmill/base/result.h"
#include "gristmill/platform/workspace.h"

namespace gristmill::platform {

/// What changed from one release to another: `documents` and `tokens` (of the shards) {before, after}, and for each of
/// `datasets[]` its `change` (added, removed, changed, same), what diff_versions says of it, and the models that
/// differ.
Result<Json> diff_releases(const Workspace& workspace, const std::string& before, const std::string& after);

}  // namespace gristmill::platform
