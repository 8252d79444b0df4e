// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <filesystem>

#include "gristmill/base/units.h"
#include "gristmill/platform/datasets.h"
#include "gristmill/platform/maintenance.h"
#include "gristmill/platform/python_step.h"
#include "gristmill/platform/role_keys.h"
#include "session.h"

namespace gristmill::cli {
namespace {

using Show = std::function<Result<Json>(const platform::Workspace&, const std::string&)>;

/// A verb with one NAME[@VERSION] argument that prints what `call` gives.
void add_verb(CLI::App& parent, Session& session, const char* verb, const char* help, const char* example,
              const Show& call, const std::function<std::string(const Json&)>& print) {
  auto* command = parent.add_subcommand(verb, help);
  command->footer(std::string("Example: gristmill dataset ") + example);
  auto name = std::make_shared<std::string>();
  command->add_option("name", *name, "NAME or NAME@VERSION (a version id, v3, a release or a time)")->required();
  command->callback([&session, name, call, print] {
    session.with_workspace([&](const platform::Workspace& workspace) -> Status {
      GRISTMILL_TRY(const auto json, call(workspace, *name));
      session.show(json, print);
      return {};
    });
  });
}

std::string names_of(const Json& list) {
  std::string out;
  for (const auto& item : list.items()) out += (out.empty() ? "" : ", ") + item.as_string();
  return out.empty() ? "-" : out;
}

std::string versions_text(const Json& dataset) {
  std::vector<std::vector<std::string>> rows{
      {"", "VERSION", "TIME", "OPERATION", "DOCUMENTS", "BYTES", "RUN", "RELEASES", "BRANCHES"}};
  for (const auto& item : dataset["versions"].items()) {
    const bool is_current = item["version"] == dataset["current_version"];
    rows.push_back({item["ordinal"].as_string() + (is_current ? " *" : ""), item["version"].dump(),
                    plain(item["timestamp"]), plain(item["operation"]), plain(item["documents"]),
                    format_size(item["bytes"].as_double()), plain(item["run_id"]), names_of(item["releases"]),
                    names_of(item["branches"])});
  }
  return table(rows);
}

std::string dataset_text(const Json& dataset) {
  auto brief = Json::object({{"name", dataset["name"]},
                             {"location", dataset["location"]},
                             {"current version", dataset["current_version"].dump()},
                             {"documents", dataset["documents"]},
                             {"bytes", format_size(dataset["bytes"].as_double())}});
  return fields(brief) + "\n" + versions_text(dataset) + "\n" + schema_text(dataset["schema"]);
}

/// What is shown of a text: all of it, or its first characters and how long it is.
std::string beginning_of(const std::string& text) {
  constexpr std::size_t bytes_max = 300;
  if (text.size() <= bytes_max) return text;
  auto end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + fmt::format(" ... ({} in all)", format_size(static_cast<double>(text.size())));
}

void add_head(CLI::App& parent, Session& session) {
  auto* command = parent.add_subcommand("head", "The first documents");
  command->footer("Example: gristmill dataset head clean/web -n 3 --json");
  auto name = std::make_shared<std::string>();
  auto count = std::make_shared<std::int64_t>(10);
  command->add_option("name", *name, "NAME or NAME@VERSION")->required();
  command->add_option("-n,--count", *count, "How many (default 10)")->check(CLI::Range(0, 1'000'000'000));
  command->callback([&session, name, count] {
    session.with_workspace([&](const platform::Workspace& workspace) {
      return platform::dataset_head(workspace, *name, *count, [&](const Json& document) -> Status {
        session.show(document, [](const Json& json) {
          auto brief = json;
          brief.set("text", beginning_of(json["text"].as_string()));
          return fields(brief) + "\n";
        });
        return {};
      });
    });
  });
}

void add_export(CLI::App& parent, Session& session) {
  auto* command = parent.add_subcommand("export", "Write a version as .jsonl or .parquet");
  command->footer("Example: gristmill dataset export clean/web@v2 --to clean.jsonl");
  auto name = std::make_shared<std::string>();
  auto path = std::make_shared<std::string>();
  command->add_option("name", *name, "NAME or NAME@VERSION")->required();
  command->add_option("--to", *path, "File to write; the ending decides the format")->required();
  command->callback([&session, name, path] {
    session.with_workspace([&](const platform::Workspace& workspace) -> Status {
      GRISTMILL_TRY(const auto written, platform::export_dataset(workspace, *name, *path));
      session.show(written, fields);
      return {};
    });
  });
}

/// An option that takes a length of time.
void add_age(CLI::App& command, std::int64_t& age_ms, const char* help) {
  command
      .add_option_function<std::string>(
          "--older-than", [&age_ms](const std::string& text) { age_ms = *parse_duration_ms(text); }, help)
      ->check([](const std::string& text) {
        const auto parsed = parse_duration_ms(text);
        return parsed ? std::string() : parsed.error().message;
      });
}

std::string expiry_text(const Json& done) {
  std::vector<std::vector<std::string>> rows{{"", "VERSION", "TIME", ""}};
  for (const auto& item : done["expired"].items())
    rows.push_back({plain(item["ordinal"]), item["version"].dump(), plain(item["timestamp"]),
                    done["dry_run"].as_bool() ? "would go" : "gone"});
  for (const auto& item : done["kept"].items())
    rows.push_back({plain(item["ordinal"]), item["version"].dump(), plain(item["timestamp"]),
                    "stays: " + item["why"].as_string()});
  auto out = table(rows) + fmt::format("{} and {} of {} {}\n",
                                       counted(static_cast<std::int64_t>(done["expired"].size()), "version"),
                                       counted(done["files"].as_int(), "file"), format_size(done["bytes"].as_double()),
                                       done["dry_run"].as_bool() ? "would be removed" : "removed");
  if (done["foreign_files"].as_int() > 0)
    out += fmt::format("outside the dataset's folder, not needed any more, but kept: {}\n",
                       counted(done["foreign_files"].as_int(), "file"));
  return out;
}

void add_branch(CLI::App& parent, Session& session) {
  auto* command = parent.add_subcommand("branch", "Make or remove a branch: versions beside those that readers see");
  command->footer("Example: gristmill dataset branch clean/web@v2 audit");
  auto name = std::make_shared<std::string>();
  auto branch = std::make_shared<std::string>();
  auto is_removal = std::make_shared<bool>(false);
  command->add_option("name", *name, "NAME or NAME@VERSION at which it starts")->required();
  command->add_option("branch", *branch, "Name of the branch")->required();
  command->add_flag("--remove", *is_removal, "Forget the branch; its versions stay until they expire");
  command->callback([&session, name, branch, is_removal] {
    session.with_workspace([&](const platform::Workspace& workspace) -> Status {
      GRISTMILL_TRY(const auto done, *is_removal ? platform::remove_branch(workspace, *name, *branch)
                                                 : platform::create_branch(workspace, *name, *branch));
      session.show(done, fields);
      return {};
    });
  });
}

void add_publish(CLI::App& parent, Session& session) {
  auto* command = parent.add_subcommand("publish", "Make what was written to a branch the current version");
  command->footer(
      "Example: gristmill dataset publish clean/web@audit   (after `gristmill run clean.yaml --set "
      "output=clean/web@audit`)");
  auto name = std::make_shared<std::string>();
  auto with_alerts = std::make_shared<bool>(false);
  command->add_option("name", *name, "NAME@BRANCH")->required();
  command->add_flag("--with-alerts", *with_alerts, "Even if the run that wrote it ended with alerts");
  command->callback([&session, name, with_alerts] {
    session.with_workspace([&](const platform::Workspace& workspace) -> Status {
      GRISTMILL_TRY(const auto done, platform::publish_branch(workspace, *name, *with_alerts));
      session.show(done, fields);
      return {};
    });
  });
}

void add_expire(CLI::App& parent, Session& session) {
  auto* command = parent.add_subcommand("expire", "Forget old versions and remove the files that only they need");
  command->footer("Example: gristmill dataset expire clean/web --older-than 30d --keep 3 --dry-run");
  auto request = std::make_shared<platform::ExpireRequest>();
  command->add_option("name", request->dataset, "NAME of the dataset")->required();
  add_age(*command, request->older_than_ms, "Age of the versions that go: 30d, 12h, 90m (default 5d)");
  command
      ->add_option("--keep", request->keep_last,
                   fmt::format("So many newest versions stay in any case (default {})", request->keep_last))
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 40));
  command->add_flag("--with-token-sources", request->with_token_sources,
                    "Also versions that tokens were made from; those tokens can then no longer be traced");
  command->add_flag("--dry-run", request->is_dry_run, "Only say what would go");
  command->callback([&session, request] {
    session.with_workspace([&](const platform::Workspace& workspace) -> Status {
      GRISTMILL_TRY(const auto done, platform::expire_dataset(workspace, *request));
      session.show(done, expiry_text);
      return {};
    });
  });
}

void add_clean(CLI::App& parent, Session& session) {
  auto* command = parent.add_subcommand("clean", "Remove files that no version refers to, left by killed processes");
  command->footer("Example: gristmill dataset clean clean/web --older-than 7d --dry-run");
  auto request = std::make_shared<platform::CleanRequest>();
  command->add_option("name", request->dataset, "NAME of the dataset")->required();
  add_age(*command, request->older_than_ms, "Only files untouched for so long: 7d, 12h (default 3d, at least 1h)");
  command->add_flag("--dry-run", request->is_dry_run, "Only say what would go");
  command->callback([&session, request] {
    session.with_workspace([&](const platform::Workspace& workspace) -> Status {
      GRISTMILL_TRY(const auto done, platform::clean_dataset(workspace, *request));
      session.show(done, [](const Json& json) {
        std::string out;
        for (const auto& path : json["paths"].items()) out += path.as_string() + "\n";
        return out + fmt::format("{}, {} {}\n", counted(json["files"].as_int(), "file"),
                                 format_size(json["bytes"].as_double()),
                                 json["dry_run"].as_bool() ? "would be removed" : "removed");
      });
      return {};
    });
  });
}

void add_list(CLI::App& parent, Session& session) {
  auto* command = parent.add_subcommand("list", "All datasets");
  command->footer("Example: gristmill dataset list");
  command->callback([&session] {
    session.with_workspace([&](const platform::Workspace& workspace) -> Status {
      GRISTMILL_TRY(const auto list, platform::list_datasets(workspace));
      session.show(list, [](const Json& json) {
        std::vector<std::vector<std::string>> rows{{"DATASET", "VERSIONS", "DOCUMENTS", "BYTES", "UPDATED"}};
        for (const auto& item : json.items())
          rows.push_back({plain(item["name"]), plain(item["versions"]), plain(item["documents"]),
                          format_size(item["bytes"].as_double()), plain(item["updated_at"])});
        auto out = table(rows);
        for (const auto& item : json.items()) {
          if (item.contains("error")) out += fmt::format("damaged: {}\n", item["error"].as_string());
        }
        return out;
      });
      for (const auto& item : list.items()) {
        if (item.contains("error")) session.exit_code = 1;
      }
      return {};
    });
  });
}

/// SQL runs in DuckDB, which lives in the Python environment beside the program.
void add_sql(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("sql", "SQL over datasets, through DuckDB");
  command->footer("Example: gristmill sql 'SELECT language, count(*) FROM \"clean/web\" GROUP BY 1 ORDER BY 2 DESC'");
  auto query = std::make_shared<std::string>();
  command->add_option("query", *query, "A query; datasets are tables named \"ns/name\" or \"ns/name@version\"")
      ->required();
  command->callback([&session, query] {
    session.with_workspace([&](const platform::Workspace& workspace) -> Status {
      GRISTMILL_RETURN_IF_ERROR(platform::pass_role_keys(workspace));
      const auto python = platform::python_interpreter();
      std::vector<std::string> words{python, "-m", "gristmill.sql", "--workspace", workspace.folder()};
      if (session.is_json) words.emplace_back("--json");
      words.push_back(*query);
      std::vector<char*> arguments;
      for (auto& word : words) arguments.push_back(word.data());
      arguments.push_back(nullptr);
      ::execvp(python.c_str(), arguments.data());
      return errno_error(
          fmt::format("starting {} (the Python environment that holds DuckDB; `make dev` makes it)", python), errno);
    });
  });
}

}  // namespace

std::string schema_text(const Json& schema) {
  std::vector<std::vector<std::string>> rows{{"ID", "COLUMN", "TYPE", "REQUIRED", "MEANING"}};
  for (const auto& item : schema.items())
    rows.push_back(
        {plain(item["id"]), plain(item["name"]), plain(item["type"]), plain(item["required"]), plain(item["doc"])});
  return table(rows);
}

void add_dataset_commands(CLI::App& app, Session& session) {
  auto* dataset = app.add_subcommand("dataset", "Datasets and their versions");
  dataset->require_subcommand(1);
  add_list(*dataset, session);
  add_verb(*dataset, session, "show", "One dataset: versions and columns", "show clean/web", platform::show_dataset,
           dataset_text);
  add_verb(*dataset, session, "versions", "The versions of a dataset", "versions clean/web", platform::show_dataset,
           versions_text);
  add_verb(*dataset, session, "rollback", "Make an earlier version current again", "rollback clean/web@v1",
           platform::rollback_dataset, fields);
  add_head(*dataset, session);
  add_export(*dataset, session);
  add_branch(*dataset, session);
  add_publish(*dataset, session);
  add_expire(*dataset, session);
  add_clean(*dataset, session);
  add_table_commands(*dataset, session);
  add_row_change_commands(*dataset, session);
  add_sql(app, session);
}

}  // namespace gristmill::cli
