// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/feedback.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>

#include "gristmill/base/clock.h"
#include "gristmill/base/thread_priority.h"
#include "gristmill/feedback/segment.h"
#include "gristmill/platform/feedback_compaction.h"
#include "gristmill/platform/feedback_identity.h"

namespace gristmill::platform {
namespace {

constexpr std::size_t lines_in_flight_max = 4096;

Json receipts_json(const std::vector<feedback::Receipt>& receipts) {
  auto events = Json::array();
  std::int64_t stored = 0;
  for (const auto& receipt : receipts) {
    events.push(Json::object({{"sequence", receipt.sequence}, {"repeated", receipt.is_repeated}}));
    stored += receipt.is_repeated ? 0 : 1;
  }
  return Json::object({{"events", std::move(events)}, {"stored", stored}});
}

/// The same as text, without the detour.
std::string receipts_text(const std::vector<feedback::Receipt>& receipts) {
  constexpr std::size_t bytes_each = 64;
  std::string text;
  text.reserve(bytes_each * (receipts.size() + 1));
  text = R"({"events":[)";
  std::size_t stored = 0;
  for (const auto& receipt : receipts) {
    text.append(R"({"sequence":)").append(fmt::format_int(receipt.sequence).c_str());
    text.append(receipt.is_repeated ? R"(,"repeated":true},)" : R"(,"repeated":false},)");
    stored += receipt.is_repeated ? 0 : 1;
  }
  if (text.ends_with(',')) text.pop_back();
  return text.append(R"(],"stored":)").append(fmt::format_int(stored).c_str()).append("}");
}

Json error_json(const Error& error) {
  return Json::object({{"code", to_string(error.code)}, {"message", error.message}});
}

/// Answers that come from the log's thread, handed on in the order of the lines.
class OrderedAnswers {
 public:
  std::size_t open_line() {
    const std::scoped_lock lock(mutex_);
    answers_.emplace_back();
    return first_ + answers_.size() - 1;
  }
  void settle(std::size_t line, Json answer) {
    {
      const std::scoped_lock lock(mutex_);
      answers_[line - first_] = std::move(answer);
    }
    came_.notify_one();
  }
  /// The answer of the oldest line, when it has come or `is_patient`; nothing when no line is open.
  std::optional<Json> next(bool is_patient) {
    std::unique_lock lock(mutex_);
    if (answers_.empty()) return {};
    if (is_patient) came_.wait(lock, [&] { return answers_.front().has_value(); });
    if (!answers_.front()) return {};
    auto answer = *std::move(answers_.front());
    answers_.pop_front();
    ++first_;
    return answer;
  }
  [[nodiscard]] bool is_full() {
    const std::scoped_lock lock(mutex_);
    return answers_.size() >= lines_in_flight_max;
  }

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::deque<std::optional<Json>> answers_;
  std::size_t first_ = 1;
};

/// Totals of `add_feedback`.
struct Totals {
  std::int64_t lines = 0, stored = 0, repeated = 0, refused = 0;

  void count(const Json& answer) {
    ++lines;
    if (answer.contains("error")) {
      ++refused;
      return;
    }
    stored += answer["stored"].as_int();
    repeated += static_cast<std::int64_t>(answer["events"].size()) - answer["stored"].as_int();
  }
  [[nodiscard]] Json json() const {
    return Json::object({{"lines", lines}, {"stored", stored}, {"repeated", repeated}, {"refused", refused}});
  }
};

Status drain(OrderedAnswers& answers, bool is_patient, Totals& totals, const JsonSink& sink) {
  while (auto answer = answers.next(is_patient)) {
    totals.count(*answer);
    GRISTMILL_RETURN_IF_ERROR(sink(*answer));
    if (is_patient && !answers.is_full()) is_patient = false;
  }
  return {};
}

Json frame_json(const feedback::Frame& frame) {
  auto json = Json::object({{"sequence", frame.sequence}, {"received_at", iso8601(frame.received_ms)}});
  const auto stored = Json::parse(frame.payload);
  if (!stored) return json.set("error", stored.error().message);
  for (const auto& [name, value] : stored->members()) json.set(name, value);
  return json;
}

}  // namespace

std::string feedback_folder(const Workspace& workspace) {
  return (std::filesystem::path(workspace.folder()) / workspace.settings().feedback.folder).lexically_normal().string();
}

Result<std::unique_ptr<feedback::Log>> open_feedback_log(const Workspace& workspace, bool is_preallocated) {
  const auto& settings = workspace.settings().feedback;
  GRISTMILL_TRY(const auto log_id, feedback_log_id(workspace));
  GRISTMILL_TRY(const auto through, compacted_through(workspace, log_id));
  auto log = feedback::Log::open(feedback_folder(workspace), {.queue_bytes_max = settings.queue_bytes,
                                                              .keys_kept = static_cast<std::size_t>(settings.keys),
                                                              .next_sequence_min = through + 1,
                                                              .is_preallocated = is_preallocated});
  if (!log && log.error().code == ErrorCode::conflict)
    return Error{ErrorCode::conflict,
                 fmt::format("the feedback log is written by another process: {}", log.error().message)};
  if (log) GRISTMILL_RETURN_IF_ERROR(begin_feedback_tenure(workspace, log_id));
  return log;
}

FeedbackService::FeedbackService(const Workspace& workspace, FeedbackIntake intake, std::unique_ptr<feedback::Log> log)
    : workspace_(workspace), intake_(std::move(intake)), log_(std::move(log)) {}

FeedbackService::~FeedbackService() = default;

Result<std::unique_ptr<FeedbackService>> FeedbackService::start(const Workspace& workspace, Fault fault) {
  GRISTMILL_TRY(auto intake, FeedbackIntake::make(workspace.settings().feedback));
  GRISTMILL_TRY(auto log, open_feedback_log(workspace, true));
  if (fault) {
    for (const auto& damage : log->recovery().damages) fault("feedback log: " + feedback::describe(damage));
  }
  std::unique_ptr<FeedbackService> service(new FeedbackService(workspace, std::move(intake), std::move(log)));
  const auto interval = std::chrono::milliseconds(workspace.settings().feedback.compact_every_ms);
  if (interval.count() == 0) return service;
  service->schedule_ = std::jthread(
      [raw = service.get(), interval, fault = std::move(fault)](const std::stop_token& stop) {
        make_patient();
        std::mutex mutex;
        std::condition_variable_any wake;
        std::unique_lock lock(mutex);
        while (!wake.wait_for(lock, stop, interval, [&] { return stop.stop_requested(); })) {
          const auto done = raw->compact();
          if (!done && fault) fault("feedback was not compacted: " + done.error().message);
        }
      });
  return service;
}

Result<Json> FeedbackService::compact() {
  auto done = compact_feedback(workspace_, log_.get());
  ++(done ? compactions_ : compactions_failed_);
  return done;
}

Status FeedbackService::submit(std::string_view body, const FeedbackSender& sender, Answer answer) {
  GRISTMILL_TRY(auto events, intake_.read(body, sender));
  return log_->submit(std::move(events), [answer = std::move(answer)](Result<std::vector<feedback::Receipt>> result) {
    if (result) {
      answer(receipts_text(*result));
    } else {
      answer(std::move(result).error());
    }
  });
}

namespace {

/// Hands a request to the log as soon as there is room for it: whoever reads a file can wait, unlike a client.
Status submit_patiently(feedback::Log& log, const FeedbackIntake& intake, const std::string& line,
                        const FeedbackSender& sender, const feedback::Answer& answer) {
  constexpr auto step = std::chrono::milliseconds(1);
  while (true) {
    GRISTMILL_TRY(auto events, intake.read(line, sender));
    auto taken = log.submit(std::move(events), answer);
    if (taken || taken.error().code != ErrorCode::limit_exceeded) return taken;
    std::this_thread::sleep_for(step);
  }
}

/// The last gap with events behind it; null for none.
const feedback::Gap* last_hole(const feedback::SegmentScan& scan) {
  const auto found = std::find_if(scan.gaps.rbegin(), scan.gaps.rend(),
                                  [](const feedback::Gap& gap) { return gap.sequence_after != 0; });
  return found == scan.gaps.rend() ? nullptr : &*found;
}

/// A segment that may be written just now. A hole is looked at again: what is behind it may have come while we read.
Result<feedback::Segment> read_growing_segment(const std::string& path) {
  constexpr auto pause = std::chrono::milliseconds(20);
  auto known = UINT64_MAX;
  while (true) {
    GRISTMILL_TRY(auto segment, feedback::read_segment(path));
    const auto* hole = last_hole(segment.scan);
    if (hole == nullptr || hole->offset == known) return segment;
    known = hole->offset;
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace

Result<Json> add_feedback(const Workspace& workspace, const std::string& key, const NextLine& next,
                          const JsonSink& sink) {
  GRISTMILL_TRY(const auto intake, FeedbackIntake::make(workspace.settings().feedback));
  OrderedAnswers answers;
  auto opened = open_feedback_log(workspace, true);
  if (!opened && opened.error().code == ErrorCode::conflict) {
    return Error{ErrorCode::conflict, fmt::format("{}; while a server runs, send events to it: POST /api/v1/feedback",
                                                  opened.error().message)};
  }
  if (!opened) return std::move(opened).error();
  const auto& log = *opened;
  Totals totals;
  while (auto line = next()) {
    if (line->find_first_not_of(" \t\r") == std::string::npos) continue;
    const auto number = answers.open_line();
    const auto settle = [&answers, number](Json answer) {
      Json::Object members{{"line", Json(number)}};
      for (const auto& member : answer.members()) members.push_back(member);
      answers.settle(number, Json::from_members(std::move(members)));
    };
    const FeedbackSender sender{.scope = {},
                                .idempotency_key = key.empty() ? key : fmt::format("{}, line {}", key, number)};
    const auto taken = submit_patiently(
        *log, intake, *line, sender, [settle](Result<std::vector<feedback::Receipt>> result) {
          settle(result ? receipts_json(*result) : Json::object({{"error", error_json(result.error())}}));
        });
    if (!taken) settle(Json::object({{"error", error_json(taken.error())}}));
    GRISTMILL_RETURN_IF_ERROR(drain(answers, answers.is_full(), totals, sink));
  }
  while (auto answer = answers.next(true)) {
    totals.count(*answer);
    GRISTMILL_RETURN_IF_ERROR(sink(*answer));
  }
  return totals.json();
}

Status tail_feedback(const Workspace& workspace, std::size_t count, const std::function<bool()>& should_go_on,
                     const JsonSink& sink) {
  const auto folder = feedback_folder(workspace);
  std::uint64_t shown = 0;
  bool is_first = true;
  do {
    GRISTMILL_TRY(const auto files, feedback::list_segments(folder));
    std::deque<Json> lines;
    for (std::size_t i = 0; i < files.size(); ++i) {
      if (i + 1 < files.size() && files[i + 1].first_sequence <= shown + 1) continue;
      auto segment = i + 1 < files.size() ? feedback::read_segment(files[i].path) : read_growing_segment(files[i].path);
      if (!segment && segment.error().code == ErrorCode::not_found) continue;
      if (!segment) return std::move(segment).error();
      const auto& frames = segment->scan.frames;
      const auto skipped = is_first && frames.size() > count ? frames.size() - count : 0;
      for (std::size_t k = skipped; k < frames.size(); ++k) {
        if (frames[k].sequence <= shown) continue;
        shown = frames[k].sequence;
        lines.push_back(frame_json(frames[k]));
        if (is_first && lines.size() > count) lines.pop_front();
      }
      if (!frames.empty()) shown = std::max(shown, frames.back().sequence);
    }
    for (const auto& line : lines) GRISTMILL_RETURN_IF_ERROR(sink(line));
    is_first = false;
    if (should_go_on()) std::this_thread::sleep_for(std::chrono::milliseconds(200));
  } while (should_go_on());
  return {};
}

}  // namespace gristmill::platform
