// SPDX-License-Identifier: Apache-2.0
#include "gristmill/engine/runner.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

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

/// Shares tasks among the threads of a test, each of which stands for a process.
class MemoryBoard final : public SharedJournal {
 public:
  Status record(std::span<const TaskRecord> finished) override {
    const std::scoped_lock lock(mutex);
    for (const auto& task : finished) {
      if (claims[task.task] == task.claim) records.emplace(task.task, task);
    }
    return {};
  }
  Result<std::vector<TaskRecord>> finished(const std::string&) override {
    const std::scoped_lock lock(mutex);
    std::vector<TaskRecord> list;
    for (const auto& [task, record] : records) list.push_back(record);
    return list;
  }
  Status open_stage(const std::string&, std::int64_t task_count) override {
    const std::scoped_lock lock(mutex);
    if (free.empty() && claims.empty()) {
      for (std::int64_t task = 0; task < task_count; ++task) free.insert(task);
    }
    return {};
  }
  Result<std::vector<TaskClaim>> claim(const std::string&, std::int64_t count_max) override {
    const std::scoped_lock lock(mutex);
    std::vector<TaskClaim> taken;
    while (!free.empty() && static_cast<std::int64_t>(taken.size()) < count_max) {
      const auto task = *free.begin();
      free.erase(free.begin());
      taken.push_back({task, ++claims[task]});
    }
    return taken;
  }
  Status release(const std::string&, std::span<const TaskClaim> given) override {
    const std::scoped_lock lock(mutex);
    for (const auto& claim : given) free.insert(claim.task);
    return {};
  }
  Result<std::int64_t> finished_count(const std::string&) override {
    const std::scoped_lock lock(mutex);
    if (has_ended) return Error{ErrorCode::conflict, "the run has ended"};
    return static_cast<std::int64_t>(records.size());
  }

  std::mutex mutex;
  std::set<std::int64_t> free;
  std::map<std::int64_t, int> claims;
  std::map<std::int64_t, TaskRecord> records;
  bool has_ended = false;
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

TEST_CASE("processes that share a stage run each task once and get the same results") {
  MemoryBoard board;
  std::atomic<std::int64_t> calls = 0;
  std::vector<std::vector<std::string>> results(3);
  std::atomic<std::int64_t> others = 0;
  {
    std::vector<std::jthread> processes;
    for (std::size_t process = 0; process < results.size(); ++process) {
      processes.emplace_back([&, process] {
        // The last of them only waits.
        const auto done = run_stage(squares(500, calls), board, {.threads = process == 2 ? 0 : 2});
        if (!done) return;
        results[process] = done->results;
        others += done->resumed;
      });
    }
  }
  CHECK(calls.load() == 500);
  CHECK(others.load() == 1000);
  for (const auto& one : results) {
    REQUIRE(one.size() == 500);
    CHECK(one[499] == "249001");
    CHECK(one == results.front());
  }
}

TEST_CASE("a task that failed goes back to be done elsewhere, and a late result is dropped") {
  MemoryBoard board;
  const Stage failing{"squares", 5, [](const TaskContext& context) -> Result<std::string> {
                        if (context.task == 3) return corrupt_data("broken here");
                        return std::string("here");
                      }};
  CHECK(!run_stage(failing, board, {.threads = 1}).ok());
  CHECK(board.free.contains(3));
  // Another took task 3 for lost once more: the one that held it before is late.
  ++board.claims[3];
  CHECK(board.record(std::vector<TaskRecord>{{"squares", 3, 1, "late", 1}}).ok());
  CHECK(!board.records.contains(3));
  bool is_told = false;
  const Stage working{"squares", 5, [&](const TaskContext& context) -> Result<std::string> {
                        is_told = is_told || (context.task == 3 && context.is_repeated);
                        return std::string("there");
                      }};
  const auto done = run_stage(working, board, {.threads = 1});
  REQUIRE(done.ok());
  CHECK(done->results[3] == "there");
  CHECK(is_told);
}

TEST_CASE("those who wait learn that a run has ended elsewhere") {
  MemoryBoard board;
  board.has_ended = true;
  std::atomic<std::int64_t> calls = 0;
  const auto done = run_stage(squares(5, calls), board, {.threads = 0});
  CHECK(done.error().code == ErrorCode::conflict);
  CHECK(calls.load() == 0);
}

}  // namespace gristmill::engine
