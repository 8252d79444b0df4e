// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/table_uuids.h"

#include <algorithm>
#include <cctype>

#include "gristmill/store/metadata_files.h"

namespace gristmill::platform {
namespace {

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char byte) { return std::tolower(byte); });
  return text;
}

/// Whether metadata is of no use to anybody; otherwise it could not be reached, and nobody knows what it says.
bool is_damaged(const Error& error) {
  return error.code == ErrorCode::not_found || error.code == ErrorCode::corrupt_data ||
         error.code == ErrorCode::invalid_argument;
}

}  // namespace

Result<std::optional<store::TableName>> TableUuids::find(meta::Transaction& transaction, const std::string& uuid,
                                                         const store::TableName& except) {
  GRISTMILL_TRY(const auto rows,
                transaction.query("SELECT table_namespace, table_name, metadata_location FROM iceberg_tables WHERE "
                                  "catalog_name = ? AND (iceberg_type IS NULL OR iceberg_type = 'TABLE')",
                                  {std::string(store::catalog_name)}));
  std::map<std::string, std::string> current;
  std::optional<store::TableName> found;
  const std::lock_guard lock(mutex_);
  for (const auto& row : rows) {
    const store::TableName name{meta::text(row[0]), meta::text(row[1])};
    const auto& location = meta::text(row[2]);
    auto known = uuid_by_location_.find(location);
    if (known == uuid_by_location_.end()) {
      const auto metadata = store::read_metadata(location);
      if (!metadata && !is_damaged(metadata.error())) return metadata.error();
      // A table that is damaged now may be mended later: it is read again then.
      if (!metadata) continue;
      known = uuid_by_location_.emplace(location, lower(metadata->uuid())).first;
    }
    if (known->second == lower(uuid) && name != except) found = name;
    current.emplace(*known);
  }
  // Only what the catalog points to now is kept, so that this does not grow with the history.
  uuid_by_location_ = std::move(current);
  return found;
}

}  // namespace gristmill::platform
