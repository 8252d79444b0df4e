// SPDX-License-Identifier: Apache-2.0
#include "openapi.h"

#include <fmt/format.h>

#include <algorithm>

#include "gristmill/platform/workspace.h"
#include "schema.h"

namespace gristmill::server {
namespace {

Json reference(std::string_view part) { return Json::object({{"$ref", fmt::format("#/components/{}", part)}}); }

Json problem_schema() {
  auto schema = open_object({{"type", schema_of("string")},
                             {"title", schema_of("string")},
                             {"status", number_schema(400, 599)},
                             {"detail", schema_of("string")}});
  schema.at("properties").set("code", schema_of("string"));
  schema.at("properties")
      .set("errors", array_schema(open_object({{"where", schema_of("string")}, {"message", schema_of("string")}})));
  schema.set("description", "An error (RFC 9457). `code` is stable; `errors` tells each place that breaks the schema.");
  return schema;
}

Json content(std::string_view media_type, Json schema) {
  return Json::object({{std::string(media_type), Json::object({{"schema", std::move(schema)}})}});
}

std::string_view name_of(Place place) {
  switch (place) {
    case Place::path: return "path";
    case Place::query: return "query";
    case Place::header: return "header";
  }
  return "query";
}

Json parameters_of(const Route& route) {
  auto list = Json::array();
  for (const auto& parameter : route.parameters) {
    list.push(Json::object({{"name", parameter.name},
                            {"in", name_of(parameter.place)},
                            {"required", parameter.place == Place::path || parameter.is_required},
                            {"description", parameter.help},
                            {"schema", parameter.schema}}));
  }
  return list;
}

Json responses_of(const Route& route) {
  auto responses = Json::object();
  for (const auto& answer : route.answers) {
    auto response = Json::object({{"description", answer.about}});
    if (!answer.schema.is_null()) response.set("content", content(answer.media_type, answer.schema));
    responses.set(std::to_string(answer.status), std::move(response));
  }
  for (const auto status : error_statuses(route))
    responses.set(std::to_string(status), reference(fmt::format("responses/error_{}", status)));
  return responses;
}

std::string_view scope_text(Needs needs) {
  switch (needs) {
    case Needs::nothing: return "";
    case Needs::read: return " Needs a token of scope read.";
    case Needs::write: return " Needs a token of scope write.";
    case Needs::admin: return " Needs a token of scope admin.";
  }
  return "";
}

Json operation_of(const Route& route) {
  auto operation = Json::object({{"operationId", route.id},
                                 {"tags", Json::array({route.tag})},
                                 {"summary", route.summary},
                                 {"description", route.summary + std::string(scope_text(route.needs))}});
  if (!route.parameters.empty()) operation.set("parameters", parameters_of(route));
  if (!route.body.is_null()) {
    operation.set("requestBody",
                  Json::object({{"required", true}, {"content", content(route.body_media_type, route.body)}}));
  }
  operation.set("responses", responses_of(route));
  if (route.needs == Needs::nothing) operation.set("security", Json::array());
  return operation;
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

}  // namespace

std::vector<int> error_statuses(const Route& route) {
  std::vector<int> statuses{400, 404, 406, 421, 422, 429};
  if (route.needs != Needs::nothing) statuses.insert(statuses.end(), {401, 403, 503});
  if (!route.body.is_null()) statuses.insert(statuses.end(), {411, 413, 415});
  statuses.insert(statuses.end(), route.errors.begin(), route.errors.end());
  std::ranges::sort(statuses);
  const auto twice = std::ranges::unique(statuses);
  statuses.erase(twice.begin(), twice.end());
  return statuses;
}

Json openapi_document(const std::vector<std::unique_ptr<const Route>>& routes) {
  auto paths = Json::object();
  std::vector<int> statuses;
  for (const auto& route : routes) {
    paths.at(route->path).set(lower(route->method), operation_of(*route));
    const auto errors = error_statuses(*route);
    statuses.insert(statuses.end(), errors.begin(), errors.end());
  }
  auto responses = Json::object();
  std::ranges::sort(statuses);
  for (const auto status : statuses) {
    responses.set(fmt::format("error_{}", status),
                  Json::object({{"description", reason_phrase(status)},
                                {"content", content("application/problem+json", reference("schemas/Problem"))}}));
  }
  return Json::object(
      {{"openapi", "3.1.0"},
       {"info", Json::object({{"title", "Gristmill"},
                              {"version", platform::program_version()},
                              {"summary", "Datasets, ingestions and runs of one workspace"},
                              {"license", Json::object({{"name", "Apache-2.0"}, {"identifier", "Apache-2.0"}})}})},
       {"security", Json::array({Json::object({{"token", Json::array()}})})},
       {"paths", std::move(paths)},
       {"components", Json::object({{"securitySchemes",
                                     Json::object({{"token", Json::object({{"type", "http"}, {"scheme", "bearer"}})}})},
                                    {"schemas", Json::object({{"Problem", problem_schema()}})},
                                    {"responses", std::move(responses)}})}});
}

}  // namespace gristmill::server
