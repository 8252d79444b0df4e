// SPDX-License-Identifier: Apache-2.0
#include "api.h"
#include "gristmill/platform/release.h"
#include "gristmill/platform/release_diff.h"
#include "json_ids.h"
#include "schema.h"

namespace gristmill::server {
namespace {

Json release_schema() {
  return open_object({{"name", schema_of("string")},
                      {"label", schema_of("string")},
                      {"description", schema_of("string")},
                      {"status", schema_of("string")},
                      {"digest", schema_of("string")}});
}

Route release_route(std::string method, std::string path, std::string id, std::string summary, Json schema) {
  Route route{.method = std::move(method),
              .path = std::move(path),
              .id = std::move(id),
              .tag = "releases",
              .summary = std::move(summary)};
  if (route.path.find("{release}") != std::string::npos)
    route.parameters.push_back(path_parameter("release", "Name of the release"));
  route.answers.push_back({200, "Found.", std::move(schema)});
  route.errors = {409};
  return route;
}

HttpResponse release_response(int status, Result<Json> release) {
  if (!release) return problem_of(release.error());
  return json_response(status, ids_as_text(*std::move(release), {"datasets/*/version"}));
}

platform::ReleaseRequest request_of(const Call& call) {
  platform::ReleaseRequest request{.name = call.body["name"].as_string(),
                                   .label = call.body["label"].as_string(),
                                   .description = call.body["description"].as_string(),
                                   .datasets = {}};
  for (const auto& dataset : call.body["datasets"].items()) request.datasets.push_back(dataset.as_string());
  return request;
}

std::vector<Route> reading_routes(Backend& backend) {
  auto list = release_route("GET", "/api/v1/releases", "list_releases", "All releases, oldest first.",
                            page_schema(release_schema()));
  list.handle = [&backend](const Call&) {
    auto releases = platform::list_releases(backend.workspace);
    if (!releases) return problem_of(releases.error());
    const auto page = Json::object({{"items", *std::move(releases)}, {"next", nullptr}});
    return json_response(200, ids_as_text(page, {"items/*/datasets/*/version"}));
  };
  auto show = release_route("GET", "/api/v1/releases/{release}", "show_release",
                            "A release: everything that it pins, and who approved it.", release_schema());
  show.handle = [&backend](const Call& call) {
    return release_response(200, platform::show_release(backend.workspace, std::string(call.text("release"))));
  };
  auto diff = release_route("GET", "/api/v1/releases/{release}/diff", "diff_releases",
                            "What changed since another release, in documents and tokens, and which rule did it.",
                            schema_of("object"));
  diff.parameters.push_back(query_parameter("from", text_schema(200), "The release before", true));
  diff.handle = [&backend](const Call& call) {
    auto difference = platform::diff_releases(backend.workspace, std::string(call.text("from")),
                                              std::string(call.text("release")));
    if (!difference) return problem_of(difference.error());
    return json_response(
        200, ids_as_text(*std::move(difference), {"datasets/*/before/version", "datasets/*/after/version"}));
  };
  return {std::move(list), std::move(show), std::move(diff)};
}

}  // namespace

std::vector<Route> release_routes(Backend& backend) {
  auto routes = reading_routes(backend);
  auto create = release_route("POST", "/api/v1/releases", "create_release",
                              "Pins versions of datasets and all that they were made with under one name.", {});
  create.needs = Needs::write;
  create.body = closed_object({{"name", text_schema(200)},
                               {"label", text_schema(255)},
                               {"description", text_schema(10'000)},
                               {"datasets", array_schema(text_schema(400))}},
                              3);
  create.answers = {{201, "Made, or completed.", release_schema()}};
  create.handle = [&backend](const Call& call) {
    return release_response(201, platform::create_release(backend.workspace, request_of(call)));
  };
  auto approve = release_route("POST", "/api/v1/releases/{release}/approve", "approve_release",
                               "Approves a pending release as token:NAME, NAME being that of the caller's token.",
                               release_schema());
  approve.needs = Needs::write;
  approve.body = closed_object({{"comment", text_schema(10'000)}}, 0);
  approve.handle = [&backend](const Call& call) {
    return release_response(200, platform::approve_release(backend.workspace, std::string(call.text("release")),
                                                           call.body["comment"].as_string()));
  };
  routes.push_back(std::move(create));
  routes.push_back(std::move(approve));
  return routes;
}

}  // namespace gristmill::server
