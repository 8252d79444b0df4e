// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "gristmill/base/result.h"
#include "gristmill/platform/workspace.h"

namespace gristmill::platform {

/// `conflict` when a version that a run is to read is no longer in its table. Called in the transaction that records
/// the run: from then on no expiry takes the version away, but one that came before may have done so.
/// `metadata_location` is where the table stood when the version was looked at.
Status check_version_stayed(const Workspace& workspace, meta::Transaction& transaction, const std::string& dataset,
                            std::int64_t version, const std::string& metadata_location);

}  // namespace gristmill::platform
