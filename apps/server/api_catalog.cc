// SPDX-License-Identifier: Apache-2.0
#include "api.h"
#include "gristmill/platform/operator_docs.h"
#include "gristmill/platform/operator_rates.h"
#include "gristmill/platform/pipeline_file.h"
#include "gristmill/platform/recipe_docs.h"
#include "gristmill/platform/trace.h"
#include "json_ids.h"
#include "schema.h"

namespace gristmill::server {
namespace {

Json operator_schema() {
  return open_object(
      {{"name", schema_of("string")},
       {"version", schema_of("integer")},
       {"kind", schema_of("string")},
       {"summary", schema_of("string")},
       {"options", array_schema(open_object({{"name", schema_of("string")}, {"type", schema_of("string")}}))}});
}

Json recipe_schema() { return open_object({{"name", schema_of("string")}, {"summary", schema_of("string")}}); }

Route get_route(std::string path, std::string id, std::string tag, std::string summary, Json schema) {
  return {.method = "GET",
          .path = std::move(path),
          .id = std::move(id),
          .tag = std::move(tag),
          .summary = std::move(summary),
          .answers = {{200, "Found.", std::move(schema)}}};
}

Json whole_page(Json items) { return Json::object({{"items", std::move(items)}, {"next", nullptr}}); }

/// Where a recipe lies on the server is nobody's business.
Result<Json> recipe_json(const std::string& name) {
  GRISTMILL_TRY(auto recipe, platform::describe_recipe(name));
  recipe.erase("path");
  return recipe;
}

Result<Json> recipes_json() {
  auto items = Json::array();
  for (const auto& name : platform::list_recipes()) {
    GRISTMILL_TRY(const auto recipe, recipe_json(name));
    items.push(Json::object({{"name", name}, {"summary", recipe["summary"]}}));
  }
  return whole_page(std::move(items));
}

std::vector<Route> operator_routes() {
  auto list = get_route("/api/v1/operators", "list_operators", "operators",
                        "The operators: parameters with types, defaults and ranges, columns, reasons.",
                        page_schema(operator_schema()));
  list.handle = [](const Call&) {
    // Fixed when the program was built; describing all of them anew would cost more than the rest of the request.
    static const auto document = [] {
      auto operators = platform::describe_operators();
      platform::add_operator_rates(operators);
      return whole_page(std::move(operators));
    }();
    return json_response(200, document);
  };
  auto show = get_route("/api/v1/operators/{operator}", "show_operator", "operators", "One operator.",
                        operator_schema());
  show.parameters = {path_parameter("operator", "family.name")};
  show.handle = [](const Call& call) {
    auto description = platform::describe_operator(std::string(call.text("operator")));
    // The name is part of the address: an unknown one is a thing that is not there.
    if (!description) return problem_of(not_found(description.error().message));
    platform::add_operator_rates(*description);
    return json_response(200, *description);
  };
  return {std::move(list), std::move(show)};
}

std::vector<Route> recipe_routes() {
  auto list = get_route("/api/v1/recipes", "list_recipes", "recipes", "Pipelines shipped with Gristmill.",
                        page_schema(recipe_schema()));
  list.handle = [](const Call&) { return answer(recipes_json()); };
  auto show = get_route("/api/v1/recipes/{recipe}", "show_recipe", "recipes",
                        "One recipe: source, differences from it, steps, and the text of the pipeline file.",
                        recipe_schema());
  show.parameters = {path_parameter("recipe", "Name of the recipe")};
  show.handle = [](const Call& call) {
    const auto name = std::string(call.text("recipe"));
    if (!platform::check_name("recipe", name)) return problem_of(not_found("no recipe of that name"));
    auto recipe = recipe_json(name);
    if (!recipe) return problem_of(not_found(recipe.error().message));
    return json_response(200, *recipe);
  };
  return {std::move(list), std::move(show)};
}

Route trace_route(Backend& backend) {
  auto route = get_route("/api/v1/trace", "trace", "trace",
                         "The whole chain of a document or token back to its origin and licence.",
                         open_object({{"document", schema_of("object")}}));
  route.parameters = {query_parameter(
      "subject", text_schema(500), "Document id (32 hex digits), or DATASET/NUMBER:POSITION of a token shard", true)};
  route.handle = [&backend](const Call& call) {
    const auto subject = std::string(call.text("subject"));
    // A shard may be given by its path, which is for the command line: here it would open any file.
    if (subject.find("..") != std::string::npos || subject.find("/.") != std::string::npos ||
        subject.starts_with('/') || subject.starts_with('.'))
      return problem_of(invalid_argument("name a shard by its dataset and number, as in tokens/web/0:123"));
    auto chain = platform::trace(backend.workspace, subject);
    if (!chain) return problem_of(chain.error());
    return json_response(200, ids_as_text(*std::move(chain), {"document/version", "run/inputs/*/version"}));
  };
  return route;
}

}  // namespace

std::vector<Route> catalog_routes(Backend& backend) {
  auto routes = operator_routes();
  for (auto& route : recipe_routes()) routes.push_back(std::move(route));
  routes.push_back(trace_route(backend));
  return routes;
}

std::vector<Route> ingestion_routes(Backend& backend) {
  const auto record = open_object({{"ingestion_id", schema_of("string")},
                                   {"task_id", schema_of("string")},
                                   {"status", schema_of("string")},
                                   {"source", schema_of("string")},
                                   {"dataset", schema_of("string")}});
  auto list = get_route("/api/v1/ingestions", "list_ingestions", "ingestions", "The ingestion records, newest first.",
                        page_schema(record));
  list.parameters = page_parameters();
  list.handle = [&backend](const Call& call) {
    auto page = platform::page_ingestions(backend.workspace, page_of(call));
    if (!page) return problem_of(page.error());
    return json_response(200, ids_as_text(*std::move(page), {"items/*/version"}));
  };
  auto show = get_route("/api/v1/ingestions/{ingestion}", "show_ingestion", "ingestions",
                        "One record whole, with its files.", record);
  show.parameters = {path_parameter("ingestion", "Ingestion or task id")};
  show.handle = [&backend](const Call& call) {
    auto shown = platform::show_ingestion(backend.workspace, std::string(call.text("ingestion")));
    if (!shown) return problem_of(shown.error());
    return json_response(200, ids_as_text(*std::move(shown), {"version"}));
  };
  return {std::move(list), std::move(show)};
}

}  // namespace gristmill::server
