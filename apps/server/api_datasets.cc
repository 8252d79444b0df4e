// SPDX-License-Identifier: Apache-2.0
#include "api.h"
#include "gristmill/platform/datasets.h"
#include "json_ids.h"
#include "schema.h"

namespace gristmill::server {
namespace {

/// Snapshot ids are text.
Json id_schema() { return schema_of("string"); }

Json dataset_item_schema() {
  return open_object({{"name", schema_of("string")},
                      {"current_version", nullable(id_schema())},
                      {"versions", schema_of("integer")},
                      {"documents", nullable(schema_of("integer"))},
                      {"bytes", nullable(schema_of("integer"))},
                      {"updated_at", nullable(schema_of("string"))}});
}

Route list_route(Backend& backend) {
  Route route{.method = "GET",
              .path = "/api/v1/datasets",
              .id = "list_datasets",
              .tag = "datasets",
              .summary = "All datasets with their current versions.",
              .answers = {{200, "The datasets, by name.", array_schema(dataset_item_schema())}}};
  route.handle = [&backend](const Call&) {
    auto list = platform::list_datasets(backend.workspace);
    if (!list) return problem_of(list.error());
    return json_response(200, ids_as_text(*std::move(list), {"*/current_version"}));
  };
  return route;
}

}  // namespace

std::vector<Route> dataset_routes(Backend& backend) { return {list_route(backend)}; }

}  // namespace gristmill::server
