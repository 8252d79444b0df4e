// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/input_versions.h"

#include <fmt/format.h>

#include "gristmill/store/table.h"

namespace gristmill::platform {

Status check_version_stayed(const Workspace& workspace, meta::Transaction& transaction, const std::string& dataset,
                            std::int64_t version, const std::string& metadata_location) {
  const store::Catalog catalog(workspace.database());
  GRISTMILL_TRY(const auto name, store::TableName::parse(dataset));
  GRISTMILL_TRY(const auto location, store::Catalog::metadata_location(transaction, name));
  if (location == metadata_location) return {};
  GRISTMILL_TRY(const auto table, store::Table::load_at(catalog, name, location));
  if (table.metadata().find_snapshot(version) != nullptr) return {};
  return Error{ErrorCode::conflict, fmt::format("version {} of {} expired just now, before the run was recorded: start "
                                                "it again on a newer one",
                                                version, dataset)};
}

}  // namespace gristmill::platform
