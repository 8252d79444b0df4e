// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "gristmill/base/json.h"
#include "gristmill/base/result.h"
#include "gristmill/engine/execute.h"
#include "gristmill/platform/pipeline_file.h"
#include "gristmill/platform/workspace.h"

namespace gristmill::platform {

/// An input version of a run.
struct InputFacts {
  std::string dataset;
  std::int64_t version = 0;
  std::int64_t documents = 0;
};

/// Everything that a run document is made from.
struct RunFacts {
  std::string run_id;
  const Pipeline* pipeline = nullptr;
  const std::vector<engine::Step>* steps = nullptr;
  const std::vector<data::Column>* columns = nullptr;
  std::string fingerprint;
  std::string started_at;
  const engine::PlanResult* result = nullptr;
  double wall_seconds = 0;
  double start_cpu_seconds = 0;   ///< Of this process before the plan began: program, pipeline, models.
  std::int64_t peak_memory_bytes = 0;
  int threads = 1;
  std::uint64_t memory_bytes = 0;
  std::vector<InputFacts> inputs;
};

/// The run document of cli.md (`run --json`), with examples and distributions for the report.
Json run_document(const RunFacts& facts);

/// Writes the self-contained HTML report of a run to Workspace::report_path.
Status write_report(const Workspace& workspace, const Json& document);

}  // namespace gristmill::platform
