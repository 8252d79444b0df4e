// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <chrono>

#include "api.h"
#include "gristmill/platform/run.h"
#include "schema.h"

namespace gristmill::server {
namespace {

constexpr int poll_ms = 500;
constexpr auto heartbeat_every = std::chrono::seconds(15);
constexpr int reconnect_ms = 3'000;
constexpr std::string_view end_id = "end";

std::string event_text(std::string_view name, std::string_view id, const Json& data) {
  return fmt::format("event: {}\nid: {}\ndata: {}\n\n", name, id, data.dump());
}

/// Watches one run for one client. Progress is a state, not a log: its id is what it is made of, so a client that comes
/// back with the last id it saw gets the state of now, once, if it differs; also from a server that was restarted.
class RunEvents {
 public:
  RunEvents(const Backend& backend, std::string run_id, std::string last_id)
      : backend_(backend), run_id_(std::move(run_id)), last_id_(std::move(last_id)) {}

  StreamPiece next(bool is_closing) {
    StreamPiece piece{.bytes = {}, .is_last = false, .wait_ms = poll_ms};
    if (!std::exchange(is_begun_, true)) piece.bytes = fmt::format("retry: {}\n\n", reconnect_ms);
    auto progress = platform::run_progress(backend_.workspace, run_id_);
    if (progress) {
      piece.bytes += changed(*progress, piece.is_last);
    } else if (progress.error().code != ErrorCode::unavailable) {
      piece.bytes += event_text("error", end_id, Json::object({{"message", progress.error().message}}));
      piece.is_last = true;
    }
    if (is_closing && !piece.is_last) {
      piece.bytes += event_text("shutdown", last_id_, Json::object({{"run_id", run_id_}}));
      piece.is_last = true;
    }
    const auto now = std::chrono::steady_clock::now();
    if (piece.bytes.empty() && now - sent_at_ >= heartbeat_every) piece.bytes = ": still here\n\n";
    if (!piece.bytes.empty()) sent_at_ = now;
    return piece;
  }

 private:
  std::string changed(Json& progress, bool& is_last) {
    const auto live = backend_.jobs.live(run_id_);
    const auto& status = progress["status"].as_string();
    if (status != "running" && live.is_null()) {
      is_last = true;
      return event_text("end", end_id, progress);
    }
    auto id = fmt::format("{}.{}.{}", progress["tasks_done"].as_int(), live["tasks_done"].as_int(),
                          live["documents"].as_int());
    if (id == last_id_) return {};
    last_id_ = std::move(id);
    progress.set("live", live);
    return event_text("progress", last_id_, progress);
  }

  const Backend& backend_;
  std::string run_id_;
  std::string last_id_;
  bool is_begun_ = false;
  std::chrono::steady_clock::time_point sent_at_ = std::chrono::steady_clock::now();
};

HttpResponse open_events(const Backend& backend, const Call& call) {
  const auto run = platform::show_run(backend.workspace, std::string(call.text("run")));
  if (!run) return problem_of(run.error());
  const auto& id = (*run)["run_id"].as_string();
  const std::string last_id(call.text("Last-Event-ID"));
  // Told of the end before: 204 is how a client is kept from asking again.
  if (last_id == end_id && (*run)["status"].as_string() != "running" && backend.jobs.live(id).is_null())
    return {.status = 204};
  auto events = std::make_shared<RunEvents>(backend, id, last_id);
  return {.status = 200,
          .headers = {{"Content-Type", "text/event-stream"}, {"X-Accel-Buffering", "no"}},
          .body = {},
          .stream = [events](bool is_closing) { return events->next(is_closing); }};
}

}  // namespace

Route run_events_route(Backend& backend) {
  Route route{.method = "GET",
              .path = "/api/v1/runs/{run}/events",
              .id = "watch_run",
              .tag = "runs",
              .summary =
                  "Server-sent events: `progress` whenever it changes, `end` once when the run ends, `shutdown` "
                  "when the server stops first.",
              .parameters = {path_parameter("run", "Id of a run, or `last`"),
                             {.name = "Last-Event-ID",
                              .place = Place::header,
                              .schema = text_schema(200),
                              .help = "Id of the last event seen, as browsers send it"}},
              .answers = {{200, "Events until the run ends.", schema_of("string"), "text/event-stream"},
                          {204, "The run has ended, and the client knows.", {}}}};
  route.handle = [&backend](const Call& call) { return open_events(backend, call); };
  return route;
}

}  // namespace gristmill::server
