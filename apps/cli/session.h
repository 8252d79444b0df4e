// SPDX-License-Identifier: Apache-2.0
// The command line: parses, calls platform, prints. No logic.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/base/json.h"
#include "gristmill/base/result.h"
#include "gristmill/platform/ingest.h"
#include "gristmill/platform/workspace.h"

namespace CLI {
class App;
}

namespace gristmill::cli {

/// Options common to all commands, and where results go.
struct Session {
  std::string workspace_folder;
  std::string idempotency_key;
  bool is_json = false;
  bool is_quiet = false;
  bool is_verbose = false;
  int exit_code = 0;

  /// Opens the workspace and calls `work`; a failure is printed and becomes the exit code.
  void with_workspace(const std::function<Status(const platform::Workspace&)>& work);
  /// Prints a failure and sets the exit code; ok does nothing.
  void settle(const Status& status);
  /// Prints the JSON document, or what `print` makes of it for people.
  void show(const Json& document, const std::function<std::string(const Json&)>& print) const;
  /// A line for people: not with --json, not with --quiet. Goes to stderr.
  void say(const std::string& line) const;
  /// What is wrong beside an answer that is given all the same. Goes to stderr, always.
  static void warn(const std::string& line);
};

/// Exit code of a failure (cli.md).
int exit_code_of(ErrorCode code);

/// Set by SIGINT and SIGTERM; a second signal ends the process at once.
extern std::atomic<bool> stop_requested;
extern std::atomic<int> stop_signal;
void install_signal_handlers();

/// Rows as aligned columns; the first row is the heading. Numbers (by content) are right-aligned.
std::string table(const std::vector<std::vector<std::string>>& rows);
/// Text of a value for people; counts with separators, lists and objects of scalars in one line.
std::string plain(const Json& value);
/// "1 file", "2 files", "3 entries": a count with its noun.
std::string counted(std::int64_t count, std::string_view noun);
/// "name: value" lines for the scalars of an object.
std::string fields(const Json& object);

/// Draws progress on a terminal while it lives.
class ProgressDisplay {
 public:
  ProgressDisplay(const Session& session, engine::Progress& progress);
  ~ProgressDisplay();
  ProgressDisplay(const ProgressDisplay&) = delete;
  ProgressDisplay& operator=(const ProgressDisplay&) = delete;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

void add_workspace_commands(CLI::App& app, Session& session);
void add_work_commands(CLI::App& app, Session& session);
void add_dataset_commands(CLI::App& app, Session& session);
/// `release` and `dataset diff`; after add_dataset_commands.
void add_release_commands(CLI::App& app, Session& session);
/// Columns of a dataset for people.
std::string schema_text(const Json& schema);
/// Verbs of `dataset` that say how it is laid out: schema, partition, compact.
void add_table_commands(CLI::App& dataset, Session& session);
/// Verbs of `dataset` that change rows.
void add_row_change_commands(CLI::App& dataset, Session& session);
void add_catalog_commands(CLI::App& app, Session& session);
void add_feedback_commands(CLI::App& app, Session& session);
void add_serve_commands(CLI::App& app, Session& session);
void add_artifact_commands(CLI::App& app, Session& session);
void add_dvc_commands(CLI::App& app, Session& session);

}  // namespace gristmill::cli
