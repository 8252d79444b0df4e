// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "gristmill/base/json.h"
#include "gristmill/base/result.h"
#include "gristmill/feedback/log.h"
#include "gristmill/platform/feedback_intake.h"
#include "gristmill/platform/workspace.h"

namespace gristmill::platform {

/// Folder of the workspace's feedback log.
std::string feedback_folder(const Workspace& workspace);

/// Opens the log for writing; `conflict` when another process, a server say, writes it, `check_failed` when another
/// copy of it was opened since.
Result<std::unique_ptr<feedback::Log>> open_feedback_log(const Workspace& workspace, bool is_preallocated);

/// Online feedback while a server runs: takes events, and compacts them into the dataset on a schedule, each with a
/// thread of its own. The workspace must outlive it.
class FeedbackService {
 public:
  /// Receives the text {"events":[{"sequence":7,"repeated":false},...],"stored":n} once all events are durable, from
  /// the log's thread, and must not block. Errors: `unavailable` (the disk is full or broken; nothing was stored).
  using Answer = std::function<void(Result<std::string>)>;

  /// Told of what somebody should look after: damage of the log that was found at the start, and, from a thread of its
  /// own, each compaction on schedule that failed (nothing is lost by it: the next one takes it up).
  using Fault = std::function<void(const std::string& line)>;

  static Result<std::unique_ptr<FeedbackService>> start(const Workspace& workspace, Fault fault = {});
  ~FeedbackService();

  /// Takes the body of a request. Refused at once, and `answer` is not called: `invalid_argument` (what is wrong, and
  /// in which event), `denied` (consent, personal data), `conflict` (an idempotency key was used for another event),
  /// `limit_exceeded` (too much is waiting: try again after a second).
  Status submit(std::string_view body, const FeedbackSender& sender, Answer answer);

  /// Counts for metrics.
  [[nodiscard]] feedback::Statistics statistics() const { return log_->statistics(); }
  [[nodiscard]] std::uint64_t compactions() const { return compactions_; }
  [[nodiscard]] std::uint64_t compactions_failed() const { return compactions_failed_; }
  /// Compacts now; what `compact_feedback` gives.
  Result<Json> compact();

 private:
  FeedbackService(const Workspace& workspace, FeedbackIntake intake, std::unique_ptr<feedback::Log> log);

  const Workspace& workspace_;
  FeedbackIntake intake_;
  std::unique_ptr<feedback::Log> log_;
  std::atomic<std::uint64_t> compactions_ = 0;
  std::atomic<std::uint64_t> compactions_failed_ = 0;
  std::jthread schedule_;
};

/// Gives the next line of input; nothing at the end.
using NextLine = std::function<std::optional<std::string>()>;
/// Takes one JSON document; an error stops.
using JsonSink = std::function<Status(const Json&)>;

/// Stores requests, one a line, and tells `sink` of each, in order, once it is durable: {"line": 1, "events": [...]} or
/// {"line": 1, "error": {...}}. Events of a line without keys of their own get theirs from `key`, when there is one,
/// and the place of the line: the same lines with the same key are stored once. Gives totals.
Result<Json> add_feedback(const Workspace& workspace, const std::string& key, const NextLine& next,
                          const JsonSink& sink);

/// The newest `count` events that are still in the log, oldest first; with `should_go_on`, then those that come, until
/// it says no. Events need not be durable yet.
Status tail_feedback(const Workspace& workspace, std::size_t count, const std::function<bool()>& should_go_on,
                     const JsonSink& sink);

}  // namespace gristmill::platform
