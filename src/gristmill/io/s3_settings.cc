// SPDX-License-Identifier: Apache-2.0
#include "gristmill/io/s3_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "gristmill/io/file.h"
#include "gristmill/io/role_credentials.h"

namespace gristmill::io {
namespace {

constexpr std::uint64_t settings_bytes_max = std::uint64_t{1} << 20;

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

/// The first that is not empty.
std::string first_of(std::initializer_list<std::string> choices) {
  const auto* const found = std::ranges::find_if(choices, [](const std::string& text) { return !text.empty(); });
  return found == choices.end() ? std::string() : *found;
}

std::string home_path(std::string_view path) { return fmt::format("{}/{}", environment("HOME"), path); }

std::string profile_of(const S3Settings& settings) {
  return first_of({settings.profile, environment("AWS_PROFILE"), "default"});
}

std::string credentials_path(const S3Settings& settings) {
  return first_of(
      {settings.credentials_file, environment("AWS_SHARED_CREDENTIALS_FILE"), home_path(".aws/credentials")});
}

std::string config_path() { return first_of({environment("AWS_CONFIG_FILE"), home_path(".aws/config")}); }

/// A file that may well be missing.
std::string text_or_nothing(const std::string& path) {
  auto text = read_file(path, settings_bytes_max);
  return text ? *std::move(text) : std::string();
}

std::string config_section(const std::string& profile) { return profile == "default" ? profile : "profile " + profile; }

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r";
  const auto begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

Status check_endpoint(const std::string& endpoint) {
  const bool has_scheme = endpoint.starts_with("http://") || endpoint.starts_with("https://");
  const auto host = has_scheme ? std::string_view(endpoint).substr(endpoint.find("://") + 3) : std::string_view();
  if (host.find('@') != std::string_view::npos)
    return invalid_argument("the S3 endpoint holds a user name: credentials belong into the environment or a file");
  if (!host.empty() && host.find_first_of("/?# \t") == std::string_view::npos) return {};
  return invalid_argument(
      fmt::format("'{}' is no S3 endpoint: write https://HOST or https://HOST:PORT without a path", endpoint));
}

S3Credentials from_section(std::string_view text, std::string_view section) {
  return {ini_value(text, section, "aws_access_key_id"), ini_value(text, section, "aws_secret_access_key"),
          ini_value(text, section, "aws_session_token")};
}

}  // namespace

std::string ini_value(std::string_view text, std::string_view section, std::string_view key) {
  bool is_inside = false;
  std::string_view value;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(text.size(), end + 1));
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      is_inside = trimmed(line.substr(1, line.find(']') - 1)) == section;
      continue;
    }
    const auto equals = line.find('=');
    if (is_inside && equals != std::string_view::npos && trimmed(line.substr(0, equals)) == key)
      value = trimmed(line.substr(equals + 1));
  }
  return std::string(value);
}

Result<S3Settings> resolve_s3_settings(S3Settings settings) {
  const auto section = config_section(profile_of(settings));
  const auto config = text_or_nothing(config_path());
  settings.endpoint = first_of({settings.endpoint, environment("AWS_ENDPOINT_URL_S3"), environment("AWS_ENDPOINT_URL"),
                                ini_value(config, section, "endpoint_url")});
  settings.region = first_of({settings.region, environment("AWS_REGION"), environment("AWS_DEFAULT_REGION"),
                              ini_value(config, section, "region"), "us-east-1"});
  settings.ca_file = first_of({settings.ca_file, environment("AWS_CA_BUNDLE")});
  while (settings.endpoint.ends_with('/')) settings.endpoint.pop_back();
  if (!settings.endpoint.empty()) GRISTMILL_RETURN_IF_ERROR(check_endpoint(settings.endpoint));
  const bool is_plain = std::ranges::all_of(settings.region,
                                            [](unsigned char byte) { return std::isalnum(byte) || byte == '-'; });
  if (!is_plain) return invalid_argument(fmt::format("'{}' is no region: as in eu-central-1", settings.region));
  return settings;
}

Result<S3Credentials> load_s3_credentials(const S3Settings& settings) {
  const bool is_named = !settings.profile.empty() || !settings.credentials_file.empty();
  S3Credentials credentials{environment("AWS_ACCESS_KEY_ID"), environment("AWS_SECRET_ACCESS_KEY"),
                            environment("AWS_SESSION_TOKEN")};
  const auto profile = profile_of(settings);
  const auto path = credentials_path(settings);
  if (is_named || !credentials.is_given()) {
    credentials = from_section(text_or_nothing(path), profile);
    if (!credentials.is_given()) credentials = from_section(text_or_nothing(config_path()), config_section(profile));
  }
  if (credentials.is_given()) return credentials;
  std::string roles;
  if (!is_named && environment("AWS_PROFILE").empty()) {
    auto found = load_role_credentials();
    if (found || found.error().code == ErrorCode::invalid_argument) return found;
    roles = fmt::format(", and there is no role of a container or machine ({})", found.error().message);
  }
  return Error{ErrorCode::denied,
               fmt::format("no credentials for the object store: neither AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY "
                           "nor the profile '{}' in {} give both keys{}",
                           profile, path, roles)};
}

}  // namespace gristmill::io
