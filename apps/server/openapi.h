// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "gristmill/base/json.h"
#include "route.h"

namespace gristmill::server {

/// The OpenAPI 3.1 document of the routes below /api, /health and /metrics: made from what checks the requests.
Json openapi_document(const std::vector<std::unique_ptr<const Route>>& routes);

/// Statuses of errors that a route may answer with, beside what it declares itself.
std::vector<int> error_statuses(const Route& route);

}  // namespace gristmill::server
