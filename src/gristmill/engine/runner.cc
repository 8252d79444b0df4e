// SPDX-License-Identifier: Apache-2.0
#include "gristmill/engine/runner.h"

#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <new>
#include <optional>
#include <thread>

#include "gristmill/base/clock.h"

namespace gristmill::engine {
namespace {

// Finished tasks that may wait for their transaction: enough to make groups large, little memory.
constexpr std::size_t waiting_max = 16384;
constexpr auto first_backoff = std::chrono::milliseconds(200);

/// Takes finished tasks from the workers and gives them to the journal in groups.
class Recorder {
 public:
  explicit Recorder(Journal& journal) : journal_(journal), thread_([this] { loop(); }) {}

  ~Recorder() { finish(); }

  /// Waits while too many are unrecorded. False when recording failed.
  bool add(TaskRecord record) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return waiting_.size() < waiting_max || failure_; });
    if (failure_) return false;
    waiting_.push_back(std::move(record));
    work_.notify_one();
    return true;
  }

  /// Records the rest and stops; the first failure, if any.
  std::optional<Error> finish() {
    {
      const std::scoped_lock lock(mutex_);
      is_closing_ = true;
    }
    work_.notify_one();
    if (thread_.joinable()) thread_.join();
    return failure_;
  }

  /// CPU time of its thread; known once it has finished.
  [[nodiscard]] double cpu_seconds() const { return cpu_seconds_; }

 private:
  void loop() {
    record_all();
    cpu_seconds_ = thread_cpu_seconds();
  }

  void record_all() {
    std::vector<TaskRecord> group;
    while (true) {
      {
        std::unique_lock lock(mutex_);
        work_.wait(lock, [&] { return !waiting_.empty() || is_closing_; });
        if (waiting_.empty()) return;
        group.swap(waiting_);
      }
      room_.notify_all();
      if (auto status = journal_.record(group); !status) {
        const std::scoped_lock lock(mutex_);
        failure_ = std::move(status).error();
        room_.notify_all();
        return;
      }
      group.clear();
    }
  }

  Journal& journal_;
  std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable room_;
  std::vector<TaskRecord> waiting_;
  std::optional<Error> failure_;
  bool is_closing_ = false;
  double cpu_seconds_ = 0;
  std::thread thread_;
};

/// State that the workers of one stage share.
struct Shared {
  const Stage& stage;
  const RunnerOptions& options;
  StageResult& result;
  const std::vector<bool>& done;
  Recorder recorder;
  std::atomic<std::int64_t> next = 0;
  std::atomic<std::int64_t> retries = 0;
  std::atomic<bool> has_failed = false;
  std::mutex mutex;
  std::optional<Error> failure;

  void fail(Error error) {
    const std::scoped_lock lock(mutex);
    if (!failure) failure = std::move(error);
    has_failed = true;
  }
  [[nodiscard]] bool is_stopping() const {
    return has_failed.load(std::memory_order_relaxed) ||
           (options.stop && options.stop->load(std::memory_order_relaxed));
  }
};

/// Runs a task; what third-party code throws becomes an Error here.
Result<std::string> run_guarded(const Stage& stage, const TaskContext& context) {
  try {
    return stage.run(context);
  } catch (const std::bad_alloc&) {
    return limit_exceeded("out of memory: raise --memory or lower --threads");
  } catch (const std::exception& error) {
    return Error{ErrorCode::internal, error.what()};
  }
}

Result<TaskRecord> attempt_task(Shared& shared, std::int64_t task, int worker) {
  auto backoff = first_backoff;
  for (int attempt = 1;; ++attempt) {
    const TaskContext context{task, worker, shared.options.progress, shared.options.stop};
    auto result = run_guarded(shared.stage, context);
    if (result) return TaskRecord{shared.stage.name, task, attempt, *std::move(result)};
    const bool may_pass = result.error().code == ErrorCode::unavailable;
    if (!may_pass || attempt >= shared.options.attempts_max || shared.is_stopping()) {
      return std::move(result).error().within(
          fmt::format("stage {}, task {}, attempt {}", shared.stage.name, task, attempt));
    }
    shared.retries.fetch_add(1);
    std::this_thread::sleep_for(backoff);
    backoff *= 4;
  }
}

void work(Shared& shared, int worker) {
  while (!shared.is_stopping()) {
    const auto task = shared.next.fetch_add(1, std::memory_order_relaxed);
    if (task >= shared.stage.task_count) return;
    if (shared.done[static_cast<std::size_t>(task)]) continue;
    auto record = attempt_task(shared, task, worker);
    if (!record) return shared.fail(std::move(record).error());
    shared.result.results[static_cast<std::size_t>(task)] = record->result;
    if (!shared.recorder.add(*std::move(record))) return;
    if (shared.options.progress) shared.options.progress->tasks_done.fetch_add(1, std::memory_order_relaxed);
  }
}

}  // namespace

Result<StageResult> run_stage(const Stage& stage, Journal& journal, const RunnerOptions& options) {
  StageResult result;
  result.results.resize(static_cast<std::size_t>(stage.task_count));
  std::vector<bool> done(static_cast<std::size_t>(stage.task_count), false);
  GRISTMILL_TRY(auto finished, journal.finished(stage.name));
  for (auto& record : finished) {
    const auto index = static_cast<std::size_t>(record.task);
    GRISTMILL_CHECK(
        record.task >= 0 && record.task < stage.task_count,
        fmt::format("stage {} has {} tasks, the journal knows task {}", stage.name, stage.task_count, record.task));
    done[index] = true;
    result.results[index] = std::move(record.result);
  }
  result.resumed = static_cast<std::int64_t>(finished.size());
  if (options.progress) {
    options.progress->tasks_total.store(stage.task_count);
    options.progress->tasks_done.store(result.resumed);
  }
  if (result.resumed == stage.task_count) return result;

  Shared shared{stage, options, result, done, Recorder(journal)};
  const auto threads = static_cast<int>(std::min<std::int64_t>(options.threads, stage.task_count - result.resumed));
  {
    std::vector<std::jthread> workers;
    for (int worker = 1; worker < threads; ++worker) workers.emplace_back([&shared, worker] { work(shared, worker); });
    work(shared, 0);
  }
  if (auto failure = shared.recorder.finish()) return *std::move(failure);
  if (shared.failure) return *std::move(shared.failure);
  if (options.stop && options.stop->load()) {
    return Error{ErrorCode::interrupted, fmt::format("stopped in stage {}; finished tasks are kept", stage.name)};
  }
  result.retries = shared.retries.load();
  result.journal_cpu_seconds = shared.recorder.cpu_seconds();
  return result;
}

}  // namespace gristmill::engine
