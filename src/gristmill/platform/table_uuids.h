// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "gristmill/base/result.h"
#include "gristmill/meta/database.h"
#include "gristmill/store/catalog.h"

namespace gristmill::platform {

/// Finds tables by their uuid. The catalog's tables do not hold it, so it is read from the metadata files, each once: a
/// metadata file never changes. Thread-safe.
class TableUuids {
 public:
  /// The table that has this uuid, but for `except`. Damaged metadata has none; metadata that cannot be reached is an
  /// error.
  Result<std::optional<store::TableName>> find(meta::Transaction& transaction, const std::string& uuid,
                                               const store::TableName& except);

 private:
  std::mutex mutex_;
  std::map<std::string, std::string> uuid_by_location_;
};

}  // namespace gristmill::platform
