// SPDX-License-Identifier: Apache-2.0
// How many empty tasks several processes claim and record a second: claim_rate FILE|URL TASKS PROCESSES. Each task is
// claimed alone and recorded alone, as long tasks are. Prints one JSON line.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <string>

#include "gristmill/base/json.h"
#include "gristmill/platform/migrations.h"
#include "gristmill/platform/shared_run.h"

using namespace gristmill;

namespace {

Result<std::unique_ptr<meta::Database>> open(const std::string& place) {
  return meta::is_postgres_url(place) ? meta::open_postgres({.url = place}) : meta::open_sqlite(place);
}

Status work(const std::string& place) {
  GRISTMILL_TRY(const auto database, open(place));
  platform::SharedRunJournal journal(*database, "run", std::chrono::minutes(1));
  while (true) {
    GRISTMILL_TRY(const auto claims, journal.claim("stage", 1));
    if (claims.empty()) return {};
    const engine::TaskRecord done{"stage", claims[0].task, 1, "{}", claims[0].number};
    GRISTMILL_RETURN_IF_ERROR(journal.record(std::span(&done, 1)));
  }
}

Result<Json> measure(const std::string& place, std::int64_t tasks, int processes) {
  {
    GRISTMILL_TRY(const auto database, open(place));
    GRISTMILL_RETURN_IF_ERROR(database->migrate(platform::migrations()));
    GRISTMILL_RETURN_IF_ERROR(database->write([](meta::Transaction& transaction) -> Status {
      GRISTMILL_TRY([[maybe_unused]] const auto made,
                    transaction.execute("INSERT INTO runs (run_id, pipeline, fingerprint, status, started_at, plan) "
                                        "VALUES ('run', 'p', 'f', 'running', '', '{}')"));
      return {};
    }));
    platform::SharedRunJournal journal(*database, "run", std::chrono::minutes(1));
    GRISTMILL_RETURN_IF_ERROR(journal.open_stage("stage", tasks));
  }
  const auto began = std::chrono::steady_clock::now();
  for (int process = 0; process < processes; ++process) {
    if (::fork() == 0) ::_exit(work(place) ? 0 : 1);
  }
  bool has_failed = false;
  for (int process = 0; process < processes; ++process) {
    int status = 0;
    ::wait(&status);
    has_failed = has_failed || status != 0;
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  GRISTMILL_TRY(const auto database, open(place));
  platform::SharedRunJournal journal(*database, "run", std::chrono::minutes(1));
  GRISTMILL_TRY(const auto count, journal.finished_count("stage"));
  if (has_failed || count != tasks) return unavailable(fmt::format("{} of {} tasks were recorded", count, tasks));
  return Json::object({{"tasks_per_second", static_cast<double>(tasks) / seconds}});
}

}  // namespace

int main(int count, char** values) {
  const auto result = count == 4 ? measure(values[1], std::atoll(values[2]), std::atoi(values[3]))
                                 : invalid_argument("usage: claim_rate FILE|URL TASKS PROCESSES");
  fmt::print("{}\n", result ? result->dump() : result.error().message);
  return result ? 0 : 1;
}
