// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "gristmill/base/units.h"
#include "gristmill/platform/artifacts.h"
#include "session.h"

namespace gristmill::cli {
namespace {

using Verb = std::function<Result<Json>(const platform::Workspace&, const platform::WorkOptions&)>;

/// Runs a verb with threads and interruption, and prints what it gives.
void call(Session& session, int threads, const Verb& verb,
          const std::function<std::string(const Json&)>& print = fields) {
  session.with_workspace([&](const platform::Workspace& workspace) -> Status {
    platform::WorkOptions options;
    options.threads = threads;
    options.stop = &stop_requested;
    GRISTMILL_TRY(const auto json, verb(workspace, options));
    session.show(json, print);
    return {};
  });
}

std::string list_text(const Json& list) {
  std::vector<std::vector<std::string>> rows{{"ARTIFACT", "", "VERSION", "CREATED", "FILES", "BYTES", "MESSAGE"}};
  for (const auto& item : list.items())
    rows.push_back({plain(item["name"]), fmt::format("v{}", item["ordinal"].as_int()),
                    item["version"].as_string().substr(0, 12), plain(item["created_at"]), plain(item["files"]),
                    format_size(item["bytes"].as_double()), plain(item["message"])});
  return table(rows);
}

std::string entries_text(const Json& record) {
  std::vector<std::vector<std::string>> rows{{"PATH", "MODE", "BYTES", "LINK"}};
  for (const auto& item : record["entries"].items())
    rows.push_back({plain(item["path"]), plain(item["mode"]), plain(item["bytes"]), plain(item["link"])});
  auto brief = record;
  brief.erase("entries");
  return fields(brief) + "\n" + table(rows);
}

CLI::App* add_verb(CLI::App& parent, const char* verb, const char* help, const char* example) {
  auto* command = parent.add_subcommand(verb, help);
  command->footer(std::string("Example: gristmill artifact ") + example);
  return command;
}

struct Words {
  std::string first, second, message, place;
  int threads = 0;
  bool is_set = false;
};

void add_threads(CLI::App& command, Words& words) {
  command.add_option("--threads", words.threads, "Threads; 0 = all cores")->check(CLI::Range(0, 4096));
}

void add_add(CLI::App& parent, Session& session) {
  auto* command = add_verb(parent, "add", "Store a file or folder as a new version",
                           "add checkpoints/step-1000 --name demo-model --message \"after 1000 steps\"");
  auto words = std::make_shared<Words>();
  command->add_option("path", words->first, "File or folder, or s3://bucket/prefix")->required();
  command->add_option("--name", words->second, "Name of the artifact")->required();
  command->add_option("--message", words->message, "What this version is");
  command->add_option("--into", words->place, "Put it there within the newest version and keep the rest");
  command->add_flag("--follow-links", words->is_set, "Store files that links outside of the folder lead to");
  add_threads(*command, *words);
  command->callback([&session, words] {
    call(session, words->threads, [&](const platform::Workspace& workspace, const platform::WorkOptions& options) {
      return platform::add_artifact(
          workspace, {words->first, words->second, words->message, words->is_set, words->place}, options);
    });
  });
}

std::string packs_text(const Json& checked) {
  std::string text = fields(checked);
  for (const auto* key : {"faults", "incomplete"}) {
    for (const auto& item : checked[key].items()) text += fmt::format("{}: {}\n", key, item.as_string());
  }
  return text;
}

void add_verify(CLI::App& parent, Session& session) {
  auto words = std::make_shared<Words>();
  auto* command = add_verb(parent, "verify", "Read every byte of all artifacts, or of one, and check it",
                           "verify --at s3://bucket/models");
  auto* name = command->add_option("name", words->first, "Name of an artifact");
  auto* place = command->add_option("--at", words->place, "Check all packs of a remote place instead");
  auto* mend = command->add_flag("--mend", words->is_set,
                                 "Take damaged packs out, so that pull, push or add can bring their bytes again");
  name->excludes(place)->excludes(mend);
  add_threads(*command, *words);
  command->callback([&session, words] {
    const auto verify = [&](const platform::Workspace& workspace,
                            const platform::WorkOptions& options) -> Result<Json> {
      if (words->place.empty() && !words->is_set) return platform::verify_artifacts(workspace, words->first, options);
      auto checked = platform::check_artifact_packs(workspace, words->place, words->is_set, options);
      const bool is_whole = checked && (*checked)["incomplete"].size() == 0 &&
                            ((*checked)["faults"].size() == 0 || words->is_set);
      if (checked && !is_whole) session.exit_code = exit_code_of(ErrorCode::check_failed);
      return checked;
    };
    call(session, words->threads, verify, packs_text);
  });
}

void add_reading(CLI::App& parent, Session& session) {
  auto words = std::make_shared<Words>();
  auto* list = add_verb(parent, "list", "Versions of all artifacts, or of one", "list demo-model");
  list->add_option("name", words->first, "Name of an artifact");
  list->callback([&session, words] {
    call(
        session, 0,
        [&](const platform::Workspace& workspace, const platform::WorkOptions&) {
          return platform::list_artifacts(workspace, words->first);
        },
        list_text);
  });
  auto* show = add_verb(parent, "show", "Files of a version", "show demo-model@v1");
  show->add_option("name", words->first, "NAME or NAME@VERSION (v2, latest, or digits of its id)")->required();
  show->callback([&session, words] {
    call(
        session, 0,
        [&](const platform::Workspace& workspace, const platform::WorkOptions&) {
          return platform::show_artifact(workspace, words->first);
        },
        entries_text);
  });
  add_verify(parent, session);
}

void add_get(CLI::App& parent, Session& session) {
  auto* command = add_verb(parent, "get", "Write a version to a place that does not exist yet",
                           "get demo-model@v1 restored --only layers");
  auto words = std::make_shared<Words>();
  command->add_option("name", words->first, "NAME or NAME@VERSION (v2, latest, or digits of its id)")->required();
  command->add_option("place", words->second, "File or folder to make, or s3://bucket/prefix")->required();
  command->add_option("--only", words->place, "A file or folder of the version");
  add_threads(*command, *words);
  command->callback([&session, words] {
    call(session, words->threads, [&](const platform::Workspace& workspace, const platform::WorkOptions& options) {
      return platform::get_artifact(workspace, {words->first, words->place}, words->second, options);
    });
  });
}

using Transfer = Result<Json> (*)(const platform::Workspace&, const std::string&, const std::string&,
                                  const platform::WorkOptions&);

void add_transfer(CLI::App& parent, Session& session, const char* verb, const char* help, const char* example,
                  const char* place, Transfer transfer) {
  auto* command = add_verb(parent, verb, help, example);
  auto words = std::make_shared<Words>();
  command->add_option("name", words->first, "NAME or NAME@VERSION (v2, latest, or digits of its id)")->required();
  command->add_option("place", words->second, place)->required();
  add_threads(*command, *words);
  command->callback([&session, words, transfer] {
    call(session, words->threads, [&](const platform::Workspace& workspace, const platform::WorkOptions& options) {
      return transfer(workspace, words->first, words->second, options);
    });
  });
}

void add_cleaning(CLI::App& parent, Session& session) {
  auto words = std::make_shared<Words>();
  auto* remove = add_verb(parent, "remove", "Forget a version; its bytes stay until gc", "remove demo-model@v1");
  remove->add_option("name", words->first, "NAME@VERSION")->required();
  remove->callback([&session, words] {
    const auto verb = [&](const platform::Workspace& workspace, const platform::WorkOptions&) -> Result<Json> {
      if (words->first.find('@') == std::string::npos)
        return invalid_argument("say which version to remove: NAME@VERSION");
      return platform::remove_artifact(workspace, words->first);
    };
    call(session, 0, verb, [](const Json& json) {
      return fmt::format("Forgot version {} of {} ({}); `gristmill artifact gc` frees what no other version needs.\n",
                         json["version"].as_string().substr(0, 12), json["name"].as_string(),
                         format_size(json["bytes"].as_double()));
    });
  });
  auto* collect = add_verb(parent, "gc", "Remove bytes that no version needs", "gc --older-than 1d --dry-run");
  words->second = "1d";
  collect->add_option("--older-than", words->second, "Leave alone what was written since (default 1d)");
  collect->add_flag("--dry-run", words->is_set, "Only tell");
  collect->callback([&session, words] {
    call(session, 0, [&](const platform::Workspace& workspace, const platform::WorkOptions&) -> Result<Json> {
      GRISTMILL_TRY(const auto age, parse_duration_ms(words->second));
      return platform::collect_artifacts(workspace, age, words->is_set);
    });
  });
}

}  // namespace

void add_artifact_commands(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("artifact", "Checkpoints and other large files, by versions");
  command->require_subcommand(1);
  add_add(*command, session);
  add_reading(*command, session);
  add_get(*command, session);
  add_transfer(*command, session, "push", "Bring a version to a remote place", "push demo-model@v2 /mnt/backup/models",
               "Folder, or s3://bucket/prefix", platform::push_artifact);
  add_transfer(*command, session, "pull", "Take a version from a remote place", "pull demo-model /mnt/backup/models",
               "Folder, or s3://bucket/prefix", platform::pull_artifact);
  add_cleaning(*command, session);
}

}  // namespace gristmill::cli
