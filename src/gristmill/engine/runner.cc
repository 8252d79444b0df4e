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
// Where tasks are shared: how often to look whether others are done, and how many quick tasks to take at once.
constexpr auto shortest_poll = std::chrono::milliseconds(20);
constexpr auto longest_poll = std::chrono::milliseconds(1000);
constexpr auto quick_claim = std::chrono::milliseconds(100);
constexpr std::int64_t claims_max = 64;

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
  SharedJournal* board = nullptr;  ///< Where tasks are claimed, when other processes work on them too.
  std::atomic<std::int64_t> next = 0;
  std::atomic<std::int64_t> finished_here = 0;
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

Result<TaskRecord> attempt_task(Shared& shared, const TaskClaim& claim, int worker) {
  auto backoff = first_backoff;
  const auto task = claim.task;
  for (int attempt = 1;; ++attempt) {
    const TaskContext context{task, worker, claim.number > 1, shared.options.progress, shared.options.stop};
    auto result = run_guarded(shared.stage, context);
    if (result)
      return TaskRecord{shared.stage.name, task, attempt + claim.number - 1, *std::move(result), claim.number};
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
    auto record = attempt_task(shared, {task}, worker);
    if (!record) return shared.fail(std::move(record).error());
    shared.result.results[static_cast<std::size_t>(task)] = record->result;
    if (!shared.recorder.add(*std::move(record))) return;
    if (shared.options.progress) shared.options.progress->tasks_done.fetch_add(1, std::memory_order_relaxed);
  }
}

/// Runs claimed tasks. False when the stage is to be left; what was not begun is given back.
bool work_on_claims(Shared& shared, std::span<const TaskClaim> claims, int worker) {
  for (std::size_t i = 0; i < claims.size(); ++i) {
    auto record = shared.is_stopping() ? Result<TaskRecord>(Error{ErrorCode::interrupted, "stopped"})
                                       : attempt_task(shared, claims[i], worker);
    if (!record) {
      if (!shared.is_stopping()) shared.fail(std::move(record).error());
      // A task that failed is given back too: it may succeed elsewhere.
      if (auto released = shared.board->release(shared.stage.name, claims.subspan(i)); !released)
        shared.fail(std::move(released).error());
      return false;
    }
    if (!shared.recorder.add(*std::move(record))) return false;
    shared.finished_here.fetch_add(1, std::memory_order_relaxed);
    if (shared.options.progress) shared.options.progress->tasks_done.fetch_add(1, std::memory_order_relaxed);
  }
  return true;
}

/// Sleeps in short pieces, so that a stop is soon obeyed.
void pause(const Shared& shared, std::chrono::milliseconds time) {
  constexpr auto piece = std::chrono::milliseconds(50);
  for (; time.count() > 0 && !shared.is_stopping(); time -= piece) std::this_thread::sleep_for(std::min(time, piece));
}

/// Claims and runs tasks until all of the stage are recorded. With `may_work` false it only waits.
void share(Shared& shared, int worker, bool may_work) {
  using Clock = std::chrono::steady_clock;
  std::int64_t wanted = 1;
  auto rest = shortest_poll;
  while (!shared.is_stopping()) {
    std::vector<TaskClaim> claims;
    if (may_work) {
      auto claimed = shared.board->claim(shared.stage.name, wanted);
      if (!claimed) return shared.fail(std::move(claimed).error());
      claims = *std::move(claimed);
    }
    if (!claims.empty()) {
      const auto began = Clock::now();
      if (!work_on_claims(shared, claims, worker)) return;
      // Quick tasks are claimed several at a time, so that claiming does not cost more than they do.
      const auto took = Clock::now() - began;
      wanted = took < quick_claim ? std::min(wanted * 2, claims_max) : std::max<std::int64_t>(1, wanted / 2);
      rest = shortest_poll;
      continue;
    }
    auto count = shared.board->finished_count(shared.stage.name);
    if (!count) return shared.fail(std::move(count).error());
    if (shared.options.progress) shared.options.progress->tasks_done.store(*count);
    if (*count == shared.stage.task_count) return;
    pause(shared, rest);
    rest = std::min(rest * 2, longest_poll);
  }
}

Status check_end(Shared& shared) {
  if (auto failure = shared.recorder.finish()) return *std::move(failure);
  if (shared.failure) return *std::move(shared.failure);
  const auto* stop = shared.options.stop;
  if (stop && stop->load())
    return Error{ErrorCode::interrupted,
                 fmt::format("stopped in stage {}; finished tasks are kept", shared.stage.name)};
  return {};
}

Result<StageResult> run_shared_stage(const Stage& stage, SharedJournal& journal, const RunnerOptions& options) {
  StageResult result;
  GRISTMILL_RETURN_IF_ERROR(journal.open_stage(stage.name, stage.task_count));
  if (options.progress) options.progress->tasks_total.store(stage.task_count);
  const std::vector<bool> none;
  Shared shared{stage, options, result, none, Recorder(journal), &journal};
  {
    std::vector<std::jthread> workers;
    for (int worker = 1; worker < options.threads; ++worker)
      workers.emplace_back([&shared, worker] { share(shared, worker, true); });
    share(shared, 0, options.threads > 0);
  }
  GRISTMILL_RETURN_IF_ERROR(check_end(shared));
  GRISTMILL_TRY(auto finished, journal.finished(stage.name));
  // The records go with the run: another may have come to its end meanwhile.
  if (static_cast<std::int64_t>(finished.size()) != stage.task_count)
    return Error{ErrorCode::conflict, fmt::format("stage {} has {} tasks, {} are recorded: the run has ended elsewhere",
                                                  stage.name, stage.task_count, finished.size())};
  for (auto& record : finished) {
    result.retries += record.attempts - 1;
    result.results.push_back(std::move(record.result));
  }
  result.resumed = stage.task_count - shared.finished_here.load();
  result.journal_cpu_seconds = shared.recorder.cpu_seconds();
  return result;
}

}  // namespace

Result<StageResult> run_stage(const Stage& stage, Journal& journal, const RunnerOptions& options) {
  if (auto* board = journal.shared()) return run_shared_stage(stage, *board, options);
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
  GRISTMILL_RETURN_IF_ERROR(check_end(shared));
  result.retries = shared.retries.load();
  result.journal_cpu_seconds = shared.recorder.cpu_seconds();
  return result;
}

}  // namespace gristmill::engine
