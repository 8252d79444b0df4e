// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "gristmill/platform/release.h"
#include "gristmill/platform/release_diff.h"
#include "gristmill/platform/version_diff.h"
#include "session.h"

namespace gristmill::cli {
namespace {

std::string release_text(const Json& release) {
  auto brief = Json::object();
  for (const auto* key : {"name", "label", "description", "status", "created_at", "created_by", "digest"})
    brief.set(key, release[key]);
  std::string by;
  for (const auto& approval : release["approvals"].items())
    by += fmt::format("{}{}", by.empty() ? "" : ", ", approval["by"].as_string());
  const auto needed = release["approvals_needed"].as_int();
  brief.set("approvals",
            needed == 0 ? std::string("none needed")
                        : fmt::format("{} of {}{}{}", release["approvals"].size(), needed, by.empty() ? "" : ": ", by));
  std::vector<std::vector<std::string>> rows{{"DATASET", "VERSION", "DOCUMENTS", "RUN", "TOKEN SETS"}};
  for (const auto& item : release["datasets"].items()) {
    std::string sets;
    for (const auto& set : item["token_sets"].items())
      sets += (sets.empty() ? "" : ", ") +
              fmt::format("{} ({} tokens)", set["dataset"].as_string(), plain(set["tokens"]));
    rows.push_back({plain(item["dataset"]), item["version"].dump(), plain(item["documents"]), plain(item["run_id"]),
                    sets.empty() ? "-" : sets});
  }
  return fields(brief) + "\n" + table(rows);
}

/// The documents that left or came, by the rule that decided.
std::string endings_text(const Json& endings, const std::string& heading) {
  if (endings.size() == 0) return {};
  std::vector<std::vector<std::string>> rows{{heading, "RULE", "IN", "DOCUMENTS", "TOKENS"}};
  for (const auto& item : endings.items())
    rows.push_back({item["operator"].as_string(), item["reason"].as_string(), item["dataset"].as_string(),
                    plain(item["documents"]), plain(item["tokens"])});
  return "\n" + table(rows);
}

std::string steps_text(const Json& steps) {
  std::string out;
  for (const auto& step : steps.items())
    out += fmt::format("{} {}: {} -> {}\n", step["operator"].as_string(), step["change"].as_string(),
                       step["before"].dump(), step["after"].dump());
  return out.empty() ? out : "\nSteps that differ\n" + out;
}

std::string diff_text(const Json& diff) {
  std::vector<std::vector<std::string>> rows{{"", "ADDED", "REMOVED", "CHANGED", "UNCHANGED"}};
  const auto& documents = diff["documents"];
  rows.push_back({"documents", plain(documents["added"]), plain(documents["removed"]), plain(documents["changed"]),
                  plain(documents["unchanged"])});
  const auto& tokens = diff["tokens"];
  if (!tokens.is_null())
    rows.push_back({"tokens", plain(tokens["added"]), plain(tokens["removed"]), plain(tokens["changed"]),
                    plain(Json(tokens["before"].as_int() - tokens["removed"].as_int()))});
  return table(rows) + endings_text(diff["removed"], "REMOVED BY") +
         endings_text(diff["added"], "BEFORE, LEFT OUT BY") + steps_text(diff["steps"]);
}

std::string release_diff_text(const Json& diff) {
  std::string out;
  for (const auto& item : diff["datasets"].items()) {
    out += fmt::format("{}{}: {}\n", out.empty() ? "" : "\n", item["dataset"].as_string(), item["change"].as_string());
    const auto& shards = item["shard_tokens"];
    if (shards["before"] != shards["after"])
      out += fmt::format("tokens in shards: {} -> {}\n", plain(shards["before"]), plain(shards["after"]));
    if (item.contains("documents")) {
      out += diff_text(item);
    } else {
      out += fmt::format("{} documents\n", plain(item["all_documents"]));
    }
    for (const auto* key : {"fingerprint", "code_version"}) {
      const auto& change = item[key];
      if (change["before"] != change["after"])
        out += fmt::format("{}: {} -> {}\n", key, plain(change["before"]), plain(change["after"]));
    }
    for (const auto& model : item["models"].items())
      out += fmt::format("{} of {}: {} -> {}\n", model["option"].as_string(), model["operator"].as_string(),
                         plain(model["before"]), plain(model["after"]));
  }
  return out + fmt::format("\nIn all: {} -> {} documents, {} -> {} tokens in shards\n",
                           plain(diff["documents"]["before"]), plain(diff["documents"]["after"]),
                           plain(diff["tokens"]["before"]), plain(diff["tokens"]["after"]));
}

std::string check_text(const Json& check) {
  std::string out;
  for (const auto& fault : check["faults"].items())
    out += fmt::format("{}: {}\n", fault["where"].as_string(), fault["what"].as_string());
  return out + fmt::format("{}: {}; documents read: {}, token shards read: {}\n", check["release"].as_string(),
                           check["status"].as_string(), plain(check["documents"]), plain(check["shards"]));
}

void add_create(CLI::App& parent, Session& session) {
  auto* command = parent.add_subcommand("create", "Freeze the current (or given) versions under one name");
  command->footer(
      "Example: gristmill release create 2026-11 --label \"November\" --description \"First web set\" --dataset "
      "clean/web");
  auto request = std::make_shared<platform::ReleaseRequest>();
  command->add_option("name", request->name, "Name of the release")->required();
  command->add_option("--label", request->label, "Short label")->required();
  command->add_option("--description", request->description, "What it is for")->required();
  command->add_option("--dataset", request->datasets, "NAME or NAME@VERSION (default: all datasets as they stand)");
  command->callback([&session, request] {
    session.with_workspace([&](const platform::Workspace& workspace) -> Status {
      request->reattaches = !session.idempotency_key.empty();
      GRISTMILL_TRY(const auto release, platform::create_release(workspace, *request));
      session.show(release, release_text);
      return {};
    });
  });
}

/// `release create` for one dataset, said from the dataset's side.
void add_dataset_release(CLI::App& dataset, Session& session) {
  auto* command = dataset.add_subcommand("release",
                                         "Freeze one version under a name: `release create` for one dataset");
  command->footer(
      "Example: gristmill dataset release clean/web@v2 2026-11 --label \"November\" --description \"First web set\"");
  auto selector = std::make_shared<std::string>();
  auto request = std::make_shared<platform::ReleaseRequest>();
  command->add_option("dataset", *selector, "NAME or NAME@VERSION")->required();
  command->add_option("release", request->name, "Name of the release")->required();
  command->add_option("--label", request->label, "Short label")->required();
  command->add_option("--description", request->description, "What it is for")->required();
  command->callback([&session, selector, request] {
    session.with_workspace([&](const platform::Workspace& workspace) -> Status {
      request->datasets = {*selector};
      request->reattaches = !session.idempotency_key.empty();
      GRISTMILL_TRY(const auto release, platform::create_release(workspace, *request));
      session.show(release, release_text);
      return {};
    });
  });
}

void add_list(CLI::App& parent, Session& session) {
  auto* command = parent.add_subcommand("list", "All releases");
  command->footer("Example: gristmill release list");
  command->callback([&session] {
    session.with_workspace([&](const platform::Workspace& workspace) -> Status {
      GRISTMILL_TRY(const auto releases, platform::list_releases(workspace));
      session.show(releases, [](const Json& json) {
        std::vector<std::vector<std::string>> rows{{"RELEASE", "LABEL", "STATUS", "DATASETS", "CREATED", "DIGEST"}};
        for (const auto& item : json.items())
          rows.push_back({plain(item["name"]), plain(item["label"]), plain(item["status"]),
                          std::to_string(item["datasets"].size()), plain(item["created_at"]), plain(item["digest"])});
        return table(rows);
      });
      return {};
    });
  });
}

void add_show(CLI::App& parent, Session& session) {
  auto* command = parent.add_subcommand("show", "One release whole");
  command->footer("Example: gristmill release show 2026-11");
  auto name = std::make_shared<std::string>();
  command->add_option("name", *name, "Name of the release")->required();
  command->callback([&session, name] {
    session.with_workspace([&](const platform::Workspace& workspace) -> Status {
      GRISTMILL_TRY(const auto release, platform::show_release(workspace, *name));
      session.show(release, release_text);
      return {};
    });
  });
}

void add_approve(CLI::App& parent, Session& session) {
  auto* command = parent.add_subcommand("approve", "Approve a release that another user made");
  command->footer("Example: gristmill release approve 2026-11 --comment \"Sample of 200 read\"");
  auto name = std::make_shared<std::string>();
  auto comment = std::make_shared<std::string>();
  command->add_option("name", *name, "Name of the release")->required();
  command->add_option("--comment", *comment, "What was looked at");
  command->callback([&session, name, comment] {
    session.with_workspace([&](const platform::Workspace& workspace) -> Status {
      GRISTMILL_TRY(const auto release, platform::approve_release(workspace, *name, *comment));
      session.show(release, release_text);
      return {};
    });
  });
}

void add_verify(CLI::App& parent, Session& session) {
  auto* command = parent.add_subcommand("verify", "Read all that a release holds and compare it with its digests");
  command->footer("Example: gristmill release verify 2026-11");
  auto name = std::make_shared<std::string>();
  command->add_option("name", *name, "Name of the release")->required();
  command->callback([&session, name] {
    session.with_workspace([&](const platform::Workspace& workspace) -> Status {
      GRISTMILL_TRY(const auto check, platform::verify_release(workspace, *name));
      session.show(check, check_text);
      if (check["faults"].size() > 0) session.exit_code = 4;
      return {};
    });
  });
}

void add_restore(CLI::App& parent, Session& session) {
  auto* command = parent.add_subcommand("restore", "Set the tags of a release again that another program removed");
  command->footer("Example: gristmill release restore 2026-11");
  auto name = std::make_shared<std::string>();
  command->add_option("name", *name, "Name of the release")->required();
  command->callback([&session, name] {
    session.with_workspace([&](const platform::Workspace& workspace) -> Status {
      GRISTMILL_TRY(const auto done, platform::restore_release(workspace, *name));
      session.show(done, [](const Json& json) {
        std::string out;
        for (const auto& version : json["restored"].items())
          out += fmt::format("tagged again: {}\n", version.as_string());
        return out.empty() ? std::string("all tags are there\n") : out;
      });
      return {};
    });
  });
}

using Diff = Result<Json> (*)(const platform::Workspace&, const std::string&, const std::string&);

/// A verb that compares two things.
void add_diff(CLI::App& parent, Session& session, const char* what, const char* help, const char* example, Diff diff,
              std::string (*print)(const Json&)) {
  auto* command = parent.add_subcommand("diff", help);
  command->footer(std::string("Example: ") + example);
  auto before = std::make_shared<std::string>();
  auto after = std::make_shared<std::string>();
  command->add_option("before", *before, what)->required();
  command->add_option("after", *after, what)->required();
  command->callback([&session, before, after, diff, print] {
    session.with_workspace([&](const platform::Workspace& workspace) -> Status {
      GRISTMILL_TRY(const auto json, diff(workspace, *before, *after));
      session.show(json, print);
      return {};
    });
  });
}

}  // namespace

void add_release_commands(CLI::App& app, Session& session) {
  auto* release = app.add_subcommand("release", "Named, immutable sets of versions");
  release->require_subcommand(1);
  add_create(*release, session);
  add_list(*release, session);
  add_show(*release, session);
  add_approve(*release, session);
  add_verify(*release, session);
  add_restore(*release, session);
  add_diff(*release, session, "Name of a release", "What changed between two releases, and by which rule",
           "gristmill release diff 2026-10 2026-11", platform::diff_releases, release_diff_text);
  add_dataset_release(*app.get_subcommand("dataset"), session);
  add_diff(*app.get_subcommand("dataset"), session, "NAME@VERSION",
           "What changed between two versions, and by which rule", "gristmill dataset diff clean/web@v1 clean/web@v2",
           platform::diff_versions, diff_text);
}

}  // namespace gristmill::cli
