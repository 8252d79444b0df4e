// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/maintenance.h"

#include <fmt/format.h>

#include <map>
#include <set>

#include "gristmill/base/clock.h"
#include "gristmill/io/file.h"
#include "gristmill/platform/datasets.h"
#include "gristmill/platform/id_indexes.h"
#include "gristmill/store/location.h"

namespace gristmill::platform {
namespace {

/// Versions of a dataset that somebody needs, and why.
using Needs = std::map<std::int64_t, std::string>;

/// Adds what runs read that are not finished, and so may go on at any time.
Status add_inputs_of_runs(meta::Transaction& transaction, const std::string& dataset, Needs& needs) {
  GRISTMILL_TRY(const auto rows,
                transaction.query("SELECT run_id, plan FROM runs WHERE status NOT IN ('done', 'alerts')"));
  for (const auto& row : rows) {
    GRISTMILL_TRY(const auto plan, Json::parse(meta::text(row[1])));
    for (const auto& input : plan["inputs"].items()) {
      if (input["dataset"].as_string() == dataset)
        needs[input["version"].as_int()] = fmt::format("read by the unfinished run {}", meta::text(row[0]));
    }
  }
  return {};
}

Status add_token_sources(meta::Transaction& transaction, const std::string& dataset, Needs& needs) {
  GRISTMILL_TRY(
      const auto rows,
      transaction.query("SELECT source_version, dataset FROM token_sets WHERE source_dataset = ?", {dataset}));
  for (const auto& row : rows) needs[meta::integer(row[0])] = "the tokens " + meta::text(row[1]) + " were made from it";
  return {};
}

/// Adds what releases pin by their own records: a tag of theirs may have been removed by another program.
Status add_releases(meta::Transaction& transaction, const std::string& dataset, Needs& needs) {
  GRISTMILL_TRY(const auto rows, transaction.query("SELECT name, contents FROM releases"));
  for (const auto& row : rows) {
    GRISTMILL_TRY(const auto contents, Json::parse(meta::text(row[1])));
    for (const auto& member : contents["datasets"].items()) {
      if (member["dataset"].as_string() == dataset) needs[member["version"].as_int()] = "release " + meta::text(row[0]);
    }
  }
  return {};
}

Status add_needs(meta::Transaction& transaction, const std::string& dataset, bool keeps_token_sources, Needs& needs) {
  if (keeps_token_sources) GRISTMILL_RETURN_IF_ERROR(add_token_sources(transaction, dataset, needs));
  GRISTMILL_RETURN_IF_ERROR(add_inputs_of_runs(transaction, dataset, needs));
  return add_releases(transaction, dataset, needs);
}

/// Somebody may have begun to read an old version since the needs were looked up: the commit is the last moment to see
/// it.
Status check_unneeded(meta::Transaction& transaction, const store::Table& table, const store::Retention& retention,
                      bool keeps_token_sources) {
  Needs needs;
  const auto dataset = table.name().text();
  GRISTMILL_RETURN_IF_ERROR(add_needs(transaction, dataset, keeps_token_sources, needs));
  const auto going = store::expirable(table.metadata(), retention);
  for (const auto& [version, why] : needs) {
    if (going.contains(version))
      return Error{
          ErrorCode::conflict,
          fmt::format("dataset {}: version {} is needed since just now ({}): nothing was removed, run it again",
                      dataset, version, why)};
  }
  return {};
}

void add_references(const store::TableMetadata& metadata, Needs& needs) {
  for (const auto& reference : metadata.references())
    needs[reference.snapshot_id] = (reference.is_tag ? "release " : "branch ") + reference.name;
  needs[metadata.current_snapshot_id()] = "current";
}

Json brief(const store::Snapshot& snapshot) {
  return Json::object({{"version", snapshot.id},
                       {"ordinal", fmt::format("v{}", snapshot.sequence_number)},
                       {"timestamp", iso8601(snapshot.timestamp_ms)}});
}

/// Ids of runs and ingestions that may go on: their files are in no version yet.
Result<std::set<std::string>> unfinished_work(const Workspace& workspace) {
  std::set<std::string> ids;
  GRISTMILL_RETURN_IF_ERROR(workspace.database().read([&](meta::Transaction& transaction) -> Status {
    for (const auto* sql : {"SELECT run_id FROM runs WHERE status NOT IN ('done', 'alerts')",
                            "SELECT ingestion_id FROM ingestions WHERE completed_at IS NULL"}) {
      GRISTMILL_TRY(const auto rows, transaction.query(sql));
      for (const auto& row : rows) ids.insert(meta::text(row[0]));
    }
    return {};
  }));
  return ids;
}

/// Indexes of ids go with their data files.
Status add_indexes(const store::Table& table, bool is_dry_run, store::Expired& expired) {
  std::vector<std::string> indexes;
  for (const auto& path : expired.paths) {
    const auto index = index_of(path);
    if (!path.ends_with(".parquet")) continue;
    GRISTMILL_TRY(const auto bytes, io::find_file(index));
    if (!bytes) continue;
    expired.bytes += static_cast<std::int64_t>(*bytes);
    indexes.push_back(index);
  }
  GRISTMILL_TRY(const auto root, store::path_of(table.metadata().location()));
  if (!is_dry_run) GRISTMILL_RETURN_IF_ERROR(store::remove_files(indexes, root));
  expired.paths.insert(expired.paths.end(), indexes.begin(), indexes.end());
  return {};
}

Result<store::Table> load_table(const Workspace& workspace, const std::string& dataset) {
  GRISTMILL_TRY(const auto name, store::TableName::parse(dataset));
  return store::Table::load(store::Catalog(workspace.database()), name);
}

/// Files of other tables that live in the same folder: a table that was renamed keeps its folder, and its old name may
/// have been given to another one since.
Result<std::set<std::string>> needed_by_neighbours(const Workspace& workspace, const store::Table& table) {
  const store::Catalog catalog(workspace.database());
  GRISTMILL_TRY(const auto root, store::path_of(table.metadata().location()));
  GRISTMILL_TRY(const auto names, catalog.list_tables());
  std::set<std::string> needed;
  for (const auto& name : names) {
    if (name == table.name()) continue;
    const auto other = store::Table::load(catalog, name);
    if (!other && other.error().code == ErrorCode::not_found) continue;  // Dropped in between.
    if (!other) return other.error();
    GRISTMILL_TRY(const auto folder, store::path_of(other->metadata().location()));
    if (!(folder + "/").starts_with(root + "/") && !(root + "/").starts_with(folder + "/")) continue;
    GRISTMILL_TRY(const auto files, store::referenced_files(*other));
    needed.insert(files.begin(), files.end());
  }
  return needed;
}

}  // namespace

Result<Json> expire_dataset(const Workspace& workspace, const ExpireRequest& request) {
  GRISTMILL_TRY(auto table, load_table(workspace, request.dataset));
  Needs needs;
  GRISTMILL_RETURN_IF_ERROR(workspace.database().read([&](meta::Transaction& transaction) -> Status {
    return add_needs(transaction, table.name().text(), !request.with_token_sources, needs);
  }));
  GRISTMILL_TRY(const auto now, workspace.careful_now_ms());
  store::Retention retention{
      .older_than_ms = now - request.older_than_ms, .keep_last = request.keep_last, .in_use = {}};
  for (const auto& [version, why] : needs) retention.in_use.insert(version);
  const auto note = [&](meta::Transaction& transaction, std::int64_t) -> Status {
    GRISTMILL_RETURN_IF_ERROR(check_unneeded(transaction, table, retention, !request.with_token_sources));
    return audit(transaction, "dataset.expire", table.name().text(),
                 Json::object({{"older_than", iso8601(retention.older_than_ms)}, {"keep_last", request.keep_last}}));
  };
  const auto before = table.snapshots();
  GRISTMILL_TRY(auto done, table.expire(retention, request.is_dry_run, note));
  GRISTMILL_RETURN_IF_ERROR(add_indexes(table, request.is_dry_run, done));
  add_references(table.metadata(), needs);
  auto expired = Json::array();
  std::set<std::int64_t> gone;
  for (const auto& snapshot : done.snapshots) {
    gone.insert(snapshot.id);
    expired.push(brief(snapshot));
  }
  auto kept = Json::array();
  for (const auto& snapshot : before) {
    if (gone.contains(snapshot.id)) continue;
    const auto need = needs.find(snapshot.id);
    kept.push(brief(snapshot).set(
        "why", need != needs.end() ? need->second : "young, among the last of a branch, or on the way to one"));
  }
  return Json::object({{"dataset", table.name().text()},
                       {"expired", std::move(expired)},
                       {"kept", std::move(kept)},
                       {"files", done.paths.size()},
                       {"bytes", done.bytes},
                       {"foreign_files", done.left.size()},
                       {"dry_run", request.is_dry_run}});
}

Result<Json> clean_dataset(const Workspace& workspace, const CleanRequest& request) {
  if (request.older_than_ms < store::orphan_age_ms_min)
    return invalid_argument(
        "files younger than an hour may belong to a commit that is under way: give an age of 1h or more");
  GRISTMILL_TRY(auto table, load_table(workspace, request.dataset));
  GRISTMILL_TRY(const auto unfinished, unfinished_work(workspace));
  GRISTMILL_TRY(const auto elsewhere, needed_by_neighbours(workspace, table));
  GRISTMILL_TRY(const auto now, workspace.careful_now_ms());
  GRISTMILL_TRY(const auto orphans, store::find_orphans(table, now - request.older_than_ms, unfinished, elsewhere));
  if (!request.is_dry_run && !orphans.paths.empty()) {
    GRISTMILL_TRY(const auto root, store::path_of(table.metadata().location()));
    GRISTMILL_RETURN_IF_ERROR(workspace.database().write([&](meta::Transaction& transaction) {
      return audit(transaction, "dataset.clean", table.name().text(),
                   Json::object({{"files", orphans.paths.size()}, {"bytes", orphans.bytes}}));
    }));
    GRISTMILL_RETURN_IF_ERROR(store::remove_files(orphans.paths, root));
  }
  auto paths = Json::array();
  for (const auto& path : orphans.paths) paths.push(path);
  return Json::object({{"dataset", table.name().text()},
                       {"files", orphans.paths.size()},
                       {"bytes", orphans.bytes},
                       {"paths", std::move(paths)},
                       {"dry_run", request.is_dry_run}});
}

}  // namespace gristmill::platform
