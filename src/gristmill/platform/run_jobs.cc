// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/run_jobs.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>

#include "gristmill/base/thread_priority.h"
#include "gristmill/platform/acting.h"
#include "gristmill/platform/run.h"
#include "gristmill/platform/run_views.h"

namespace gristmill::platform {

/// Shared by its thread, the table of jobs and whoever waits for its beginning.
struct RunJobs::Job {
  std::string actor;
  std::string run_id;  ///< Empty until recorded; guarded by RunJobs::mutex_.
  engine::Progress progress;
  std::atomic<bool> stop = false;
  std::atomic<bool> is_ended = false;
  std::promise<Result<std::string>> begun;  ///< The run's id, or why there is none.
  bool is_begun = false;                    ///< Of the job's thread only.
  std::thread thread;

  void begin(Result<std::string> id) {
    if (is_begun) return;
    is_begun = true;
    begun.set_value(std::move(id));
  }
};

RunJobs::~RunJobs() {
  stop();
  for (const auto& job : jobs_) job->thread.join();
}

void RunJobs::stop() {
  const std::scoped_lock lock(mutex_);
  is_stopped_ = true;
  for (const auto& job : jobs_) job->stop = true;
}

void RunJobs::forget_ended() {
  std::erase_if(jobs_, [](const std::shared_ptr<Job>& job) {
    if (!job->is_ended) return false;
    job->thread.join();
    return true;
  });
}

Result<std::shared_ptr<RunJobs::Job>> RunJobs::open_job(const Principal& principal) {
  const std::scoped_lock lock(mutex_);
  forget_ended();
  if (is_stopped_) return unavailable("the server is stopping");
  if (jobs_.size() >= jobs_max_)
    return unavailable(fmt::format("{} run(s) are under way here, which is all that may be; try again when one is done",
                                   jobs_.size()));
  auto job = std::make_shared<Job>();
  job->actor = "token:" + principal.name;
  jobs_.push_back(job);
  return job;
}

Result<Json> RunJobs::run(const std::shared_ptr<Job>& job, std::function<Result<Json>(Job&)> work) {
  auto begun = job->begun.get_future();
  {
    // The table must not look at the thread before it is there.
    const std::scoped_lock lock(mutex_);
    job->thread = std::thread([job, work = std::move(work)] {
      // Who sends feedback or asks the catalog waits for an answer, nobody waits for a run in the same way.
      make_patient();
      {
        const ActingAs acting(job->actor);
        auto result = work(*job);
        // A failure before the run was recorded is the answer to whoever asked for it; one after that is in the record.
        job->begin(result ? Result<std::string>((*result)["run_id"].as_string()) : Result<std::string>(result.error()));
      }
      job->is_ended = true;
    });
  }
  GRISTMILL_TRY(const auto id, begun.get());
  return Json::object({{"run_id", id}, {"is_new", true}});
}

Result<Json> RunJobs::start(const SubmittedRun& submitted) {
  GRISTMILL_TRY(auto request, accept_run(workspace_, submitted));
  if (!request.idempotency_key.empty()) {
    const auto known = run_of_key(workspace_, request.idempotency_key);
    if (known) {
      const auto plan = plan_pipeline(workspace_, request);
      if (!plan) return without_place(workspace_, plan.error());
      if ((*plan)["fingerprint"] == (*known)["fingerprint"])
        return Json::object({{"run_id", (*known)["run_id"]}, {"is_new", false}});
      return Error{ErrorCode::conflict,
                   fmt::format("the idempotency key was used for another pipeline, by {}", (*known)["run_id"].dump())};
    }
    if (known.error().code != ErrorCode::not_found) return known.error();
  }
  GRISTMILL_TRY(const auto job, open_job(submitted.principal));
  request.started = [this, weak = std::weak_ptr(job)](const std::string& run_id) {
    const auto target = weak.lock();
    if (!target) return;
    {
      const std::scoped_lock lock(mutex_);
      target->run_id = run_id;
    }
    target->begin(run_id);
  };
  auto begun = run(job, [this, request](Job& self) {
    return run_pipeline(workspace_, request, {.progress = &self.progress, .stop = &self.stop});
  });
  if (!begun) return without_place(workspace_, begun.error());
  return begun;
}

Result<Json> RunJobs::resume(const std::string& run_id, const Principal& principal) {
  GRISTMILL_TRY(const auto progress, run_progress(workspace_, run_id));
  const auto& status = progress["status"].as_string();
  if (status == "done" || status == "alerts")
    return Error{ErrorCode::conflict, fmt::format("{} is finished: {}", run_id, status)};
  if (!live(run_id).is_null()) return Error{ErrorCode::conflict, fmt::format("{} is under way", run_id)};
  GRISTMILL_TRY(const auto job, open_job(principal));
  {
    const std::scoped_lock lock(mutex_);
    job->run_id = run_id;
  }
  GRISTMILL_TRY(auto begun, run(job, [this, run_id](Job& self) -> Result<Json> {
                  self.begin(run_id);
                  return resume_run(workspace_, run_id, {.progress = &self.progress, .stop = &self.stop});
                }));
  begun.set("is_new", false);
  return begun;
}

Status RunJobs::cancel(const std::string& run_id) {
  const std::scoped_lock lock(mutex_);
  for (const auto& job : jobs_) {
    if (job->run_id != run_id || job->is_ended) continue;
    job->stop = true;
    return {};
  }
  return Error{ErrorCode::conflict, fmt::format("{} is not under way in this server", run_id)};
}

Json RunJobs::live(const std::string& run_id) const {
  const std::scoped_lock lock(mutex_);
  for (const auto& job : jobs_) {
    if (job->run_id != run_id || job->is_ended) continue;
    const auto& progress = job->progress;
    return Json::object({{"stage", progress.stage()},
                         {"documents", progress.documents.load()},
                         {"bytes", progress.bytes.load()},
                         {"tasks_done", progress.tasks_done.load()},
                         {"tasks_total", progress.tasks_total.load()}});
  }
  return {};
}

std::size_t RunJobs::running() const {
  const std::scoped_lock lock(mutex_);
  return static_cast<std::size_t>(
      std::ranges::count_if(jobs_, [](const std::shared_ptr<Job>& job) { return !job->is_ended; }));
}

}  // namespace gristmill::platform
