// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "gristmill/base/hash.h"
#include "gristmill/base/result.h"
#include "gristmill/feedback/key_window.h"
#include "gristmill/feedback/recovery.h"
#include "gristmill/feedback/segment_writer.h"
#include "gristmill/io/lock_file.h"

namespace gristmill::feedback {

/// Bounds of a log.
struct LogOptions {
  std::uint64_t segment_bytes = std::uint64_t{16} << 20;
  std::uint64_t queue_bytes_max = std::uint64_t{64} << 20;  ///< Waiting to become durable; more is refused.
  std::uint64_t group_bytes_max = std::uint64_t{4} << 20;   ///< Made durable by one fdatasync.
  std::size_t keys_kept = 500'000;                          ///< At least so many idempotency keys are remembered.
  std::uint64_t next_sequence_min = 1;                      ///< Numbers below were used, whatever the files say.
  bool is_preallocated = true;  ///< Segments are filled with zeros ahead, by a thread of its own.
};

/// An event to be stored.
struct NewEvent {
  Hash128 key;                ///< Digest of the idempotency key; zero for none.
  std::uint64_t content = 0;  ///< Digest of the event as it was sent.
  std::string payload;        ///< 1 byte to payload_bytes_max.
};

/// Says that an event is durable.
struct Receipt {
  std::uint64_t sequence = 0;
  bool is_repeated = false;  ///< It had been stored before, under the same key.
};

/// Called once, from the log's thread, when all events of a batch are durable or none is; must not block. Errors:
/// `unavailable` (disk full or broken; may be tried again), `interrupted` (the log was closed).
using Answer = std::function<void(Result<std::vector<Receipt>>)>;

/// Counts since the log was opened.
struct Statistics {
  std::uint64_t events = 0;        ///< Made durable.
  std::uint64_t repeated = 0;
  std::uint64_t overloaded = 0;    ///< Events refused because the queue was full.
  std::uint64_t failed = 0;        ///< Events that the disk did not take.
  std::uint64_t groups = 0;        ///< Writes, each with one fdatasync.
  std::uint64_t bytes = 0;
  std::uint64_t queue_bytes = 0;
  std::uint64_t durable_sequence = 0;  ///< All events up to here are durable.
};

/// An append-only log of events that survives crashes. One process at a time writes it; any may read. All calls are
/// thread-safe. Its thread does nothing but write and sync, so no other work can delay it.
class Log {
 public:
  /// Takes the log's lock (`conflict` when another process has it) and recovers. A new segment is started.
  static Result<std::unique_ptr<Log>> open(const std::string& folder, const LogOptions& options);
  /// Makes what was submitted durable and marks the end.
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  /// Takes a batch, all or nothing. `limit_exceeded`: the queue is full, try again later; `conflict`: a key was used
  /// before for another event; `invalid_argument`: an event is empty or too large, or they never fit into the queue.
  /// Then `answer` is not called.
  Status submit(std::vector<NewEvent> events, Answer answer);
  /// The same, waiting for the answer.
  Result<std::vector<Receipt>> append(std::vector<NewEvent> events);
  /// Puts all that is durable into segments that are written no more; what follows goes into a new one.
  Status seal();

  [[nodiscard]] const Recovery& recovery() const { return recovery_; }
  [[nodiscard]] Statistics statistics() const;

  /// Asks the process that writes the log of a folder to seal it, and waits for that; `unavailable` when it does not
  /// within `timeout_ms`.
  static Status request_seal(const std::string& folder, int timeout_ms);

 private:
  struct Waiting {
    std::vector<NewEvent> events;  ///< Those that are new, in order of their sequence numbers.
    std::vector<Receipt> receipts;
    std::uint64_t first_sequence = 0;
    std::uint64_t bytes = 0;
    bool is_seal = false;
    Answer answer;
  };

  Log(std::string folder, const LogOptions& options);
  Status enqueue(Waiting waiting);
  Result<Waiting> receive(std::vector<NewEvent> events);
  void work();
  void prepare();
  [[nodiscard]] bool take(std::deque<Waiting>& taken);
  Status write(std::deque<Waiting>& taken);
  Status write_group();
  Result<std::unique_ptr<SegmentWriter>> start_segment(std::uint64_t first_sequence) const;
  Status roll();
  void fail(std::deque<Waiting> taken, const Error& error);
  void succeed(std::deque<Waiting>& taken, const Status& status);
  void check_seal_request();

  std::string folder_;
  LogOptions options_;
  std::unique_ptr<io::LockFile> lock_;
  Recovery recovery_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  KeyWindow keys_;
  std::deque<Waiting> queue_;
  std::uint64_t queue_bytes_ = 0;
  std::size_t wanted_ = 1;    ///< So many waiting batches wake the log's thread.
  std::size_t expected_ = 1;  ///< Batches that were under way when the last group was answered.
  std::uint64_t next_sequence_ = 1;
  std::uint64_t durable_sequence_ = 0;
  Statistics counts_;
  bool is_closing_ = false;

  // Only the log's thread uses these.
  std::unique_ptr<SegmentWriter> segment_;
  std::uint64_t next_group_ = 1;
  std::string buffer_;
  std::chrono::steady_clock::time_point looked_at_ = {};  ///< For a request to seal.
  std::chrono::nanoseconds gather_time_ = {};  ///< What the last write took: a group waits no longer for more.
  bool is_broken_ = false;

  std::condition_variable prepare_wake_;
  bool wants_segment_ = false;
  std::thread preparer_;
  std::thread thread_;
};

}  // namespace gristmill::feedback
