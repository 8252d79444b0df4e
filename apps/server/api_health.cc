// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>

#include "api.h"
#include "gristmill/platform/readiness.h"
#include "openapi.h"
#include "router.h"
#include "schema.h"

namespace gristmill::server {
namespace {

Route health_route(std::string path, std::string id, std::string summary) {
  return {.method = "GET",
          .path = std::move(path),
          .id = std::move(id),
          .tag = "health",
          .summary = std::move(summary),
          .needs = Needs::nothing,
          .answers = {{200, "It does.", open_object({{"status", schema_of("string")}})}}};
}

/// Ready: not stopping, and the database answers.
HttpResponse readiness(const Backend& backend) {
  if (backend.is_stopping()) return problem(503, "the server is stopping");
  const auto status = platform::check_ready(backend.workspace);
  if (!status) return problem(503, "the database does not answer: " + status.error().message);
  return json_response(200, Json::object({{"status", "ready"}}));
}

void add_feedback_figures(std::vector<Figure>& figures, const platform::FeedbackService& feedback) {
  const auto counts = feedback.statistics();
  const auto add = [&](std::string name, std::string help, std::uint64_t value, bool is_counter = true) {
    figures.push_back({.name = std::move(name),
                       .help = std::move(help),
                       .is_counter = is_counter,
                       .value = static_cast<double>(value),
                       .labels = {}});
  };
  add("gristmill_feedback_events_total", "Feedback events made durable.", counts.events);
  add("gristmill_feedback_repeated_total", "Feedback events that had been stored before.", counts.repeated);
  add("gristmill_feedback_overloaded_total", "Feedback events refused because too much was waiting.",
      counts.overloaded);
  add("gristmill_feedback_failed_total", "Feedback events that the disk did not take.", counts.failed);
  add("gristmill_feedback_writes_total", "Group commits of feedback, each with one fdatasync.", counts.groups);
  add("gristmill_feedback_queue_bytes", "Feedback that waits to be written, in bytes.", counts.queue_bytes, false);
  add("gristmill_feedback_compactions_total", "Compactions of feedback into its dataset.", feedback.compactions());
  add("gristmill_feedback_compactions_failed_total", "Compactions that failed; the next one takes all of it up.",
      feedback.compactions_failed());
}

/// What is counted beside requests.
std::vector<Figure> figures_of(const Backend& backend) {
  std::vector<Figure> figures{{.name = "gristmill_jobs",
                               .help = "Runs that this server executes now.",
                               .value = static_cast<double>(backend.jobs.running()),
                               .labels = {}}};
  if (backend.feedback != nullptr) add_feedback_figures(figures, *backend.feedback);
  if (backend.iceberg_figures) std::ranges::move(backend.iceberg_figures(), std::back_inserter(figures));
  const auto counts = platform::count_runs(backend.workspace);
  if (!counts) return figures;
  for (const auto& [status, count] : counts->members()) {
    figures.push_back({.name = "gristmill_runs",
                       .help = "Runs of the workspace by status.",
                       .value = count.as_double(),
                       .labels = "status=\"" + status + "\""});
  }
  return figures;
}

}  // namespace

std::vector<Parameter> page_parameters() {
  return {query_parameter("limit", number_schema(1, 1000), "Items of one part; 100 unless given"),
          query_parameter("after", text_schema(200), "`next` of the part before")};
}

platform::Page page_of(const Call& call) {
  return {.limit = call.number("limit", 100), .after = std::string(call.text("after"))};
}

Json page_schema(Json item) {
  return open_object({{"items", array_schema(std::move(item))}, {"next", nullable(schema_of("string"))}});
}

Parameter path_parameter(std::string name, std::string help) {
  return {.name = std::move(name), .place = Place::path, .schema = text_schema(200), .help = std::move(help)};
}

Parameter query_parameter(std::string name, Json schema, std::string help, bool is_required) {
  return {.name = std::move(name),
          .place = Place::query,
          .schema = std::move(schema),
          .help = std::move(help),
          .is_required = is_required};
}

HttpResponse answer(Result<Json> result) { return result ? json_response(200, *result) : problem_of(result.error()); }

std::vector<Route> health_routes(Backend& backend) {
  auto live = health_route("/health/live", "health_live", "Whether the process answers at all.");
  live.is_immediate = true;
  live.is_unlimited = true;
  live.handle = [](const Call&) { return json_response(200, Json::object({{"status", "live"}})); };
  auto ready = health_route("/health/ready", "health_ready", "Whether work may be sent here.");
  ready.errors = {503};
  ready.is_urgent = true;
  ready.is_unlimited = true;
  ready.handle = [&backend](const Call&) { return readiness(backend); };
  Route metrics{.method = "GET",
                .path = "/metrics",
                .id = "metrics",
                .tag = "health",
                .summary = "Counters and gauges in the text format of Prometheus.",
                .answers = {{200, "The series.", schema_of("string"), "text/plain"}}};
  metrics.handle = [&backend](const Call&) {
    return HttpResponse{.status = 200,
                        .headers = {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}},
                        .body = backend.metrics.text(backend.listener_figures(), figures_of(backend)),
                        .stream = {}};
  };
  return {std::move(live), std::move(ready), std::move(metrics)};
}

Route openapi_route(const Router& router) {
  Route route{.method = "GET",
              .path = "/api/v1/openapi.json",
              .id = "openapi",
              .tag = "workspace",
              .summary = "This document.",
              .needs = Needs::nothing,
              .answers = {{200, "OpenAPI 3.1.", schema_of("object")}}};
  route.handle = [&router](const Call&) { return json_response(200, openapi_document(router.routes())); };
  return route;
}

}  // namespace gristmill::server
