// SPDX-License-Identifier: Apache-2.0
#include "gristmill/engine/runner.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <map>
#include <mutex>
#include <set>

namespace gristmill::engine {
namespace {

/// A journal in memory that can be told to fail.
class MemoryJournal final : public Journal {
 public:
  Status record(std::span<const TaskRecord> finished) override {
    if (fails) return unavailable("the journal is full");
    ++groups;
    for (const auto& task : finished) records.emplace(task.task, task);
    return {};
  }
  Result<std::vector<TaskRecord>> finished(const std::string&) override {
    std::vector<TaskRecord> list;
    for (const auto& [task, record] : records) list.push_back(record);
    return list;
  }
  std::map<std::int64_t, TaskRecord> records;
  int groups = 0;
  bool fails = false;
};

Stage squares(std::int64_t count, std::atomic<std::int64_t>& calls) {
  return {"squares", count, [&calls](const TaskContext& context) -> Result<std::string> {
            calls.fetch_add(1);
            return fmt::format("{}", context.task * context.task);
          }};
}

}  // namespace

TEST_CASE("results come in task order for any number of threads") {
  for (const int threads : {1, 2, 5}) {
    MemoryJournal journal;
    std::atomic<std::int64_t> calls = 0;
    const auto done = run_stage(squares(1000, calls), journal, {.threads = threads});
    REQUIRE(done.ok());
    CHECK(calls.load() == 1000);
    CHECK(journal.records.size() == 1000);
    for (std::int64_t i = 0; i < 1000; ++i)
      CHECK(done->results[static_cast<std::size_t>(i)] == fmt::format("{}", i * i));
  }
}

TEST_CASE("recorded tasks are not run again and give their recorded result") {
  MemoryJournal journal;
  for (std::int64_t task = 0; task < 100; task += 3) journal.records[task] = {"squares", task, 1, "recorded"};
  const auto recorded = static_cast<std::int64_t>(journal.records.size());
  std::atomic<std::int64_t> calls = 0;
  const auto done = run_stage(squares(100, calls), journal, {.threads = 3});
  REQUIRE(done.ok());
  CHECK(done->resumed == recorded);
  CHECK(calls.load() == 100 - recorded);
  CHECK(done->results[3] == "recorded");
  CHECK(done->results[4] == "16");
}

TEST_CASE("a fault that may pass is tried again, others fail at once with their place") {
  MemoryJournal journal;
  std::mutex mutex;
  std::map<std::int64_t, int> tries;
  const Stage flaky{"flaky", 5, [&](const TaskContext& context) -> Result<std::string> {
                      const std::scoped_lock lock(mutex);
                      if (++tries[context.task] == 1 && context.task == 2) return unavailable("the disk is away");
                      return std::string("ok");
                    }};
  const auto done = run_stage(flaky, journal, {.threads = 2});
  REQUIRE(done.ok());
  CHECK(tries[2] == 2);
  CHECK(done->retries == 1);

  MemoryJournal other;
  const Stage broken{"broken", 50, [](const TaskContext& context) -> Result<std::string> {
                       if (context.task == 7) return corrupt_data("bad page");
                       return std::string("ok");
                     }};
  const auto failed = run_stage(broken, other, {.threads = 1});
  REQUIRE(!failed.ok());
  CHECK(failed.error().code == ErrorCode::corrupt_data);
  CHECK(failed.error().message.find("stage broken, task 7") != std::string::npos);
  // What was finished before stays recorded, so that the next process goes on there.
  CHECK(other.records.size() == 7);
}

TEST_CASE("a journal that fails stops the stage, and a stop request ends it as interrupted") {
  MemoryJournal journal;
  journal.fails = true;
  std::atomic<std::int64_t> calls = 0;
  const auto failed = run_stage(squares(100'000, calls), journal, {.threads = 2});
  REQUIRE(!failed.ok());
  CHECK(failed.error().code == ErrorCode::unavailable);
  CHECK(calls.load() < 100'000);

  MemoryJournal other;
  std::atomic<bool> stop = false;
  const Stage stage{"stop", 1000, [&](const TaskContext& context) -> Result<std::string> {
                      if (context.task == 10) stop = true;
                      return std::string("ok");
                    }};
  const auto stopped = run_stage(stage, other, {.threads = 1, .stop = &stop});
  REQUIRE(!stopped.ok());
  CHECK(stopped.error().code == ErrorCode::interrupted);
  CHECK(other.records.size() == 11);
}

}  // namespace gristmill::engine
