// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "gristmill/platform/row_changes.h"
#include "session.h"

namespace gristmill::cli {
namespace {

using Change = Result<Json> (*)(const platform::Workspace&, const platform::RowChangeRequest&);

std::string change_text(const Json& done) {
  if (!done["changed"].as_bool()) return "no row is concerned: nothing changed\n";
  auto text = fmt::format("{}: version {}\n", done["dataset"].as_string(), done["version"].dump());
  if (done["already_done"].as_bool()) return text + "done before with this idempotency key\n";
  return text + fmt::format("rows: {} deleted, {} updated, {} added; data files: {} rewritten, {} kept\n",
                            plain(done["rows"]["deleted"]), plain(done["rows"]["updated"]),
                            plain(done["rows"]["added"]), plain(done["files"]["rewritten"]),
                            plain(done["files"]["kept"]));
}

struct Verb {
  const char* name;
  const char* help;
  const char* example;
  Change change;
};

std::pair<CLI::App*, std::shared_ptr<platform::RowChangeRequest>> add_change(CLI::App& parent, Session& session,
                                                                             const Verb& verb) {
  auto* command = parent.add_subcommand(verb.name, verb.help);
  command->footer(std::string("Example: gristmill dataset ") + verb.example);
  auto request = std::make_shared<platform::RowChangeRequest>();
  command->add_option("name", request->selector, "NAME or NAME@BRANCH")->required();
  command->callback([&session, request, change = verb.change] {
    request->idempotency_key = session.idempotency_key;
    session.with_workspace([&](const platform::Workspace& workspace) -> Status {
      GRISTMILL_TRY(const auto done, change(workspace, *request));
      session.show(done, change_text);
      return {};
    });
  });
  return {command, request};
}

constexpr auto where_help = "Condition as in filter.expression, such as \"score < 0.2 and url like '%.example/%'\"";
constexpr auto file_help = "Rows as .jsonl, .csv, .tsv (also compressed) or .parquet; fields are the dataset's columns";

}  // namespace

void add_row_change_commands(CLI::App& dataset, Session& session) {
  const auto remove = add_change(dataset, session,
                                 {"delete", "Remove rows: a new version without them",
                                  "delete clean/web --where \"quality < 0.1\"", platform::delete_rows});
  remove.first->add_option("--where", remove.second->where, where_help)->required();
  const auto update = add_change(
      dataset, session,
      {"update", "Set columns of rows; their ids stay",
       "update clean/web --set reviewed=true --where \"language = 'en'\"", platform::update_rows});
  update.first->add_option("--set", update.second->sets, "COLUMN=VALUE; text as it stands, null for none")->required();
  update.first->add_option("--where", update.second->where, where_help)->required();
  const auto upsert = add_change(dataset, session,
                                 {"upsert", "Set columns of the rows with the same key, add rows with new ones",
                                  "upsert clean/web scores.jsonl --key id", platform::upsert_rows});
  upsert.first->add_option("file", upsert.second->path, file_help)->required();
  upsert.first->add_option("--key", upsert.second->keys, "Columns that together name a row")
      ->required()
      ->delimiter(',');
  const auto overwrite = add_change(
      dataset, session,
      {"overwrite", "Replace all rows, or those that match, by the rows of a file",
       "overwrite raw/web may.jsonl --where \"url like '%/may/%'\"", platform::overwrite_rows});
  overwrite.first->add_option("file", overwrite.second->path, file_help)->required();
  overwrite.first->add_option("--where", overwrite.second->where, where_help);
}

}  // namespace gristmill::cli
