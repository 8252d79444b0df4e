// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "gristmill/base/result.h"
#include "gristmill/platform/rest_catalog.h"

namespace gristmill::platform {

struct RestCall;

/// Places of tables that clients are about to create: they write the first files before the catalog has the table.
/// Thread-safe.
class StagedPlaces {
 public:
  void add(const std::string& location, std::int64_t now_ms);
  [[nodiscard]] bool covers(const std::string& path, std::int64_t now_ms) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::int64_t> added_;
};

/// Signs a request to the object store for a client without keys, if it stays with the files of tables: of any table,
/// or of the one in the path.
Result<RestResponse> sign_request(RestContext& context, const RestCall& call);
/// Keys for a table's files once more, for clients whose own are about to end.
Result<RestResponse> show_credentials(RestContext& context, const RestCall& call);

}  // namespace gristmill::platform
