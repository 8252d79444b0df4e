// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "gristmill/io/file.h"
#include "gristmill/platform/operator_docs.h"
#include "gristmill/platform/pipeline_file.h"
#include "session.h"

namespace gristmill::cli {
namespace {

void add_ops(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("ops", "The operators");
  command->require_subcommand(1);
  auto* list = command->add_subcommand("list", "One line an operator");
  list->footer("Example: gristmill ops list");
  list->callback([&session] {
    session.show(platform::describe_operators(), [](const Json& json) {
      std::vector<std::vector<std::string>> rows{{"OPERATOR", "VERSION", "KIND", "WHAT IT DOES"}};
      for (const auto& item : json.items())
        rows.push_back({plain(item["name"]), plain(item["version"]), plain(item["kind"]), plain(item["summary"])});
      return table(rows);
    });
  });
  auto* show = command->add_subcommand("show", "One operator: parameters, columns, reasons, reference");
  show->footer("Example: gristmill ops show filter.gopher_quality");
  auto name = std::make_shared<std::string>();
  show->add_option("name", *name, "family.name")->required();
  show->callback([&session, name] {
    auto description = platform::describe_operator(*name);
    if (!description) return session.settle(std::move(description).error());
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
      std::string out;
      for (const auto& name : json.items()) out += name.as_string() + "\n";
      return out;
    });
  });
  auto* show = command->add_subcommand("show", "One recipe, as its file stands");
  show->footer("Example: gristmill recipes show web-to-tokens > my-pipeline.yaml");
  auto name = std::make_shared<std::string>();
  show->add_option("name", *name, "Recipe")->required();
  show->callback([&session, name] {
    auto pipeline = platform::load_pipeline(*name, {});
    if (!pipeline) return session.settle(std::move(pipeline).error());
    auto text = io::read_file(pipeline->path);
    if (!text) return session.settle(std::move(text).error());
    session.show(Json::object({{"name", *name}, {"path", pipeline->path}, {"text", *text}}),
                 [](const Json& json) { return json["text"].as_string(); });
  });
}

}  // namespace

void add_catalog_commands(CLI::App& app, Session& session) {
  add_ops(app, session);
  add_recipes(app, session);
}

}  // namespace gristmill::cli
