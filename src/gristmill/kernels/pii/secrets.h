// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "gristmill/kernels/pii/context.h"
#include "gristmill/kernels/pii/id_scan.h"

namespace gristmill::kernels::pii {

/// First three bytes of everything that `find_prefixed` knows, and the full-width colon, behind which `find_assigned`
/// looks. A scan may filter by them.
constexpr std::array<std::string_view, 28> secret_heads{
    "AKI", "ASI", "ghp", "gho", "ghu", "ghs", "ghr", "git", "glp", "xox", "xap", "hoo", "sk_", "rk_",
    "whs", "AIz", "GOC", "sk-", "hf_", "npm", "pyp", "SG.", "shp", "dop", "eyJ", "BEG", "ya2", "\xEF\xBC\x9A"};

/// A key, token or private key block that starts at a position with a prefix of its issuer.
std::optional<Match> find_prefixed(std::string_view text, std::size_t begin) noexcept;
/// The password in `scheme://user:password@host` whose first ':' is at `colon`.
Span find_url_password(std::string_view text, std::size_t colon) noexcept;
/// What is assigned to a name such as password or api_key by the '=' or ':' that ends at `after`: a value that looks
/// chosen or random, not a variable, a description or a stand-in.
Span find_assigned(std::string_view text, std::size_t sign, std::size_t after) noexcept;
/// A token whose first digit is at `digit` and that no prefix of letters tells: of Telegram bots and Twilio.
std::optional<Match> find_numeric_token(std::string_view text, std::size_t digit) noexcept;

}  // namespace gristmill::kernels::pii
