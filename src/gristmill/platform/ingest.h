// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "gristmill/base/json.h"
#include "gristmill/base/result.h"
#include "gristmill/engine/runner.h"
#include "gristmill/platform/workspace.h"

namespace gristmill::platform {

/// What is to be landed, and what is claimed of it.
struct IngestRequest {
  std::vector<std::string> paths;
  std::string source;
  std::string license = "Unknown";     ///< SPDX id or expression, Unknown or Proprietary.
  std::string license_evidence;        ///< Where the claim comes from; empty = said by the caller.
  std::string owner;
  std::string sensitivity = "public";  ///< public, internal, confidential or restricted.
  std::string into;                    ///< Dataset; empty = raw/SOURCE.
  bool is_in_place = false;            ///< Leave the files where they are, remember their digests.
};

/// Resources and interruption of one piece of work.
struct WorkOptions {
  int threads = 0;                 ///< 0 = the workspace's setting.
  std::uint64_t memory_bytes = 0;  ///< 0 = the workspace's setting.
  engine::Progress* progress = nullptr;
  const std::atomic<bool>* stop = nullptr;
  bool is_shared = false;          ///< Runs: let `gristmill worker` processes take part; always with PostgreSQL.
  bool leaves_work = false;        ///< Runs: plan, hand out and commit only.
  std::function<void(const std::string&)> tell = {};  ///< What a person should know while work goes on; may be empty.
};

/// Lands files as one ingestion and commits their documents to the dataset. The record is durable before the first byte
/// is read. The same batch again is found and not doubled; a batch that an earlier process left unfinished is taken up.
/// Returns the ingestion record (cli.md); `status` is complete, complete_with_problems, already_present or failed.
Result<Json> ingest(const Workspace& workspace, const IngestRequest& request, const WorkOptions& options);

/// Takes up an unfinished ingestion by its task id.
Result<Json> resume_ingest(const Workspace& workspace, const std::string& task_id, const WorkOptions& options);

/// Records of all ingestions, oldest first; and one by ingestion or task id, with its files.
Result<Json> list_ingestions(const Workspace& workspace);
Result<Json> show_ingestion(const Workspace& workspace, const std::string& id);

/// Threads and memory from options and settings.
engine::RunnerOptions runner_options(const Workspace& workspace, const WorkOptions& options);
std::uint64_t memory_budget(const Workspace& workspace, const WorkOptions& options);

}  // namespace gristmill::platform
