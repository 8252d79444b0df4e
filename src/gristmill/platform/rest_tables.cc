// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/rest_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "gristmill/base/hash.h"
#include "gristmill/platform/rest_guards.h"
#include "gristmill/platform/rest_replay.h"
#include "gristmill/platform/table_purges.h"
#include "gristmill/store/attempt_files.h"
#include "gristmill/store/metadata_files.h"
#include "gristmill/store/table.h"
#include "gristmill/store/table_updates.h"

namespace gristmill::platform {
namespace {

constexpr std::string_view view_type = "VIEW";

Error no_such_table(const store::TableName& name) {
  return not_found(fmt::format("there is no table {}", name.text()));
}

Error exists_already(const store::TableName& name) {
  return {ErrorCode::already_exists, fmt::format("there is a table {} already", name.text())};
}

bool is_true(const std::string* text) {
  return text != nullptr && (*text == "true" || *text == "True" || *text == "TRUE");
}

/// What an answer depends on: where the metadata is, and how much of it the client wants.
std::string entity_tag(const std::string& metadata_location, std::string_view mode) {
  return fmt::format("\"{}\"", sha256_hex(fmt::format("{}\n{}", metadata_location, mode)).substr(0, 32));
}

std::string snapshot_mode(const RestCall& call) {
  const auto* mode = call.parameter("snapshots");
  return mode != nullptr && *mode == "refs" ? "refs" : "all";
}

bool matches(std::string_view wanted, std::string_view tag) {
  return wanted == "*" || (!wanted.empty() && wanted.find(tag) != std::string_view::npos);
}

/// Only the snapshots that a branch or tag names.
Json with_named_snapshots(Json document) {
  std::set<std::int64_t> named;
  for (const auto& [name, reference] : document["refs"].members()) named.insert(reference["snapshot-id"].as_int());
  named.insert(document["current-snapshot-id"].as_int(-1));
  auto snapshots = document["snapshots"].items();
  std::erase_if(snapshots, [&](const Json& one) { return !named.contains(one["snapshot-id"].as_int()); });
  document.set("snapshots", Json(std::move(snapshots)));
  return document;
}

/// The row of a table or view, if there is one.
struct TableRow {
  std::string metadata_location;
  bool is_view = false;
};
Result<std::optional<TableRow>> row_of(meta::Transaction& transaction, const store::TableName& name) {
  GRISTMILL_TRY(const auto rows,
                transaction.query("SELECT metadata_location, iceberg_type FROM iceberg_tables WHERE catalog_name = ? "
                                  "AND table_namespace = ? AND table_name = ?",
                                  {std::string(store::catalog_name), name.name_space, name.name}));
  if (rows.empty()) return std::optional<TableRow>();
  return std::optional(TableRow{meta::text(rows[0][0]), meta::text(rows[0][1]) == view_type});
}

/// What a client asked for when it creates a table, with our defaults.
Result<store::NewTable> new_table_of(RestContext& context, const store::TableName& name, const Json& body) {
  store::NewTable table{.location = body["location"].as_string(),
                        .schema = body["schema"],
                        .spec = body["partition-spec"],
                        .sort_order = body["write-order"],
                        .properties = {}};
  if (!table.schema.is_object()) return invalid_argument("\"schema\" must be an object");
  const auto& wanted = body["properties"];
  if (!wanted.is_null() && !wanted.is_object()) return invalid_argument("\"properties\" must be an object");
  table.properties = Json::object({{"write.parquet.compression-codec", "zstd"},
                                   {"write.metadata.delete-after-commit.enabled", "true"},
                                   {"write.metadata.previous-versions-max", "100"}});
  for (const auto& [key, value] : wanted.members()) table.properties.set(key, value);
  while (table.location.size() > 1 && table.location.ends_with('/')) table.location.pop_back();
  if (!table.location.empty()) return table;
  GRISTMILL_TRY(table.location, new_table_location(context.workspace, name));
  return table;
}

/// Checks that a new table may have its name and place.
Status check_new(RestContext& context, meta::Transaction& transaction, const store::TableName& name,
                 const std::string& location) {
  GRISTMILL_TRY(const auto row, row_of(transaction, name));
  if (row) return exists_already(name);
  return check_table_location(context.workspace, transaction, name, location);
}

Result<RestResponse> insert_table(RestContext& context, const RestCall& call, const store::TableName& name,
                                  const store::TableMetadata& metadata) {
  const auto location = store::next_metadata_location(metadata.location(), {});
  store::AttemptFiles files;
  GRISTMILL_RETURN_IF_ERROR(files.write(location, metadata.dump()));
  const auto status = context.workspace.database().write([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(const bool has_space, has_namespace(transaction, name.name_space));
    if (!has_space) return not_found(fmt::format("there is no namespace {}", name.name_space));
    GRISTMILL_RETURN_IF_ERROR(check_new(context, transaction, name, metadata.location()));
    GRISTMILL_RETURN_IF_ERROR(store::Catalog::insert(transaction, name, location));
    GRISTMILL_RETURN_IF_ERROR(remember_table(transaction, call, name, location));
    return audit(transaction, "dataset.create", name.text(),
                 Json::object({{"through", "iceberg-rest"}, {"location", metadata.location()}}));
  });
  if (!status) {
    // A failed transaction may have become durable all the same: what the catalog says now counts.
    const auto now = store::Catalog(context.workspace.database()).metadata_location(name);
    if (!now && now.error().code != ErrorCode::not_found) files.keep();
    if (!now || *now != location) return status.error();
  }
  files.keep();
  return table_answer(context, call, metadata, location);
}

/// The metadata file of a table that is to be registered, checked.
Result<store::TableMetadata> foreign_metadata(RestContext& context, const std::string& location) {
  GRISTMILL_RETURN_IF_ERROR(check_in_warehouse(context.workspace, location));
  auto metadata = store::read_metadata(location);
  if (!metadata) {
    auto error = std::move(metadata).error();
    return invalid_argument("the metadata file cannot be read: " + error.message);
  }
  GRISTMILL_RETURN_IF_ERROR(check_in_warehouse(context.workspace, metadata->location()));
  if (metadata->uuid().empty()) return invalid_argument("the metadata file has no table-uuid");
  return metadata;
}

Status move_row(meta::Transaction& transaction, const store::TableName& from, const store::TableName& to) {
  const auto done = transaction.execute(
      "UPDATE iceberg_tables SET table_namespace = ?, table_name = ? WHERE catalog_name = ? AND table_namespace = ? "
      "AND table_name = ?",
      {to.name_space, to.name, std::string(store::catalog_name), from.name_space, from.name});
  return done ? Status() : Status(done.error());
}

}  // namespace

RestResponse table_answer(const RestContext& context, const RestCall& call, const store::TableMetadata& metadata,
                          const std::string& metadata_location) {
  auto answer = Json::object();
  if (!metadata_location.empty()) answer.set("metadata-location", metadata_location);
  const auto mode = snapshot_mode(call);
  answer.set("metadata", mode == "refs" ? with_named_snapshots(metadata.document()) : metadata.document());
  add_storage(context.workspace, context.options, call.request, metadata.location(), answer);
  auto response = json_answer(200, answer);
  if (!metadata_location.empty()) response.headers.emplace_back("ETag", entity_tag(metadata_location, mode));
  return response;
}

Status check_uuid_is_free(RestContext& context, meta::Transaction& transaction, const std::string& uuid,
                          const store::TableName& name) {
  GRISTMILL_TRY(const auto owner, context.uuids.find(transaction, uuid, name));
  if (!owner) return {};
  return Error{ErrorCode::already_exists,
               fmt::format("the table-uuid {} belongs to the table {}: two tables would share their files", uuid,
                           owner->text())};
}

Result<RestResponse> list_tables(RestContext& context, const RestCall& call) {
  GRISTMILL_TRY(const auto space, call.name_space());
  GRISTMILL_TRY(const auto page, page_of(call));
  bool is_there = false;
  std::vector<std::string> names;
  const auto done = context.workspace.database().read([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(is_there, has_namespace(transaction, space));
    GRISTMILL_TRY(const auto rows,
                  transaction.query("SELECT table_name FROM iceberg_tables WHERE catalog_name = ? AND table_namespace "
                                    "= ? AND (iceberg_type IS NULL OR iceberg_type = 'TABLE')",
                                    {std::string(store::catalog_name), space}));
    for (const auto& row : rows) names.push_back(meta::text(row[0]));
    return {};
  });
  if (!done) return done.error();
  if (!is_there) return no_such_namespace(space);
  std::ranges::sort(names);
  auto answer = Json::object({{"identifiers", Json::array()}});
  for (const auto& name : cut(std::move(names), page, answer))
    answer.at("identifiers").push(Json::object({{"namespace", levels_json(space)}, {"name", name}}));
  return json_answer(200, answer);
}

Result<RestResponse> create_table(RestContext& context, const RestCall& call) {
  GRISTMILL_TRY(const auto space, call.name_space());
  GRISTMILL_TRY(const auto body, call.body());
  const store::TableName name{space, body["name"].as_string()};
  GRISTMILL_RETURN_IF_ERROR(check_new_table(name));
  GRISTMILL_TRY(const auto wanted, new_table_of(context, name, body));
  bool has_space = false;
  const auto done = context.workspace.database().read([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(has_space, has_namespace(transaction, space));
    return has_space ? check_new(context, transaction, name, wanted.location) : Status();
  });
  if (!done) return done.error();
  if (!has_space) return no_such_namespace(space);
  GRISTMILL_TRY(const auto metadata, store::create_metadata(wanted, store::current_time_ms()));
  // Some clients write into these folders without making them.
  GRISTMILL_RETURN_IF_ERROR(make_table_folders(metadata.location()));
  if (body["stage-create"].as_bool()) {
    context.staged.add(metadata.location(), store::current_time_ms());
    return table_answer(context, call, metadata, {});
  }
  return insert_table(context, call, name, metadata);
}

Result<RestResponse> load_table(RestContext& context, const RestCall& call) {
  GRISTMILL_TRY(const auto name, call.table());
  const store::Catalog catalog(context.workspace.database());
  if (const auto wanted = call.request.header("If-None-Match"); !wanted.empty()) {
    GRISTMILL_TRY(const auto location, catalog.metadata_location(name));
    const auto tag = entity_tag(location, snapshot_mode(call));
    if (matches(wanted, tag)) return RestResponse{.status = 304, .headers = {{"ETag", tag}}, .body = {}};
  }
  auto table = store::Table::load(catalog, name);
  // A view is no table: clients then ask for it as a view.
  if (!table && table.error().code == ErrorCode::invalid_argument && !catalog.metadata_location(name))
    return no_such_table(name);
  if (!table) return std::move(table).error();
  return table_answer(context, call, table->metadata(), table->metadata_location());
}

Result<RestResponse> table_exists(RestContext& context, const RestCall& call) {
  GRISTMILL_TRY(const auto name, call.table());
  const auto location = store::Catalog(context.workspace.database()).metadata_location(name);
  // A view is no table.
  if (!location && location.error().code == ErrorCode::invalid_argument) return no_such_table(name);
  if (!location) return location.error();
  return no_content();
}

Result<RestResponse> drop_table(RestContext& context, const RestCall& call) {
  GRISTMILL_TRY(const auto name, call.table());
  const bool is_purge = is_true(call.parameter("purgeRequested"));
  const auto done = context.workspace.database().write([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(const auto row, row_of(transaction, name));
    if (!row || row->is_view) return no_such_table(name);
    GRISTMILL_RETURN_IF_ERROR(guard_name(transaction, name));
    GRISTMILL_TRY([[maybe_unused]] const auto count,
                  transaction.execute(
                      "DELETE FROM iceberg_tables WHERE catalog_name = ? AND table_namespace = ? AND table_name = ?",
                      {std::string(store::catalog_name), name.name_space, name.name}));
    if (is_purge) GRISTMILL_RETURN_IF_ERROR(request_purge(transaction, name, row->metadata_location));
    GRISTMILL_RETURN_IF_ERROR(remember(transaction, call, no_content()));
    return audit(
        transaction, "dataset.drop", name.text(),
        Json::object(
            {{"through", "iceberg-rest"}, {"metadata_location", row->metadata_location}, {"purge", is_purge}}));
  });
  if (!done) return done.error();
  return no_content();
}

Result<RestResponse> rename_table(RestContext& context, const RestCall& call) {
  GRISTMILL_TRY(const auto body, call.body());
  GRISTMILL_TRY(const auto from, table_of(body["source"]));
  GRISTMILL_TRY(const auto to, table_of(body["destination"]));
  GRISTMILL_RETURN_IF_ERROR(check_new_table(to));
  bool has_space = true;
  const auto done = context.workspace.database().write([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(const auto row, row_of(transaction, from));
    if (!row || row->is_view) return no_such_table(from);
    GRISTMILL_TRY(has_space, has_namespace(transaction, to.name_space));
    if (!has_space) return {};
    GRISTMILL_TRY(const auto taken, row_of(transaction, to));
    if (taken) return exists_already(to);
    GRISTMILL_RETURN_IF_ERROR(guard_name(transaction, from));
    GRISTMILL_RETURN_IF_ERROR(move_row(transaction, from, to));
    GRISTMILL_RETURN_IF_ERROR(remember(transaction, call, no_content()));
    return audit(transaction, "dataset.rename", from.text(), Json::object({{"to", to.text()}}));
  });
  if (!done) return done.error();
  return has_space ? no_content() : no_such_namespace(to.name_space);
}

Result<RestResponse> register_table(RestContext& context, const RestCall& call) {
  GRISTMILL_TRY(const auto space, call.name_space());
  GRISTMILL_TRY(const auto body, call.body());
  const store::TableName name{space, body["name"].as_string()};
  GRISTMILL_RETURN_IF_ERROR(check_new_table(name));
  if (body["overwrite"].as_bool())
    return invalid_argument("a table is not overwritten by registering another: drop it first, or use another name");
  const auto& location = body["metadata-location"].as_string();
  GRISTMILL_TRY(const auto metadata, foreign_metadata(context, location));
  bool has_space = false;
  const auto done = context.workspace.database().write([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(has_space, has_namespace(transaction, space));
    if (!has_space) return {};
    GRISTMILL_TRY(const auto taken, row_of(transaction, name));
    if (taken) return exists_already(name);
    GRISTMILL_RETURN_IF_ERROR(check_uuid_is_free(context, transaction, metadata.uuid(), name));
    GRISTMILL_RETURN_IF_ERROR(forget_purge(transaction, location));
    GRISTMILL_RETURN_IF_ERROR(store::Catalog::insert(transaction, name, location));
    GRISTMILL_RETURN_IF_ERROR(remember_table(transaction, call, name, location));
    return audit(transaction, "dataset.register", name.text(), Json::object({{"metadata_location", location}}));
  });
  if (!done) return done.error();
  if (!has_space) return no_such_namespace(space);
  return table_answer(context, call, metadata, location);
}

}  // namespace gristmill::platform
