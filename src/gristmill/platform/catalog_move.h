// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "gristmill/base/json.h"
#include "gristmill/base/result.h"
#include "gristmill/meta/database.h"

namespace gristmill::platform {

/// Moves the catalog of the workspace in `folder` to `to`: a PostgreSQL URL or an SQLite file. All tables are copied
/// from one consistent state, compared by count and digest, and the settings name the new place. The old catalog can be
/// read but not written any more. A move that was interrupted is finished, or begun anew, by the same call. Returns
/// from, to and tables[] {name, rows, digest}.
Result<Json> move_catalog(const std::string& folder, const std::string& to);

/// `denied` for a catalog that was moved elsewhere, or into which a move is not finished.
Status check_in_use(meta::Database& database);

}  // namespace gristmill::platform
