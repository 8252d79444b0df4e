// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <string_view>

#include "session.h"

int main(int argc, char** argv) {
  using namespace gristmill;
  cli::install_signal_handlers();
  cli::Session session;
  CLI::App app{"Gristmill turns scattered raw text into versioned, traceable, tokenized training data."};
  app.name("gristmill");
  app.require_subcommand(1);
  app.fallthrough();
  app.set_version_flag("--version", std::string(platform::program_version()));
  app.add_option("--workspace", session.workspace_folder,
                 "Workspace folder (default: the nearest parent with gristmill.toml)");
  app.add_option("--idempotency-key", session.idempotency_key,
                 "Repeating a call with the same key re-attaches to the first");
  app.add_flag("--json", session.is_json, "Print one JSON document (or JSON lines) to stdout");
  app.add_flag("--quiet", session.is_quiet, "Print results only");
  app.add_flag("--verbose", session.is_verbose, "Print more about what is done");
  cli::add_workspace_commands(app, session);
  cli::add_work_commands(app, session);
  cli::add_dataset_commands(app, session);
  cli::add_release_commands(app, session);
  cli::add_catalog_commands(app, session);
  cli::add_feedback_commands(app, session);
  cli::add_serve_commands(app, session);
  cli::add_artifact_commands(app, session);
  cli::add_dvc_commands(app, session);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // Help and version.
    // Parsing may have failed before it came to --json.
    session.is_json = std::any_of(argv, argv + argc, [](std::string_view word) { return word == "--json"; });
    session.settle(invalid_argument(std::string(error.what()) + "; --help shows the usage"));
    return session.exit_code;
  }
  if (std::fflush(stdout) != 0 && session.exit_code == 0) return 5;
  return session.exit_code;
}
