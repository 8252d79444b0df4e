// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/run_place.h"

#include <fmt/format.h>

#include <random>
#include <set>

#include "gristmill/base/hash.h"
#include "gristmill/io/file.h"
#include "gristmill/io/object_path.h"
#include "gristmill/ops/operator.h"
#include "gristmill/platform/shared_run.h"

namespace gristmill::platform {
namespace {

constexpr std::uint64_t mark_bytes_max = 1024;

std::string mark_path(const Workspace& workspace, const std::string& run_id) {
  return workspace.exchange_folder(run_id) + "/place";
}

Error elsewhere(const Workspace& workspace, const std::string& run_id, const Json& place) {
  return invalid_argument(fmt::format(
      "{} keeps its files in {} on {}, which is not {} on {}: those who share a run must see the same warehouse under "
      "the same name: set [warehouse] path to s3://BUCKET/PREFIX or to a folder that is mounted at the same path on "
      "all "
      "machines, or work in the workspace where the run began",
      run_id, place["warehouse"].as_string(), place["host"].as_string(), workspace.warehouse(), host_name()));
}

bool is_on_a_server(const Workspace& workspace) { return !workspace.settings().catalog_url.empty(); }

Result<bool> has_recorded_tasks(const Workspace& workspace, const std::string& run_id) {
  bool has_tasks = false;
  GRISTMILL_RETURN_IF_ERROR(workspace.database().read([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(const auto rows, transaction.query("SELECT 1 FROM tasks WHERE run_id = ? LIMIT 1", {run_id}));
    has_tasks = !rows.empty();
    return {};
  }));
  return has_tasks;
}

/// Those of the runs that have ended for good. What the catalog does not know may be another catalog's.
Result<std::set<std::string>> ended_runs(const Workspace& workspace, const std::set<std::string>& ids) {
  std::set<std::string> ended;
  GRISTMILL_RETURN_IF_ERROR(workspace.database().read([&](meta::Transaction& transaction) -> Status {
    for (const auto& id : ids) {
      GRISTMILL_TRY(const auto rows,
                    transaction.query("SELECT 1 FROM runs WHERE run_id = ? AND status IN ('done', 'alerts')", {id}));
      if (!rows.empty()) ended.insert(id);
    }
    return {};
  }));
  return ended;
}

}  // namespace

Json new_run_place(const Workspace& workspace) {
  std::random_device random;
  return Json::object({{"warehouse", workspace.warehouse()},
                       {"host", host_name()},
                       {"mark", fmt::format("{:08x}{:08x}{:08x}", random(), random(), random())}});
}

Status mark_run_place(const Workspace& workspace, const std::string& run_id, const Json& place) {
  return io::write_file(mark_path(workspace, run_id), place["mark"].as_string());
}

Status check_run_place(const Workspace& workspace, const std::string& run_id, const Json& place) {
  if (!place.is_object()) return {};
  if (place["warehouse"].as_string() != workspace.warehouse()) return elsewhere(workspace, run_id, place);
  const auto found = io::read_file(mark_path(workspace, run_id), mark_bytes_max);
  if (!found && found.error().code != ErrorCode::not_found) return found.error();
  return found && *found == place["mark"].as_string() ? Status() : elsewhere(workspace, run_id, place);
}

Status reopen_run_place(const Workspace& workspace, const std::string& run_id, const Json& place) {
  if (!place.is_object() || place["warehouse"].as_string() != workspace.warehouse())
    return check_run_place(workspace, run_id, place);
  GRISTMILL_TRY(const auto mark, io::find_file(mark_path(workspace, run_id)));
  if (!mark) {
    GRISTMILL_TRY(const bool has_tasks, has_recorded_tasks(workspace, run_id));
    if (!has_tasks) return mark_run_place(workspace, run_id, place);
  }
  return check_run_place(workspace, run_id, place);
}

Status copy_step_files(const Workspace& workspace, const std::string& run_id, Pipeline& pipeline) {
  if (!is_on_a_server(workspace)) return {};
  for (const auto& step : pipeline.steps) {
    const auto* entry = ops::find_operator(step.name);
    if (entry == nullptr) continue;
    for (const auto& option : entry->spec->options) {
      if (option.type != ops::OptionType::file || !step.options.contains(option.name)) continue;
      const auto& name = step.options[option.name].as_string();
      if (name.empty() || !is_own_file(pipeline.path, name) || pipeline.copies.contains(name)) continue;
      GRISTMILL_TRY(const auto bytes, read_option_file(pipeline.path, name));
      const auto digest = sha256_hex(bytes);
      const auto path = fmt::format("{}/files/{}", workspace.exchange_folder(run_id), digest);
      GRISTMILL_RETURN_IF_ERROR(io::write_file(path, bytes));
      pipeline.copies[name] = {path, digest};
    }
  }
  return {};
}

Status sweep_run_places(const Workspace& workspace) {
  if (!is_on_a_server(workspace) || !io::is_object(workspace.warehouse())) return {};
  const auto all = workspace.runs_folder();
  GRISTMILL_TRY(const auto files, io::list_folder(all));
  if (files.empty()) return {};
  const auto run_of = [&](const io::FileEntry& file) {
    const auto rest = file.path.substr(std::min(all.size() + 1, file.path.size()));
    return rest.substr(0, rest.find('/'));
  };
  std::set<std::string> ids;
  for (const auto& file : files) ids.insert(run_of(file));
  GRISTMILL_TRY(const auto ended, ended_runs(workspace, ids));
  std::vector<std::string> left;
  for (const auto& file : files) {
    if (ended.contains(run_of(file))) left.push_back(file.path);
  }
  return io::remove_files(left);
}

}  // namespace gristmill::platform
