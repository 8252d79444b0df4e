// SPDX-License-Identifier: Apache-2.0
// The routes of the JSON API, a function a noun. Each calls a verb of platform's and shapes its JSON; no logic.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "gristmill/platform/feedback.h"
#include "gristmill/platform/run_jobs.h"
#include "gristmill/platform/run_views.h"
#include "gristmill/platform/workspace.h"
#include "metrics.h"
#include "route.h"

namespace gristmill::server {

class Router;

/// What the routes work on; outlives them.
struct Backend {
  const platform::Workspace& workspace;
  platform::RunJobs& jobs;
  platform::FeedbackService* feedback = nullptr;  ///< Null while another process writes the feedback log.
  Metrics metrics;
  std::function<ListenerFigures()> listener_figures;
  std::function<bool()> is_stopping;
  std::function<std::vector<Figure>()> iceberg_figures = {};  ///< Of the Iceberg REST catalog.
};

std::vector<Route> health_routes(Backend& backend);
std::vector<Route> workspace_routes(Backend& backend);
std::vector<Route> dataset_routes(Backend& backend);
std::vector<Route> ingestion_routes(Backend& backend);
std::vector<Route> run_routes(Backend& backend);
/// Operators, recipes, trace.
std::vector<Route> catalog_routes(Backend& backend);
std::vector<Route> release_routes(Backend& backend);
/// Takes online feedback; answers once it is durable.
Route feedback_route(Backend& backend);
/// Live progress of a run as server-sent events.
Route run_events_route(Backend& backend);
/// The Iceberg REST catalog at /iceberg.
Result<Mount> iceberg_mount(Backend& backend);
/// The OpenAPI document of all routes that the router has by then.
Route openapi_route(const Router& router);

/// `limit` and `after` of a list in parts, what they ask for, and the schema of such a list.
std::vector<Parameter> page_parameters();
platform::Page page_of(const Call& call);
Json page_schema(Json item);
/// A parameter in the path.
Parameter path_parameter(std::string name, std::string help);
/// A parameter in the query.
Parameter query_parameter(std::string name, Json schema, std::string help, bool is_required = false);

/// 200 with the value, or the problem that its error is.
HttpResponse answer(Result<Json> result);

}  // namespace gristmill::server
