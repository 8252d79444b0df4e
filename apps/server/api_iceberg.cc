// SPDX-License-Identifier: Apache-2.0
// The Iceberg REST catalog at /iceberg: HTTP here, all else in platform.
#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "api.h"
#include "gristmill/platform/rest_catalog.h"
#include "gristmill/platform/table_purges.h"

namespace gristmill::server {
namespace {

constexpr std::string_view prefix = "/iceberg";
constexpr auto purge_interval = std::chrono::minutes(1);

platform::RestOptions rest_options(const platform::Workspace& workspace, platform::RestStorage storage) {
  platform::RestOptions options;
  options.check_secret = [&workspace](std::string_view secret) -> Status {
    const auto known = platform::check_token(workspace, secret);
    return known ? Status() : Status(known.error());
  };
  options.storage = std::move(storage);
  return options;
}

HttpResponse http_of(platform::RestResponse answer) {
  return {.status = answer.status, .headers = std::move(answer.headers), .body = std::move(answer.body)};
}

/// What clients reported of their scans and commits.
std::vector<Figure> figures_of(const platform::RestReports& reports) {
  std::vector<Figure> figures;
  const auto add = [&](std::string name, std::string help, std::uint64_t value, std::string labels = {}) {
    figures.push_back({.name = "gristmill_iceberg_" + std::move(name),
                       .help = std::move(help),
                       .is_counter = true,
                       .value = static_cast<double>(value),
                       .labels = std::move(labels)});
  };
  for (const auto& [kind, count] :
       {std::pair("scan", reports.scans), std::pair("commit", reports.commits), std::pair("other", reports.others)}) {
    add("reports_total", "Reports of clients of the Iceberg REST catalog.", count, fmt::format("kind=\"{}\"", kind));
  }
  add("reported_data_files_total", "Data files that clients' scans read, as they report.", reports.scanned_files);
  add("reported_skipped_manifests_total", "Manifests that clients' scans skipped, as they report.",
      reports.skipped_manifests);
  add("reported_commit_attempts_total", "Attempts that clients' commits took, as they report.",
      reports.commit_attempts);
  return figures;
}

/// The catalog, and a thread that now and then removes the files of tables that were dropped for good.
class Iceberg {
 public:
  Iceberg(const platform::Workspace& workspace, platform::RestStorage storage)
      : workspace_(workspace),
        catalog_(workspace, rest_options(workspace, std::move(storage))),
        cleaner_([this](const auto& ended) { clean(ended); }) {}

  HttpResponse handle(const HttpRequest& request, const platform::Principal& principal) const {
    const auto path = request.path.substr(prefix.size());
    if (principal.token_id.empty() && !platform::RestCatalog::is_open(path))
      return http_of(platform::RestCatalog::refusal(401, "a token is needed: `Authorization: Bearer TOKEN`"));
    return http_of(catalog_.answer({.method = request.method,
                                    .path = path,
                                    .query = request.query,
                                    .headers = request.headers,
                                    .body = request.body,
                                    .caller = principal.name,
                                    .may_write = principal.scope != platform::Scope::read}));
  }

  [[nodiscard]] std::vector<Figure> figures() const { return figures_of(catalog_.reports()); }

 private:
  void clean(const std::stop_token& ended) {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    while (!wake_.wait_for(lock, ended, purge_interval, [&] { return ended.stop_requested(); })) {
      // What fails now is tried again; tables that cannot be read are told by `doctor` and the commands that read them.
      static_cast<void>(platform::purge_dropped_tables(workspace_, platform::purge_delay_ms));
    }
  }

  const platform::Workspace& workspace_;
  platform::RestCatalog catalog_;
  std::condition_variable_any wake_;
  std::jthread cleaner_;
};

}  // namespace

Result<Mount> iceberg_mount(Backend& backend) {
  GRISTMILL_TRY(auto storage, platform::warehouse_storage(backend.workspace));
  // Shared because a handler must be copyable.
  auto iceberg = std::make_shared<Iceberg>(backend.workspace, std::move(storage));
  backend.iceberg_figures = [iceberg] { return iceberg->figures(); };
  Mount mount{.name = "iceberg", .prefix = std::string(prefix), .handle = {}, .refuse = {}, .is_open = {}};
  mount.handle = [iceberg](const HttpRequest& request, const platform::Principal& principal) {
    return iceberg->handle(request, principal);
  };
  mount.is_open = [](std::string_view path) { return platform::RestCatalog::is_open(path.substr(prefix.size())); };
  mount.refuse = [](int status, std::string_view message) {
    return http_of(platform::RestCatalog::refusal(status, message));
  };
  return mount;
}

}  // namespace gristmill::server
