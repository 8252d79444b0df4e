// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "gristmill/base/clock.h"
#include "gristmill/platform/catalog_move.h"
#include "session.h"

namespace gristmill::cli {
namespace {

void add_init(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("init", "Make a workspace");
  command->footer(
      "Example: gristmill init corpus --profile startup\nFor a team: gristmill init corpus --catalog "
      "postgresql://grist@db.example.org/gristmill");
  auto folder = std::make_shared<std::string>(".");
  auto profile = std::make_shared<std::string>("startup");
  command->add_option("folder", *folder, "Folder to make it in (default: here)");
  auto catalog = std::make_shared<std::string>();
  command->add_option("--profile", *profile, "startup, platform or organization");
  command->add_option("--catalog", *catalog,
                      "URL of a PostgreSQL database (default: an SQLite file); password: PGPASSWORD or ~/.pgpass");
  command->callback([&session, folder, profile, catalog] {
    auto workspace = platform::Workspace::init(*folder, *profile, *catalog);
    if (!workspace) return session.settle(std::move(workspace).error());
    session.show(Json::object({{"workspace", (*workspace)->folder()}, {"profile", *profile}}), [](const Json& json) {
      return fmt::format("Made the workspace {}.\n", json["workspace"].as_string());
    });
    session.say("Next: gristmill ingest PATH --source NAME --license ID");
  });
}

void add_doctor(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("doctor",
                                     "Check installation, catalog, warehouse, engines, models and free space");
  command->footer("Example: gristmill doctor --workspace corpus");
  command->callback([&session] {
    const auto findings = platform::examine(session.workspace_folder);
    auto list = Json::array();
    bool is_ok = true;
    for (const auto& finding : findings) {
      is_ok = is_ok && finding.is_ok;
      list.push(Json::object({{"ok", finding.is_ok}, {"what", finding.what}, {"mend", finding.mend}}));
    }
    session.show(list, [](const Json& json) {
      std::string out;
      for (const auto& item : json.items()) {
        const auto& mend = item["mend"].as_string();
        const auto* mark = !item["ok"].as_bool() ? "FAIL" : mend.empty() ? "ok  " : "note";
        out += fmt::format("{}  {}\n", mark, item["what"].as_string());
        if (!mend.empty()) out += fmt::format("      mend: {}\n", mend);
      }
      return out;
    });
    if (!is_ok) session.exit_code = 4;
  });
}

void add_audit(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("audit", "The record of every change");
  command->require_subcommand(1);
  auto* log = command->add_subcommand("log", "Print the entries, newest first");
  log->footer("Example: gristmill audit log --limit 20");
  auto limit = std::make_shared<std::int64_t>(50);
  log->add_option("--limit", *limit, fmt::format("Entries to print (default {})", *limit))
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 40));
  log->callback([&session, limit] {
    session.with_workspace([&](const platform::Workspace& workspace) -> Status {
      GRISTMILL_TRY(const auto entries, platform::audit_entries(workspace.database(), *limit));
      session.show(entries, [](const Json& json) {
        std::vector<std::vector<std::string>> rows{{"NUMBER", "AT", "ACTOR", "ACTION", "SUBJECT"}};
        for (const auto& item : json.items())
          rows.push_back({plain(item["sequence"]), plain(item["at"]), plain(item["actor"]), plain(item["action"]),
                          plain(item["subject"])});
        return table(rows);
      });
      return {};
    });
  });
  auto* verify = command->add_subcommand("verify", "Check that no entry was changed or removed");
  verify->footer("Example: gristmill audit verify");
  verify->callback([&session] {
    session.with_workspace([&](const platform::Workspace& workspace) -> Status {
      GRISTMILL_TRY(const auto count, platform::verify_audit(workspace.database()));
      session.show(Json::object({{"entries", count}, {"intact", true}}),
                   [](const Json& json) { return counted(json["entries"].as_int(), "entry") + ", chain intact\n"; });
      return {};
    });
  });
}

void add_catalog(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("catalog", "Where the workspace keeps what it knows");
  command->require_subcommand(1);
  auto* move = command->add_subcommand("move", "Move everything to another database, SQLite or PostgreSQL");
  move->footer(
      "Example: gristmill catalog move --to postgresql://grist@db.example.org/gristmill\nAnd back: gristmill catalog "
      "move "
      "--to .gristmill/catalog.db\nAll tables are compared; the old catalog can be read, not written, afterwards. "
      "Interrupted, the same call finishes it.");
  auto to = std::make_shared<std::string>();
  move->add_option("--to", *to, "URL of a PostgreSQL database, or an SQLite file; password: PGPASSWORD or ~/.pgpass")
      ->required();
  move->callback([&session, to] {
    auto moved = platform::move_catalog(session.workspace_folder, *to);
    if (!moved) return session.settle(std::move(moved).error());
    session.show(*moved, [](const Json& json) {
      std::vector<std::vector<std::string>> rows{{"TABLE", "ROWS", "DIGEST"}};
      for (const auto& item : json["tables"].items())
        rows.push_back({plain(item["name"]), plain(item["rows"]), plain(item["digest"])});
      return fmt::format("Moved from {}\nto {}; gristmill.toml names it.\n\n{}", json["from"].as_string(),
                         json["to"].as_string(), table(rows));
    });
  });
}

void add_version(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("version", "Print the version");
  command->footer("Example: gristmill version --json");
  command->callback([&session] {
    session.show(Json::object({{"version", platform::program_version()}}),
                 [](const Json& json) { return fmt::format("gristmill {}\n", json["version"].as_string()); });
  });
}

}  // namespace

void add_workspace_commands(CLI::App& app, Session& session) {
  add_init(app, session);
  add_doctor(app, session);
  add_audit(app, session);
  add_catalog(app, session);
  add_version(app, session);
}

}  // namespace gristmill::cli
