// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/shared_run.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <random>
#include <set>

#include "gristmill/base/json.h"
#include "gristmill/platform/run_journal.h"

namespace gristmill::platform {
namespace {

/// Names a process among those of all machines.
std::string new_worker() {
  std::random_device random;
  return fmt::format("{}:{}:{:08x}{:08x}", host_name(), ::getpid(), random(), random());
}

bool is_dead_here(const std::string& worker) {
  const auto host = host_name() + ":";
  if (!worker.starts_with(host)) return false;
  pid_t process = 0;
  std::from_chars(worker.data() + host.size(), worker.data() + worker.size(), process);
  return process > 0 && ::kill(process, 0) != 0 && errno == ESRCH;
}

Status ended(const std::string& run_id, std::string_view status) {
  return Error{ErrorCode::conflict, fmt::format("{} has ended: it is {}", run_id, status)};
}

}  // namespace

std::string host_name() {
  std::array<char, 41> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '?';
  return host.data();
}

SharedRunJournal::SharedRunJournal(meta::Database& database, std::string run_id, std::chrono::milliseconds lease)
    : database_(database), run_id_(std::move(run_id)), worker_(new_worker()), lease_ms_(lease.count()) {
  renewal_ = std::jthread([this](const std::stop_token& stop) { renew_leases(stop); });
}

SharedRunJournal::~SharedRunJournal() {
  renewal_.request_stop();
  wake_.notify_all();
}

void SharedRunJournal::renew_leases(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, stop, std::chrono::milliseconds(lease_ms_ / 3), [] { return false; });
    }
    if (stop.stop_requested() || held_.load() == 0) continue;
    // A renewal that fails is followed by the next; should the leases run out meanwhile, others do the tasks.
    [[maybe_unused]] const auto renewed = database_.write_concurrently([&](meta::Transaction& transaction) -> Status {
      const auto done = transaction.execute(
          fmt::format("UPDATE task_leases SET leased_until = {} + ? WHERE run_id = ? AND worker = ?",
                      database_.clock_ms_sql()),
          {lease_ms_, run_id_, worker_});
      return done ? Status() : Status(done.error());
    });
  }
}

Status SharedRunJournal::open_stage(const std::string& stage, std::int64_t task_count) {
  const auto look = [&](meta::Transaction& transaction, bool& is_open) -> Status {
    GRISTMILL_TRY(const auto runs, transaction.query("SELECT status FROM runs WHERE run_id = ?", {run_id_}));
    if (runs.empty() || meta::text(runs[0][0]) != "running")
      return ended(run_id_, runs.empty() ? "gone" : meta::text(runs[0][0]));
    GRISTMILL_TRY(
        const auto stages,
        transaction.query("SELECT task_count FROM run_stages WHERE run_id = ? AND stage = ?", {run_id_, stage}));
    is_open = !stages.empty();
    if (!is_open || meta::integer(stages[0][0]) == task_count) return {};
    return Error{ErrorCode::internal,
                 fmt::format("{}: stage {} has {} tasks elsewhere and {} here: the inputs look different from here",
                             run_id_, stage, meta::integer(stages[0][0]), task_count)};
  };
  bool is_open = false;
  GRISTMILL_RETURN_IF_ERROR(database_.read([&](meta::Transaction& transaction) { return look(transaction, is_open); }));
  if (is_open) return {};
  return database_.write([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_RETURN_IF_ERROR(look(transaction, is_open));
    if (is_open) return {};
    GRISTMILL_TRY([[maybe_unused]] const auto noted,
                  transaction.execute("INSERT INTO run_stages (run_id, stage, task_count) VALUES (?, ?, ?)",
                                      {run_id_, stage, task_count}));
    GRISTMILL_TRY(const auto known,
                  transaction.query("SELECT task FROM tasks WHERE run_id = ? AND stage = ?", {run_id_, stage}));
    std::set<std::int64_t> done;
    for (const auto& row : known) done.insert(meta::integer(row[0]));
    std::vector<meta::Row> rows;
    for (std::int64_t task = 0; task < task_count; ++task) {
      if (!done.contains(task))
        rows.push_back({run_id_, stage, task, std::int64_t{0}, std::int64_t{0}, std::int64_t{0}});
    }
    return transaction.execute_many(
        "INSERT INTO task_leases (run_id, stage, task, claims, leased_until, lease_ms) VALUES (?, ?, ?, ?, ?, ?)",
        rows);
  });
}

Result<std::vector<engine::TaskClaim>> SharedRunJournal::claim(const std::string& stage, std::int64_t count_max) {
  const auto now = database_.clock_ms_sql();
  // A lease that ends later than any renewal could make it was given before a clock was set back.
  const auto sql = fmt::format(
      "WITH picked AS MATERIALIZED (SELECT task FROM task_leases WHERE run_id = ? AND stage = ? AND (worker IS NULL OR "
      "leased_until < {0} OR leased_until > {0} + lease_ms) AND EXISTS (SELECT 1 FROM runs WHERE run_id = ? AND status "
      "= 'running') ORDER BY task LIMIT ?{1}) UPDATE task_leases SET claims = claims + 1, worker = ?, leased_until = "
      "{0} "
      "+ ?, lease_ms = ? WHERE run_id = ? AND stage = ? AND task IN (SELECT task FROM picked) RETURNING task, claims",
      now, database_.dialect() == "postgres" ? " FOR UPDATE SKIP LOCKED" : "");
  std::vector<engine::TaskClaim> claims;
  GRISTMILL_RETURN_IF_ERROR(database_.write_concurrently([&](meta::Transaction& transaction) -> Status {
    claims.clear();
    GRISTMILL_TRY(const auto rows, transaction.query(sql, {run_id_, stage, run_id_, count_max, worker_, lease_ms_,
                                                           lease_ms_, run_id_, stage}));
    for (const auto& row : rows) claims.push_back({meta::integer(row[0]), static_cast<int>(meta::integer(row[1]))});
    return {};
  }));
  std::ranges::sort(claims, {}, &engine::TaskClaim::task);
  held_ += static_cast<std::int64_t>(claims.size());
  return claims;
}

Status SharedRunJournal::release(const std::string& stage, std::span<const engine::TaskClaim> claims) {
  held_ -= static_cast<std::int64_t>(claims.size());
  return database_.write_concurrently([&](meta::Transaction& transaction) -> Status {
    for (const auto& claim : claims) {
      GRISTMILL_TRY(
          [[maybe_unused]] const auto done,
          transaction.execute("UPDATE task_leases SET worker = NULL WHERE run_id = ? AND stage = ? AND task = "
                              "? AND worker = ? AND claims = ?",
                              {run_id_, stage, claim.task, worker_, std::int64_t{claim.number}}));
    }
    return {};
  });
}

Status SharedRunJournal::release_dead() {
  return database_.write_concurrently([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(const auto holders,
                  transaction.query("SELECT DISTINCT worker FROM task_leases WHERE run_id = ? AND worker IS NOT NULL",
                                    {run_id_}));
    for (const auto& holder : holders) {
      if (!is_dead_here(meta::text(holder[0]))) continue;
      GRISTMILL_TRY([[maybe_unused]] const auto done,
                    transaction.execute("UPDATE task_leases SET worker = NULL WHERE run_id = ? AND worker = ?",
                                        {run_id_, meta::text(holder[0])}));
    }
    return {};
  });
}

Result<bool> SharedRunJournal::drop_lease(meta::Transaction& transaction, const std::string& stage, std::int64_t task,
                                          std::int64_t number) const {
  GRISTMILL_TRY(
      const auto count,
      transaction.execute("DELETE FROM task_leases WHERE run_id = ? AND stage = ? AND task = ? AND worker = ? "
                          "AND claims = ?",
                          {run_id_, stage, task, worker_, number}));
  return count == 1;
}

Status SharedRunJournal::record(std::span<const engine::TaskRecord> finished) {
  std::size_t count = 0;
  GRISTMILL_RETURN_IF_ERROR(database_.write_concurrently([&](meta::Transaction& transaction) -> Status {
    std::vector<meta::Row> rows;
    for (const auto& task : finished) {
      // A lease that another process holds by now makes this result the late one: the other's counts.
      GRISTMILL_TRY(const bool is_held, drop_lease(transaction, task.stage, task.task, task.claim));
      if (is_held)
        rows.push_back({run_id_, task.stage, task.task, static_cast<std::int64_t>(task.attempts), task.result});
    }
    count = rows.size();
    return transaction.execute_many(
        "INSERT INTO tasks (run_id, stage, task, attempts, result) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        rows);
  }));
  held_ -= static_cast<std::int64_t>(finished.size());
  recorded_ += static_cast<std::int64_t>(count);
  return {};
}

Result<std::vector<engine::TaskRecord>> SharedRunJournal::finished(const std::string& stage) {
  return RunJournal(database_, run_id_).finished(stage);
}

Result<std::int64_t> SharedRunJournal::finished_count(const std::string& stage) {
  std::int64_t count = 0;
  GRISTMILL_RETURN_IF_ERROR(database_.read([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(
        const auto rows,
        transaction.query("SELECT status, (SELECT count(*) FROM tasks WHERE run_id = ? AND stage = ?) FROM runs "
                          "WHERE run_id = ?",
                          {run_id_, stage, run_id_}));
    if (rows.empty()) return ended(run_id_, "gone");
    if (meta::text(rows[0][0]) != "running") return ended(run_id_, meta::text(rows[0][0]));
    count = meta::integer(rows[0][1]);
    return {};
  }));
  return count;
}

Status SharedRunJournal::close(meta::Transaction& transaction, const std::string& stage,
                               const engine::TaskClaim& claim) const {
  GRISTMILL_TRY(const bool is_held, drop_lease(transaction, stage, claim.task, claim.number));
  if (!is_held) return Error{ErrorCode::conflict, fmt::format("{} is being committed by another process", run_id_)};
  return forget_tasks(transaction, run_id_);
}

Status forget_tasks(meta::Transaction& transaction, const std::string& run_id) {
  for (const auto* table : {"task_leases", "run_stages", "tasks"}) {
    const auto removed = transaction.execute(fmt::format("DELETE FROM {} WHERE run_id = ?", table), {run_id});
    if (!removed) return removed.error();
  }
  return {};
}

Result<std::vector<std::string>> open_shared_runs(meta::Database& database) {
  std::vector<std::string> ids;
  GRISTMILL_RETURN_IF_ERROR(database.read([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(const auto rows, transaction.query("SELECT run_id, plan FROM runs WHERE status = 'running' ORDER BY "
                                                     "started_at, run_id"));
    for (const auto& row : rows) {
      GRISTMILL_TRY(const auto plan, Json::parse(meta::text(row[1])));
      if (plan["shared"].as_bool()) ids.push_back(meta::text(row[0]));
    }
    return {};
  }));
  return ids;
}

}  // namespace gristmill::platform
