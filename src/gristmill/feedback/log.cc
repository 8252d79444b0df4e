// SPDX-License-Identifier: Apache-2.0
#include "gristmill/feedback/log.h"

#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <map>
#include <utility>

#include "gristmill/base/clock.h"
#include "gristmill/base/thread_priority.h"
#include "gristmill/io/file.h"

namespace gristmill::feedback {
namespace {

constexpr auto tick = std::chrono::milliseconds(100);
constexpr auto gather_time_max = std::chrono::microseconds(500);
constexpr std::string_view seal_request_name = "/seal-request";

/// A thread of the log takes no signals (a file-size limit must be an error, not the end).
void enter_thread(const char* name, bool is_urgent) {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  ::pthread_setname_np(::pthread_self(), name);
  constexpr int class_shift = 13;
  constexpr int best_effort = 2;
  constexpr int who_thread = 1;
  const int level = is_urgent ? 0 : 7;
  // A wish: without the right to it things work as well, only later.
  (void)::syscall(SYS_ioprio_set, who_thread, 0, (best_effort << class_shift) | level);
  // Before the network's, which would otherwise go on to the next request while a group can be synced.
  if (is_urgent) make_urgent(2);
}

}  // namespace

Log::Log(std::string folder, const LogOptions& options)
    : folder_(std::move(folder)), options_(options), keys_(options.keys_kept) {}

Result<std::unique_ptr<Log>> Log::open(const std::string& folder, const LogOptions& options) {
  GRISTMILL_RETURN_IF_ERROR(io::create_folders(folder));
  std::unique_ptr<Log> log(new Log(folder, options));
  GRISTMILL_TRY(log->lock_, io::LockFile::acquire(folder + "/writer.lock"));
  GRISTMILL_TRY(log->recovery_, recover(folder, log->keys_));
  log->next_sequence_ = std::max(log->recovery_.next_sequence, options.next_sequence_min);
  log->durable_sequence_ = log->next_sequence_ - 1;
  log->next_group_ = log->recovery_.next_group;
  GRISTMILL_TRY(log->segment_, log->start_segment(log->next_sequence_));
  if (options.is_preallocated) {
    log->wants_segment_ = true;
    log->preparer_ = std::thread([raw = log.get()] { raw->prepare(); });
  }
  log->thread_ = std::thread([raw = log.get()] { raw->work(); });
  return log;
}

Log::~Log() {
  {
    const std::scoped_lock lock(mutex_);
    is_closing_ = true;
  }
  wake_.notify_all();
  prepare_wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  if (preparer_.joinable()) preparer_.join();
  if (segment_ && !is_broken_) {
    std::string mark;
    append_frame({.sequence = next_sequence_, .group = next_group_, .received_ms = now_ms(), .key = {}, .payload = {}},
                 mark);
    // Without the mark the next one to open the log looks for a torn write and finds none.
    if (segment_->append(mark)) (void)segment_->seal();
  }
  // Without the lock it belongs to the process that has it.
  if (lock_) ::unlink(prepared_path(folder_).c_str());
}

Result<Log::Waiting> Log::receive(std::vector<NewEvent> events) {
  Waiting waiting;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const auto size = events[i].payload.size();
    if (size == 0 || size > payload_bytes_max)
      return invalid_argument(
          fmt::format("event {}: {} bytes, allowed are 1 to {}", i + 1, size, std::uint64_t{payload_bytes_max}));
    waiting.bytes += size + frame_head_bytes;
  }
  waiting.events = std::move(events);
  return waiting;
}

/// Gives numbers to new events and finds the earlier ones of repeats, within the batch too. Holds the mutex.
Status Log::enqueue(Waiting waiting) {
  if (is_closing_) return Error{ErrorCode::interrupted, "the feedback log is being closed"};
  if (queue_bytes_ + waiting.bytes > options_.queue_bytes_max) {
    if (waiting.bytes > options_.queue_bytes_max)
      return invalid_argument(
          fmt::format("{} bytes of feedback at once, more than may ever wait, which is {}: send "
                      "fewer events at once, or raise feedback.queue",
                      waiting.bytes, options_.queue_bytes_max));
    counts_.overloaded += waiting.events.size();
    return limit_exceeded(
        fmt::format("{} bytes of feedback are waiting to become durable, allowed are {}; try again "
                    "later",
                    queue_bytes_, options_.queue_bytes_max));
  }
  std::vector<NewEvent> fresh;
  std::map<Hash128, std::pair<std::uint64_t, std::uint64_t>> within;
  auto next = next_sequence_;
  for (std::size_t i = 0; i < waiting.events.size(); ++i) {
    auto& event = waiting.events[i];
    if (event.key != Hash128{}) {
      const auto* known = keys_.find(event.key);
      const auto again = within.find(event.key);
      if (known != nullptr || again != within.end()) {
        const auto content = known != nullptr ? known->content : again->second.first;
        if (content != event.content)
          return Error{ErrorCode::conflict,
                       fmt::format("event {}: its idempotency key was used before for another event", i + 1)};
        waiting.receipts.push_back({known != nullptr ? known->sequence : again->second.second, true});
        continue;
      }
      within.emplace(event.key, std::pair(event.content, next));
    }
    waiting.receipts.push_back({next++, false});
    fresh.push_back(std::move(event));
  }
  waiting.first_sequence = next_sequence_;
  for (std::size_t i = 0; i < fresh.size(); ++i) {
    if (fresh[i].key != Hash128{}) keys_.add({fresh[i].key, fresh[i].content, next_sequence_ + i});
  }
  waiting.events = std::move(fresh);
  next_sequence_ = next;
  queue_bytes_ += waiting.bytes;
  queue_.push_back(std::move(waiting));
  return {};
}

Status Log::submit(std::vector<NewEvent> events, Answer answer) {
  GRISTMILL_TRY(auto waiting, receive(std::move(events)));
  waiting.answer = std::move(answer);
  bool is_due = false;
  {
    const std::scoped_lock lock(mutex_);
    GRISTMILL_RETURN_IF_ERROR(enqueue(std::move(waiting)));
    is_due = queue_.size() >= wanted_;
  }
  if (is_due) wake_.notify_one();
  return {};
}

Result<std::vector<Receipt>> Log::append(std::vector<NewEvent> events) {
  std::promise<Result<std::vector<Receipt>>> promise;
  auto future = promise.get_future();
  GRISTMILL_RETURN_IF_ERROR(submit(
      std::move(events), [&promise](Result<std::vector<Receipt>> result) { promise.set_value(std::move(result)); }));
  return future.get();
}

Status Log::seal() {
  std::promise<Status> promise;
  auto future = promise.get_future();
  Waiting waiting;
  waiting.is_seal = true;
  waiting.answer = [&promise](Result<std::vector<Receipt>> result) {
    promise.set_value(result ? Status() : Status(std::move(result).error()));
  };
  {
    const std::scoped_lock lock(mutex_);
    GRISTMILL_RETURN_IF_ERROR(enqueue(std::move(waiting)));
  }
  wake_.notify_one();
  return future.get();
}

Statistics Log::statistics() const {
  const std::scoped_lock lock(mutex_);
  auto counts = counts_;
  counts.queue_bytes = queue_bytes_;
  counts.durable_sequence = durable_sequence_;
  return counts;
}

bool Log::take(std::deque<Waiting>& taken) {
  std::unique_lock lock(mutex_);
  wanted_ = 1;
  wake_.wait_for(lock, tick, [&] { return is_closing_ || !queue_.empty(); });
  // Those who were answered just now will soon send again, and one sync for all costs no more than for the first.
  wanted_ = std::exchange(expected_, 1);
  if (!queue_.empty()) wake_.wait_for(lock, gather_time_, [&] { return is_closing_ || queue_.size() >= wanted_; });
  std::uint64_t bytes = 0;
  while (!queue_.empty() && (taken.empty() || (!taken.front().is_seal && !queue_.front().is_seal)) &&
         (taken.empty() || bytes + queue_.front().bytes <= options_.group_bytes_max)) {
    bytes += queue_.front().bytes;
    taken.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return !taken.empty() || !is_closing_;
}

void Log::work() {
  enter_thread("feedback-log", true);
  while (true) {
    std::deque<Waiting> taken;
    if (!take(taken)) return;
    check_seal_request();
    if (taken.empty()) continue;
    if (taken.front().is_seal) {
      auto status = !segment_ || segment_->is_empty() ? Status() : roll();
      succeed(taken, status);
    } else if (auto status = write(taken); status) {
      succeed(taken, status);
    } else {
      // A disk that was made read-only, say, is nothing that the sender may not do: he shall come back.
      fail(std::move(taken), unavailable(status.error().message));
    }
  }
}

/// One group: the frames of all batches, written and synced together.
Status Log::write(std::deque<Waiting>& taken) {
  if (is_broken_) return unavailable(fmt::format("the feedback log {} failed before and must be opened anew", folder_));
  buffer_.clear();
  const auto now = now_ms();
  for (const auto& waiting : taken) {
    for (std::size_t i = 0; i < waiting.events.size(); ++i) {
      const auto& event = waiting.events[i];
      append_frame({.sequence = waiting.first_sequence + i,
                    .group = next_group_,
                    .received_ms = now,
                    .key = event.key,
                    .content = event.content,
                    .payload = event.payload},
                   buffer_);
    }
  }
  if (buffer_.empty()) return {};
  ++next_group_;
  const auto began = std::chrono::steady_clock::now();
  auto status = write_group();
  gather_time_ = std::min<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - began, gather_time_max);
  if (!status) {
    // Whether bytes of a failed write reached the disk is unknown: they must not be found later.
    if (segment_ && !segment_->seal()) is_broken_ = true;
    segment_.reset();
  }
  return status;
}

Status Log::write_group() {
  if (!segment_ || (!segment_->has_room(buffer_.size()) && !segment_->is_empty())) GRISTMILL_RETURN_IF_ERROR(roll());
  return segment_->append(buffer_);
}

Result<std::unique_ptr<SegmentWriter>> Log::start_segment(std::uint64_t first_sequence) const {
  auto segment = SegmentWriter::start(folder_, first_sequence, options_.segment_bytes, options_.is_preallocated);
  // What is left of a disk that is nearly full serves as it is; above all compaction needs a next segment to make room.
  if (!segment && options_.is_preallocated)
    return SegmentWriter::start(folder_, first_sequence, options_.segment_bytes, false);
  return segment;
}

/// Ends the segment and starts the next one, which begins with the first event that is not durable yet.
Status Log::roll() {
  std::uint64_t next = 0;
  {
    const std::scoped_lock lock(mutex_);
    next = durable_sequence_ + 1;
  }
  if (segment_) GRISTMILL_RETURN_IF_ERROR(segment_->seal());
  segment_.reset();
  GRISTMILL_TRY(segment_, start_segment(next));
  {
    const std::scoped_lock lock(mutex_);
    wants_segment_ = true;
  }
  prepare_wake_.notify_one();
  return {};
}

void Log::succeed(std::deque<Waiting>& taken, const Status& status) {
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& waiting : taken) {
      durable_sequence_ += waiting.events.size();
      counts_.events += waiting.events.size();
      counts_.repeated += waiting.receipts.size() - waiting.events.size();
      queue_bytes_ -= waiting.bytes;
    }
    expected_ = taken.size() + queue_.size();
    if (!taken.front().is_seal && !buffer_.empty()) {
      ++counts_.groups;
      counts_.bytes += buffer_.size();
    }
  }
  for (auto& waiting : taken) {
    if (status) {
      waiting.answer(std::move(waiting.receipts));
    } else {
      waiting.answer(status.error());
    }
  }
}

/// What is queued behind a failed write fails with it: its numbers, and repeats of what just failed, hang on it.
void Log::fail(std::deque<Waiting> taken, const Error& error) {
  {
    const std::scoped_lock lock(mutex_);
    for (auto& waiting : queue_) taken.push_back(std::move(waiting));
    queue_.clear();
    queue_bytes_ = 0;
    next_sequence_ = durable_sequence_ + 1;
    keys_.forget_from(next_sequence_);
    for (const auto& waiting : taken) counts_.failed += waiting.events.size();
  }
  for (auto& waiting : taken) waiting.answer(error);
}

/// Looks for a request now and then, also while events come without a pause.
void Log::check_seal_request() {
  const auto now = std::chrono::steady_clock::now();
  if (now - looked_at_ < tick) return;
  looked_at_ = now;
  const auto request = folder_ + std::string(seal_request_name);
  if (!io::exists(request)) return;
  if (segment_ && !segment_->is_empty() && !roll()) return;
  ::unlink(request.c_str());
}

/// Keeps a file of zeros ready, so that no event waits for one to be made.
void Log::prepare() {
  enter_thread("feedback-zeros", false);
  const auto path = prepared_path(folder_);
  while (true) {
    {
      std::unique_lock lock(mutex_);
      prepare_wake_.wait(lock, [&] { return is_closing_ || wants_segment_; });
      if (is_closing_) return;
      wants_segment_ = false;
    }
    // Should it fail, the log's thread tries itself when it needs one, and tells.
    if (!io::exists(path)) (void)prepare_segment(path, options_.segment_bytes);
  }
}

Status Log::request_seal(const std::string& folder, int timeout_ms) {
  const auto request = folder + std::string(seal_request_name);
  GRISTMILL_RETURN_IF_ERROR(io::write_file(request, "seal\n"));
  constexpr int step_ms = 20;
  for (int waited = 0; waited < timeout_ms; waited += step_ms) {
    if (!io::exists(request)) return {};
    std::this_thread::sleep_for(std::chrono::milliseconds(step_ms));
  }
  ::unlink(request.c_str());
  return unavailable(fmt::format("the process that writes the feedback log {} did not answer", folder));
}

}  // namespace gristmill::feedback
