// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "gristmill/base/result.h"

namespace gristmill::engine {

/// A finished task: what it made and counted, as compact JSON text. The pair (stage, task) is its identity.
struct TaskRecord {
  std::string stage;
  std::int64_t task = 0;
  int attempts = 1;
  std::string result;
};

/// Where finished tasks are remembered; `platform` keeps it in the metadata database. Called from one thread at a time.
class Journal {
 public:
  virtual ~Journal() = default;
  /// Records finished tasks durably, all or none. Recording the same task again keeps the first record.
  virtual Status record(std::span<const TaskRecord> finished) = 0;
  /// What is recorded of a stage, in task order.
  virtual Result<std::vector<TaskRecord>> finished(const std::string& stage) = 0;
};

}  // namespace gristmill::engine
