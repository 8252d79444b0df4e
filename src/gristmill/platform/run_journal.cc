// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/run_journal.h"

namespace gristmill::platform {

Status RunJournal::record(std::span<const engine::TaskRecord> finished) {
  std::vector<meta::Row> rows;
  rows.reserve(finished.size());
  for (const auto& task : finished) {
    rows.push_back({run_id_, task.stage, task.task, static_cast<std::int64_t>(task.attempts), task.result});
  }
  return database_.write([&](meta::Transaction& transaction) {
    return transaction.execute_many(
        "INSERT INTO tasks (run_id, stage, task, attempts, result) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        rows);
  });
}

Result<std::vector<engine::TaskRecord>> RunJournal::finished(const std::string& stage) {
  std::vector<engine::TaskRecord> records;
  auto status = database_.read([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(
        auto rows,
        transaction.query("SELECT task, attempts, result FROM tasks WHERE run_id = ? AND stage = ? ORDER BY task",
                          {run_id_, stage}));
    records.reserve(rows.size());
    for (auto& row : rows) {
      records.push_back({stage, meta::integer(row[0]), static_cast<int>(meta::integer(row[1])),
                         std::get<std::string>(std::move(row[2]))});
    }
    return {};
  });
  if (!status) return std::move(status).error();
  return records;
}

}  // namespace gristmill::platform
