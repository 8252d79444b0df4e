// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/row_changes.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "gristmill/base/clock.h"
#include "gristmill/formats/document_index.h"
#include "gristmill/formats/row_writer.h"
#include "gristmill/io/file.h"
#include "gristmill/platform/compaction.h"
#include "gristmill/platform/dataset_files.h"
#include "gristmill/platform/datasets.h"
#include "gristmill/platform/given_file.h"
#include "gristmill/platform/id_indexes.h"
#include "gristmill/platform/row_matches.h"
#include "gristmill/store/artifact_work.h"

namespace gristmill::platform {
namespace {

namespace fs = std::filesystem;

// So often a change is done again when others changed the same files first.
constexpr int attempts_max = 8;
// After so many of them it is done while other committers wait, so that it comes through.
constexpr int attempts_in_the_open = 2;

enum class Kind { remove, update, upsert, overwrite };

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::remove: return "delete";
    case Kind::update: return "update";
    case Kind::upsert: return "upsert";
    case Kind::overwrite: return "overwrite";
  }
  return "delete";
}

/// One change from the reading of the table to its commit.
class RowChange {
 public:
  RowChange(const Workspace& workspace, const RowChangeRequest& request, Kind kind)
      : workspace_(workspace), request_(request), kind_(kind), change_id_(make_id("change")) {}

  Result<Json> make() {
    GRISTMILL_RETURN_IF_ERROR(open());
    if (const auto* done = find_done()) return answer(*done, true);
    GRISTMILL_RETURN_IF_ERROR(prepare());
    Error last;
    for (int attempt = 0; attempt < attempts_max; ++attempt) {
      auto done = attempt < attempts_in_the_open ? try_once(attempt, false) : try_in_turn(attempt);
      if (done) return done;
      last = std::move(done).error();
      // A commit that failed for another reason may have become durable all the same: its files must stay then.
      if (last.code == ErrorCode::conflict || !is_committing_) remove_written();
      if (last.code != ErrorCode::conflict) return last;
      is_committing_ = false;
    }
    return std::move(last).within(fmt::format("given up after {} attempts", attempts_max));
  }

 private:
  /// The change on the newest state.
  Result<Json> try_once(int attempt, bool has_turn) {
    if (attempt > 0) GRISTMILL_RETURN_IF_ERROR(open());
    GRISTMILL_RETURN_IF_ERROR(plan());
    if (edits_.empty() && added_rows_.empty()) return unchanged();
    auto snapshot = write_and_commit(attempt, has_turn);
    if (snapshot) return answer(*snapshot, false);
    return std::move(snapshot).error();
  }

  Result<Json> try_in_turn(int attempt) {
    std::optional<Result<Json>> done;
    const auto queue = *table_;
    queue.in_turn([&] { done.emplace(try_once(attempt, true)); });
    return *std::move(done);
  }

  /// The newest state of the dataset, or of the branch that is named.
  Status open() {
    GRISTMILL_TRY(auto chosen, select_version(workspace_, request_.selector));
    table_.emplace(std::move(chosen.first));
    snapshot_ = std::move(chosen.second);
    const auto sign = request_.selector.find('@');
    if (sign == std::string::npos) return {};
    branch_ = request_.selector.substr(sign + 1);
    for (const auto& reference : table_->metadata().references()) {
      if (reference.name == branch_ && !reference.is_tag) return {};
    }
    return invalid_argument(
        fmt::format("{}: rows change in NAME or NAME@BRANCH; older versions and releases never do", request_.selector));
  }

  [[nodiscard]] std::string commit_key() const {
    return request_.idempotency_key.empty() ? change_id_ : "change:" + request_.idempotency_key;
  }

  [[nodiscard]] const store::Snapshot* find_done() const {
    if (request_.idempotency_key.empty()) return nullptr;
    for (const auto& snapshot : table_->snapshots()) {
      if (snapshot.note(store::commit_key_note) == commit_key()) return &snapshot;
    }
    return nullptr;
  }

  /// What does not depend on the state of the table: settings, and the rows of the file.
  Status prepare() {
    GRISTMILL_TRY(columns_, table_->columns_at(snapshot_));
    if (kind_ == Kind::update) {
      GRISTMILL_TRY(auto row, parse_settings(request_.sets, columns_));
      settings_ = row;
      file_.rows.push_back(std::move(row));
    }
    if (kind_ == Kind::upsert || kind_ == Kind::overwrite) {
      GRISTMILL_TRY(file_, read_given_file(workspace_, request_.path));
      GRISTMILL_RETURN_IF_ERROR(check_keys());
      auto given = give_origins(file_, table_->name().text(), change_id_, columns_);
      if (!given) return std::move(given).error().within(request_.path);
    }
    return {};
  }

  Status check_keys() {
    for (const auto& key : request_.keys) {
      if (std::ranges::find(columns_, key, &formats::TableColumn::name) == columns_.end())
        return invalid_argument(fmt::format("--key: dataset {} has no column '{}'", table_->name().text(), key));
      for (std::size_t i = 0; i < file_.rows.size(); ++i) {
        if (file_.rows[i][key].is_null())
          return invalid_argument(
              fmt::format("{}: row {} has no value for the key column {}", request_.path, i + 1, key));
      }
    }
    return {};
  }

  /// Finds the rows that change in the state at hand.
  Status plan() {
    edits_.clear();
    added_rows_.clear();
    matched_ = updated_ = 0;
    GRISTMILL_TRY(columns_, table_->columns_at(snapshot_));
    matcher_.reset();
    given_.reset();
    if (!file_.rows.empty()) {
      auto given = formats::GivenRows::make(file_.rows, columns_);
      if (!given) return request_.path.empty() ? given.error() : std::move(given).error().within(request_.path);
      given_.emplace(*std::move(given));
    }
    if (kind_ == Kind::upsert && !given_) return {};
    GRISTMILL_RETURN_IF_ERROR(make_matcher());
    GRISTMILL_RETURN_IF_ERROR(find_edits());
    if (kind_ == Kind::overwrite) return add_rows({});
    return kind_ == Kind::upsert ? add_unknown_rows() : Status();
  }

  Status make_matcher() {
    if (kind_ != Kind::upsert) {
      GRISTMILL_TRY(matcher_, RowMatcher::by_condition(*table_, snapshot_, request_.where, kind_ == Kind::update));
      return {};
    }
    // Others may have changed the columns since.
    GRISTMILL_RETURN_IF_ERROR(check_keys());
    std::vector<formats::TableColumn> keys;
    for (const auto& key : request_.keys)
      keys.push_back(*std::ranges::find(columns_, key, &formats::TableColumn::name));
    auto matcher = RowMatcher::by_key(*table_, *given_, keys, file_.rows);
    if (!matcher) return std::move(matcher).error().within(request_.path);
    matcher_.emplace(*std::move(matcher));
    return {};
  }

  /// Does numbered pieces of work on as many threads as the settings allow.
  Status in_parallel(std::size_t count, const std::function<Status(std::size_t)>& work) const {
    const auto threads = row_writer_threads(workspace_, {}, table_->metadata().is_partitioned());
    return store::for_each_piece(count, {.threads = threads}, [&](std::size_t index, int) { return work(index); });
  }

  /// Looks through the files that may hold rows of the change. The edits are in document order.
  Status find_edits() {
    GRISTMILL_TRY(files_, scan_in_order(*table_, snapshot_, matcher_->conditions()));
    std::vector<std::optional<Edit>> found(files_.size());
    GRISTMILL_RETURN_IF_ERROR(in_parallel(files_.size(), [&](std::size_t index) -> Status {
      GRISTMILL_TRY(auto edit, matcher_->find(files_[index]));
      if (!edit.is_empty()) found[index] = std::move(edit);
      return {};
    }));
    for (auto& edit : found) {
      if (!edit) continue;
      matched_ += edit->dropped;
      updated_ += std::ssize(edit->rows.replaced);
      edits_.push_back(*std::move(edit));
    }
    return {};
  }

  Status add_unknown_rows() {
    std::set<std::int64_t> known;
    for (const auto& edit : edits_) {
      for (const auto& match : edit.rows.replaced) known.insert(match.given);
    }
    return add_rows(known);
  }

  /// Whether files that others added meanwhile hold rows that the change would have had to see.
  Status check_added(const std::vector<store::ScanFile>& added) {
    for (const auto& file : added) {
      // The same file with more rows deleted by others cannot hold more.
      if (checked_.contains(file.path)) continue;
      GRISTMILL_TRY(const auto edit, matcher_->find(file));
      if (!edit.is_empty())
        return Error{ErrorCode::conflict,
                     fmt::format("{} was added meanwhile with rows that the change concerns", file.path)};
      checked_.insert(file.path);
    }
    return {};
  }

  /// The given rows that are not known become new ones.
  Status add_rows(const std::set<std::int64_t>& known) {
    for (std::int64_t row = 0; given_ && row < given_->size(); ++row) {
      if (known.contains(row)) continue;
      for (const auto& column : columns_) {
        if (column.required && !given_->gives(row, column.field_id))
          return invalid_argument(fmt::format("{}: row {} is new and has no value for the required column {}",
                                              request_.path, row + 1, column.name));
      }
      added_rows_.push_back(row);
    }
    return {};
  }

  Result<store::Snapshot> write_and_commit(int attempt, bool has_turn) {
    store::CommitRequest request{
        .files = {},
        .summary = {{"gristmill.change-id", change_id_}, {"gristmill.change", std::string(name_of(kind_))}},
        .key = commit_key(),
        .columns = {},
        .also = {},
        .branch = branch_.empty() ? std::string(store::main_branch) : branch_,
        .has_turn = has_turn};
    store::Rewrite rewrite{.base_sequence_number = snapshot_.sequence_number,
                           .files = {},
                           .delete_paths = {},
                           .check_added = [this](const auto& added) { return check_added(added); },
                           .concerned = matcher_->conditions(),
                           .base_snapshot_id = snapshot_.id};
    GRISTMILL_RETURN_IF_ERROR(write_all(attempt, request.files));
    bool has_deletes = false;
    for (const auto& edit : edits_) {
      rewrite.files.push_back(edit.file);
      rewrite.applied_position_deletes += edit.deleted_by_others;
      has_deletes |= !edit.file.deletes.empty();
    }
    if (has_deletes) {
      GRISTMILL_TRY(const auto all, table_->scan(snapshot_));
      GRISTMILL_TRY(rewrite.delete_paths, store::RowDeletes(*table_).idle_without(all, rewrite.files));
    }
    request.also = [&](meta::Transaction& transaction, std::int64_t version) {
      return audit(transaction, fmt::format("dataset.{}", name_of(kind_)), table_->name().text(), details(version));
    };
    is_committing_ = true;
    checked_.clear();
    return table_->rewrite(request, rewrite);
  }

  /// Writes the edited files and the new rows, in parallel; which file gets what, under which name and in which order
  /// does not depend on that.
  Status write_all(int attempt, std::vector<store::DataFile>& files) {
    GRISTMILL_TRY(const auto folder, table_->data_folder());
    const bool has_new = !added_rows_.empty();
    std::vector<std::vector<store::DataFile>> pieces(edits_.size() + (has_new ? 1 : 0));
    const auto write_piece = [&](std::size_t index) -> Status {
      if (index == edits_.size())
        return write_files(folder, fmt::format("new-{}", attempt), {nullptr, added_rows_}, pieces[index]);
      const auto& edit = edits_[index];
      const auto stem = fmt::format("{}-{:06}", attempt, index);
      if (std::ssize(edit.rows.dropped) < edit.file.records)
        GRISTMILL_RETURN_IF_ERROR(write_files(folder, "part-" + stem, {&edit.rows, {}}, pieces[index]));
      return write_removed(folder, stem, edit);
    };
    GRISTMILL_RETURN_IF_ERROR(in_parallel(pieces.size(), write_piece));
    for (auto& piece : pieces) std::ranges::move(piece, std::back_inserter(files));
    return {};
  }

  /// Remembers a file for the case that nothing comes of the attempt.
  std::string noted(std::string path) {
    const std::scoped_lock lock(written_mutex_);
    written_.push_back(path);
    return path;
  }

  /// Rows of one file as they become, or new rows.
  struct Content {
    const formats::FileEdit* edit;
    std::vector<std::int64_t> rows;
  };

  /// Writes the rows with an index of their ids beside each file.
  Status write_files(const std::string& folder, const std::string& name, const Content& content,
                     std::vector<store::DataFile>& files) {
    std::map<std::size_t, formats::DocumentIndexWriter> indexes;
    formats::RowOutput output;
    output.path = [&](std::size_t number) {
      return noted(fmt::format("{}/{}/{}{}.parquet", folder, change_id_, name,
                               number == 0 ? std::string() : fmt::format("-{}", number)));
    };
    output.partition = table_->metadata().partition_fields();
    output.note = [&](std::size_t number, const Hash128& id, std::int64_t row) {
      indexes[number].add_written(id, static_cast<std::uint32_t>(row));
    };
    GRISTMILL_TRY(const auto writer, formats::create_row_writer(std::move(output), columns_));
    if (content.edit != nullptr) {
      GRISTMILL_RETURN_IF_ERROR(writer->copy(*content.edit, given_ ? &*given_ : nullptr));
    } else {
      GRISTMILL_RETURN_IF_ERROR(writer->append(*given_, content.rows));
    }
    GRISTMILL_TRY(const auto written, writer->close());
    for (std::size_t number = 0; number < written.size(); ++number) {
      files.push_back(store::data_file(written[number]));
      if (!indexes.contains(number)) continue;
      GRISTMILL_RETURN_IF_ERROR(indexes[number].write(noted(index_of(written[number].path))));
    }
    return {};
  }

  /// The ids of removed rows, for trace; they stay when the files of this version are long gone.
  Status write_removed(const std::string& folder, const std::string& stem, const Edit& edit) {
    if (edit.removed_ids.empty()) return {};
    formats::DocumentIndexWriter index;
    const auto name = fmt::format("dataset.{}", name_of(kind_));
    for (const auto& id : edit.removed_ids) index.add_outcome(id, name, change_id_);
    return index.write(noted(index_of(fmt::format("{}/{}/removed-{}.parquet", folder, change_id_, stem))));
  }

  void remove_written() {
    std::error_code ignored;
    (void)io::remove_files(written_);
    for (const auto& path : written_) fs::remove(fs::path(path).parent_path(), ignored);
    written_.clear();
  }

  [[nodiscard]] Json rows_json() const {
    return Json::object({{"deleted", matched_}, {"updated", updated_}, {"added", added_rows_.size()}});
  }

  [[nodiscard]] Json details(std::int64_t version) const {
    auto json = Json::object(
        {{"change_id", change_id_}, {"from", snapshot_.id}, {"to", version}, {"rows", rows_json()}});
    if (!branch_.empty()) json.set("branch", branch_);
    if (!request_.where.empty()) json.set("where", request_.where);
    if (kind_ == Kind::update) json.set("set", settings_);
    if (!request_.path.empty()) json.set("file", file_.path).set("sha256", file_.sha256);
    if (!request_.keys.empty()) {
      auto keys = Json::array();
      for (const auto& key : request_.keys) keys.push(key);
      json.set("key", std::move(keys));
    }
    return json;
  }

  [[nodiscard]] Json unchanged() const {
    return Json::object({{"dataset", table_->name().text()},
                         {"operation", name_of(kind_)},
                         {"version", snapshot_.id},
                         {"changed", false},
                         {"rows", rows_json()},
                         {"files", Json::object({{"rewritten", 0}, {"kept", file_count()}})}});
  }

  [[nodiscard]] Json answer(const store::Snapshot& snapshot, bool is_known) const {
    auto json = Json::object({{"dataset", table_->name().text()},
                              {"operation", name_of(kind_)},
                              {"version", snapshot.id},
                              {"changed", true},
                              {"change_id", snapshot.note("gristmill.change-id")}});
    if (!branch_.empty()) json.set("branch", branch_);
    if (is_known) return json.set("already_done", true);
    return json.set("rows", rows_json())
        .set("files", Json::object({{"rewritten", edits_.size()}, {"kept", file_count() - std::ssize(edits_)}}));
  }

  /// Data files of the version that was read.
  [[nodiscard]] std::int64_t file_count() const {
    return snapshot_.count("total-data-files").value_or(std::ssize(files_));
  }

  const Workspace& workspace_;
  const RowChangeRequest& request_;
  Kind kind_;
  std::string change_id_;
  std::string branch_;
  std::optional<store::Table> table_;
  store::Snapshot snapshot_;
  Json settings_;
  GivenFile file_;
  std::vector<formats::TableColumn> columns_;
  std::optional<formats::GivenRows> given_;
  std::optional<RowMatcher> matcher_;
  std::vector<store::ScanFile> files_;
  std::vector<Edit> edits_;
  std::vector<std::int64_t> added_rows_;
  std::set<std::string> checked_;  ///< Files that others added and that do not matter.
  std::mutex written_mutex_;
  std::vector<std::string> written_;
  bool is_committing_ = false;
  std::int64_t matched_ = 0;
  std::int64_t updated_ = 0;
};

Status want(bool is_given, const char* what) { return is_given ? Status() : Status(invalid_argument(what)); }

/// An entry of the audit log with who did it and when.
Result<Json> entry_json(const meta::Row& row) {
  GRISTMILL_TRY(auto json, Json::parse(meta::text(row[3])));
  json.set("dataset", meta::text(row[4]))
      .set("operation", meta::text(row[2]))
      .set("by", meta::text(row[1]))
      .set("at", meta::text(row[0]));
  return json;
}

}  // namespace

Result<Json> delete_rows(const Workspace& workspace, const RowChangeRequest& request) {
  GRISTMILL_RETURN_IF_ERROR(want(!request.where.empty(), "say which rows to delete: --where EXPRESSION"));
  return RowChange(workspace, request, Kind::remove).make();
}

Result<Json> update_rows(const Workspace& workspace, const RowChangeRequest& request) {
  GRISTMILL_RETURN_IF_ERROR(want(!request.where.empty(), "say which rows to update: --where EXPRESSION"));
  return RowChange(workspace, request, Kind::update).make();
}

Result<Json> upsert_rows(const Workspace& workspace, const RowChangeRequest& request) {
  GRISTMILL_RETURN_IF_ERROR(want(!request.keys.empty(), "say which columns make the key: --key COLUMN[,COLUMN]"));
  return RowChange(workspace, request, Kind::upsert).make();
}

Result<Json> overwrite_rows(const Workspace& workspace, const RowChangeRequest& request) {
  return RowChange(workspace, request, Kind::overwrite).make();
}

Result<std::vector<Json>> removals_of(const Workspace& workspace, const std::string& dataset) {
  std::vector<Json> changes;
  GRISTMILL_RETURN_IF_ERROR(workspace.database().read([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(
        const auto rows,
        transaction.query("SELECT at, actor, action, details, subject FROM audit WHERE subject = ? AND action IN "
                          "('dataset.delete', 'dataset.overwrite') ORDER BY sequence DESC",
                          {dataset}));
    for (const auto& row : rows) {
      GRISTMILL_TRY(auto entry, entry_json(row));
      changes.push_back(std::move(entry));
    }
    return {};
  }));
  return changes;
}

Result<Json> show_change(const Workspace& workspace, const std::string& change_id) {
  std::optional<Json> found;
  GRISTMILL_RETURN_IF_ERROR(workspace.database().read([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(
        const auto rows,
        transaction.query("SELECT at, actor, action, details, subject FROM audit WHERE action IN ('dataset.delete', "
                          "'dataset.update', 'dataset.upsert', 'dataset.overwrite') AND details LIKE ?",
                          {fmt::format("%\"{}\"%", change_id)}));
    for (const auto& row : rows) {
      GRISTMILL_TRY(auto entry, entry_json(row));
      if (entry["change_id"].as_string() == change_id) found = std::move(entry);
    }
    return {};
  }));
  if (!found) return not_found(fmt::format("no change '{}' in the audit log", change_id));
  return *std::move(found);
}

}  // namespace gristmill::platform
