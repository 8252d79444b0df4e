// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "api.h"
#include "gristmill/platform/datasets.h"
#include "gristmill/platform/version_diff.h"
#include "json_ids.h"
#include "schema.h"

namespace gristmill::server {
namespace {

constexpr std::int64_t offset_max = 1'000'000;
constexpr std::size_t head_bytes_max = std::size_t{32} << 20;

/// Snapshot ids are text.
Json id_schema() { return schema_of("string"); }
Json count_schema() { return nullable(schema_of("integer")); }

Json dataset_item_schema() {
  return open_object({{"name", schema_of("string")},
                      {"current_version", nullable(id_schema())},
                      {"versions", schema_of("integer")},
                      {"documents", count_schema()},
                      {"bytes", count_schema()},
                      {"updated_at", nullable(schema_of("string"))}});
}

Json version_schema() {
  return open_object({{"version", id_schema()},
                      {"ordinal", schema_of("string")},
                      {"timestamp", schema_of("string")},
                      {"operation", schema_of("string")},
                      {"run_id", nullable(schema_of("string"))},
                      {"documents", count_schema()},
                      {"bytes", count_schema()},
                      {"releases", array_schema(schema_of("string"))}});
}

Json column_schema() {
  return open_object({{"id", schema_of("integer")},
                      {"name", schema_of("string")},
                      {"type", schema_of("string")},
                      {"required", schema_of("boolean")}});
}

Json dataset_schema() {
  return open_object({{"name", schema_of("string")},
                      {"location", schema_of("string")},
                      {"current_version", nullable(id_schema())},
                      {"selected_version", nullable(id_schema())},
                      {"documents", count_schema()},
                      {"bytes", count_schema()},
                      {"versions", array_schema(version_schema())},
                      {"schema", array_schema(column_schema())}});
}

constexpr std::string_view version_help =
    "A version id, v3, a release, a branch or a time; the current one unless given";

Route dataset_route(std::string_view below, std::string id, std::string summary, Json schema) {
  Route route{.method = "GET",
              .path = fmt::format("/api/v1/datasets/{{namespace}}/{{name}}{}", below),
              .id = std::move(id),
              .tag = "datasets",
              .summary = std::move(summary)};
  route.parameters = {path_parameter("namespace", "First part of the dataset's name"),
                      path_parameter("name", "Second part of the dataset's name")};
  route.answers.push_back({200, "Found.", std::move(schema)});
  return route;
}

std::string name_of(const Call& call) { return fmt::format("{}/{}", call.text("namespace"), call.text("name")); }

/// NAME or NAME@VERSION.
std::string selector_of(const Call& call, std::string_view parameter = "version") {
  return call.has(parameter) ? fmt::format("{}@{}", name_of(call), call.text(parameter)) : name_of(call);
}

/// A name that is none is a dataset that is not there.
std::optional<HttpResponse> check_name(const Call& call) {
  if (const auto status = platform::check_dataset_name(name_of(call)); !status)
    return problem_of(not_found(status.error().message));
  return std::nullopt;
}

Route list_route(Backend& backend) {
  Route route{.method = "GET",
              .path = "/api/v1/datasets",
              .id = "list_datasets",
              .tag = "datasets",
              .summary = "All datasets with their current versions.",
              .answers = {{200, "The datasets, by name.", page_schema(dataset_item_schema())}}};
  route.handle = [&backend](const Call&) {
    auto list = platform::list_datasets(backend.workspace);
    if (!list) return problem_of(list.error());
    const auto page = Json::object({{"items", *std::move(list)}, {"next", nullptr}});
    return json_response(200, ids_as_text(page, {"items/*/current_version"}));
  };
  return route;
}

Route show_route(Backend& backend) {
  auto route = dataset_route("", "show_dataset", "A dataset: its versions and columns.", dataset_schema());
  route.parameters.push_back(query_parameter("version", text_schema(200), std::string(version_help)));
  route.handle = [&backend](const Call& call) {
    if (auto fault = check_name(call)) return *std::move(fault);
    auto shown = platform::show_dataset(backend.workspace, selector_of(call));
    if (!shown) return problem_of(shown.error());
    return json_response(200,
                         ids_as_text(*std::move(shown), {"current_version", "selected_version", "versions/*/version"}));
  };
  return route;
}

Route versions_route(Backend& backend) {
  auto route = dataset_route("/versions", "list_versions", "The versions of a dataset, oldest first.",
                             page_schema(version_schema()));
  route.handle = [&backend](const Call& call) {
    if (auto fault = check_name(call)) return *std::move(fault);
    auto shown = platform::show_dataset(backend.workspace, name_of(call));
    if (!shown) return problem_of(shown.error());
    const auto page = Json::object({{"items", (*shown)["versions"]}, {"next", nullptr}});
    return json_response(200, ids_as_text(page, {"items/*/version"}));
  };
  return route;
}

Route schema_route(Backend& backend) {
  auto route = dataset_route("/schema", "show_schema", "The columns of a version.", page_schema(column_schema()));
  route.parameters.push_back(query_parameter("version", text_schema(200), std::string(version_help)));
  route.handle = [&backend](const Call& call) {
    if (auto fault = check_name(call)) return *std::move(fault);
    auto columns = platform::dataset_schema(backend.workspace, selector_of(call));
    if (!columns) return problem_of(columns.error());
    return json_response(200, Json::object({{"items", *std::move(columns)}, {"next", nullptr}}));
  };
  return route;
}

/// Documents from `offset` on, no more than fit an answer of reasonable size: `next` is the offset to go on from.
Result<Json> documents_of(const platform::Workspace& workspace, const Call& call) {
  const auto offset = call.number("offset", 0);
  const auto limit = call.number("limit", 20);
  std::int64_t seen = 0;
  std::size_t bytes = 0;
  bool is_full = false;
  auto items = Json::array();
  GRISTMILL_RETURN_IF_ERROR(
      platform::dataset_head(workspace, selector_of(call), offset + limit + 1, [&](const Json& document) -> Status {
        if (seen++ < offset || is_full) return {};
        is_full = static_cast<std::int64_t>(items.size()) == limit;
        if (!is_full && items.size() > 0) is_full = bytes + document["text"].as_string().size() > head_bytes_max;
        if (is_full) return {};
        bytes += document["text"].as_string().size();
        items.push(document);
        return {};
      }));
  const auto next = offset + static_cast<std::int64_t>(items.size());
  return Json::object(
      {{"items", std::move(items)}, {"next", is_full && next <= offset_max ? Json(std::to_string(next)) : Json()}});
}

Route documents_route(Backend& backend) {
  auto route = dataset_route("/documents", "list_documents", "Documents of a version in order, all columns.",
                             page_schema(open_object({{"id", schema_of("string")}})));
  route.parameters.push_back(query_parameter("version", text_schema(200), std::string(version_help)));
  route.parameters.push_back(query_parameter("limit", number_schema(1, 200), "At most so many; 20 unless given"));
  route.parameters.push_back(
      query_parameter("offset", number_schema(0, offset_max), "Documents to leave out; they are read all the same"));
  route.handle = [&backend](const Call& call) {
    if (auto fault = check_name(call)) return *std::move(fault);
    return answer(documents_of(backend.workspace, call));
  };
  return route;
}

Route diff_route(Backend& backend) {
  auto route = dataset_route("/diff", "diff_versions", "What changed from one version to another, in documents.",
                             schema_of("object"));
  route.parameters.push_back(query_parameter("from", text_schema(200), "The version before", true));
  route.parameters.push_back(
      query_parameter("to", text_schema(200), "The version after; the current one unless given"));
  route.handle = [&backend](const Call& call) {
    if (auto fault = check_name(call)) return *std::move(fault);
    auto difference = platform::diff_versions(backend.workspace, selector_of(call, "from"), selector_of(call, "to"));
    if (!difference) return problem_of(difference.error());
    return json_response(200, ids_as_text(*std::move(difference), {"before/version", "after/version"}));
  };
  return route;
}

}  // namespace

std::vector<Route> dataset_routes(Backend& backend) {
  std::vector<Route> routes{list_route(backend),   show_route(backend),      versions_route(backend),
                            schema_route(backend), documents_route(backend), diff_route(backend)};
  for (auto& route : routes) route.errors.push_back(409);
  return routes;
}

}  // namespace gristmill::server
