// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/rest_catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "gristmill/platform/rest_call.h"
#include "gristmill/platform/rest_commits.h"
#include "gristmill/platform/rest_login.h"
#include "gristmill/platform/rest_namespaces.h"
#include "gristmill/platform/rest_replay.h"
#include "gristmill/platform/rest_reports.h"
#include "gristmill/platform/rest_signing.h"
#include "gristmill/platform/rest_tables.h"

namespace gristmill::platform {
namespace {

using Handler = Result<RestResponse> (*)(RestContext&, const RestCall&);

/// A request that the catalog answers. `{...}` in a path stands for a name.
struct Route {
  std::string_view method;
  std::string_view path;
  Handler handler;
  bool is_listed = true;  ///< Told to clients, which may refuse locally what is not.
  std::string_view missing = "NoSuchTableException";
  bool is_reading = false;  ///< Changes nothing though it is a POST, or sees to rights itself.
};
constexpr std::string_view no_table = "NoSuchTableException";

Result<RestResponse> show_config(RestContext& context, const RestCall& call);

// There are no views: what asks for them is told so in the way that clients understand, what would make one is refused.
Result<RestResponse> no_views(RestContext& context, const RestCall& call) {
  GRISTMILL_TRY(const auto space, call.name_space());
  bool is_there = false;
  const auto done = context.workspace.database().read([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(is_there, has_namespace(transaction, space));
    return {};
  });
  if (!done) return done.error();
  if (!is_there) return no_such_namespace(space);
  return json_answer(200, Json::object({{"identifiers", Json::array()}}));
}
Result<RestResponse> no_such_view(RestContext&, const RestCall& call) {
  return error_answer(404, "NoSuchViewException", fmt::format("there is no view {}", call.names[1]));
}

Result<RestResponse> refuse_view(RestContext&, const RestCall&) {
  return error_answer(406, "UnsupportedOperationException", "this catalog holds tables, no views");
}

constexpr std::string_view no_namespace = "NoSuchNamespaceException";
constexpr std::array routes{
    Route{"GET", "/v1/config", show_config, false},
    Route{"POST", "/v1/oauth/tokens", exchange_token, false},
    Route{"GET", "/v1/namespaces", list_namespaces, true, no_namespace},
    Route{"POST", "/v1/namespaces", create_namespace, true, no_namespace},
    Route{"GET", "/v1/namespaces/{namespace}", load_namespace, true, no_namespace},
    Route{"HEAD", "/v1/namespaces/{namespace}", namespace_exists, true, no_namespace},
    Route{"DELETE", "/v1/namespaces/{namespace}", drop_namespace, true, no_namespace},
    Route{"POST", "/v1/namespaces/{namespace}/properties", update_namespace, true, no_namespace},
    Route{"GET", "/v1/namespaces/{namespace}/tables", list_tables, true, no_namespace},
    Route{"POST", "/v1/namespaces/{namespace}/tables", create_table, true, no_namespace},
    Route{"GET", "/v1/namespaces/{namespace}/tables/{table}", load_table},
    Route{"HEAD", "/v1/namespaces/{namespace}/tables/{table}", table_exists},
    Route{"POST", "/v1/namespaces/{namespace}/tables/{table}", commit_table},
    Route{"DELETE", "/v1/namespaces/{namespace}/tables/{table}", drop_table},
    Route{"POST", "/v1/namespaces/{namespace}/register", register_table, true, no_namespace},
    Route{"POST", "/v1/namespaces/{namespace}/tables/{table}/metrics", report_metrics, true, no_table, true},
    Route{"GET", "/v1/namespaces/{namespace}/tables/{table}/credentials", show_credentials},
    Route{"POST", "/v1/namespaces/{namespace}/tables/{table}/sign", sign_request, true, no_table, true},
    Route{"POST", "/v1/aws/s3/sign", sign_request, false, no_table, true},
    Route{"POST", "/v1/tables/rename", rename_table},
    Route{"POST", "/v1/transactions/commit", commit_transaction},
    Route{"GET", "/v1/namespaces/{namespace}/views", no_views, false},
    Route{"GET", "/v1/namespaces/{namespace}/views/{view}", no_such_view, false},
    Route{"HEAD", "/v1/namespaces/{namespace}/views/{view}", no_such_view, false},
    Route{"POST", "/v1/namespaces/{namespace}/views", refuse_view, false},
    Route{"POST", "/v1/namespaces/{namespace}/views/{view}", refuse_view, false},
    Route{"DELETE", "/v1/namespaces/{namespace}/views/{view}", refuse_view, false},
    Route{"POST", "/v1/namespaces/{namespace}/register-view", refuse_view, false},
    Route{"POST", "/v1/views/rename", refuse_view, false},
};

std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> segments;
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  for (std::size_t begin = path.starts_with('/') ? 1 : 0; begin <= path.size();) {
    const auto end = std::min(path.find('/', begin), path.size());
    segments.push_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return segments;
}

bool matches(std::string_view pattern, const std::vector<std::string_view>& segments) {
  return std::ranges::equal(segments_of(pattern), segments, [](std::string_view wanted, std::string_view given) {
    return wanted.starts_with('{') ? !given.empty() : wanted == given;
  });
}

/// "GET /v1/{prefix}/namespaces"
Json endpoints() {
  auto list = Json::array();
  for (const auto& route : routes) {
    if (route.is_listed) list.push(fmt::format("{} /v1/{{prefix}}{}", route.method, route.path.substr(3)));
  }
  return list;
}

Result<RestResponse> show_config(RestContext& context, const RestCall&) {
  // There is one warehouse: whatever name a client has for it.
  return json_answer(200, Json::object({{"defaults", Json::object()},
                                        {"overrides", storage_config(context.workspace, context.options)},
                                        {"endpoints", endpoints()},
                                        {"idempotency-key-lifetime", replay_lifetime_iso}}));
}

Result<std::vector<std::pair<std::string, std::string>>> parameters_of(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> parameters;
  while (!query.empty()) {
    const auto part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(part.size() + 1, query.size()));
    if (part.empty()) continue;
    const auto equals = std::min(part.find('='), part.size());
    GRISTMILL_TRY(auto name, decode_part(part.substr(0, equals)));
    GRISTMILL_TRY(auto value, decode_part(equals < part.size() ? part.substr(equals + 1) : std::string_view()));
    parameters.emplace_back(std::move(name), std::move(value));
  }
  return parameters;
}

bool is_uuid(std::string_view text) {
  return text.size() == 36 && std::ranges::all_of(text, [](unsigned char c) { return std::isxdigit(c) || c == '-'; });
}

Result<RestCall> call_of(const RestRequest& request, const Route& route,
                         const std::vector<std::string_view>& segments) {
  RestCall call{.request = request, .names = {}, .query = {}, .idempotency_key = {}};
  const auto pattern = segments_of(route.path);
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (!pattern[i].starts_with('{')) continue;
    GRISTMILL_TRY(auto name, decode_part(segments[i]));
    call.names.push_back(std::move(name));
  }
  GRISTMILL_TRY(call.query, parameters_of(request.query));
  call.idempotency_key = request.header("Idempotency-Key");
  if (route.method == "GET" || route.method == "HEAD" || !route.is_listed) call.idempotency_key.clear();
  if (!call.idempotency_key.empty() && !is_uuid(call.idempotency_key))
    return invalid_argument("Idempotency-Key must be a UUID");
  return call;
}

Result<RestResponse> carry_out(RestContext& context, const RestRequest& request, const Route& route,
                               const std::vector<std::string_view>& segments) {
  GRISTMILL_TRY(const auto call, call_of(request, route, segments));
  GRISTMILL_TRY(auto known, replay(context, call));
  if (known) return *std::move(known);
  auto response = route.handler(context, call);
  if (response || call.idempotency_key.empty()) return response;
  // The same request may have come through on another connection meanwhile.
  GRISTMILL_TRY(known, replay(context, call));
  if (known) return *std::move(known);
  return response;
}

}  // namespace

RestCatalog::RestCatalog(const Workspace& workspace, RestOptions options)
    : context_(new RestContext{.workspace = workspace,
                               .options = options,
                               .uuids = {},
                               .reports = {},
                               .staged = {},
                               .signing_keys = io::KeptCredentials(options.storage.server)}) {}

RestCatalog::~RestCatalog() = default;

RestResponse RestCatalog::answer(const RestRequest& request) const {
  const auto segments = segments_of(request.path);
  bool is_path_known = false;
  for (const auto& route : routes) {
    if (!matches(route.path, segments)) continue;
    is_path_known = true;
    if (route.method != request.method) continue;
    const bool is_reading = route.is_reading || route.method == "GET" || route.method == "HEAD" ||
                            is_open(request.path);
    if (!is_reading && !request.may_write)
      return error_answer(403, "ForbiddenException", "this token may read, not change anything");
    auto response = carry_out(*context_, request, route, segments);
    auto answer = response ? *std::move(response) : error_answer(response.error(), route.missing);
    if (request.method == "HEAD") answer.body.clear();
    return answer;
  }
  if (is_path_known)
    return error_answer(405, "UnsupportedOperationException", fmt::format("{} is not possible here", request.method));
  return error_answer(404, "NotFoundException", "this catalog has no such address");
}

RestReports RestCatalog::reports() const { return context_->reports.sums(); }

bool RestCatalog::is_open(std::string_view path) { return matches("/v1/oauth/tokens", segments_of(path)); }

RestResponse RestCatalog::refusal(int status, std::string_view message) {
  const auto type = status == 401   ? "NotAuthorizedException"
                    : status == 403 ? "ForbiddenException"
                    : status == 429 ? "TooManyRequestsException"
                                    : "BadRequestException";
  return error_answer(status, type, message);
}

}  // namespace gristmill::platform
