// SPDX-License-Identifier: Apache-2.0
// What `gristmill doctor` looks at; declared in workspace.h.
#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "gristmill/base/units.h"
#include "gristmill/io/file.h"
#include "gristmill/io/object_path.h"
#include "gristmill/io/s3_client.h"
#include "gristmill/ops/extract/content_model.h"
#include "gristmill/platform/migrations.h"
#include "gristmill/platform/pipeline_file.h"
#include "gristmill/platform/python_step.h"
#include "gristmill/platform/workspace.h"

namespace gristmill::platform {
namespace {

/// Whether a program ends well; what it prints is dropped.
bool succeeds(std::vector<std::string> words) {
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  for (const int stream : {STDOUT_FILENO, STDERR_FILENO})
    ::posix_spawn_file_actions_addopen(&actions, stream, "/dev/null", O_WRONLY, 0);
  pid_t process = 0;
  const int failed = ::posix_spawnp(&process, arguments.front(), &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return false;
  int status = 0;
  while (::waitpid(process, &status, 0) < 0) {
    if (errno != EINTR) return false;
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

Finding audit_finding(const Workspace& workspace) {
  const auto chain = verify_audit(workspace.database());
  if (chain)
    return {true, fmt::format("audit log: {} {}, chain intact", *chain, *chain == 1 ? "entry" : "entries"), {}};
  return {false, "audit log: " + chain.error().message,
          "restore the catalog from a backup and find out who changed it"};
}

Finding warehouse_finding(const Workspace& workspace) {
  const auto& warehouse = workspace.warehouse();
  const auto probe = warehouse + "/.gristmill-probe";
  auto written = io::write_file(probe, "probe");
  if (written) written = io::remove_files({probe});
  if (written) written = io::check_commits(warehouse);
  if (written) return {true, fmt::format("warehouse {} is writable", warehouse), {}};
  return {false, fmt::format("warehouse {}: {}", warehouse, written.error().message),
          io::is_object(warehouse) ? "check [s3] in gristmill.toml, the credentials and the bucket"
                                   : "check the folder's permissions and mount options"};
}

/// SQL and steps of the user's own need Python; all else does not.
Finding engine_finding() {
  const auto python = python_interpreter();
  if (succeeds({python, "-c", "from gristmill import sql; sql.connect()"}))
    return {true, fmt::format("engines: local; DuckDB for `sql`, by {}", python), {}};
  return {true, fmt::format("engines: local; no DuckDB for `sql` by {}", python),
          "`make dev` installs it, or name another interpreter: GRISTMILL_PYTHON=/path/to/python"};
}

Finding model_finding() {
  const auto recipes = list_recipes();
  const auto what = fmt::format("models: {} and CLD2, built in; {} recipes", ops::extract::content_model_name,
                                recipes.size());
  if (!recipes.empty()) return {true, fmt::format("{} in {}", what, recipes_folder()), {}};
  return {true, what, "recipes lie beside the installed program: call it where it was installed"};
}

/// A line for each device on which the workspace keeps files.
void add_space(const Workspace& workspace, std::vector<Finding>& findings) {
  dev_t seen = 0;
  for (const auto& folder : {workspace.folder(), workspace.warehouse()}) {
    struct stat place{};
    struct statvfs space{};
    if (io::is_object(folder) || ::stat(folder.c_str(), &place) != 0 || ::statvfs(folder.c_str(), &space) != 0)
      continue;
    if (place.st_dev == seen) continue;
    seen = place.st_dev;
    const auto free_bytes = static_cast<double>(space.f_bavail) * static_cast<double>(space.f_frsize);
    const bool is_enough = free_bytes > 0x1p30;
    findings.push_back({is_enough, fmt::format("free space {} at {}", format_size(free_bytes), folder),
                        is_enough ? "" : "less than 1 GiB is left: free some space or move the warehouse"});
  }
}

}  // namespace

std::vector<Finding> examine(const std::string& folder) {
  const auto opened = Workspace::open(folder);
  if (!opened)
    return {{false, "workspace: " + opened.error().message, "run `gristmill init` or mend the file named above"}};
  const auto& workspace = **opened;
  std::vector<Finding> findings{{true,
                                 fmt::format("gristmill {}, workspace {} (profile {})", program_version(),
                                             workspace.folder(), workspace.settings().profile),
                                 {}},
                                {true,
                                 fmt::format("catalog {} ({}), schema version {}", workspace.database().name(),
                                             workspace.database().dialect(), migrations().back().version),
                                 {}},
                                audit_finding(workspace),
                                warehouse_finding(workspace),
                                engine_finding(),
                                model_finding()};
  add_space(workspace, findings);
  return findings;
}

}  // namespace gristmill::platform
