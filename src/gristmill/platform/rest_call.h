// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gristmill/base/json.h"
#include "gristmill/base/result.h"
#include "gristmill/io/kept_credentials.h"
#include "gristmill/meta/database.h"
#include "gristmill/platform/rest_catalog.h"
#include "gristmill/platform/rest_reports.h"
#include "gristmill/platform/rest_signing.h"
#include "gristmill/platform/rest_storage.h"
#include "gristmill/platform/table_uuids.h"
#include "gristmill/store/catalog.h"

namespace gristmill::platform {

/// What all requests share.
struct RestContext {
  const Workspace& workspace;
  RestOptions options;
  TableUuids uuids;
  ReportCounts reports;
  StagedPlaces staged;
  io::KeptCredentials signing_keys;  ///< The server's own, with which it signs for clients.
};

/// A request whose path met a route.
struct RestCall {
  const RestRequest& request;
  std::vector<std::string> names;  ///< What stands in the path for {namespace} and {table}, decoded.
  std::vector<std::pair<std::string, std::string>> query;
  std::string idempotency_key;

  /// A parameter of the query; null when absent.
  [[nodiscard]] const std::string* parameter(std::string_view name) const;
  /// The body as a JSON object.
  [[nodiscard]] Result<Json> body() const;
  /// The namespace in the path, as the catalog keeps it: levels joined by dots.
  [[nodiscard]] Result<std::string> name_space() const;
  /// The table in the path.
  [[nodiscard]] Result<store::TableName> table() const;
};

/// Undoes percent encoding, a plus sign being a blank. Broken escapes, control characters other than the separator of
/// namespaces and what is no UTF-8 are errors.
Result<std::string> decode_part(std::string_view text);

/// A namespace from its levels, or from {"namespace": [...]}; refuses what cannot be kept apart.
Result<std::string> join_levels(const std::vector<std::string>& levels);
Result<std::string> namespace_of(const Json& levels);
/// {"namespace": [...], "name": "..."}
Result<store::TableName> table_of(const Json& identifier);
/// ["a", "b"] of "a.b".
Json levels_json(std::string_view name_space);
/// Names that our own commands take as well; those of new things must be such.
Status check_new_namespace(std::string_view name_space);
Status check_new_table(const store::TableName& name);

/// Answers.
RestResponse json_answer(int status, const Json& body);
RestResponse no_content();
RestResponse error_answer(int status, std::string_view type, std::string_view message);
/// By the code of a failure; `missing` is the type for `not_found`.
RestResponse error_answer(const Error& error, std::string_view missing = "NoSuchTableException");

/// A page of names: after which one it begins, and how many it holds.
struct Page {
  std::string after;
  std::size_t size = 0;
  bool is_whole = true;  ///< The client did not ask for pages: everything at once.
};
Result<Page> page_of(const RestCall& call);
/// Cuts sorted names down to a page; the token of the next one goes into `answer`.
std::vector<std::string> cut(std::vector<std::string> names, const Page& page, Json& answer);

/// True when a namespace has a row, tables or namespaces below it.
Result<bool> has_namespace(meta::Transaction& transaction, const std::string& name_space);
RestResponse no_such_namespace(std::string_view name_space);

}  // namespace gristmill::platform
