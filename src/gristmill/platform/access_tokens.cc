// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/access_tokens.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <array>
#include <cerrno>

#include "gristmill/base/clock.h"
#include "gristmill/base/hash.h"

namespace gristmill::platform {
namespace {

constexpr std::string_view prefix = "gm_";
constexpr std::size_t id_digits = 12;
constexpr std::size_t secret_digits = 64;  // 256 bits: no guessing, so a plain digest protects it.

Result<std::string> random_hex(std::size_t digits) {
  std::array<unsigned char, secret_digits / 2> bytes{};
  const auto wanted = digits / 2;
  if (::getrandom(bytes.data(), wanted, 0) != static_cast<ssize_t>(wanted)) return errno_error("getrandom", errno);
  std::string out;
  for (std::size_t i = 0; i < wanted; ++i) out += fmt::format("{:02x}", bytes[i]);
  return out;
}

constexpr std::int64_t lifetime_ms_min = 1'000;
constexpr std::int64_t lifetime_ms_max = std::int64_t{36'500} * 24 * 3600 * 1'000;

/// Takes the same time wherever two digests differ.
bool equal_digests(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  return difference == 0;
}

Json text_or_null(const meta::Cell& cell) { return meta::text(cell).empty() ? Json() : Json(meta::text(cell)); }

Json token_json(const meta::Row& row) {
  return Json::object({{"token_id", meta::text(row[0])},
                       {"name", meta::text(row[1])},
                       {"scope", meta::text(row[2])},
                       {"created_at", meta::text(row[3])},
                       {"expires_at", text_or_null(row[4])},
                       {"revoked_at", text_or_null(row[5])}});
}

constexpr std::string_view token_columns = "token_id, name, scope, created_at, expires_at, revoked_at";

/// The token that was made under a key, without its text; null for none. `conflict` when it is another than asked for.
Result<Json> made_before(meta::Transaction& transaction, const TokenRequest& request, const meta::Cell& key_digest) {
  const auto select = fmt::format("SELECT {} FROM access_tokens WHERE key_digest = ?", token_columns);
  GRISTMILL_TRY(const auto rows, transaction.query(select, {key_digest}));
  if (rows.empty()) return Json();
  auto json = token_json(rows[0]);
  const auto created = parse_iso8601(json["created_at"].as_string());
  const auto expires = parse_iso8601(json["expires_at"].as_string());
  const auto lifetime_ms = created && expires ? *expires - *created : 0;
  if (json["name"].as_string() != request.name || json["scope"].as_string() != to_string(request.scope) ||
      lifetime_ms != request.lifetime_ms.value_or(0))
    return Error{ErrorCode::conflict,
                 fmt::format("token {} was made under this idempotency key with another name, scope or lifetime",
                             json["token_id"].as_string())};
  return json.set("token", nullptr).set("already_done", true);
}

}  // namespace

std::string_view to_string(Scope scope) {
  switch (scope) {
    case Scope::read: return "read";
    case Scope::write: return "write";
    case Scope::admin: return "admin";
  }
  return "read";
}

Result<Scope> parse_scope(std::string_view text) {
  for (const auto scope : {Scope::read, Scope::write, Scope::admin}) {
    if (to_string(scope) == text) return scope;
  }
  return invalid_argument(fmt::format("'{}' is not a scope: use read, write or admin", text));
}

Result<Json> create_token(const Workspace& workspace, const TokenRequest& request) {
  GRISTMILL_RETURN_IF_ERROR(check_name("token", request.name));
  if (request.lifetime_ms && (*request.lifetime_ms < lifetime_ms_min || *request.lifetime_ms > lifetime_ms_max))
    return invalid_argument("a token's lifetime is 1s to 36500d; without one it holds until it is revoked");
  GRISTMILL_TRY(const auto id, random_hex(id_digits));
  GRISTMILL_TRY(const auto secret, random_hex(secret_digits));
  const auto token = fmt::format("{}{}_{}", prefix, id, secret);
  const auto now = now_ms();
  const meta::Cell expires = request.lifetime_ms ? meta::Cell(iso8601(now + *request.lifetime_ms)) : meta::Cell();
  const std::string scope(to_string(request.scope));
  const auto key_digest = request.idempotency_key.empty() ? meta::Cell()
                                                          : meta::Cell(sha256_hex(request.idempotency_key));
  Json before;
  GRISTMILL_RETURN_IF_ERROR(workspace.database().write([&](meta::Transaction& transaction) -> Status {
    if (!request.idempotency_key.empty()) {
      GRISTMILL_TRY(before, made_before(transaction, request, key_digest));
    }
    if (!before.is_null()) return {};
    auto inserted = transaction.execute(
        "INSERT INTO access_tokens (token_id, name, scope, digest, created_at, expires_at, key_digest) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        {id, request.name, scope, sha256_hex(token), iso8601(now), expires, key_digest});
    if (!inserted) return std::move(inserted).error();
    return audit(transaction, "token.create", id, Json::object({{"name", request.name}, {"scope", scope}}));
  }));
  if (!before.is_null()) return before;
  auto json = token_json({id, request.name, scope, iso8601(now), expires, {}});
  json.set("token", token);
  return json;
}

Result<Json> list_tokens(const Workspace& workspace) {
  auto list = Json::array();
  GRISTMILL_RETURN_IF_ERROR(workspace.database().read([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(const auto rows, transaction.query(fmt::format(
                                       "SELECT {} FROM access_tokens ORDER BY created_at, token_id", token_columns)));
    for (const auto& row : rows) list.push(token_json(row));
    return {};
  }));
  return list;
}

Result<Json> revoke_token(const Workspace& workspace, const std::string& token_id) {
  Json revoked;
  GRISTMILL_RETURN_IF_ERROR(workspace.database().write([&](meta::Transaction& transaction) -> Status {
    const auto select = fmt::format("SELECT {} FROM access_tokens WHERE token_id = ?", token_columns);
    GRISTMILL_TRY(auto rows, transaction.query(select, {token_id}));
    if (rows.empty()) return not_found(fmt::format("no token '{}'; `gristmill token list` shows them", token_id));
    revoked = token_json(rows[0]);
    if (!revoked["revoked_at"].is_null()) return {};
    const auto now = now_iso8601();
    revoked.set("revoked_at", now);
    auto updated = transaction.execute("UPDATE access_tokens SET revoked_at = ? WHERE token_id = ?", {now, token_id});
    if (!updated) return std::move(updated).error();
    return audit(transaction, "token.revoke", token_id, Json::object({{"name", revoked["name"]}}));
  }));
  return revoked;
}

Result<Principal> check_token(const Workspace& workspace, std::string_view presented) {
  const Error refused{ErrorCode::denied, "the token is not valid"};
  if (presented.size() != prefix.size() + id_digits + 1 + secret_digits || !presented.starts_with(prefix))
    return refused;
  const std::string id(presented.substr(prefix.size(), id_digits));
  std::vector<meta::Row> rows;
  const meta::WithoutPatience at_once;
  GRISTMILL_RETURN_IF_ERROR(workspace.database().read([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(
        rows, transaction.query(
                  "SELECT digest, name, scope, expires_at, revoked_at FROM access_tokens WHERE token_id = ?", {id}));
    return {};
  }));
  if (rows.empty() || !equal_digests(sha256_hex(presented), meta::text(rows[0][0]))) return refused;
  const auto& expires = meta::text(rows[0][3]);
  if (!meta::text(rows[0][4]).empty() || (!expires.empty() && expires <= now_iso8601())) return refused;
  GRISTMILL_TRY(const auto scope, parse_scope(meta::text(rows[0][2])));
  return Principal{id, meta::text(rows[0][1]), scope};
}

Result<std::optional<std::string>> ensure_admin_token(const Workspace& workspace) {
  bool is_first = false;
  GRISTMILL_RETURN_IF_ERROR(workspace.database().read([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(const auto rows, transaction.query("SELECT COUNT(*) FROM access_tokens WHERE scope = ?",
                                                     {std::string(to_string(Scope::admin))}));
    is_first = meta::integer(rows[0][0]) == 0;
    return {};
  }));
  if (!is_first) return std::optional<std::string>();
  GRISTMILL_TRY(const auto made, create_token(workspace, {.name = "admin", .scope = Scope::admin}));
  return std::optional(made["token"].as_string());
}

}  // namespace gristmill::platform
