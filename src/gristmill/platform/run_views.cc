// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/run_views.h"

#include <fmt/format.h>

namespace gristmill::platform {
namespace {

using Rows = std::vector<meta::Row>;

Result<Rows> rows_of(const Workspace& workspace, const std::string& sql, std::initializer_list<meta::Cell> cells) {
  Rows rows;
  GRISTMILL_RETURN_IF_ERROR(workspace.database().read([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(rows, transaction.query(sql, cells));
    return {};
  }));
  return rows;
}

Json page_json(Json::Array items, std::int64_t limit, std::string_view id) {
  Json next;
  if (static_cast<std::int64_t>(items.size()) > limit) {
    items.pop_back();
    next = items.back()[id];
  }
  return Json::object({{"items", std::move(items)}, {"next", std::move(next)}});
}

Json text_or_null(const meta::Cell& cell) { return meta::text(cell).empty() ? Json() : Json(meta::text(cell)); }

}  // namespace

Result<Json> page_runs(const Workspace& workspace, const Page& page) {
  constexpr std::string_view columns = "run_id, pipeline, status, started_at, finished_at, summary";
  constexpr std::string_view order = "ORDER BY started_at DESC, run_id DESC LIMIT ?";
  Rows rows;
  if (page.after.empty()) {
    GRISTMILL_TRY(rows, rows_of(workspace, fmt::format("SELECT {} FROM runs {}", columns, order), {page.limit + 1}));
  } else {
    GRISTMILL_TRY(const auto last, rows_of(workspace, "SELECT started_at FROM runs WHERE run_id = ?", {page.after}));
    if (last.empty()) return not_found(fmt::format("no run '{}' to go on after", page.after));
    const auto& at = meta::text(last[0][0]);
    GRISTMILL_TRY(rows, rows_of(workspace,
                                fmt::format("SELECT {} FROM runs WHERE started_at < ? OR (started_at = ? AND run_id < "
                                            "?) {}",
                                            columns, order),
                                {at, at, page.after, page.limit + 1}));
  }
  Json::Array items;
  for (const auto& row : rows) {
    auto item = Json::object({{"run_id", meta::text(row[0])},
                              {"pipeline", meta::text(row[1])},
                              {"status", meta::text(row[2])},
                              {"started_at", meta::text(row[3])},
                              {"finished_at", text_or_null(row[4])}});
    if (!meta::text(row[5]).empty()) {
      GRISTMILL_TRY(const auto summary, Json::parse(meta::text(row[5])));
      for (const auto* key : {"documents", "output", "wall_seconds", "cpu_seconds", "error"}) {
        if (summary.contains(key)) item.set(key, summary[key]);
      }
    }
    items.push_back(std::move(item));
  }
  return page_json(std::move(items), page.limit, "run_id");
}

Result<Json> page_ingestions(const Workspace& workspace, const Page& page) {
  constexpr std::string_view order = "ORDER BY ordinal DESC LIMIT ?";
  Rows rows;
  if (page.after.empty()) {
    GRISTMILL_TRY(rows, rows_of(workspace, fmt::format("SELECT record FROM ingestions {}", order), {page.limit + 1}));
  } else {
    GRISTMILL_TRY(const auto last,
                  rows_of(workspace, "SELECT ordinal FROM ingestions WHERE ingestion_id = ?", {page.after}));
    if (last.empty()) return not_found(fmt::format("no ingestion '{}' to go on after", page.after));
    GRISTMILL_TRY(rows, rows_of(workspace, fmt::format("SELECT record FROM ingestions WHERE ordinal < ? {}", order),
                                {last[0][0], page.limit + 1}));
  }
  Json::Array items;
  for (const auto& row : rows) {
    GRISTMILL_TRY(auto record, Json::parse(meta::text(row[0])));
    items.push_back(std::move(record));
  }
  return page_json(std::move(items), page.limit, "ingestion_id");
}

Result<Json> run_progress(const Workspace& workspace, const std::string& run_id) {
  Json progress;
  GRISTMILL_RETURN_IF_ERROR(workspace.database().read([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(const auto runs,
                  transaction.query("SELECT status, started_at, finished_at FROM runs WHERE run_id = ?", {run_id}));
    if (runs.empty()) return not_found(fmt::format("no run '{}'; `gristmill runs list` shows them", run_id));
    GRISTMILL_TRY(const auto stages,
                  transaction.query("SELECT stage, COUNT(*) FROM tasks WHERE run_id = ? GROUP BY stage ORDER BY stage",
                                    {run_id}));
    std::int64_t done = 0;
    auto list = Json::array();
    for (const auto& stage : stages) {
      done += meta::integer(stage[1]);
      list.push(Json::object({{"name", meta::text(stage[0])}, {"tasks_done", meta::integer(stage[1])}}));
    }
    progress = Json::object({{"run_id", run_id},
                             {"status", meta::text(runs[0][0])},
                             {"started_at", meta::text(runs[0][1])},
                             {"finished_at", text_or_null(runs[0][2])},
                             {"tasks_done", done},
                             {"stages", std::move(list)}});
    return {};
  }));
  return progress;
}

Result<Json> run_of_key(const Workspace& workspace, const std::string& idempotency_key) {
  GRISTMILL_TRY(const auto rows, rows_of(workspace, "SELECT run_id, fingerprint FROM runs WHERE idempotency_key = ?",
                                         {idempotency_key}));
  if (rows.empty()) return not_found(fmt::format("no run has the idempotency key '{}'", idempotency_key));
  return Json::object({{"run_id", meta::text(rows[0][0])}, {"fingerprint", meta::text(rows[0][1])}});
}

Result<Json> count_runs(const Workspace& workspace) {
  // For the metrics, which are asked for again soon and above all while something is wrong.
  const meta::WithoutPatience at_once;
  GRISTMILL_TRY(const auto rows,
                rows_of(workspace, "SELECT status, COUNT(*) FROM runs GROUP BY status ORDER BY status", {}));
  auto counts = Json::object();
  for (const auto& row : rows) counts.set(meta::text(row[0]), meta::integer(row[1]));
  return counts;
}

}  // namespace gristmill::platform
