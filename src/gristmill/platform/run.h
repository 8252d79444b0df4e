// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "gristmill/base/json.h"
#include "gristmill/base/result.h"
#include "gristmill/platform/ingest.h"
#include "gristmill/platform/workspace.h"

namespace gristmill::platform {

/// A pipeline to be run, as the command line gives it.
struct RunRequest {
  std::string pipeline;  ///< File or recipe name.
  std::vector<std::pair<std::string, std::string>> settings;  ///< --set KEY=VALUE.
  std::string idempotency_key;  ///< Repeating a call with the same key re-attaches to the first run.
  std::function<void(const std::string& run_id)> started;  ///< Called once the run is recorded; may be empty.
  bool is_detached = false;     ///< Only hand it out: workers do it all, the commit included.
};

/// Runs a pipeline on fixed input versions and commits its output as one version. Returns the run document (cli.md,
/// `run --json`); `status` is done, alerts (limits passed, version committed) or failed. The report is written beside
/// it.
Result<Json> run_pipeline(const Workspace& workspace, const RunRequest& request, const WorkOptions& options);

/// Goes on with a run that was interrupted or failed; a finished one returns its document.
Result<Json> resume_run(const Workspace& workspace, const std::string& run_id, const WorkOptions& options);

/// Which runs a worker takes part in.
struct WorkerRequest {
  std::string run_id;          ///< Only this one; empty = all that are shared and unfinished.
  bool is_until_idle = false;  ///< Return when there is none left, instead of waiting for the next.
};

/// Takes part in shared runs until it is stopped: claims their tasks, and commits a run whose last task is done. A list
/// with one object a run: run_id, status, tasks done here, and `error` where this machine could not help.
Result<Json> work_on_runs(const Workspace& workspace, const WorkerRequest& request, const WorkOptions& options);

/// What `run --dry-run` prints: resolved inputs, steps, stages, splits; changes nothing.
Result<Json> plan_pipeline(const Workspace& workspace, const RunRequest& request);

/// Run documents, newest first, without examples; and one whole by id (`last` for the newest).
Result<Json> list_runs(const Workspace& workspace);
Result<Json> show_run(const Workspace& workspace, const std::string& run_id);

}  // namespace gristmill::platform
