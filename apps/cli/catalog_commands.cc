// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "gristmill/platform/operator_docs.h"
#include "gristmill/platform/operator_rates.h"
#include "gristmill/platform/pipeline_file.h"
#include "gristmill/platform/recipe_docs.h"
#include "session.h"

namespace gristmill::cli {
namespace {

void add_ops(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("ops", "The operators");
  command->require_subcommand(1);
  auto* list = command->add_subcommand("list", "One line an operator");
  list->footer("Example: gristmill ops list");
  list->callback([&session] {
    auto operators = platform::describe_operators();
    platform::add_operator_rates(operators);
    session.show(operators, [](const Json& json) {
      std::vector<std::vector<std::string>> rows{{"OPERATOR", "VERSION", "KIND", "MB/S", "WHAT IT DOES"}};
      for (const auto& item : json.items()) {
        const auto& rate = item["measured"]["mb_per_second"];
        rows.push_back({plain(item["name"]), plain(item["version"]), plain(item["kind"]),
                        rate.is_number() ? fmt::format("{:.1f}", rate.as_double()) : "-", plain(item["summary"])});
      }
      return table(rows);
    });
  });
  auto* show = command->add_subcommand("show", "One operator: parameters, columns, reasons, reference, measured speed");
  show->footer("Example: gristmill ops show filter.gopher_quality");
  auto name = std::make_shared<std::string>();
  show->add_option("name", *name, "family.name")->required();
  show->callback([&session, name] {
    auto description = platform::describe_operator(*name);
    if (!description) return session.settle(std::move(description).error());
    platform::add_operator_rates(*description);
    session.show(*description, platform::operator_text);
  });
  auto* docs = command->add_subcommand("docs", "All operators as Markdown: docs/operators.md is made by this");
  docs->footer("Example: gristmill ops docs > docs/operators.md");
  docs->callback([] { fmt::print("{}", platform::operators_markdown()); });
  auto* schema = command->add_subcommand("schema", "JSON Schema of pipeline files, for editors");
  schema->footer("Example: gristmill ops schema > pipeline.schema.json");
  schema->callback([] { fmt::print("{}\n", platform::pipeline_schema().dump(2)); });
}

void add_recipes(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("recipes", "Pipelines shipped with Gristmill");
  command->require_subcommand(1);
  auto* list = command->add_subcommand("list", "Their names");
  list->footer("Example: gristmill recipes list");
  list->callback([&session] {
    auto names = Json::array();
    for (const auto& name : platform::list_recipes()) names.push(name);
    session.show(names, [](const Json& json) {
      std::vector<std::vector<std::string>> rows{{"RECIPE", "WHAT IT DOES"}};
      for (const auto& name : json.items()) {
        const auto recipe = platform::describe_recipe(name.as_string());
        rows.push_back({name.as_string(), recipe ? plain((*recipe)["summary"]) : recipe.error().message});
      }
      return table(rows);
    });
  });
  auto* show = command->add_subcommand("show", "One recipe: its source, how it differs from that, and its steps");
  show->footer("Example: gristmill recipes show web-to-tokens > my-pipeline.yaml");
  auto name = std::make_shared<std::string>();
  show->add_option("name", *name, "Recipe")->required();
  show->callback([&session, name] {
    auto recipe = platform::describe_recipe(*name);
    if (!recipe) return session.settle(std::move(recipe).error());
    session.show(*recipe, platform::recipe_text);
  });
  auto* docs = command->add_subcommand("docs", "All recipes as Markdown: docs/recipes.md is made by this");
  docs->footer("Example: gristmill recipes docs > docs/recipes.md");
  docs->callback([&session] {
    auto text = platform::recipes_markdown();
    if (!text) return session.settle(std::move(text).error());
    fmt::print("{}", *text);
  });
}

}  // namespace

void add_catalog_commands(CLI::App& app, Session& session) {
  add_ops(app, session);
  add_recipes(app, session);
}

}  // namespace gristmill::cli
