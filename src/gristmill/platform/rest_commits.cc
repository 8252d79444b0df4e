// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/rest_commits.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "gristmill/io/file.h"
#include "gristmill/platform/rest_guards.h"
#include "gristmill/platform/rest_replay.h"
#include "gristmill/platform/rest_tables.h"
#include "gristmill/store/joint_commit.h"
#include "gristmill/store/location.h"
#include "gristmill/store/table_updates.h"

namespace gristmill::platform {
namespace {

/// The files that new snapshots name must be there and in the warehouse: a table whose newest version cannot be read
/// would be lost to everybody.
Status check_new_snapshots(const RestContext& context, const store::TableChange& change) {
  for (const auto& snapshot : change.after.snapshots()) {
    if (change.before && change.before->find_snapshot(snapshot.id) != nullptr) continue;
    auto inside = check_in_warehouse(context.workspace, snapshot.manifest_list);
    if (!inside) return std::move(inside).error().within("manifest list");
    const auto path = store::path_of(snapshot.manifest_list);
    if (path && !io::exists(*path))
      return invalid_argument(fmt::format("snapshot {} has no manifest list: {} is not there", snapshot.id, *path));
  }
  return {};
}

Status check_change(const RestContext& context, const store::TableChange& change) {
  if (change.before && change.before->location() != change.after.location())
    GRISTMILL_RETURN_IF_ERROR(check_in_warehouse(context.workspace, change.after.location()));
  for (const auto* property : {"write.data.path", "write.metadata.path", "write.object-storage.path"}) {
    const auto& path = change.after.property(property);
    if (!path.empty() && (!change.before || change.before->property(property) != path))
      GRISTMILL_RETURN_IF_ERROR(check_in_warehouse(context.workspace, path));
  }
  return check_new_snapshots(context, change);
}

/// What happened, for the audit log.
Json summary_of(const store::TableChange& change, const std::vector<store::TableRequest>& requests) {
  auto details = Json::object({{"through", "iceberg-rest"}, {"metadata_location", change.location}});
  const auto request = std::ranges::find(requests, change.name, &store::TableRequest::name);
  auto actions = Json::array();
  for (const auto& update : request->updates.items()) actions.push(update["action"].as_string());
  details.set("updates", std::move(actions));
  if (change.after.current_snapshot_id() != 0) details.set("version", change.after.current_snapshot_id());
  return details;
}

/// What is checked and written within the transaction that moves a table's pointer.
Status admit(RestContext& context, meta::Transaction& transaction, const store::TableChange& change,
             const std::vector<store::TableRequest>& requests) {
  if (change.is_done_already) return {};
  GRISTMILL_RETURN_IF_ERROR(guard_versions(transaction, change));
  if (!change.before || change.before->location() != change.after.location())
    GRISTMILL_RETURN_IF_ERROR(
        check_table_location(context.workspace, transaction, change.name, change.after.location()));
  if (!change.before) {
    GRISTMILL_TRY(const bool has_space, has_namespace(transaction, change.name.name_space));
    if (!has_space) return not_found(fmt::format("there is no namespace {}", change.name.name_space));
    GRISTMILL_RETURN_IF_ERROR(check_uuid_is_free(context, transaction, change.after.uuid(), change.name));
  }
  return audit(transaction, change.before ? "dataset.commit" : "dataset.create", change.name.text(),
               summary_of(change, requests));
}

Result<std::vector<store::TableChange>> commit(RestContext& context, const RestCall& call,
                                               const std::vector<store::TableRequest>& requests, bool is_single) {
  for (const auto& request : requests) {
    // What exists was named by whoever made it; new names must be ours.
    if (store::demands_new_table(request.requirements)) GRISTMILL_RETURN_IF_ERROR(check_new_table(request.name));
  }
  const store::CommitRules rules{
      .check = [&](const store::TableChange& change) { return check_change(context, change); },
      .also = [&](meta::Transaction& transaction, const std::vector<store::TableChange>& changes) -> Status {
        for (const auto& change : changes) GRISTMILL_RETURN_IF_ERROR(admit(context, transaction, change, requests));
        if (is_single) return remember_table(transaction, call, changes[0].name, changes[0].location);
        return remember(transaction, call, no_content());
      }};
  return store::commit_together(store::Catalog(context.workspace.database()), requests, rules);
}

/// The body may repeat which table is meant; it must not mean another.
Status check_identifier(const Json& body, const store::TableName& name) {
  if (body["identifier"].is_null()) return {};
  GRISTMILL_TRY(const auto named, table_of(body["identifier"]));
  if (named == name) return {};
  return invalid_argument(fmt::format("the address names {}, the body {}", name.text(), named.text()));
}

}  // namespace

Result<RestResponse> commit_table(RestContext& context, const RestCall& call) {
  GRISTMILL_TRY(const auto name, call.table());
  GRISTMILL_TRY(auto body, call.body());
  GRISTMILL_RETURN_IF_ERROR(check_identifier(body, name));
  const std::vector<store::TableRequest> requests{
      {.name = name, .requirements = body["requirements"], .updates = body["updates"]}};
  GRISTMILL_TRY(const auto changes, commit(context, call, requests, true));
  return table_answer(context, call, changes[0].after, changes[0].location);
}

Result<RestResponse> commit_transaction(RestContext& context, const RestCall& call) {
  GRISTMILL_TRY(const auto body, call.body());
  if (!body["table-changes"].is_array() || body["table-changes"].size() == 0)
    return invalid_argument("\"table-changes\" must be a list of commits");
  std::vector<store::TableRequest> requests;
  std::set<store::TableName> names;
  for (const auto& change : body["table-changes"].items()) {
    GRISTMILL_TRY(auto name, table_of(change["identifier"]));
    if (!names.insert(name).second)
      return invalid_argument(fmt::format("the table {} comes twice in one transaction", name.text()));
    requests.push_back({.name = std::move(name), .requirements = change["requirements"], .updates = change["updates"]});
  }
  GRISTMILL_TRY([[maybe_unused]] const auto changes, commit(context, call, requests, false));
  return no_content();
}

}  // namespace gristmill::platform
