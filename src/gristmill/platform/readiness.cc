// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/readiness.h"

namespace gristmill::platform {

Status check_ready(const Workspace& workspace) {
  // Whoever asks wants to know how things stand now.
  const meta::WithoutPatience at_once;
  return workspace.database().read([](meta::Transaction& transaction) -> Status {
    auto rows = transaction.query("SELECT 1");
    return rows ? Status() : Status(std::move(rows).error());
  });
}

}  // namespace gristmill::platform
