// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/joint_commit.h"

#include <fmt/format.h>

#include <algorithm>

#include "gristmill/store/attempt_files.h"
#include "gristmill/store/commit_queue.h"
#include "gristmill/store/metadata_files.h"
#include "gristmill/store/table.h"
#include "gristmill/store/table_updates.h"

namespace gristmill::store {
namespace {

// After so many lost races the work is done while holding the database's lock: slower for the others, but sure.
constexpr int attempts_without_lock = 2;

/// One try: the changes, their files, and the metadata files that they make superfluous.
struct Attempt {
  std::vector<TableChange> changes;
  std::vector<std::vector<std::string>> dropped_metadata;
  AttemptFiles files;
  bool has_lost = false;

  [[nodiscard]] bool is_done_already() const {
    return std::ranges::all_of(changes, [](const TableChange& change) { return change.is_done_already; });
  }
};

class JointCommit {
 public:
  JointCommit(const Catalog& catalog, const std::vector<TableRequest>& requests, const CommitRules& rules)
      : catalog_(catalog), requests_(requests), rules_(rules) {}

  /// In turn with the other committers of the table; a change of several waits for nobody.
  Result<std::vector<TableChange>> run();

 private:
  Result<std::vector<TableChange>> run_now() const;
  /// The table now: within `transaction` where there is one.
  Result<std::optional<Table>> load(const TableName& name, meta::Transaction* transaction) const;
  Status prepare(Attempt& attempt, meta::Transaction* transaction) const;
  /// `is_repeat`: another part of the transaction came through before.
  Result<TableChange> change(const TableRequest& request, std::optional<Table> table, bool is_repeat,
                             Attempt& attempt) const;
  Status publish(meta::Transaction& transaction, Attempt& attempt) const;
  /// After the transaction ended well or badly: what counts.
  Result<std::vector<TableChange>> settle(Status status, Attempt& attempt) const;
  Result<std::vector<TableChange>> run_under_lock() const;

  const Catalog& catalog_;
  const std::vector<TableRequest>& requests_;
  const CommitRules& rules_;
};

Result<std::optional<Table>> JointCommit::load(const TableName& name, meta::Transaction* transaction) const {
  auto table = [&]() -> Result<Table> {
    if (transaction == nullptr) return Table::load(catalog_, name);
    GRISTMILL_TRY(const auto location, Catalog::metadata_location(*transaction, name));
    return Table::load_at(catalog_, name, location);
  }();
  if (table) return std::optional<Table>(*std::move(table));
  if (table.error().code == ErrorCode::not_found) return std::optional<Table>();
  return std::move(table).error();
}

/// Whether a table has nothing left to become by the updates.
bool has_all_of(const TableMetadata& base, const Json& updates) {
  const auto after = apply_updates(&base, updates, base.last_updated_ms());
  return after && after->document() == base.document();
}

Result<TableChange> JointCommit::change(const TableRequest& request, std::optional<Table> table, bool is_repeat,
                                        Attempt& attempt) const {
  const auto* base = table ? &table->metadata() : nullptr;
  const bool is_done = base != nullptr && (is_applied_already(*base, request.requirements, request.updates) ||
                                           (is_repeat && has_all_of(*base, request.updates)));
  if (is_done)
    return TableChange{.name = request.name,
                       .before = *base,
                       .location_before = table->metadata_location(),
                       .after = *base,
                       .location = table->metadata_location(),
                       .is_done_already = true};
  if (base == nullptr && !demands_new_table(request.requirements))
    return not_found(fmt::format("there is no table {}", request.name.text()));
  GRISTMILL_RETURN_IF_ERROR(check_requirements(base, request.requirements));
  GRISTMILL_TRY(auto after, apply_updates(base, request.updates, current_time_ms()));
  TableChange change{.name = request.name,
                     .before = {},
                     .location_before = {},
                     .after = std::move(after),
                     .location = {},
                     .is_done_already = false};
  std::vector<std::string> dropped;
  if (base != nullptr) {
    change.before = *base;
    change.location_before = table->metadata_location();
    dropped = change.after.log_previous(change.location_before, base->last_updated_ms());
  }
  if (rules_.check) GRISTMILL_RETURN_IF_ERROR(rules_.check(change));
  change.location = next_metadata_location(change.after.location(), change.location_before);
  GRISTMILL_RETURN_IF_ERROR(attempt.files.write(change.location, change.after.dump()));
  attempt.dropped_metadata.push_back(std::move(dropped));
  return change;
}

Status JointCommit::prepare(Attempt& attempt, meta::Transaction* transaction) const {
  std::vector<std::optional<Table>> tables;
  bool is_repeat = false;
  for (const auto& request : requests_) {
    GRISTMILL_TRY(auto table, load(request.name, transaction));
    is_repeat = is_repeat || (table && is_applied_already(table->metadata(), request.requirements, request.updates));
    tables.push_back(std::move(table));
  }
  for (std::size_t i = 0; i < requests_.size(); ++i) {
    const auto& request = requests_[i];
    auto done = change(request, std::move(tables[i]), is_repeat, attempt);
    if (!done) return std::move(done).error().within(fmt::format("table {}", request.name.text()));
    attempt.changes.push_back(*std::move(done));
  }
  return {};
}

Status JointCommit::publish(meta::Transaction& transaction, Attempt& attempt) const {
  attempt.has_lost = false;
  for (const auto& change : attempt.changes) {
    if (change.is_done_already) continue;
    if (!change.before) {
      auto inserted = Catalog::insert(transaction, change.name, change.location);
      attempt.has_lost = !inserted && inserted.error().code == ErrorCode::already_exists;
      if (!inserted) return inserted;
      continue;
    }
    GRISTMILL_TRY(const bool is_swapped,
                  Catalog::swap(transaction, change.name, change.location_before, change.location));
    attempt.has_lost = !is_swapped;
    if (attempt.has_lost)
      return Error{ErrorCode::conflict, fmt::format("table {}: somebody else committed first", change.name.text())};
  }
  return rules_.also ? rules_.also(transaction, attempt.changes) : Status();
}

Result<std::vector<TableChange>> JointCommit::settle(Status status, Attempt& attempt) const {
  if (!status) {
    // The database may have failed before or after the commit became durable: only reading back tells.
    const auto change = std::ranges::find(attempt.changes, false, &TableChange::is_done_already);
    if (change == attempt.changes.end()) return std::move(status).error();
    const auto now = load(change->name, nullptr);
    if (!now) attempt.files.keep();
    const bool is_committed = now && *now &&
                              ((*now)->metadata_location() == change->location ||
                               (*now)->metadata().has_logged(change->location));
    if (!is_committed) return std::move(status).error();
  }
  attempt.files.keep();
  auto dropped = attempt.dropped_metadata.begin();
  for (const auto& change : attempt.changes) {
    if (!change.is_done_already) remove_old_metadata(change.after, *dropped++);
  }
  return std::move(attempt.changes);
}

Result<std::vector<TableChange>> JointCommit::run_under_lock() const {
  Attempt attempt;
  auto status = catalog_.database().write([&](meta::Transaction& transaction) -> Status {
    // The transaction may be run again: what an earlier try wrote is left to be removed with the attempt.
    attempt.changes.clear();
    attempt.dropped_metadata.clear();
    GRISTMILL_RETURN_IF_ERROR(prepare(attempt, &transaction));
    return attempt.is_done_already() ? Status() : publish(transaction, attempt);
  });
  if (attempt.changes.size() < requests_.size()) return std::move(status).error();
  return settle(std::move(status), attempt);
}

Result<std::vector<TableChange>> JointCommit::run() {
  if (requests_.size() != 1) return run_now();
  std::optional<Result<std::vector<TableChange>>> done;
  wait_for_turn(catalog_.database(), requests_.front().name.text(), [&] { done.emplace(run_now()); });
  return *std::move(done);
}

Result<std::vector<TableChange>> JointCommit::run_now() const {
  for (int count = 0; count < attempts_without_lock; ++count) {
    Attempt attempt;
    GRISTMILL_RETURN_IF_ERROR(prepare(attempt, nullptr));
    if (attempt.is_done_already()) return std::move(attempt.changes);
    auto status = catalog_.database().write(
        [&](meta::Transaction& transaction) { return publish(transaction, attempt); });
    if (status || !attempt.has_lost) return settle(std::move(status), attempt);
  }
  return run_under_lock();
}

}  // namespace

Result<std::vector<TableChange>> commit_together(const Catalog& catalog, const std::vector<TableRequest>& requests,
                                                 const CommitRules& rules) {
  return JointCommit(catalog, requests, rules).run();
}

}  // namespace gristmill::store
