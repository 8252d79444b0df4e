// SPDX-License-Identifier: Apache-2.0
// The routes of the JSON API, a function a noun. Each calls a verb of platform's and shapes its JSON; no logic.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "gristmill/platform/workspace.h"
#include "metrics.h"
#include "route.h"

namespace gristmill::server {

class Router;

/// What the routes work on; outlives them.
struct Backend {
  const platform::Workspace& workspace;
  Metrics metrics;
  std::function<ListenerFigures()> listener_figures;
  std::function<bool()> is_stopping;
};

std::vector<Route> health_routes(Backend& backend);
std::vector<Route> workspace_routes(Backend& backend);
std::vector<Route> dataset_routes(Backend& backend);
/// The OpenAPI document of all routes that the router has by then.
Route openapi_route(const Router& router);

/// 200 with the value, or the problem that its error is.
HttpResponse answer(Result<Json> result);

}  // namespace gristmill::server
