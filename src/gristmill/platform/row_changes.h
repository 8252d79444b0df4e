// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "gristmill/base/json.h"
#include "gristmill/base/result.h"
#include "gristmill/platform/workspace.h"

namespace gristmill::platform {

/// How rows of a dataset are to change. Every change is one new version that rewrites only the data files with rows
/// that it concerns; rows keep their `id`. What others commit meanwhile is kept; where they changed the same files the
/// change is done again on the new state, a bounded number of times, then it is a `conflict`.
struct RowChangeRequest {
  std::string selector;           ///< NAME or NAME@BRANCH.
  std::string where;              ///< Condition in the language of filter.expression.
  std::vector<std::string> sets;  ///< COLUMN=VALUE (update).
  std::string path;               ///< File of rows (upsert, overwrite).
  std::vector<std::string> keys;  ///< Key columns (upsert).
  std::string idempotency_key;    ///< The same key again changes nothing and gives the first answer's version.
};

/// Removes the rows for which `where` is true.
Result<Json> delete_rows(const Workspace& workspace, const RowChangeRequest& request);
/// Sets columns of the rows for which `where` is true.
Result<Json> update_rows(const Workspace& workspace, const RowChangeRequest& request);
/// Sets the given columns of rows that have the same key as a row of the file, and adds the others with a new id.
Result<Json> upsert_rows(const Workspace& workspace, const RowChangeRequest& request);
/// Replaces the rows for which `where` is true, all without it, by those of the file.
Result<Json> overwrite_rows(const Workspace& workspace, const RowChangeRequest& request);

/// What the audit log says of the changes that removed rows of a dataset, newest first.
Result<std::vector<Json>> removals_of(const Workspace& workspace, const std::string& dataset);
/// The change with this id as the audit log has it; `not_found` when there is none.
Result<Json> show_change(const Workspace& workspace, const std::string& change_id);

}  // namespace gristmill::platform
