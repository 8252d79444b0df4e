// SPDX-License-Identifier: Apache-2.0
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

}  // namespace

HttpResponse answer(Result<Json> result) { return result ? json_response(200, *result) : problem_of(result.error()); }

std::vector<Route> health_routes(Backend& backend) {
  auto live = health_route("/health/live", "health_live", "Whether the process answers at all.");
  live.is_immediate = true;
  live.is_unlimited = true;
  live.handle = [](const Call&) { return json_response(200, Json::object({{"status", "live"}})); };
  auto ready = health_route("/health/ready", "health_ready", "Whether work may be sent here.");
  ready.errors = {503};
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
                        .body = backend.metrics.text(backend.listener_figures(), {}),
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
