// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/compaction.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>

#include "gristmill/formats/document_index.h"
#include "gristmill/formats/row_writer.h"
#include "gristmill/io/file.h"
#include "gristmill/platform/datasets.h"
#include "gristmill/platform/id_indexes.h"
#include "gristmill/store/artifact_work.h"
#include "gristmill/store/scan.h"

namespace gristmill::platform {
namespace {

namespace fs = std::filesystem;

constexpr int attempts_max = 4;
// After so many of them it is done while other committers wait, so that it comes through.
constexpr int attempts_in_the_open = 2;
// Memory of a writer that holds open row groups of many partitions.
constexpr std::uint64_t partitioned_bytes = std::uint64_t{384} << 20;
// A file of at least 3/4 and at most 9/5 of the target size is good as it is.
constexpr std::int64_t small_numerator = 3, small_denominator = 4;
constexpr std::int64_t large_numerator = 9, large_denominator = 5;

/// Files with an index of ids beside each.
class IndexedFiles {
 public:
  explicit IndexedFiles(std::function<std::string(std::size_t)> path) : path_(std::move(path)) {}

  void attach(formats::RowOutput& output) {
    output.path = [this](std::size_t number) {
      written_.push_back(path_(number));
      return written_.back();
    };
    output.note = [this](std::size_t number, const Hash128& id, std::int64_t row) {
      indexes_[number].add_written(id, static_cast<std::uint32_t>(row));
    };
  }
  /// Writes the indexes of finished files.
  Status finish(const std::vector<formats::WrittenFile>& files) {
    for (std::size_t number = 0; number < files.size(); ++number) {
      if (!indexes_.contains(number)) continue;
      written_.push_back(index_of(files[number].path));
      GRISTMILL_RETURN_IF_ERROR(indexes_[number].write(written_.back()));
    }
    return {};
  }
  [[nodiscard]] const std::vector<std::string>& written() const { return written_; }

 private:
  std::function<std::string(std::size_t)> path_;
  std::map<std::size_t, formats::DocumentIndexWriter> indexes_;
  std::vector<std::string> written_;
};

/// One compaction from the reading of the table to its commit.
class Compaction {
 public:
  Compaction(const Workspace& workspace, const CompactRequest& request)
      : workspace_(workspace), request_(request), change_id_(make_id("compact")) {}

  Result<Json> make() {
    Error last;
    for (int attempt = 0; attempt < attempts_max; ++attempt) {
      auto done = attempt < attempts_in_the_open ? try_once(attempt, false) : try_in_turn(attempt);
      if (done || done.error().code != ErrorCode::conflict) return done;
      last = std::move(done).error();
    }
    return std::move(last).within(fmt::format("given up after {} attempts", attempts_max));
  }

 private:
  using Bin = std::vector<store::ScanFile>;

  /// The compaction of the newest state; after a conflict nothing is left of it.
  Result<Json> try_once(int attempt, bool has_turn) {
    GRISTMILL_TRY(auto chosen, select_version(workspace_, request_.selector));
    GRISTMILL_RETURN_IF_ERROR(check_branch(chosen.first));
    GRISTMILL_RETURN_IF_ERROR(plan(chosen.first, chosen.second));
    if (bins_.empty()) return answer(chosen.first, chosen.second);
    auto snapshot = write_and_commit(chosen.first, chosen.second, attempt, has_turn);
    if (snapshot) return answer(chosen.first, *snapshot);
    // A commit that failed for another reason may have become durable all the same: its files must stay then.
    if (snapshot.error().code == ErrorCode::conflict) remove_written();
    return std::move(snapshot).error();
  }

  Result<Json> try_in_turn(int attempt) {
    GRISTMILL_TRY(const auto queue, select_version(workspace_, request_.selector));
    std::optional<Result<Json>> done;
    queue.first.in_turn([&] { done.emplace(try_once(attempt, true)); });
    return *std::move(done);
  }

  Status check_branch(const store::Table& table) {
    const auto sign = request_.selector.find('@');
    if (sign == std::string::npos) return {};
    branch_ = request_.selector.substr(sign + 1);
    for (const auto& reference : table.metadata().references()) {
      if (reference.name == branch_ && !reference.is_tag) return {};
    }
    return invalid_argument(
        fmt::format("{}: NAME or NAME@BRANCH can be compacted, not older versions", request_.selector));
  }

  /// Packs files into bins: those of one partition, in document order, until a bin holds the target size.
  Status plan(const store::Table& table, const store::Snapshot& snapshot) {
    bins_.clear();
    GRISTMILL_TRY(files_, scan_in_order(table, snapshot));
    const auto spec_id = table.metadata().default_spec_id();
    std::map<std::pair<int, std::string>, Bin> open;
    for (const auto& file : files_) {
      const bool is_sized = file.bytes * small_denominator >= request_.target_bytes * small_numerator &&
                            file.bytes * large_denominator <= request_.target_bytes * large_numerator;
      const bool is_good = is_sized && file.deletes.empty() && file.spec_id == spec_id && request_.sort_by.empty();
      if (is_good) continue;
      // What follows an earlier spec is split anew, so it may come together.
      auto& bin = open[{file.spec_id == spec_id ? 0 : 1, file.spec_id == spec_id ? file.partition.dump() : ""}];
      bin.push_back(file);
      std::int64_t bytes = 0;
      for (const auto& one : bin) bytes += one.bytes;
      if (bytes >= request_.target_bytes && request_.sort_by.empty()) close_bin(std::exchange(bin, {}), spec_id);
    }
    for (auto& [partition, bin] : open) close_bin(std::move(bin), spec_id);
    return {};
  }

  void close_bin(Bin bin, std::int64_t spec_id) {
    if (bin.empty()) return;
    const auto& first = bin.front();
    const bool is_too_large = first.bytes * large_denominator > request_.target_bytes * large_numerator;
    const bool is_alone = bin.size() == 1 && first.deletes.empty() && first.spec_id == spec_id && !is_too_large;
    if (!is_alone || !request_.sort_by.empty()) bins_.push_back(std::move(bin));
  }

  Result<store::Snapshot> write_and_commit(store::Table& table, const store::Snapshot& base, int attempt,
                                           bool has_turn) {
    store::CommitRequest request{.files = {},
                                 .summary = {{"gristmill.compaction-id", change_id_}},
                                 .key = fmt::format("{}-{}", change_id_, attempt),
                                 .columns = {},
                                 .also = {},
                                 .branch = branch_.empty() ? std::string(store::main_branch) : branch_,
                                 .has_turn = has_turn};
    store::Rewrite rewrite{.base_sequence_number = base.sequence_number, .keeps_rows = true};
    GRISTMILL_TRY(columns_, table.columns_at(base));
    store::RowDeletes deletes(table);
    files_before_ = files_after_ = bytes_before_ = bytes_after_ = 0;
    GRISTMILL_RETURN_IF_ERROR(write_bins(table, attempt, deletes, rewrite, request.files));
    GRISTMILL_TRY(rewrite.delete_paths, deletes.idle_without(files_, rewrite.files));
    for (const auto& file : rewrite.files) bytes_before_ += file.bytes;
    for (const auto& file : request.files) bytes_after_ += file.bytes;
    files_before_ = rewrite.files.size();
    files_after_ = request.files.size();
    request.also = [&](meta::Transaction& transaction, std::int64_t version) {
      return audit(transaction, "dataset.compact", table.name().text(),
                   Json::object({{"compaction_id", change_id_},
                                 {"from", base.id},
                                 {"to", version},
                                 {"files_before", files_before_},
                                 {"files_after", files_after_}}));
    };
    return table.rewrite(request, rewrite);
  }

  /// What became of one bin.
  struct WrittenBin {
    std::vector<store::DataFile> files;
    std::vector<std::string> paths;  ///< With the indexes of ids.
    std::int64_t applied_deletes = 0;
  };

  /// Rewrites the bins, several at a time; which file gets what, under which name and in which order does not depend on
  /// that. Rows that are put in order are held in memory, so then it is one bin after the other.
  Status write_bins(const store::Table& table, int attempt, store::RowDeletes& deletes, store::Rewrite& rewrite,
                    std::vector<store::DataFile>& files) {
    std::vector<WrittenBin> written(bins_.size());
    const bool is_partitioned = table.metadata().is_partitioned();
    const auto threads = request_.sort_by.empty() ? row_writer_threads(workspace_, {}, is_partitioned) : 1;
    const auto status = store::for_each_piece(bins_.size(), {.threads = threads}, [&](std::size_t bin, int) {
      return write_bin(table, bins_[bin], fmt::format("bin-{}-{:04}", attempt, bin), deletes, written[bin]);
    });
    for (std::size_t bin = 0; bin < bins_.size(); ++bin) {
      rewrite.files.insert(rewrite.files.end(), bins_[bin].begin(), bins_[bin].end());
      rewrite.applied_position_deletes += written[bin].applied_deletes;
      std::ranges::move(written[bin].files, std::back_inserter(files));
      std::ranges::move(written[bin].paths, std::back_inserter(written_));
    }
    if (!status) remove_written();
    return status;
  }

  Status write_bin(const store::Table& table, const Bin& bin, const std::string& name, store::RowDeletes& deletes,
                   WrittenBin& written) {
    GRISTMILL_TRY(const auto folder, table.data_folder());
    IndexedFiles indexed(
        [&](std::size_t number) { return fmt::format("{}/{}/{}-{:04}.parquet", folder, change_id_, name, number); });
    formats::RowOutput output{.path = {},
                              .partition = table.metadata().partition_fields(),
                              .file_bytes_max = request_.target_bytes,
                              .sort_by = request_.sort_by,
                              .held_bytes_max = static_cast<std::int64_t>(workspace_.settings().memory_bytes / 2),
                              .note = {}};
    indexed.attach(output);
    for (const auto& file : bin) GRISTMILL_RETURN_IF_ERROR(check_data_file(file));
    GRISTMILL_TRY(const auto writer, formats::create_row_writer(std::move(output), columns_));
    for (const auto& file : bin) {
      GRISTMILL_TRY(auto deleted, deleted_rows(file, deletes));
      written.applied_deletes += static_cast<std::int64_t>(deleted.size());
      const formats::FileEdit edit{.path = file.path,
                                   .dropped = std::move(deleted),
                                   .replaced = {},
                                   .constants = store::constants_of(table.metadata(), file)};
      GRISTMILL_RETURN_IF_ERROR(writer->copy(edit, {}));
    }
    GRISTMILL_TRY(const auto files, writer->close());
    const auto status = indexed.finish(files);
    written.paths = indexed.written();
    for (const auto& file : files) written.files.push_back(store::data_file(file));
    return status;
  }

  Result<formats::RowNumbers> deleted_rows(const store::ScanFile& file, store::RowDeletes& deletes) {
    if (file.deletes.empty()) return formats::RowNumbers();
    const std::scoped_lock lock(deletes_mutex_);
    return deletes.of(file);
  }

  void remove_written() {
    std::error_code ignored;
    static_cast<void>(io::remove_files(written_));
    for (const auto& path : written_) fs::remove(fs::path(path).parent_path(), ignored);
    written_.clear();
  }

  [[nodiscard]] Json answer(const store::Table& table, const store::Snapshot& snapshot) const {
    return Json::object({{"dataset", table.name().text()},
                         {"version", snapshot.id},
                         {"changed", !bins_.empty()},
                         {"files", Json::object({{"before", files_.size()},
                                                 {"rewritten", files_before_},
                                                 {"written", files_after_},
                                                 {"after", files_.size() - files_before_ + files_after_}})},
                         {"bytes", Json::object({{"rewritten", bytes_before_}, {"written", bytes_after_}})}});
  }

  const Workspace& workspace_;
  const CompactRequest& request_;
  std::string change_id_;
  std::string branch_;
  std::vector<formats::TableColumn> columns_;
  std::vector<store::ScanFile> files_;
  std::vector<Bin> bins_;
  std::mutex deletes_mutex_;
  std::vector<std::string> written_;
  std::size_t files_before_ = 0, files_after_ = 0;
  std::int64_t bytes_before_ = 0, bytes_after_ = 0;
};

}  // namespace

Result<Json> compact_dataset(const Workspace& workspace, const CompactRequest& request) {
  return Compaction(workspace, request).make();
}

int row_writer_threads(const Workspace& workspace, const WorkOptions& options, bool is_partitioned) {
  const auto threads = runner_options(workspace, options).threads;
  const auto fitting = memory_budget(workspace, options) / partitioned_bytes;
  return is_partitioned ? std::clamp(static_cast<int>(std::min<std::uint64_t>(fitting, 1000)), 1, threads) : threads;
}

namespace {

/// One file as several, each of one partition.
Result<std::vector<store::DataFile>> split_file(const std::vector<formats::PartitionField>& fields,
                                                const std::vector<formats::TableColumn>& columns,
                                                const store::DataFile& file) {
  const auto stem = file.path.substr(0, file.path.size() - std::string_view(".parquet").size());
  IndexedFiles indexed([&](std::size_t number) { return fmt::format("{}-p{:04}.parquet", stem, number); });
  formats::RowOutput output{.path = {}, .partition = fields, .sort_by = {}, .note = {}};
  indexed.attach(output);
  GRISTMILL_TRY(const auto writer, formats::create_row_writer(std::move(output), columns));
  GRISTMILL_RETURN_IF_ERROR(writer->copy({.path = file.path, .dropped = {}, .replaced = {}}, nullptr));
  GRISTMILL_TRY(const auto parts, writer->close());
  GRISTMILL_RETURN_IF_ERROR(indexed.finish(parts));
  std::vector<store::DataFile> split;
  for (const auto& part : parts) split.push_back(store::data_file(part));
  return split;
}

}  // namespace

Result<std::vector<store::DataFile>> split_by_partition(const std::vector<formats::PartitionField>& fields,
                                                        const std::vector<formats::TableColumn>& columns,
                                                        std::vector<store::DataFile> files, int threads) {
  if (fields.empty()) return files;
  std::vector<std::vector<store::DataFile>> parts(files.size());
  const auto split_one = [&](std::size_t index, int) -> Status {
    GRISTMILL_TRY(parts[index], split_file(fields, columns, files[index]));
    return {};
  };
  GRISTMILL_RETURN_IF_ERROR(store::for_each_piece(files.size(), {.threads = threads}, split_one));
  std::vector<store::DataFile> split;
  for (auto& part : parts) std::ranges::move(part, std::back_inserter(split));
  return split;
}

void remove_split_files(const std::vector<store::DataFile>& before, const std::vector<store::DataFile>& after) {
  std::vector<std::string> paths;
  for (const auto& file : before) {
    if (std::ranges::find(after, file.path, &store::DataFile::path) == after.end()) paths.push_back(file.path);
  }
  // Those that stay are orphans, which harm nobody.
  static_cast<void>(io::remove_files(paths));
}

Result<Json> partition_dataset(const Workspace& workspace, const std::string& dataset, const std::string& by) {
  GRISTMILL_TRY(const auto name, store::TableName::parse(dataset));
  GRISTMILL_TRY(auto table, store::Table::load(store::Catalog(workspace.database()), name));
  const auto note = [&](meta::Transaction& transaction, std::int64_t) {
    return audit(transaction, "dataset.partition", name.text(), Json::object({{"by", by}}));
  };
  GRISTMILL_TRY(const bool is_changed, table.set_partition(by, note));
  auto fields = Json::array();
  for (const auto& field : table.metadata().partition_fields()) {
    const auto column = table.metadata().column_by_id(field.source_id);
    fields.push(Json::object({{"name", field.name},
                              {"transform", field.transform},
                              {"column", column ? Json(column->name) : Json()},
                              {"field_id", field.field_id}}));
  }
  return Json::object({{"dataset", name.text()},
                       {"changed", is_changed},
                       {"spec", table.metadata().default_spec_id()},
                       {"fields", std::move(fields)}});
}

}  // namespace gristmill::platform
