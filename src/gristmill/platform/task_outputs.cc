// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/task_outputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

#include "gristmill/io/file.h"
#include "gristmill/platform/shared_run.h"

namespace gristmill::platform {
namespace {

/// A file that should be there; of any length when that is not known.
struct Output {
  std::string path;
  std::int64_t bytes = -1;
};

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

void add_output(std::vector<Output>& outputs, const Json& path, std::int64_t bytes = -1) {
  if (!path.as_string().empty()) outputs.push_back({path.as_string(), bytes});
}

/// What a task's result says that it wrote. Results that are only a number come from tasks that keep no files of their
/// own beyond their stage's.
void add_outputs(std::vector<Output>& outputs, const Json& result) {
  if (!result.is_object()) return;
  const auto bytes = result["bytes"];
  add_output(outputs, result["path"], bytes.is_null() ? -1 : bytes.as_int());
  const auto& file = result["file"];
  if (file.is_object()) add_output(outputs, file["path"], file["bytes"].as_int());
  for (const auto& key : result["keys"].items()) add_output(outputs, key);
  for (const auto* name : {"index", "quarantine", "segment"}) add_output(outputs, result[name]);
}

Result<std::string> find_lost(const std::vector<Output>& outputs) {
  std::map<std::string, std::map<std::string, std::int64_t>> folders;
  for (const auto& output : outputs) {
    const auto [folder, is_new] = folders.try_emplace(folder_of(output.path));
    if (is_new) {
      GRISTMILL_TRY(const auto entries, io::list_folder(folder->first));
      for (const auto& entry : entries) folder->second.emplace(entry.path, static_cast<std::int64_t>(entry.bytes));
    }
    const auto found = folder->second.find(output.path);
    if (found == folder->second.end() || (output.bytes >= 0 && found->second != output.bytes)) return output.path;
  }
  return std::string();
}

/// The first file that a recorded task of a run or ingestion wrote and that is gone or of another length; empty when
/// all are there. Lists each folder once.
Result<std::string> find_lost_output(meta::Database& database, const std::string& run_id) {
  std::vector<Output> outputs;
  GRISTMILL_RETURN_IF_ERROR(database.read([&](meta::Transaction& transaction) -> Status {
    outputs.clear();
    GRISTMILL_TRY(const auto rows, transaction.query("SELECT result FROM tasks WHERE run_id = ?", {run_id}));
    for (const auto& row : rows) {
      GRISTMILL_TRY(const auto result, Json::parse(meta::text(row[0])));
      add_outputs(outputs, result);
    }
    return {};
  }));
  return find_lost(outputs);
}

}  // namespace

Status forget_lost_tasks(meta::Database& database, const std::string& run_id) {
  GRISTMILL_TRY(const auto lost, find_lost_output(database, run_id));
  if (lost.empty()) return {};
  return database.write([&](meta::Transaction& transaction) { return forget_tasks(transaction, run_id); });
}

Status forget_lost_tasks_if_stopped(meta::Database& database, const std::string& run_id) {
  GRISTMILL_TRY(const auto lost, find_lost_output(database, run_id));
  if (lost.empty()) return {};
  return database.write([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(
        const auto stopped,
        transaction.query("SELECT 1 FROM runs WHERE run_id = ? AND status IN ('failed', 'interrupted')", {run_id}));
    return stopped.empty() ? Status() : forget_tasks(transaction, run_id);
  });
}

Status check_outputs(const engine::PlanResult& result) {
  std::vector<Output> outputs;
  for (const auto& file : result.files) outputs.push_back({file.path, file.bytes});
  for (const auto& shard : result.shards) outputs.push_back({shard.path, static_cast<std::int64_t>(shard.bytes)});
  GRISTMILL_TRY(const auto lost, find_lost(outputs));
  if (lost.empty()) return {};
  return unavailable(
      fmt::format("{}, which a finished task wrote, is gone or changed: nothing is committed; see who removed it: its "
                  "task is done again",
                  lost));
}

}  // namespace gristmill::platform
