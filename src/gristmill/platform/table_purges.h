// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "gristmill/base/json.h"
#include "gristmill/platform/workspace.h"
#include "gristmill/store/catalog.h"

namespace gristmill::platform {

/// How long the files of a table that was dropped for good stay, for those who read them just now.
inline constexpr std::int64_t purge_delay_ms = std::int64_t{60} * 60 * 1000;

/// Notes, in the transaction that drops a table, that its files are to go as well.
Status request_purge(meta::Transaction& transaction, const store::TableName& name,
                     const std::string& metadata_location);
/// Takes that back when the table is registered again; `conflict` when its files are just being removed.
Status forget_purge(meta::Transaction& transaction, const std::string& metadata_location);

/// Removes the files of tables that were dropped for good at least `age_ms` ago: those inside the table's own folder
/// that no table of the catalog refers to. A table that cannot be read, the dropped one or another, puts it off: what
/// it needs is not known then. {purged: [...], postponed: [{dataset, message}], files}.
Result<Json> purge_dropped_tables(const Workspace& workspace, std::int64_t age_ms);

}  // namespace gristmill::platform
