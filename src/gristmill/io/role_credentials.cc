// SPDX-License-Identifier: Apache-2.0
#include "gristmill/io/role_credentials.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "gristmill/base/clock.h"
#include "gristmill/base/json.h"
#include "gristmill/io/file.h"
#include "gristmill/io/http_client.h"

namespace gristmill::io {
namespace {

constexpr std::string_view container_host = "http://169.254.170.2";
constexpr std::string_view instance_host = "http://169.254.169.254";
constexpr std::string_view roles_path = "/latest/meta-data/iam/security-credentials/";
constexpr std::uint64_t answer_bytes_max = std::uint64_t{64} << 10;
constexpr int attempts_max = 3;
// The services are on this very machine or beside it: elsewhere nobody answers, and that must be found out soon.
constexpr std::int64_t timeout_ms = 2000;

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

bool holds_line_break(std::string_view text) { return text.find_first_of("\r\n") != std::string_view::npos; }

/// Asks, again where the service is there but out of sorts.
Result<HttpAnswer> ask(const std::string& method, const std::string& url, const std::vector<std::string>& headers) {
  static HttpClient client({.ca_file = {}, .timeout_ms = timeout_ms, .uses_proxy = false});
  const HttpRequest request{
      .method = method, .url = url, .headers = headers, .body = {}, .answer_bytes_max = answer_bytes_max};
  auto answer = client.send(request);
  for (int attempt = 1; attempt < attempts_max && answer && (answer->status >= 500 || answer->status == 429); ++attempt)
    answer = client.send(request);
  return answer;
}

Result<std::string> body_of(const Result<HttpAnswer>& answer, const std::string& url) {
  if (!answer) return not_found(fmt::format("{}: {}", url, answer.error().message));
  if (answer->status == 200) return answer->body;
  return not_found(fmt::format("{} answers with status {}", url, answer->status));
}

/// A token goes only over TLS or to addresses that never leave the machine or its container service.
Status check_full_address(const std::string& url) {
  if (url.starts_with("https://")) return {};
  constexpr std::array<std::string_view, 6> hosts{"127.0.0.1",     "localhost",      "[::1]",
                                                  "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"};
  constexpr std::string_view scheme = "http://";
  if (url.starts_with(scheme)) {
    const auto rest = std::string_view(url).substr(scheme.size());
    const auto host = rest.substr(0, rest.find('/'));
    const auto is_known = [&](std::string_view known) {
      return host.starts_with(known) && (host.size() == known.size() || host[known.size()] == ':');
    };
    if (host.find('@') == std::string_view::npos && std::ranges::any_of(hosts, is_known)) return {};
  }
  return invalid_argument(
      "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor an address of this machine: nothing is asked there");
}

Result<S3Credentials> from_container(const std::string& relative, const std::string& full) {
  const auto url = relative.empty() ? full : std::string(container_host) + relative;
  if (relative.empty()) GRISTMILL_RETURN_IF_ERROR(check_full_address(full));
  auto token = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  const auto file = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  if (!file.empty()) {
    GRISTMILL_TRY(token, read_file(file, answer_bytes_max));
    while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.pop_back();
  }
  if (holds_line_break(token)) return invalid_argument("the container's authorization token holds a line break");
  std::vector<std::string> headers;
  if (!token.empty()) headers.push_back("Authorization: " + token);
  GRISTMILL_TRY(const auto text, body_of(ask("GET", url, headers), url));
  auto found = parse_role_credentials(text);
  if (!found) return std::move(found).error().within(url);
  return found;
}

Result<S3Credentials> from_instance() {
  auto host = environment("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  if (host.empty()) host = instance_host;
  while (host.ends_with('/')) host.pop_back();
  GRISTMILL_TRY(const auto token,
                body_of(ask("PUT", host + "/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds: 21600"}), host));
  if (holds_line_break(token)) return corrupt_data(fmt::format("{}: the session token holds a line break", host));
  const std::vector<std::string> headers{"X-aws-ec2-metadata-token: " + token};
  const auto roles = host + std::string(roles_path);
  GRISTMILL_TRY(const auto names, body_of(ask("GET", roles, headers), roles));
  const auto role = names.substr(0, names.find_first_of("\r\n"));
  const bool is_plain = std::ranges::all_of(role, [](unsigned char byte) {
    return std::isalnum(byte) || std::string_view("+=,.@_-").find(static_cast<char>(byte)) != std::string_view::npos;
  });
  if (role.empty() || !is_plain) return not_found(fmt::format("{} names no role", roles));
  GRISTMILL_TRY(const auto text, body_of(ask("GET", roles + role, headers), roles + role));
  auto found = parse_role_credentials(text);
  if (!found) return std::move(found).error().within(roles + role);
  return found;
}

}  // namespace

Result<S3Credentials> parse_role_credentials(std::string_view text) {
  auto json = Json::parse(std::string(text));
  if (!json || !json->is_object()) return corrupt_data("what the service gives is no JSON object");
  const auto& code = (*json)["Code"].as_string();
  if (!code.empty() && code != "Success")
    return not_found(fmt::format("the service has no credentials: {}", code.substr(0, 100)));
  S3Credentials found{(*json)["AccessKeyId"].as_string(), (*json)["SecretAccessKey"].as_string(),
                      (*json)["Token"].as_string()};
  if (!found.is_given()) return corrupt_data("the answer holds no AccessKeyId and SecretAccessKey");
  for (const auto& value : {found.access_key, found.secret_key, found.session_token}) {
    if (holds_line_break(value)) return corrupt_data("a key in the answer holds a line break");
  }
  const auto& expiration = (*json)["Expiration"].as_string();
  if (expiration.empty()) return found;
  const auto expires = parse_iso8601(expiration);
  if (!expires) return corrupt_data(fmt::format("Expiration is no time: '{}'", expiration.substr(0, 100)));
  found.expires_ms = *expires;
  return found;
}

Result<S3Credentials> load_role_credentials() {
  const auto relative = environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  const auto full = environment("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (!relative.empty() || !full.empty()) return from_container(relative, full);
  auto is_disabled = environment("AWS_EC2_METADATA_DISABLED");
  std::ranges::transform(is_disabled, is_disabled.begin(), [](unsigned char byte) { return std::tolower(byte); });
  if (is_disabled == "true") return not_found("AWS_EC2_METADATA_DISABLED is true");
  return from_instance();
}

}  // namespace gristmill::io
