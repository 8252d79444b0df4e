// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "gristmill/base/json.h"
#include "gristmill/base/result.h"
#include "gristmill/platform/workspace.h"

namespace gristmill::platform {

/// The whole chain of a document back to its origin and licence (`trace --json` of cli.md). `subject` is a document id
/// (32 hex digits) or SHARD:POSITION, where SHARD is a path, a shard's file name or DATASET/NUMBER and POSITION a token
/// position in it. Documents that were dropped or quarantined are found too: `document.outcome` says where they ended.
/// Reads the document indexes, never the data; a data file without an index (of another writer) is searched by its id
/// column. A dataset that is damaged is passed over when another one has the document, and named in `damaged[]`.
Result<Json> trace(const Workspace& workspace, const std::string& subject);

}  // namespace gristmill::platform
