// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/rest_login.h"

#include <fmt/format.h>

#include <algorithm>

namespace gristmill::platform {
namespace {

constexpr std::string_view exchange_grant = "urn:ietf:params:oauth:grant-type:token-exchange";
constexpr std::string_view access_token_type = "urn:ietf:params:oauth:token-type:access_token";

/// OAuth has a shape of its own for errors.
RestResponse login_error(int status, std::string_view code, std::string_view description) {
  return json_answer(status, Json::object({{"error", code}, {"error_description", description}}));
}

std::string from_base64(std::string_view text) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned bits = 0;
  int count = 0;
  for (const char digit : text) {
    const auto value = digits.find(digit);
    if (value == std::string_view::npos) break;
    bits = (bits << 6 | static_cast<unsigned>(value)) & 0xFFFFU;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 0xFFU);
  }
  return bytes;
}

/// The secret of "Basic base64(id:secret)"; empty when the header is another.
std::string basic_secret(std::string_view header) {
  constexpr std::string_view scheme = "basic ";
  const auto is_same = [](unsigned char a, unsigned char b) { return std::tolower(a) == b; };
  if (header.size() < scheme.size() || !std::ranges::equal(header.substr(0, scheme.size()), scheme, is_same)) return {};
  const auto pair = from_base64(header.substr(scheme.size()));
  const auto colon = pair.find(':');
  return colon == std::string::npos ? std::string() : pair.substr(colon + 1);
}

Result<std::string> field_of(std::string_view form, std::string_view name) {
  while (!form.empty()) {
    const auto part = form.substr(0, form.find('&'));
    form.remove_prefix(std::min(part.size() + 1, form.size()));
    if (!part.starts_with(name) || part.size() <= name.size() || part[name.size()] != '=') continue;
    return decode_part(part.substr(name.size() + 1));
  }
  return std::string();
}

}  // namespace

Result<RestResponse> exchange_token(RestContext& context, const RestCall& call) {
  const auto grant = field_of(call.request.body, "grant_type");
  if (!grant || grant->empty()) return login_error(400, "invalid_request", "the form needs grant_type");
  const bool is_exchange = *grant == exchange_grant;
  if (!is_exchange && *grant != "client_credentials")
    return login_error(400, "unsupported_grant_type", "client_credentials and token-exchange are");
  auto secret = field_of(call.request.body, is_exchange ? "subject_token" : "client_secret");
  if (!secret) return login_error(400, "invalid_request", "the form is not well encoded");
  if (secret->empty() && !is_exchange) *secret = basic_secret(call.request.header("Authorization"));
  if (secret->empty() || !context.options.check_secret || !context.options.check_secret(*secret))
    return login_error(401, "invalid_client", "the secret is none of this server's tokens");
  auto answer = Json::object(
      {{"access_token", *secret}, {"token_type", "bearer"}, {"issued_token_type", access_token_type}});
  if (const auto scope = field_of(call.request.body, "scope"); scope && !scope->empty()) answer.set("scope", *scope);
  return json_answer(200, answer);
}

}  // namespace gristmill::platform
