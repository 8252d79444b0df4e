// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/version_diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "gristmill/formats/document_index.h"
#include "gristmill/io/file.h"
#include "gristmill/platform/datasets.h"
#include "gristmill/platform/id_indexes.h"
#include "gristmill/platform/row_changes.h"
#include "gristmill/platform/run.h"

namespace gristmill::platform {
namespace {

constexpr std::size_t batch_bytes = std::size_t{1} << 20;
constexpr std::int64_t documents_a_pass = 8'000'000;  // 40 bytes each, twice: 640 MB.
constexpr std::string_view tokens_column = "token_count";

/// One document of a version.
struct Entry {
  Hash128 id;
  Hash128 content;
  std::int64_t tokens = 0;
};

struct Amount {
  std::int64_t documents = 0;
  std::int64_t tokens = 0;
  void add(std::int64_t token_count) {
    ++documents;
    tokens += token_count;
  }
};

/// How documents ended: dataset that the deciding run wrote, operator, reason.
using Ending = std::tuple<std::string, std::string, std::string>;
using Endings = std::map<Ending, Amount>;

/// One of the two versions.
struct Side {
  store::Table table;
  store::Snapshot snapshot;
  std::vector<data::Column> columns;
  std::vector<store::ScanFile> files;  ///< Those that the other side does not have.
  bool has_tokens = false;

  static Result<Side> open(const Workspace& workspace, const std::string& selector) {
    GRISTMILL_TRY(auto chosen, select_version(workspace, selector));
    GRISTMILL_TRY(auto columns, operator_columns(chosen.first, chosen.second));
    GRISTMILL_TRY(auto files, chosen.first.scan(chosen.second));
    const bool has_tokens = std::ranges::any_of(columns, [](const data::Column& column) {
      return column.name == tokens_column && column.type == data::ColumnType::int64;
    });
    return Side{std::move(chosen.first), std::move(chosen.second), std::move(columns), std::move(files), has_tokens};
  }

  /// Calls `use` with each document of the files given.
  template <typename Use>
  Status for_each(const std::vector<store::ScanFile>& wanted, const Use& use) const {
    std::vector<data::Column> read{{"content_digest", data::ColumnType::string}};
    if (has_tokens) read.push_back(*std::ranges::find(columns, tokens_column, &data::Column::name));
    GRISTMILL_TRY(auto opener, VersionFiles::of(table, snapshot));
    data::Batch batch;
    for (const auto& file : wanted) {
      GRISTMILL_TRY(const auto piece, opener.piece(file));
      GRISTMILL_TRY(const auto reader, formats::open_dataset_file(piece, read, batch_bytes, false));
      while (true) {
        batch.clear();
        GRISTMILL_TRY(const bool more, reader->read(batch));
        if (!more) break;
        for (const auto& document : batch.documents) {
          Entry entry{document.id, {}, 0};
          if (const auto* text = std::get_if<std::string_view>(&document.columns[0]))
            Hash128::parse(*text, entry.content);
          if (has_tokens) {
            if (const auto* count = std::get_if<std::int64_t>(&document.columns[1])) entry.tokens = *count;
          }
          use(entry);
        }
      }
    }
    return {};
  }

  /// The documents of one pass, sorted by id.
  Result<std::vector<Entry>> collect(std::uint64_t pass, std::uint64_t passes) const {
    std::vector<Entry> entries;
    GRISTMILL_RETURN_IF_ERROR(for_each(files, [&](const Entry& entry) {
      if (entry.id.high % passes == pass) entries.push_back(entry);
    }));
    std::ranges::stable_sort(entries, {}, &Entry::id);
    return entries;
  }

  [[nodiscard]] std::int64_t records() const {
    std::int64_t records = 0;
    for (const auto& file : files) records += file.records;
    return records;
  }
};

/// Removes the files that both sides have, with the same rows deleted. What is in them did not change.
Status set_shared_aside(Side& before, Side& after, Amount& shared) {
  const auto part_of = [](const store::ScanFile& file) { return std::pair(file.path, file.deletes); };
  std::set<std::pair<std::string, std::vector<store::DeleteFile>>> before_parts;
  std::set<std::pair<std::string, std::vector<store::DeleteFile>>> common;
  for (const auto& file : before.files) before_parts.insert(part_of(file));
  std::vector<store::ScanFile> shared_files;
  for (const auto& file : after.files) {
    if (!before_parts.contains(part_of(file))) continue;
    common.insert(part_of(file));
    shared_files.push_back(file);
  }
  const auto is_common = [&](const store::ScanFile& file) { return common.contains(part_of(file)); };
  std::erase_if(before.files, is_common);
  std::erase_if(after.files, is_common);
  if (before.has_tokens && after.has_tokens)
    return after.for_each(shared_files, [&](const Entry& entry) { shared.add(entry.tokens); });
  store::RowDeletes deletes(after.table);
  for (const auto& file : shared_files) {
    GRISTMILL_TRY(const auto deleted, deletes.of(file));
    shared.documents += file.records - static_cast<std::int64_t>(deleted.size());
  }
  return {};
}

/// Finds out how the run behind a version ended documents that are not in it, and where it never saw them, how the runs
/// before it did.
class Attribution {
 public:
  Attribution(const Workspace& workspace, Endings& endings) : workspace_(workspace), endings_(endings) {}

  /// `missing` is sorted by id.
  Status attribute(const std::string& dataset, std::int64_t version, std::vector<Entry> missing) {
    GRISTMILL_TRY(const auto unknown, settle(dataset, version, std::move(missing), 0));
    for (const auto& entry : unknown) endings_[{dataset, "input", "absent"}].add(entry.tokens);
    return {};
  }

 private:
  static constexpr int upstream_max = 16;  // Pipelines deep; a loop of datasets ends here too.

  /// Who made a version what it is.
  struct Lineage {
    std::vector<std::string> changes;  ///< Of rows, since the run's version, newest first.
    std::string run_id;                ///< That wrote the version or the nearest before it; empty for none.
    std::string later_operation;       ///< Of the first commit after the run's.
  };

  /// Takes from `missing` those whose ending an index names; `ending_of` turns what it says into one, or nothing.
  template <typename EndingOf>
  Status take(const std::string& dataset, const std::string& work_id, std::vector<Entry>& missing,
              const EndingOf& ending_of) {
    std::vector<Hash128> ids;
    for (const auto& entry : missing) ids.push_back(entry.id);
    std::vector<bool> is_settled(missing.size(), false);
    GRISTMILL_TRY(const auto paths, index_files(workspace_.table_folder(dataset), work_id));
    for (const auto& path : paths) {
      GRISTMILL_RETURN_IF_ERROR(formats::find_all_in_index(path, ids, [&](std::size_t i, std::string_view outcome) {
        if (is_settled[i]) return;
        const std::optional<Ending> ending = ending_of(outcome);
        if (!ending) return;
        is_settled[i] = true;
        endings_[*ending].add(missing[i].tokens);
      }));
    }
    std::size_t next = 0;
    std::erase_if(missing, [&](const Entry&) { return is_settled[next++]; });
    return {};
  }

  /// Counts those of which a change or a run knows the ending; returns the others.
  Result<std::vector<Entry>> settle(const std::string& dataset, std::int64_t version, std::vector<Entry> missing,
                                    int depth) {
    if (missing.empty() || depth == upstream_max) return missing;
    GRISTMILL_TRY(const auto lineage, lineage_of(dataset, version));
    for (const auto& change_id : lineage.changes) {
      const auto change = show_change(workspace_, change_id);
      const auto reason = change && (*change)["where"].is_string() ? (*change)["where"].as_string() : change_id;
      GRISTMILL_RETURN_IF_ERROR(take(dataset, change_id, missing, [&](std::string_view outcome) {
        return outcome.empty() ? std::optional<Ending>()
                               : Ending(dataset, outcome.substr(0, outcome.find('\t')), reason);
      }));
    }
    if (lineage.run_id.empty()) return missing;
    GRISTMILL_RETURN_IF_ERROR(take(dataset, lineage.run_id, missing, [&](std::string_view outcome) {
      const auto tab = outcome.find('\t');
      // What the run wrote and is not there any more, a later commit of somebody took away.
      return std::optional(outcome.empty() ? Ending(dataset, "commit", lineage.later_operation)
                                           : Ending(dataset, outcome.substr(0, tab), outcome.substr(tab + 1)));
    }));
    const auto run = show_run(workspace_, lineage.run_id);
    if (!run) return run.error().code == ErrorCode::not_found ? Result(missing) : run.error();
    for (const auto& input : (*run)["inputs"].items()) {
      GRISTMILL_TRY(missing,
                    settle(input["dataset"].as_string(), input["version"].as_int(), std::move(missing), depth + 1));
    }
    return missing;
  }

  Result<Lineage> lineage_of(const std::string& dataset, std::int64_t version) const {
    Lineage lineage{.changes = {}, .run_id = {}, .later_operation = "delete"};
    const auto chosen = select_version(workspace_, fmt::format("{}@{}", dataset, version));
    // An input version may have expired since: then nothing more is known.
    if (!chosen) return chosen.error().code == ErrorCode::not_found ? Result(lineage) : chosen.error();
    const auto* snapshot = &chosen->second;
    while (snapshot != nullptr && snapshot->note("gristmill.run-id").empty()) {
      if (const auto change = snapshot->note("gristmill.change-id"); !change.empty())
        lineage.changes.emplace_back(change);
      lineage.later_operation = snapshot->note("operation");
      snapshot = chosen->first.metadata().find_snapshot(snapshot->parent_id);
    }
    if (snapshot != nullptr) lineage.run_id = snapshot->note("gristmill.run-id");
    return lineage;
  }

  const Workspace& workspace_;
  Endings& endings_;
};

struct Totals {
  Amount added, removed, unchanged;
  std::int64_t changed_documents = 0, tokens_before_change = 0, tokens_after_change = 0;
};

/// Walks both sides, sorted by id; what only one of them has goes to `removed` and `added`.
void compare(const std::vector<Entry>& before, const std::vector<Entry>& after, Totals& totals,
             std::vector<Entry>& removed, std::vector<Entry>& added) {
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < before.size() || j < after.size()) {
    if (j == after.size() || (i < before.size() && before[i].id < after[j].id)) {
      totals.removed.add(before[i].tokens);
      removed.push_back(before[i++]);
    } else if (i == before.size() || after[j].id < before[i].id) {
      totals.added.add(after[j].tokens);
      added.push_back(after[j++]);
    } else {
      if (before[i].content == after[j].content && before[i].tokens == after[j].tokens) {
        totals.unchanged.add(after[j].tokens);
      } else {
        ++totals.changed_documents;
        totals.tokens_before_change += before[i].tokens;
        totals.tokens_after_change += after[j].tokens;
      }
      ++i;
      ++j;
    }
  }
}

Json endings_json(const Endings& endings, bool has_tokens) {
  auto list = Json::array();
  for (const auto& [ending, amount] : endings) {
    const auto& [dataset, name, reason] = ending;
    list.push(Json::object({{"dataset", dataset},
                            {"operator", name},
                            {"reason", reason},
                            {"documents", amount.documents},
                            {"tokens", has_tokens ? Json(amount.tokens) : Json()}}));
  }
  return list;
}

/// The operators of the run behind a version, each with its version and options; empty without a run.
Result<std::vector<Json>> steps_of(const Workspace& workspace, const Side& side) {
  const std::string run_id(side.snapshot.note("gristmill.run-id"));
  std::vector<Json> steps;
  if (run_id.empty()) return steps;
  const auto run = show_run(workspace, run_id);
  if (!run) return run.error().code == ErrorCode::not_found ? Result(steps) : Result<std::vector<Json>>(run.error());
  std::map<std::string, int> times;
  for (const auto& item : (*run)["operators"].items()) {
    auto name = item["name"].as_string();
    if (const int nth = ++times[name]; nth > 1) name += fmt::format(" ({})", nth);
    steps.push_back(
        Json::object({{"name", std::move(name)}, {"version", item["version"]}, {"options", item["options"]}}));
  }
  return steps;
}

/// Which steps came, went, or are set otherwise; the nth use of an operator is compared with the nth.
Result<Json> compare_steps(const Workspace& workspace, const Side& before, const Side& after) {
  GRISTMILL_TRY(const auto old_steps, steps_of(workspace, before));
  GRISTMILL_TRY(const auto new_steps, steps_of(workspace, after));
  const auto find = [](const std::vector<Json>& steps, const Json& wanted) {
    return std::ranges::find_if(steps, [&](const Json& step) { return step["name"] == wanted["name"]; });
  };
  auto changes = Json::array();
  const auto note = [&](const Json& step, std::string_view change, const Json& old_value, const Json& new_value) {
    changes.push(
        Json::object({{"operator", step["name"]}, {"change", change}, {"before", old_value}, {"after", new_value}}));
  };
  for (const auto& step : old_steps) {
    const auto found = find(new_steps, step);
    if (found == new_steps.end()) {
      note(step, "removed", step["options"], nullptr);
    } else {
      if (step["version"] != (*found)["version"]) note(step, "version", step["version"], (*found)["version"]);
      if (step["options"] != (*found)["options"]) note(step, "options", step["options"], (*found)["options"]);
    }
  }
  for (const auto& step : new_steps) {
    if (find(old_steps, step) == old_steps.end()) note(step, "added", nullptr, step["options"]);
  }
  return changes;
}

Json version_of(const Side& side) {
  return Json::object({{"dataset", side.table.name().text()}, {"version", side.snapshot.id}});
}

}  // namespace

Result<Json> diff_versions(const Workspace& workspace, const std::string& before, const std::string& after) {
  GRISTMILL_TRY(auto older, Side::open(workspace, before));
  GRISTMILL_TRY(auto newer, Side::open(workspace, after));
  Totals totals;
  Endings removed_by;
  Endings added_from;
  GRISTMILL_RETURN_IF_ERROR(set_shared_aside(older, newer, totals.unchanged));
  const auto passes = static_cast<std::uint64_t>(1 + std::max(older.records(), newer.records()) / documents_a_pass);
  for (std::uint64_t pass = 0; pass < passes; ++pass) {
    GRISTMILL_TRY(const auto old_entries, older.collect(pass, passes));
    GRISTMILL_TRY(const auto new_entries, newer.collect(pass, passes));
    std::vector<Entry> removed;
    std::vector<Entry> added;
    compare(old_entries, new_entries, totals, removed, added);
    GRISTMILL_RETURN_IF_ERROR(
        Attribution(workspace, removed_by).attribute(newer.table.name().text(), newer.snapshot.id, std::move(removed)));
    GRISTMILL_RETURN_IF_ERROR(
        Attribution(workspace, added_from).attribute(older.table.name().text(), older.snapshot.id, std::move(added)));
  }
  GRISTMILL_TRY(auto steps, compare_steps(workspace, older, newer));
  auto tokens = Json();
  if (older.has_tokens && newer.has_tokens) {
    const auto stable = totals.unchanged.tokens;
    tokens = Json::object({{"before", stable + totals.removed.tokens + totals.tokens_before_change},
                           {"after", stable + totals.added.tokens + totals.tokens_after_change},
                           {"added", totals.added.tokens},
                           {"removed", totals.removed.tokens},
                           {"changed", totals.tokens_after_change - totals.tokens_before_change}});
  }
  return Json::object({{"before", version_of(older)},
                       {"after", version_of(newer)},
                       {"documents", Json::object({{"added", totals.added.documents},
                                                   {"removed", totals.removed.documents},
                                                   {"changed", totals.changed_documents},
                                                   {"unchanged", totals.unchanged.documents}})},
                       {"tokens", std::move(tokens)},
                       {"removed", endings_json(removed_by, older.has_tokens)},
                       {"added", endings_json(added_from, newer.has_tokens)},
                       {"steps", std::move(steps)}});
}

}  // namespace gristmill::platform
