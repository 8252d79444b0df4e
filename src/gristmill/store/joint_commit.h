// SPDX-License-Identifier: Apache-2.0
// Commits of other Iceberg programs, to one table or to several in one step.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "gristmill/base/json.h"
#include "gristmill/store/catalog.h"
#include "gristmill/store/metadata.h"

namespace gristmill::store {

/// What a client wants of one table, as Iceberg's REST specification puts it.
struct TableRequest {
  TableName name;
  Json requirements;
  Json updates;
};

/// What a request makes of its table.
struct TableChange {
  TableName name;
  std::optional<TableMetadata> before;  ///< Nothing: the table is new.
  std::string location_before;
  TableMetadata after;
  std::string location;          ///< Of the metadata file that holds `after`.
  bool is_done_already = false;  ///< The commit came through before; nothing was changed now.
};

/// The rules of the house for commits of others.
struct CommitRules {
  /// Looks at a change before anything of it is written. May be called again when a lost race is run again.
  std::function<Status(const TableChange&)> check;
  /// Writes along in the transaction that moves the pointers; an error undoes all of it. Not called when every change
  /// is done already.
  std::function<Status(meta::Transaction&, const std::vector<TableChange>&)> also;
};

/// Carries out all requests or none. A requirement that fails, or a commit prepared on an older state of a table, is
/// `conflict`; a table that is absent and not to be made is `not_found`. A lost race is run again on the newest state,
/// in the end while holding the database's lock, so that clients only hear of conflicts that concern them.
Result<std::vector<TableChange>> commit_together(const Catalog& catalog, const std::vector<TableRequest>& requests,
                                                 const CommitRules& rules);

}  // namespace gristmill::store
