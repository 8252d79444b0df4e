// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "gristmill/base/json.h"
#include "gristmill/base/result.h"
#include "gristmill/platform/submitted_run.h"
#include "gristmill/platform/workspace.h"

namespace gristmill::platform {

/// Runs that this process executes beside its other work, each in a thread of its own. Thread-safe. The workspace must
/// outlive it.
class RunJobs {
 public:
  /// `jobs_max` runs at once: each takes the workspace's memory and threads.
  RunJobs(const Workspace& workspace, std::size_t jobs_max) : workspace_(workspace), jobs_max_(jobs_max) {}
  /// Interrupts all, so that they can be resumed, and waits for them.
  ~RunJobs();
  RunJobs(const RunJobs&) = delete;
  RunJobs& operator=(const RunJobs&) = delete;

  /// Begins a run and returns {run_id, is_new} as soon as it is recorded: its pipeline is right, its inputs are fixed.
  /// The same idempotency key again gives the run that it began; with another pipeline `conflict`. `unavailable` when
  /// jobs_max runs are under way.
  Result<Json> start(const SubmittedRun& submitted);
  /// Goes on with a run that was interrupted or failed.
  Result<Json> resume(const std::string& run_id, const Principal& principal);
  /// Asks a run of this process to stop; it becomes `interrupted`. `conflict` when it is not executed here.
  Status cancel(const std::string& run_id);
  /// Live counters of a run of this process: {stage, documents, bytes, tasks_done, tasks_total}; null for others.
  [[nodiscard]] Json live(const std::string& run_id) const;
  [[nodiscard]] std::size_t running() const;
  /// Interrupts all without waiting.
  void stop();

 private:
  struct Job;
  Result<std::shared_ptr<Job>> open_job(const Principal& principal);
  void forget_ended();
  Result<Json> run(const std::shared_ptr<Job>& job, std::function<Result<Json>(Job&)> work);

  const Workspace& workspace_;
  std::size_t jobs_max_;
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<Job>> jobs_;
  bool is_stopped_ = false;
};

}  // namespace gristmill::platform
