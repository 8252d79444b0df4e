// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/rest_reports.h"

#include "gristmill/platform/rest_call.h"

namespace gristmill::platform {
namespace {

/// The counter of a report; what is absent, negative or no number counts nothing.
std::uint64_t counter(const Json& report, std::string_view name) {
  // No figure of a client's may make the sums run over.
  constexpr std::int64_t value_max = std::int64_t{1} << 40;
  const auto value = report["metrics"][name]["value"].as_int(0);
  return value > 0 && value <= value_max ? static_cast<std::uint64_t>(value) : 0;
}

}  // namespace

void ReportCounts::note(const Json& report) {
  const auto& type = report["report-type"].as_string();
  const std::lock_guard lock(mutex_);
  if (type == "scan-report") {
    ++sums_.scans;
    sums_.scanned_files += counter(report, "result-data-files");
    sums_.skipped_manifests += counter(report, "skipped-data-manifests");
  } else if (type == "commit-report") {
    ++sums_.commits;
    sums_.commit_attempts += counter(report, "attempts");
  } else {
    ++sums_.others;
  }
}

RestReports ReportCounts::sums() const {
  const std::lock_guard lock(mutex_);
  return sums_;
}

Result<RestResponse> report_metrics(RestContext& context, const RestCall& call) {
  GRISTMILL_TRY([[maybe_unused]] const auto name, call.table());
  GRISTMILL_TRY(const auto body, call.body());
  if (body["report-type"].as_string().empty()) return invalid_argument("a report needs a \"report-type\"");
  context.reports.note(body);
  return no_content();
}

}  // namespace gristmill::platform
