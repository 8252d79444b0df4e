// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "gristmill/engine/journal.h"
#include "gristmill/meta/database.h"

namespace gristmill::platform {

/// Shares the tasks of one run among processes through the metadata database. A claimed task is leased by the
/// database's clock and the lease is renewed by a thread of its own; the tasks of a process that vanished return when
/// it runs out. Who lost a lease records nothing.
class SharedRunJournal final : public engine::SharedJournal {
 public:
  SharedRunJournal(meta::Database& database, std::string run_id, std::chrono::milliseconds lease);
  ~SharedRunJournal() override;
  SharedRunJournal(const SharedRunJournal&) = delete;
  SharedRunJournal& operator=(const SharedRunJournal&) = delete;

  Status record(std::span<const engine::TaskRecord> finished) override;
  Result<std::vector<engine::TaskRecord>> finished(const std::string& stage) override;
  Status open_stage(const std::string& stage, std::int64_t task_count) override;
  Result<std::vector<engine::TaskClaim>> claim(const std::string& stage, std::int64_t count_max) override;
  Status release(const std::string& stage, std::span<const engine::TaskClaim> claims) override;
  Result<std::int64_t> finished_count(const std::string& stage) override;

  /// Gives back what processes of this machine held that are no more, so that nobody waits for their leases.
  Status release_dead();
  /// Within the transaction that ends the run: fails unless the claim still holds, and forgets all tasks.
  Status close(meta::Transaction& transaction, const std::string& stage, const engine::TaskClaim& claim) const;
  /// Tasks that this process recorded.
  [[nodiscard]] std::int64_t recorded() const { return recorded_.load(); }

 private:
  void renew_leases(const std::stop_token& stop);
  [[nodiscard]] Result<bool> drop_lease(meta::Transaction& transaction, const std::string& stage, std::int64_t task,
                                        std::int64_t number) const;

  meta::Database& database_;
  std::string run_id_;
  std::string worker_;
  std::int64_t lease_ms_;
  std::atomic<std::int64_t> held_ = 0;
  std::atomic<std::int64_t> recorded_ = 0;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread renewal_;
};

/// The name of this machine, as others may know it.
std::string host_name();

/// Forgets what is left of a run's tasks, in the transaction that ends it.
Status forget_tasks(meta::Transaction& transaction, const std::string& run_id);

/// Ids of shared runs that are not finished, oldest first.
Result<std::vector<std::string>> open_shared_runs(meta::Database& database);

}  // namespace gristmill::platform
