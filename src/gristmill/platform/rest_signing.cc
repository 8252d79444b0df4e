// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/rest_signing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <vector>

#include "gristmill/base/clock.h"
#include "gristmill/io/s3_signing.h"
#include "gristmill/platform/rest_call.h"
#include "gristmill/store/catalog.h"

namespace gristmill::platform {
namespace {

/// How long a client has for the first commit of a table that it was given a place for.
constexpr std::int64_t staged_lifetime_ms = std::int64_t{6} * 60 * 60 * 1000;
constexpr std::size_t staged_max = 10'000;

Result<io::UnsignedRequest> unsigned_request(const Json& body) {
  io::UnsignedRequest request{.method = body["method"].as_string(),
                              .url = body["uri"].as_string(),
                              .headers = {},
                              .body = body["body"].as_string()};
  if (request.method.empty() || request.url.empty()) return invalid_argument("\"method\" and \"uri\" are needed");
  for (const auto& [name, values] : body["headers"].members()) {
    std::string key;
    for (const unsigned char byte : name) key += static_cast<char>(std::tolower(byte));
    std::string value;
    for (const auto& one : values.items()) value += (value.empty() ? "" : ",") + one.as_string();
    if (!request.headers.emplace(std::move(key), std::move(value)).second)
      return invalid_argument(fmt::format("the header {} comes twice", name.substr(0, 80)));
  }
  return request;
}

/// Whether an object lies in the folder of a table of the catalog: of this one, or of any.
Result<bool> is_of_table(const Workspace& workspace, const store::TableName* table, const std::string& path) {
  std::string query = "SELECT metadata_location FROM iceberg_tables WHERE catalog_name = ?";
  std::vector<meta::Cell> values{std::string(store::catalog_name)};
  if (table != nullptr) {
    query += " AND table_namespace = ? AND table_name = ?";
    values.insert(values.end(), {meta::Cell(table->name_space), meta::Cell(table->name)});
  }
  bool is_found = false;
  const auto done = workspace.database().read([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(const auto rows, transaction.query(query, values));
    is_found = std::ranges::any_of(rows,
                                   [&](const meta::Row& row) { return is_in_table_folder(path, meta::text(row[0])); });
    return {};
  });
  if (!done) return done.error();
  return is_found;
}

}  // namespace

void StagedPlaces::add(const std::string& location, std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  std::erase_if(added_, [&](const auto& one) { return one.second + staged_lifetime_ms < now_ms; });
  if (added_.size() >= staged_max)
    added_.erase(std::ranges::min_element(added_, {}, [](const auto& one) { return one.second; }));
  added_[location] = now_ms;
}

bool StagedPlaces::covers(const std::string& path, std::int64_t now_ms) const {
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(added_, [&](const auto& one) {
    return one.second + staged_lifetime_ms >= now_ms && path.starts_with(one.first + "/");
  });
}

Result<RestResponse> sign_request(RestContext& context, const RestCall& call) {
  const auto& storage = context.options.storage;
  if (!storage.signs || call.request.caller.empty())
    return Error{ErrorCode::denied, "requests to the object store are not signed here"};
  GRISTMILL_TRY(const auto body, call.body());
  GRISTMILL_TRY(const auto request, unsigned_request(body));
  std::optional<store::TableName> table;
  if (!call.names.empty()) {
    GRISTMILL_TRY(table, call.table());
  }
  const io::SigningRules rules{.settings = storage.server,
                               .may_write = call.request.may_write,
                               .covers = [&](const std::string& path) -> Result<bool> {
                                 GRISTMILL_TRY(const bool is_covered,
                                               is_of_table(context.workspace, table ? &*table : nullptr, path));
                                 return is_covered || context.staged.covers(path, now_ms());
                               }};
  GRISTMILL_TRY(const auto credentials, context.signing_keys.get_newest());
  GRISTMILL_TRY(const auto signed_request, io::sign_for_client(request, rules, credentials, now_ms()));
  auto headers = Json::object();
  for (const auto& [name, value] : signed_request.headers) headers.set(name, Json::array({value}));
  auto response = json_answer(200, Json::object({{"uri", signed_request.url}, {"headers", std::move(headers)}}));
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

Result<RestResponse> show_credentials(RestContext& context, const RestCall& call) {
  GRISTMILL_TRY(const auto name, call.table());
  GRISTMILL_TRY(const auto location, store::Catalog(context.workspace.database()).metadata_location(name));
  auto list = client_credentials(context.options, call.request, table_folder_of(location));
  return json_answer(200, Json::object({{"storage-credentials", std::move(list)}}));
}

}  // namespace gristmill::platform
