// SPDX-License-Identifier: Apache-2.0
// Runs many small tasks through the engine and its journal, with a kill -9 after half of them and a resume in a second
// process: million_tasks DATABASE [TASKS]. Prints as one JSON line what a task costs in CPU time, both processes
// together, start and resume included.
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/base/json.h"
#include "gristmill/engine/runner.h"
#include "gristmill/platform/migrations.h"
#include "gristmill/platform/run_journal.h"

using namespace gristmill;

namespace {

constexpr std::string_view run_id = "run-of-the-benchmark";

/// A journal whose process dies, without any farewell, once `dies_at` tasks are recorded.
class MortalJournal final : public engine::Journal {
 public:
  MortalJournal(engine::Journal& journal, std::int64_t dies_at) : journal_(journal), dies_at_(dies_at) {}

  Status record(std::span<const engine::TaskRecord> finished) override {
    GRISTMILL_RETURN_IF_ERROR(journal_.record(finished));
    recorded_ += static_cast<std::int64_t>(finished.size());
    if (recorded_ >= dies_at_) ::kill(::getpid(), SIGKILL);
    return {};
  }
  Result<std::vector<engine::TaskRecord>> finished(const std::string& stage) override {
    return journal_.finished(stage);
  }

 private:
  engine::Journal& journal_;
  std::int64_t dies_at_;
  std::int64_t recorded_ = 0;
};

/// A task that does nothing but say what a real one says.
engine::Stage make_stage(std::int64_t tasks) {
  return {.name = "map", .task_count = tasks, .run = [](const engine::TaskContext& context) -> Result<std::string> {
            return fmt::format(R"({{"documents":{},"dropped":{{}},"file":"part-{:08}","bytes":{}}})", context.task % 97,
                               context.task, context.task * 1013);
          }};
}

Result<engine::StageResult> run(const std::string& path, std::int64_t tasks, std::int64_t dies_at) {
  GRISTMILL_TRY(const auto database, meta::open_sqlite(path));
  GRISTMILL_RETURN_IF_ERROR(database->migrate(platform::migrations()));
  platform::RunJournal journal(*database, std::string(run_id));
  MortalJournal mortal(journal, dies_at);
  return engine::run_stage(make_stage(tasks), mortal, {.threads = 2});
}

double cpu_seconds(const rusage& usage) {
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

/// Runs the first half in a process of its own, which kills itself; its resource use.
Result<rusage> run_until_killed(const std::string& path, std::int64_t tasks) {
  const auto child = ::fork();
  if (child == 0) {
    const auto result = run(path, tasks, tasks / 2);
    fmt::print(stderr, "the first process ended: {}\n", result ? "all done" : result.error().message);
    ::_exit(1);
  }
  int status = 0;
  rusage usage{};
  ::wait4(child, &status, 0, &usage);
  if (!WIFSIGNALED(status)) return Error{ErrorCode::internal, "the first process was not killed"};
  return usage;
}

Result<Json> measure(const std::string& path, std::int64_t tasks) {
  GRISTMILL_TRY(const auto first, run_until_killed(path, tasks));
  GRISTMILL_TRY(const auto result, run(path, tasks, INT64_MAX));
  const auto stage = make_stage(tasks);
  for (std::int64_t task = 0; task < tasks; ++task) {
    const auto& found = result.results[static_cast<std::size_t>(task)];
    if (found != *stage.run({.task = task}))
      return Error{ErrorCode::internal, fmt::format("task {} gave '{}'", task, found)};
  }
  rusage second{};
  ::getrusage(RUSAGE_SELF, &second);
  const double total = cpu_seconds(first) + cpu_seconds(second);
  return Json::object({{"tasks", tasks},
                       {"resumed", result.resumed},
                       {"first_cpu_seconds", cpu_seconds(first)},
                       {"second_cpu_seconds", cpu_seconds(second)},
                       {"cpu_seconds", total},
                       {"cpu_us_per_task", total * 1e6 / static_cast<double>(tasks)},
                       {"peak_memory_bytes", std::int64_t{std::max(first.ru_maxrss, second.ru_maxrss)} * 1024}});
}

}  // namespace

int main(int count, char** values) {
  std::int64_t tasks = 1'000'000;
  if (count > 2) std::from_chars(values[2], values[2] + std::string_view(values[2]).size(), tasks);
  const auto result = count > 1 ? measure(values[1], tasks) : invalid_argument("usage: million_tasks DATABASE [TASKS]");
  fmt::print("{}\n", result ? result->dump() : result.error().message);
  return result ? 0 : 1;
}
