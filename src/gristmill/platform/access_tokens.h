// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gristmill/base/json.h"
#include "gristmill/base/result.h"
#include "gristmill/platform/workspace.h"

namespace gristmill::platform {

/// What a token allows; each includes those before it. `admin` also manages tokens and runs code of the caller's own.
enum class Scope { read, write, admin };

std::string_view to_string(Scope scope);
Result<Scope> parse_scope(std::string_view text);

/// Who calls, by the token presented.
struct Principal {
  std::string token_id;
  std::string name;
  Scope scope = Scope::read;
};

/// A token to be made.
struct TokenRequest {
  std::string name;
  Scope scope = Scope::read;
  std::optional<std::int64_t> lifetime_ms = {};  ///< 1 second to 100 years; until revoked without one.
  std::string idempotency_key = {};              ///< The same again makes no second token; empty for none.
};
/// {token_id, name, scope, created_at, expires_at, revoked_at, token}: the only time that `token` is told. The database
/// keeps a digest of it. Of a token that was made before under the same key: `token` is null, `already_done` true;
/// `conflict` when that is another than asked for.
Result<Json> create_token(const Workspace& workspace, const TokenRequest& request);
/// All tokens without their secrets, oldest first.
Result<Json> list_tokens(const Workspace& workspace);
/// Revokes by id; a token that is revoked stays so.
Result<Json> revoke_token(const Workspace& workspace, const std::string& token_id);

/// The principal of a presented token; `denied` when it is unknown, expired or revoked, without saying which. The
/// digests are compared in constant time. A database that is away is not waited for.
Result<Principal> check_token(const Workspace& workspace, std::string_view presented);

/// Makes the first admin token when there never was one; its text, or nothing.
Result<std::optional<std::string>> ensure_admin_token(const Workspace& workspace);

}  // namespace gristmill::platform
