// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "gristmill/base/json.h"
#include "gristmill/base/result.h"
#include "gristmill/platform/workspace.h"

namespace gristmill::platform {

/// What changed from one version to another, each NAME or NAME@VERSION:
/// - `documents` {added, removed, changed (same id, other text), unchanged},
/// - `tokens` {before, after, added, removed, changed}, from the column token_count; null where a version has none,
/// - `removed[]` and `added[]` {dataset, operator, reason, documents, tokens}: which rule of the later run took the
///   documents out, and which of the earlier run had kept them out. The operator `input` means that the run never saw
///   them, `dataset.delete` and the like name a change of rows with its condition, `commit` another writer's commit,
/// - `steps[]` {operator, change, before, after}: how the two pipelines differ, which is why documents changed.
/// Files that both versions share are not read; memory is bounded by passes over ranges of ids.
Result<Json> diff_versions(const Workspace& workspace, const std::string& before, const std::string& after);

}  // namespace gristmill::platform
