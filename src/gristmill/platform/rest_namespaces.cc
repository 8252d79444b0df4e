// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/rest_namespaces.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "gristmill/platform/rest_replay.h"

namespace gristmill::platform {
namespace {

// The row that makes a namespace visible, by the convention of Iceberg's SQL catalog.
constexpr std::string_view exists_key = "exists";
constexpr std::size_t property_key_bytes_max = 255;
constexpr std::size_t property_value_bytes_max = 1000;

std::string catalog() { return std::string(store::catalog_name); }

Result<std::set<std::string>> all_namespaces(meta::Transaction& transaction) {
  GRISTMILL_TRY(const auto rows,
                transaction.query("SELECT namespace FROM iceberg_namespace_properties WHERE catalog_name = ? "
                                  "UNION SELECT table_namespace FROM iceberg_tables WHERE catalog_name = ?",
                                  {catalog(), catalog()}));
  std::set<std::string> names;
  for (const auto& row : rows) names.insert(meta::text(row[0]));
  return names;
}

/// The namespaces one level below `parent` (empty: the top ones), also those that only show in deeper ones.
std::vector<std::string> children(const std::set<std::string>& names, const std::string& parent) {
  std::set<std::string> found;
  const auto prefix = parent.empty() ? std::string() : parent + ".";
  for (const auto& name : names) {
    if (name.size() > prefix.size() && name.starts_with(prefix))
      found.insert(name.substr(0, name.find('.', prefix.size())));
  }
  return {found.begin(), found.end()};
}

Status check_properties(const Json& properties) {
  if (!properties.is_null() && !properties.is_object()) return invalid_argument("properties must be an object");
  for (const auto& [key, value] : properties.members()) {
    if (!value.is_string()) return invalid_argument(fmt::format("the property {} must be a string", key));
    if (key.empty() || key.size() > property_key_bytes_max || value.as_string().size() > property_value_bytes_max)
      return invalid_argument(fmt::format("the property {} is too long: names have 1 to {} bytes, values at most {}",
                                          key.substr(0, 100), property_key_bytes_max, property_value_bytes_max));
    if (key == exists_key) return invalid_argument("the property \"exists\" is kept by the catalog itself");
  }
  return {};
}

Status put(meta::Transaction& transaction, const std::string& name_space, const std::string& key,
           const std::string& value) {
  const auto done = transaction.execute(
      "INSERT INTO iceberg_namespace_properties (catalog_name, namespace, property_key, property_value) "
      "VALUES (?, ?, ?, ?) ON CONFLICT (catalog_name, namespace, property_key) DO UPDATE SET "
      "property_value = excluded.property_value",
      {catalog(), name_space, key, value});
  return done ? Status() : Status(done.error());
}

Result<Json> properties_of(meta::Transaction& transaction, const std::string& name_space) {
  GRISTMILL_TRY(const auto rows,
                transaction.query("SELECT property_key, property_value FROM iceberg_namespace_properties WHERE "
                                  "catalog_name = ? AND namespace = ? ORDER BY property_key",
                                  {catalog(), name_space}));
  auto properties = Json::object();
  for (const auto& row : rows) {
    if (meta::text(row[0]) != exists_key) properties.set(meta::text(row[0]), meta::text(row[1]));
  }
  return properties;
}

/// The namespace of the query; addresses of some clients encode it twice.
Result<std::string> parent_of(const RestCall& call) {
  const auto* parent = call.parameter("parent");
  if (parent == nullptr || parent->empty()) return std::string();
  GRISTMILL_TRY(const auto decoded, decode_part(*parent));
  const RestCall inner{.request = call.request, .names = {decoded}, .query = {}, .idempotency_key = {}};
  return inner.name_space();
}

/// Whether tables or other namespaces lie in a namespace.
Result<bool> is_in_use(meta::Transaction& transaction, const std::string& name_space) {
  GRISTMILL_TRY(const auto tables,
                transaction.query("SELECT count(*) FROM iceberg_tables WHERE catalog_name = ? AND table_namespace = ?",
                                  {catalog(), name_space}));
  GRISTMILL_TRY(const auto names, all_namespaces(transaction));
  return meta::integer(tables[0][0]) > 0 || !children(names, name_space).empty();
}

/// What one request changes of a namespace's properties.
struct PropertyChange {
  Json removals;
  Json updates;
};

Result<Json> change_properties(meta::Transaction& transaction, const std::string& space, const PropertyChange& change) {
  GRISTMILL_TRY(const auto known, properties_of(transaction, space));
  auto answer = Json::object({{"updated", Json::array()}, {"removed", Json::array()}, {"missing", Json::array()}});
  for (const auto& [key, value] : change.updates.members()) {
    GRISTMILL_RETURN_IF_ERROR(put(transaction, space, key, value.as_string()));
    answer.at("updated").push(key);
  }
  for (const auto& key : change.removals.items()) {
    const bool is_there = known.contains(key.as_string());
    answer.at(is_there ? "removed" : "missing").push(key);
    if (!is_there) continue;
    GRISTMILL_TRY([[maybe_unused]] const auto done,
                  transaction.execute("DELETE FROM iceberg_namespace_properties WHERE catalog_name = ? AND "
                                      "namespace = ? AND property_key = ?",
                                      {catalog(), space, key.as_string()}));
  }
  // A namespace that only its tables showed must not vanish with them now that it has properties.
  GRISTMILL_RETURN_IF_ERROR(put(transaction, space, std::string(exists_key), "true"));
  return answer;
}

}  // namespace

Result<RestResponse> list_namespaces(RestContext& context, const RestCall& call) {
  GRISTMILL_TRY(const auto parent, parent_of(call));
  GRISTMILL_TRY(const auto page, page_of(call));
  std::set<std::string> names;
  const auto done = context.workspace.database().read([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(names, all_namespaces(transaction));
    return {};
  });
  if (!done) return done.error();
  auto below = children(names, parent);
  if (!parent.empty() && below.empty() && !names.contains(parent)) return no_such_namespace(parent);
  auto answer = Json::object({{"namespaces", Json::array()}});
  for (const auto& name : cut(std::move(below), page, answer)) answer.at("namespaces").push(levels_json(name));
  return json_answer(200, answer);
}

Result<RestResponse> create_namespace(RestContext& context, const RestCall& call) {
  GRISTMILL_TRY(const auto body, call.body());
  GRISTMILL_TRY(const auto space, namespace_of(body["namespace"]));
  GRISTMILL_RETURN_IF_ERROR(check_new_namespace(space));
  const auto& properties = body["properties"];
  GRISTMILL_RETURN_IF_ERROR(check_properties(properties));
  const auto response = json_answer(200,
                                    Json::object({{"namespace", levels_json(space)},
                                                  {"properties", properties.is_null() ? Json::object() : properties}}));
  const auto done = context.workspace.database().write([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(const auto names, all_namespaces(transaction));
    if (names.contains(space))
      return Error{ErrorCode::already_exists, fmt::format("there is a namespace {} already", space)};
    GRISTMILL_RETURN_IF_ERROR(put(transaction, space, std::string(exists_key), "true"));
    for (const auto& [key, value] : properties.members())
      GRISTMILL_RETURN_IF_ERROR(put(transaction, space, key, value.as_string()));
    GRISTMILL_RETURN_IF_ERROR(remember(transaction, call, response));
    return audit(transaction, "namespace.create", space, Json::object({{"properties", properties}}));
  });
  if (!done) return done.error();
  return response;
}

Result<RestResponse> load_namespace(RestContext& context, const RestCall& call) {
  GRISTMILL_TRY(const auto space, call.name_space());
  bool is_there = false;
  Json properties;
  const auto done = context.workspace.database().read([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(is_there, has_namespace(transaction, space));
    GRISTMILL_TRY(properties, properties_of(transaction, space));
    return {};
  });
  if (!done) return done.error();
  if (!is_there) return no_such_namespace(space);
  return json_answer(200, Json::object({{"namespace", levels_json(space)}, {"properties", std::move(properties)}}));
}

Result<RestResponse> namespace_exists(RestContext& context, const RestCall& call) {
  GRISTMILL_TRY(auto response, load_namespace(context, call));
  return response.status == 200 ? no_content() : response;
}

Result<RestResponse> drop_namespace(RestContext& context, const RestCall& call) {
  GRISTMILL_TRY(const auto space, call.name_space());
  RestResponse response = no_content();
  const auto done = context.workspace.database().write([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(const bool is_there, has_namespace(transaction, space));
    GRISTMILL_TRY(const bool is_used, is_in_use(transaction, space));
    response = no_content();
    if (!is_there) response = no_such_namespace(space);
    if (is_used)
      response = error_answer(409, "NamespaceNotEmptyException", fmt::format("the namespace {} is not empty", space));
    if (response.status != 204) return {};
    GRISTMILL_TRY(
        [[maybe_unused]] const auto count,
        transaction.execute("DELETE FROM iceberg_namespace_properties WHERE catalog_name = ? AND namespace = ?",
                            {catalog(), space}));
    GRISTMILL_RETURN_IF_ERROR(remember(transaction, call, response));
    return audit(transaction, "namespace.drop", space, Json::object());
  });
  if (!done) return done.error();
  return response;
}

Result<RestResponse> update_namespace(RestContext& context, const RestCall& call) {
  GRISTMILL_TRY(const auto space, call.name_space());
  GRISTMILL_TRY(const auto body, call.body());
  const PropertyChange change{body["removals"], body["updates"]};
  GRISTMILL_RETURN_IF_ERROR(check_properties(change.updates));
  if (!change.removals.is_null() && !change.removals.is_array()) return invalid_argument("removals must be a list");
  for (const auto& key : change.removals.items()) {
    if (change.updates.contains(key.as_string()))
      return error_answer(422, "UnprocessableEntityException",
                          fmt::format("the property {} is to be set and removed at once", key.as_string()));
  }
  auto response = no_such_namespace(space);
  const auto done = context.workspace.database().write([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(const bool is_there, has_namespace(transaction, space));
    if (!is_there) return {};
    GRISTMILL_TRY(const auto answer, change_properties(transaction, space, change));
    response = json_answer(200, answer);
    GRISTMILL_RETURN_IF_ERROR(remember(transaction, call, response));
    return audit(transaction, "namespace.properties", space,
                 Json::object({{"updates", change.updates}, {"removals", change.removals}}));
  });
  if (!done) return done.error();
  return response;
}

}  // namespace gristmill::platform
