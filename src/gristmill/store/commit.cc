// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <thread>

#include "gristmill/store/branches.h"
#include "gristmill/store/commit_queue.h"
#include "gristmill/store/metadata_files.h"
#include "gristmill/store/partition.h"
#include "gristmill/store/snapshot_writer.h"
#include "gristmill/store/table.h"

namespace gristmill::store {
namespace {

// After this many lost races the work is done while holding the database's write lock: slower for the others, but sure.
constexpr int attempts_without_lock = 5;

void back_off(int attempt) {
  thread_local std::minstd_rand random(std::random_device{}());
  const int ceiling_ms = 4 << attempt;
  std::this_thread::sleep_for(
      std::chrono::milliseconds(1 + static_cast<int>(random() % static_cast<unsigned>(ceiling_ms))));
}

const Snapshot* find_by_key(const TableMetadata& metadata, const std::string& key) {
  if (key.empty()) return nullptr;
  const auto& snapshots = metadata.snapshots();
  const auto found = std::ranges::find_if(snapshots,
                                          [&](const Snapshot& item) { return item.note(commit_key_note) == key; });
  return found == snapshots.end() ? nullptr : &*found;
}

/// A name for a release or a branch, as `NAME@...` can hold it.
Status check_reference_name(std::string_view kind, const std::string& name) {
  const bool is_bad = name.empty() || name.size() > 255 || name == main_branch ||
                      std::ranges::any_of(name, [](unsigned char byte) {
                        return byte <= ' ' || byte == 0x7F || byte == '@' || byte == '/';
                      });
  if (!is_bad) return {};
  return invalid_argument(fmt::format("bad {} name \"{}\": no blanks, @ or /, not main", kind, name.substr(0, 300)));
}

}  // namespace

/// The state of the table after an attempt that is written but not yet visible.
struct Table::Prepared {
  TableMetadata metadata;
  std::string location;
  std::vector<std::string> dropped_metadata;
  Outcome outcome;
};

Status Table::check_writable() const {
  const auto version = metadata_.format_version();
  if (version == 2) return {};
  return invalid_argument(fmt::format(
      "dataset {}: it is of Iceberg format version {}, and only version 2 is written: {}", name_.text(), version,
      version < 2 ? "raise its format-version to 2 with the program that made it" : "write into another dataset"));
}

Result<Table::Prepared> Table::prepare(const Change& change, AttemptFiles& files) const {
  GRISTMILL_RETURN_IF_ERROR(check_writable());
  Prepared prepared{.metadata = metadata_, .location = {}, .dropped_metadata = {}, .outcome = {}};
  GRISTMILL_TRY(prepared.outcome, change(prepared.metadata, files));
  if (prepared.outcome.is_done_already) return prepared;
  prepared.dropped_metadata = prepared.metadata.log_previous(metadata_location_, metadata_.last_updated_ms());
  prepared.location = next_metadata_location(metadata_.location(), metadata_location_);
  GRISTMILL_RETURN_IF_ERROR(files.write(prepared.location, prepared.metadata.dump()));
  return prepared;
}

Status Table::publish(meta::Transaction& transaction, const Prepared& prepared, const InSameTransaction& also,
                      bool& has_lost) const {
  GRISTMILL_TRY(const bool is_swapped, Catalog::swap(transaction, name_, metadata_location_, prepared.location));
  has_lost = !is_swapped;
  if (has_lost)
    return Error{ErrorCode::conflict, fmt::format("dataset {}: somebody else committed first", name_.text())};
  return also ? also(transaction, prepared.outcome.snapshot_id) : Status();
}

void Table::adopt(Prepared prepared, AttemptFiles& files) {
  files.keep();
  metadata_ = std::move(prepared.metadata);
  metadata_location_ = std::move(prepared.location);
  remove_old_metadata(metadata_, prepared.dropped_metadata);
}

Result<Table::Outcome> Table::settle(Status failure, const Prepared& prepared, AttemptFiles& files) {
  // The database may have failed before or after the change became durable: only reading back tells.
  auto now = Table::load(catalog_, name_);
  if (!now) {
    files.keep();
    return std::move(failure).error();
  }
  const bool is_committed = now->metadata_location_ == prepared.location ||
                            now->metadata_.has_logged(prepared.location);
  if (!is_committed) return std::move(failure).error();
  files.keep();
  *this = *std::move(now);
  return prepared.outcome;
}

void Table::in_turn(const std::function<void()>& work) const { wait_for_turn(catalog_.database(), name_.text(), work); }

Status Table::catch_up() {
  GRISTMILL_TRY(const auto location, catalog_.metadata_location(name_));
  return location == metadata_location_ ? Status() : refresh();
}

Result<Table::Outcome> Table::commit(const Change& change, const InSameTransaction& also, bool has_turn) {
  if (has_turn) return commit_in_turn(change, also);
  std::optional<Result<Outcome>> done;
  in_turn([&] { done.emplace(commit_in_turn(change, also)); });
  return *std::move(done);
}

Result<Table::Outcome> Table::commit_in_turn(const Change& change, const InSameTransaction& also) {
  // What was loaded before the turn came is often outdated, and then all that is prepared on it would be in vain.
  GRISTMILL_RETURN_IF_ERROR(catch_up());
  for (int attempt = 0; attempt < attempts_without_lock; ++attempt) {
    AttemptFiles files;
    GRISTMILL_TRY(auto prepared, prepare(change, files));
    const auto outcome = prepared.outcome;
    if (outcome.is_done_already) return outcome;
    bool has_lost = false;
    auto status = catalog_.database().write(
        [&](meta::Transaction& transaction) { return publish(transaction, prepared, also, has_lost); });
    if (status) {
      adopt(std::move(prepared), files);
      return outcome;
    }
    if (!has_lost) return settle(std::move(status), prepared, files);
    back_off(attempt);
    GRISTMILL_RETURN_IF_ERROR(refresh());
  }
  return commit_under_lock(change, also);
}

Result<Table::Outcome> Table::commit_under_lock(const Change& change, const InSameTransaction& also) {
  AttemptFiles files;
  std::optional<Prepared> prepared;
  auto status = catalog_.database().write([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(const auto location, Catalog::metadata_location(transaction, name_));
    GRISTMILL_TRY(*this, load_at(catalog_, name_, location));
    GRISTMILL_TRY(prepared, prepare(change, files));
    if (prepared->outcome.is_done_already) return {};
    bool has_lost = false;
    return publish(transaction, *prepared, also, has_lost);
  });
  if (!prepared) return std::move(status).error();
  const auto outcome = prepared->outcome;
  if (outcome.is_done_already) return outcome;
  if (!status) return settle(std::move(status), *prepared, files);
  adopt(*std::move(prepared), files);
  return outcome;
}

Result<Snapshot> Table::commit_files(const CommitRequest& request, bool is_replacing, const Rewrite* rewrite) {
  if (request.branch != main_branch) GRISTMILL_RETURN_IF_ERROR(check_reference_name("branch", request.branch));
  const auto head_id = [&](const TableMetadata& metadata) {
    const auto* head = metadata.branch_head(request.branch);
    return head != nullptr ? head->id : 0;
  };
  const auto base = head_id(metadata_);
  SnapshotWriter writer(request, is_replacing, rewrite);
  const Change change = [&](TableMetadata& next, AttemptFiles& files) -> Result<Outcome> {
    if (const auto* done = find_by_key(next, request.key)) return Outcome{done->id, true};
    for (const auto& reference : next.references()) {
      if (reference.is_tag && reference.name == request.branch)
        return Error{ErrorCode::already_exists,
                     fmt::format("dataset {}: {} is a release, not a branch", name_.text(), request.branch)};
    }
    if (is_replacing && head_id(next) != base)
      return Error{
          ErrorCode::conflict,
          fmt::format("dataset {}: its content changed (snapshot {}, was {}) while it was to be replaced: run again",
                      name_.text(), head_id(next), base)};
    GRISTMILL_RETURN_IF_ERROR(check_branch_head(next, request.branch));
    const auto shape_before = next.shape();
    if (request.branch != main_branch && request.columns.empty())
      next.use_schema(schema_of_branch(next, request.branch));
    if (!request.columns.empty()) {
      GRISTMILL_RETURN_IF_ERROR(check_columns(next, request.columns));
      next.set_schema(request.columns);
    }
    GRISTMILL_RETURN_IF_ERROR(check_needed_fields(next, request));
    if (!request.partition_by.empty()) {
      GRISTMILL_TRY(const auto columns, next.columns(next.current_schema_id()));
      GRISTMILL_TRY(auto fields, parse_partition(request.partition_by, columns));
      next.set_partition(std::move(fields));
    }
    auto written = writer.write(next, files);
    if (!written) return std::move(written).error().within(fmt::format("dataset {}", name_.text()));
    const auto& snapshot = *written;
    // Readers and other writers of the table keep its columns and partitions until the branch is published.
    if (request.branch != main_branch) next.restore(shape_before);
    return Outcome{snapshot.id, false};
  };
  GRISTMILL_TRY(const auto outcome, commit(change, request.also, request.has_turn));
  if (!outcome.is_done_already) writer.keep();
  const auto* snapshot = metadata_.find_snapshot(outcome.snapshot_id);
  GRISTMILL_CHECK(snapshot != nullptr, std::to_string(outcome.snapshot_id));
  return *snapshot;
}

Status Table::check_needed_fields(const TableMetadata& metadata, const CommitRequest& request) const {
  if (request.needed_fields.empty()) return {};
  GRISTMILL_TRY(const auto columns, metadata.columns(metadata.current_schema_id()));
  std::string missing;
  for (const auto field : request.needed_fields) {
    if (std::ranges::find(columns, field, &formats::TableColumn::field_id) != columns.end()) continue;
    const auto known = metadata.column_by_id(field);
    missing += (missing.empty() ? "" : ", ") + (known ? known->name : std::to_string(field));
  }
  if (missing.empty()) return {};
  return invalid_argument(
      fmt::format("dataset {0}: its columns {1} are gone, another program has replaced or dropped them: nothing was "
                  "added. Bring them back with `gristmill dataset rollback {0}@VERSION` (`dataset versions {0}` lists "
                  "them), or use another dataset",
                  name_.text(), missing));
}

Status Table::check_columns(const TableMetadata& metadata, const std::vector<formats::TableColumn>& columns) const {
  for (const auto& column : columns) {
    const auto known = metadata.column_by_id(column.field_id);
    if (column.field_id < 1 || (known && (known->name != column.name || known->type != column.type)))
      return invalid_argument(fmt::format("dataset {}: column {} ({}) cannot have field id {}{}", name_.text(),
                                          column.name, column.type, column.field_id,
                                          known ? ", which is " + known->name : ""));
  }
  return {};
}

Result<Snapshot> Table::append(const CommitRequest& request) { return commit_files(request, false); }
Result<Snapshot> Table::replace(const CommitRequest& request) { return commit_files(request, true); }

Result<Snapshot> Table::rewrite(const CommitRequest& request, const Rewrite& rewrite) {
  return commit_files(request, false, &rewrite);
}

Status Table::rollback(std::int64_t snapshot_id, const InSameTransaction& also) {
  const auto done = commit(
      [&](TableMetadata& next, AttemptFiles&) -> Result<Outcome> {
        const auto* found = next.find_snapshot(snapshot_id);
        if (found == nullptr) return not_found(fmt::format("dataset {} has no snapshot {}", name_.text(), snapshot_id));
        const auto target = *found;
        next.set_current_snapshot(target, next.next_timestamp_ms(current_time_ms()));
        return Outcome{snapshot_id, false};
      },
      also);
  return done ? Status() : Status(done.error());
}

Status Table::name_snapshot(const Reference& reference, const InSameTransaction& also) {
  const auto done = commit(
      [&](TableMetadata& next, AttemptFiles&) -> Result<Outcome> {
        if (next.find_snapshot(reference.snapshot_id) == nullptr)
          return not_found(fmt::format("dataset {} has no snapshot {}", name_.text(), reference.snapshot_id));
        for (const auto& known : next.references()) {
          if (known.name != reference.name) continue;
          if (known.is_tag == reference.is_tag && known.snapshot_id == reference.snapshot_id)
            return Outcome{known.snapshot_id, true};
          return Error{ErrorCode::already_exists, fmt::format("dataset {}: {} is taken by snapshot {}", name_.text(),
                                                              known.name, known.snapshot_id)};
        }
        reference.is_tag ? next.set_tag(reference.name, reference.snapshot_id)
                         : next.set_branch(reference.name, reference.snapshot_id);
        next.touch(next.next_timestamp_ms(current_time_ms()));
        return Outcome{reference.snapshot_id, false};
      },
      also);
  return done ? Status() : Status(done.error());
}

Status Table::remove_name(const std::string& name, bool is_tag, const InSameTransaction& also) {
  const auto done = commit(
      [&](TableMetadata& next, AttemptFiles&) -> Result<Outcome> {
        const auto references = next.references();
        const auto found = std::ranges::find(references, name, &Reference::name);
        if (found == references.end() || found->is_tag != is_tag || name == main_branch)
          return not_found(fmt::format("dataset {} has no {} {}", name_.text(),
                                       is_tag ? "release" : "branch other than main", name));
        next.remove_reference(name);
        next.touch(next.next_timestamp_ms(current_time_ms()));
        return Outcome{found->snapshot_id, false};
      },
      also);
  return done ? Status() : Status(done.error());
}

Status Table::set_tag(const std::string& tag, std::int64_t snapshot_id, const InSameTransaction& also) {
  GRISTMILL_RETURN_IF_ERROR(check_reference_name("release", tag));
  return name_snapshot({.name = tag, .snapshot_id = snapshot_id, .is_tag = true}, also);
}

Status Table::remove_tag(const std::string& tag, const InSameTransaction& also) { return remove_name(tag, true, also); }

Status Table::create_branch(const std::string& branch, std::int64_t snapshot_id, const InSameTransaction& also) {
  GRISTMILL_RETURN_IF_ERROR(check_reference_name("branch", branch));
  return name_snapshot({.name = branch, .snapshot_id = snapshot_id, .is_tag = false}, also);
}

Status Table::remove_branch(const std::string& branch, const InSameTransaction& also) {
  return remove_name(branch, false, also);
}

Result<bool> Table::change_schema(std::span<const SchemaChange> changes, const InSameTransaction& also) {
  bool is_changed = false;
  const Change change = [&](TableMetadata& next, AttemptFiles&) -> Result<Outcome> {
    auto changed = next.change_schema(changes);
    if (!changed) return std::move(changed).error().within(fmt::format("dataset {}", name_.text()));
    is_changed = *changed;
    if (is_changed) next.touch(next.next_timestamp_ms(current_time_ms()));
    return Outcome{next.current_snapshot_id(), !is_changed};
  };
  GRISTMILL_TRY([[maybe_unused]] const auto done, commit(change, also));
  return is_changed;
}

Result<bool> Table::set_partition(const std::string& by, const InSameTransaction& also) {
  bool is_changed = false;
  const Change change = [&](TableMetadata& next, AttemptFiles&) -> Result<Outcome> {
    GRISTMILL_TRY(const auto columns, next.columns(next.current_schema_id()));
    auto fields = parse_partition(by, columns);
    if (!fields) return std::move(fields).error().within(fmt::format("dataset {}", name_.text()));
    is_changed = next.set_partition(*std::move(fields));
    if (is_changed) next.touch(next.next_timestamp_ms(current_time_ms()));
    return Outcome{next.current_snapshot_id(), !is_changed};
  };
  GRISTMILL_TRY([[maybe_unused]] const auto done, commit(change, also));
  return is_changed;
}

Result<std::vector<formats::TableColumn>> Table::add_columns(const std::vector<formats::TableColumn>& columns,
                                                             const InSameTransaction& also) {
  std::vector<formats::TableColumn> added;
  GRISTMILL_TRY([[maybe_unused]] const auto done,
                commit(
                    [&](TableMetadata& next, AttemptFiles&) -> Result<Outcome> {
                      GRISTMILL_TRY(auto all, next.columns(next.current_schema_id()));
                      const auto before = all.size();
                      added = next.plan_columns(columns);
                      for (const auto& column : added) {
                        const auto same = std::ranges::find(all, column.name, &formats::TableColumn::name);
                        if (same == all.end()) {
                          all.push_back(column);
                        } else if (same->field_id != column.field_id) {
                          return invalid_argument(fmt::format("dataset {} has a column {} of type {} already",
                                                              name_.text(), column.name, same->type));
                        }
                      }
                      if (all.size() == before) return Outcome{next.current_snapshot_id(), true};
                      next.set_schema(all);
                      next.touch(next.next_timestamp_ms(current_time_ms()));
                      return Outcome{next.current_snapshot_id(), false};
                    },
                    also));
  return added;
}

}  // namespace gristmill::store
