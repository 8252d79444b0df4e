// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "session.h"

namespace gristmill::cli {
namespace {

void add_common_options(CLI::App& app, Session& session) {
  app.set_version_flag("--version", std::string(platform::program_version()));
  app.add_option("--workspace", session.workspace_folder,
                 "Workspace folder (default: the nearest parent with gristmill.toml)");
  app.add_option("--idempotency-key", session.idempotency_key,
                 "Repeating a call with the same key re-attaches to the first");
  app.add_flag("--json", session.is_json, "Print one JSON document (or JSON lines) to stdout");
  app.add_flag("--quiet", session.is_quiet, "Print results only");
  app.add_flag("--verbose", session.is_verbose, "Print more about what is done");
}

void add_commands(CLI::App& app, Session& session) {
  add_workspace_commands(app, session);
  add_work_commands(app, session);
  add_dataset_commands(app, session);
  add_release_commands(app, session);
  add_catalog_commands(app, session);
  add_feedback_commands(app, session);
  add_serve_commands(app, session);
  add_artifact_commands(app, session);
  add_dvc_commands(app, session);
}

/// Gives each command that only gathers others the example of the first of them, and tells all of the common options.
void complete_help(CLI::App& app) {
  for (auto* command : app.get_subcommands({})) {
    complete_help(*command);
    const auto children = command->get_subcommands({});
    auto footer = command->get_footer();
    if (!children.empty()) {
      const auto example = children.front()->get_footer();
      footer = example.substr(0, example.find('\n')) +
               fmt::format("\nOf each: gristmill {} COMMAND --help", command->get_name());
    } else {
      footer += "\nOptions of all commands (--workspace, --json, --quiet, ...): gristmill --help";
    }
    command->footer(footer);
  }
}

/// The command that the words led to, and its name in full.
std::pair<const CLI::App*, std::string> deepest(const CLI::App& app) {
  std::pair<const CLI::App*, std::string> found{&app, app.get_name()};
  while (!found.first->get_subcommands().empty()) {
    found.first = found.first->get_subcommands().front();
    found.second += " " + found.first->get_name();
  }
  return found;
}

/// What to say where a command that only gathers others was given none that it knows; empty elsewhere.
std::string missing_command(const CLI::App& app) {
  const auto [command, name] = deepest(app);
  std::string known;
  for (const auto* child : command->get_subcommands([](const CLI::App*) { return true; }))
    known += (known.empty() ? "" : ", ") + child->get_name();
  if (known.empty()) return {};
  const auto words = app.remaining(true);
  if (words.empty()) return fmt::format("{} needs one of these: {}", name, known);
  const auto* kind = words.front().starts_with('-') ? "option" : "command";
  return fmt::format("{} has no {} '{}'; its commands are: {}", name, kind, words.front(), known);
}

/// Answers a call that was not understood, or that asks for help.
int settle_words(CLI::App& app, Session& session, const CLI::ParseError& error, std::span<char*> arguments) {
  const bool asks = error.get_exit_code() == 0;  // Help and version.
  const auto missing = missing_command(app);
  if (asks && (missing.empty() || app.remaining(true).empty())) return app.exit(error);
  // Parsing may have failed before it came to --json.
  session.is_json = std::ranges::any_of(arguments, [](std::string_view word) { return word == "--json"; });
  const auto message = missing.empty() ? std::string(error.what()) : missing;
  session.settle(invalid_argument(fmt::format("{}; `{} --help` shows the usage", message, deepest(app).second)));
  return session.exit_code;
}

}  // namespace
}  // namespace gristmill::cli

int main(int argc, char** argv) {
  using namespace gristmill;
  cli::install_signal_handlers();
  cli::Session session;
  CLI::App app{"Gristmill turns scattered raw text into versioned, traceable, tokenized training data."};
  app.name("gristmill");
  app.footer("Example: gristmill init corpus\nOf each: gristmill COMMAND --help");
  app.require_subcommand(1);
  app.fallthrough();
  cli::add_common_options(app, session);
  cli::add_commands(app, session);
  cli::complete_help(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return cli::settle_words(app, session, error, {argv, static_cast<std::size_t>(argc)});
  }
  if (std::fflush(stdout) != 0 && session.exit_code == 0) return 5;
  return session.exit_code;
}
