// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/table_purges.h"

#include <set>

#include "gristmill/base/clock.h"
#include "gristmill/store/location.h"
#include "gristmill/store/retention.h"
#include "gristmill/store/table.h"

namespace gristmill::platform {
namespace {

struct Purge {
  store::TableName name;
  std::string metadata_location;
};

Result<std::vector<Purge>> due_purges(const Workspace& workspace, std::int64_t before_ms) {
  std::vector<Purge> purges;
  const auto done = workspace.database().read([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(const auto rows, transaction.query("SELECT table_namespace, table_name, metadata_location FROM "
                                                     "catalog_purges WHERE requested_ms <= ? ORDER BY requested_ms",
                                                     {before_ms}));
    for (const auto& row : rows) purges.push_back({{meta::text(row[0]), meta::text(row[1])}, meta::text(row[2])});
    return {};
  });
  if (!done) return done.error();
  return purges;
}

/// Takes away from `files` what tables of the catalog refer to.
Status keep_what_is_needed(const store::Catalog& catalog, std::set<std::string>& files) {
  GRISTMILL_TRY(const auto names, catalog.list_tables());
  for (const auto& name : names) {
    const auto table = store::Table::load(catalog, name);
    if (!table && table.error().code == ErrorCode::not_found) continue;  // Dropped in between.
    if (!table) return table.error();
    GRISTMILL_TRY(const auto needed, store::referenced_files(*table));
    for (const auto& path : needed) files.erase(path);
  }
  return {};
}

/// What only the dropped table needs, in its own folder.
Result<std::vector<std::string>> files_to_remove(const store::Catalog& catalog, const store::Table& table,
                                                 const std::string& root) {
  GRISTMILL_TRY(auto files, store::referenced_files(table));
  std::erase_if(files, [&](const std::string& path) { return !path.starts_with(root + "/"); });
  GRISTMILL_RETURN_IF_ERROR(keep_what_is_needed(catalog, files));
  return std::vector<std::string>(files.begin(), files.end());
}

/// Moves a purge on, unless somebody took it back.
Result<bool> mark(const Workspace& workspace, const Purge& purge) {
  bool is_ours = false;
  const auto done = workspace.database().write([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(const auto count,
                  transaction.execute("UPDATE catalog_purges SET state = 'running' WHERE metadata_location = ?",
                                      {purge.metadata_location}));
    is_ours = count == 1;
    return {};
  });
  if (!done) return done.error();
  return is_ours;
}

Status finish(const Workspace& workspace, const Purge& purge, std::size_t files) {
  return workspace.database().write([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(
        [[maybe_unused]] const auto count,
        transaction.execute("DELETE FROM catalog_purges WHERE metadata_location = ?", {purge.metadata_location}));
    return audit(transaction, "dataset.purge", purge.name.text(),
                 Json::object({{"metadata_location", purge.metadata_location}, {"files", files}}));
  });
}

/// The number of files that went.
Result<std::size_t> carry_out(const Workspace& workspace, const Purge& purge) {
  const store::Catalog catalog(workspace.database());
  const auto table = store::Table::load_at(catalog, purge.name, purge.metadata_location);
  // The metadata goes last: where it is gone, so is everything else.
  if (!table && table.error().code == ErrorCode::not_found) {
    GRISTMILL_RETURN_IF_ERROR(finish(workspace, purge, 0));
    return std::size_t{0};
  }
  if (!table) return table.error();
  GRISTMILL_TRY(const auto root, store::path_of(table->metadata().location()));
  GRISTMILL_TRY(const auto metadata_path, store::path_of(purge.metadata_location));
  // Tables that are in no catalog of ours may share the files; this one is gone all the same.
  if (!store::check_removable(table->metadata())) {
    GRISTMILL_RETURN_IF_ERROR(finish(workspace, purge, 0));
    return std::size_t{0};
  }
  GRISTMILL_TRY(auto files, files_to_remove(catalog, *table, root));
  GRISTMILL_TRY(const bool is_ours, mark(workspace, purge));
  if (!is_ours) return std::size_t{0};
  const bool has_metadata = std::erase(files, metadata_path) > 0;
  GRISTMILL_RETURN_IF_ERROR(store::remove_files(files, root));
  if (has_metadata) GRISTMILL_RETURN_IF_ERROR(store::remove_files({metadata_path}, root));
  const auto count = files.size() + (has_metadata ? 1 : 0);
  GRISTMILL_RETURN_IF_ERROR(finish(workspace, purge, count));
  return count;
}

}  // namespace

Status request_purge(meta::Transaction& transaction, const store::TableName& name,
                     const std::string& metadata_location) {
  const auto done = transaction.execute(
      "INSERT INTO catalog_purges (metadata_location, table_namespace, table_name, requested_ms, state) "
      "VALUES (?, ?, ?, ?, 'waiting') ON CONFLICT (metadata_location) DO NOTHING",
      {metadata_location, name.name_space, name.name, now_ms()});
  return done ? Status() : Status(done.error());
}

Status forget_purge(meta::Transaction& transaction, const std::string& metadata_location) {
  GRISTMILL_TRY(const auto rows,
                transaction.query("SELECT state FROM catalog_purges WHERE metadata_location = ?", {metadata_location}));
  if (rows.empty()) return {};
  if (meta::text(rows[0][0]) == "running")
    return Error{ErrorCode::conflict, "the table was dropped for good, and its files are just being removed"};
  const auto done = transaction.execute("DELETE FROM catalog_purges WHERE metadata_location = ?", {metadata_location});
  return done ? Status() : Status(done.error());
}

Result<Json> purge_dropped_tables(const Workspace& workspace, std::int64_t age_ms) {
  GRISTMILL_TRY(const auto now, workspace.careful_now_ms());
  GRISTMILL_TRY(const auto purges, due_purges(workspace, now - age_ms));
  auto report = Json::object({{"purged", Json::array()}, {"postponed", Json::array()}, {"files", 0}});
  std::size_t files = 0;
  for (const auto& purge : purges) {
    const auto count = carry_out(workspace, purge);
    if (count) {
      files += *count;
      report.at("purged").push(purge.name.text());
    } else {
      report.at("postponed").push(Json::object({{"dataset", purge.name.text()}, {"message", count.error().message}}));
    }
  }
  return report.set("files", files);
}

}  // namespace gristmill::platform
