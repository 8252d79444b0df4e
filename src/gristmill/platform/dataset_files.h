// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "gristmill/base/json.h"
#include "gristmill/base/result.h"
#include "gristmill/platform/workspace.h"
#include "gristmill/store/scan.h"

namespace gristmill::platform {

/// Data files of a version that may hold rows which meet the conditions, in document order.
Result<std::vector<store::ScanFile>> scan_in_order(const store::Table& table, const store::Snapshot& snapshot,
                                                   const store::ScanFilter& filter);

/// The data files of a version, those that may hold rows for which `where` is true (empty: all), each with its
/// partition, documents, bytes and the number of delete files that may concern it.
Result<Json> dataset_files(const Workspace& workspace, const std::string& selector, const std::string& where);

}  // namespace gristmill::platform
