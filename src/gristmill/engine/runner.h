// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "gristmill/base/result.h"
#include "gristmill/engine/journal.h"

namespace gristmill::engine {

/// Live counters that tasks raise and a progress display reads.
struct Progress {
  std::atomic<std::int64_t> documents = 0;
  std::atomic<std::int64_t> bytes = 0;
  std::atomic<std::int64_t> bytes_expected = 0;
  std::atomic<std::int64_t> tasks_done = 0;
  std::atomic<std::int64_t> tasks_total = 0;

  void enter(const std::string& stage) {
    const std::scoped_lock lock(mutex_);
    stage_ = stage;
  }
  /// Name of the stage under way; empty before the first.
  [[nodiscard]] std::string stage() const {
    const std::scoped_lock lock(mutex_);
    return stage_;
  }

 private:
  mutable std::mutex mutex_;
  std::string stage_;
};

/// How a stage is run; none of it may change a result.
struct RunnerOptions {
  int threads = 1;                ///< 0, where tasks are shared: others do them all.
  int attempts_max = 3;           ///< Tries of one task for faults that may pass (ErrorCode::unavailable).
  Progress* progress = nullptr;
  const std::atomic<bool>* stop = nullptr;  ///< Set by a signal: finish no further task, return `interrupted`.
};

/// What a task is told about itself.
struct TaskContext {
  std::int64_t task = 0;
  int worker = 0;           ///< Which thread, 0-based: for per-thread state.
  bool is_repeated = false; ///< Another process tried it before and did not finish.
  Progress* progress = nullptr;
  const std::atomic<bool>* stop = nullptr;
};

/// One stage: `task_count` tasks, each a pure function of the plan that returns its result as compact JSON.
struct Stage {
  std::string name;
  std::int64_t task_count = 0;
  std::function<Result<std::string>(const TaskContext&)> run;
};

/// What a stage gave: results in task order.
struct StageResult {
  std::vector<std::string> results;
  std::int64_t resumed = 0;  ///< Tasks that another process finished.
  std::int64_t retries = 0;
  double journal_cpu_seconds = 0;  ///< Of the thread that records finished tasks.
};

/// Runs the tasks that the journal does not know yet, on `threads` threads. Finished tasks are recorded in groups: one
/// durable transaction takes whatever has finished since the last one. The first failure stops the stage;
/// what was recorded stays, so that a later call goes on. With a shared journal it runs the tasks that it can claim and
/// returns when all are done, by whomever.
Result<StageResult> run_stage(const Stage& stage, Journal& journal, const RunnerOptions& options);

}  // namespace gristmill::engine
