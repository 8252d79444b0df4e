// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>

#include "gristmill/base/json.h"
#include "gristmill/platform/rest_catalog.h"

namespace gristmill::platform {

struct RestCall;

/// Adds up what clients report. Thread-safe.
class ReportCounts {
 public:
  void note(const Json& report);
  [[nodiscard]] RestReports sums() const;

 private:
  mutable std::mutex mutex_;
  RestReports sums_;
};

/// Takes a client's report of a scan or commit and counts it.
Result<RestResponse> report_metrics(RestContext& context, const RestCall& call);

}  // namespace gristmill::platform
