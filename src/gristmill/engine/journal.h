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
  int claim = 0;  ///< The claim under which it was run, where tasks are shared.
};

/// A task that one process has taken for itself. The number tells a late process from its successor.
struct TaskClaim {
  std::int64_t task = 0;
  int number = 1;
};

class SharedJournal;

/// Where finished tasks are remembered; `platform` keeps it in the metadata database. Called from one thread at a time.
class Journal {
 public:
  virtual ~Journal() = default;
  /// Records finished tasks durably, all or none. Recording the same task again keeps the first record.
  virtual Status record(std::span<const TaskRecord> finished) = 0;
  /// What is recorded of a stage, in task order.
  virtual Result<std::vector<TaskRecord>> finished(const std::string& stage) = 0;
  /// Itself where several processes share the tasks, else nothing.
  virtual SharedJournal* shared() { return nullptr; }
};

/// A journal through which processes, also of several machines, share the tasks of a run: each is claimed before it is
/// run, and recorded only by the process that still holds it. Thread-safe but for `record`.
class SharedJournal : public Journal {
 public:
  SharedJournal* shared() final { return this; }
  /// Makes the tasks of a stage known; every process does so, and only the first has an effect.
  virtual Status open_stage(const std::string& stage, std::int64_t task_count) = 0;
  /// Takes up to `count_max` tasks, lowest first, that nobody holds; none when all are held or done.
  virtual Result<std::vector<TaskClaim>> claim(const std::string& stage, std::int64_t count_max) = 0;
  /// Gives back what is not going to be finished.
  virtual Status release(const std::string& stage, std::span<const TaskClaim> claims) = 0;
  /// How many tasks of a stage are recorded; `conflict` once the run has ended elsewhere.
  virtual Result<std::int64_t> finished_count(const std::string& stage) = 0;
};

}  // namespace gristmill::engine
