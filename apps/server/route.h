// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gristmill/base/json.h"
#include "gristmill/platform/access_tokens.h"
#include "http.h"

namespace gristmill::server {

/// What a caller must hold.
enum class Needs { nothing, read, write, admin };

enum class Place { path, query, header };

/// A parameter with the JSON Schema that its value must meet: type string, integer or boolean.
struct Parameter {
  std::string name;
  Place place = Place::query;
  Json schema;
  std::string help;
  bool is_required = false;  ///< In the path all are.
};

/// An answer that a route gives beside the errors that every route may give.
struct Answer {
  int status = 200;
  std::string about;
  Json schema;                                    ///< Null = no body.
  std::string media_type = "application/json";
};

/// A request that was let in: checked against its route.
struct Call {
  std::shared_ptr<const HttpRequest> request;
  platform::Principal principal;
  std::vector<std::pair<std::string, std::string>> values;  ///< Parameters, decoded and checked.
  Json body;                                                ///< Null when the route takes no JSON.

  /// A parameter's text; empty when it was not given.
  [[nodiscard]] std::string_view text(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const;
  /// A parameter as a number, or what holds without it.
  [[nodiscard]] std::int64_t number(std::string_view name, std::int64_t fallback) const;
};

/// One operation of the API: declared once, it is the check of requests and the page of the OpenAPI document.
struct Route {
  std::string method;
  std::string path;  ///< "/api/v1/runs/{run}"
  std::string id;    ///< Name of the operation: "show_run".
  std::string tag;
  std::string summary;
  Needs needs = Needs::read;
  std::vector<Parameter> parameters;
  Json body;  ///< JSON Schema of the request's body; null = it takes none.
  std::vector<Answer> answers;
  std::function<HttpResponse(const Call&)> handle;
  /// In place of `handle`: may give the answer later, from a thread of its own.
  std::function<void(std::shared_ptr<const Call>, Reply)> handle_later;
  std::size_t body_bytes_max = std::size_t{1} << 20;
  std::vector<int> errors;           ///< Statuses of errors that only some routes give (404, 409, 503).
  bool is_immediate = false;         ///< Never waits: with a small body, handled on the network's thread.
  bool is_urgent = false;            ///< Takes little time and must not wait behind what takes long.
  bool is_unlimited = false;         ///< Not counted by the rate limit: it has a limit of its own.
  std::string body_media_type = "application/json";
  bool parses_body = false;          ///< The handler parses and checks the body itself; `body` is for the document.
};

/// A protocol of its own below a prefix: all methods, nothing decoded, nothing checked but who calls.
struct Mount {
  std::string name;    ///< Of the metrics.
  std::string prefix;  ///< "/iceberg": matches "/iceberg" and "/iceberg/..."; the request keeps its whole path.
  /// Called with an empty principal (token_id empty) when the request carries no token; a bad token is answered before.
  std::function<HttpResponse(const HttpRequest&, const platform::Principal&)> handle;
  /// A refusal before `handle` is asked (401, 421, 429), in the protocol's own shape; unset: as everywhere.
  std::function<HttpResponse(int status, std::string_view detail)> refuse;
  /// Paths below it for which no token is looked at: those by which clients get one. May be unset.
  std::function<bool(std::string_view path)> is_open;
  std::size_t body_bytes_max = std::size_t{64} << 20;
};

}  // namespace gristmill::server
