// SPDX-License-Identifier: Apache-2.0
#include "gristmill/io/s3_signature.h"

#include <fmt/format.h>

#include <algorithm>

#include "gristmill/base/clock.h"
#include "gristmill/base/hash.h"
#include "gristmill/io/object_path.h"

namespace gristmill::io {
namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view service = "s3";

std::string bytes_of_hex(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1]));
  return bytes;
}

/// Runs of blanks count as one, those at the ends as none.
std::string trimmed(std::string_view value) {
  std::string result;
  for (const char byte : value) {
    const bool is_blank = byte == ' ' || byte == '\t';
    if (!is_blank) {
      result += byte;
    } else if (!result.empty() && result.back() != ' ') {
      result += ' ';
    }
  }
  if (result.ends_with(' ')) result.pop_back();
  return result;
}

std::string signed_names(const std::map<std::string, std::string>& headers) {
  std::string names;
  for (const auto& [name, value] : headers) names += (names.empty() ? "" : ";") + name;
  return names;
}

}  // namespace

std::string canonical_query(const std::vector<std::pair<std::string, std::string>>& query) {
  std::vector<std::pair<std::string, std::string>> encoded;
  for (const auto& [name, value] : query)
    encoded.emplace_back(percent_encode(name, false), percent_encode(value, false));
  std::ranges::sort(encoded);
  std::string text;
  for (const auto& [name, value] : encoded) text += fmt::format("{}{}={}", text.empty() ? "" : "&", name, value);
  return text;
}

std::string canonical_request(const SignedParts& parts) {
  std::string headers;
  for (const auto& [name, value] : parts.headers) headers += fmt::format("{}:{}\n", name, trimmed(value));
  return fmt::format("{}\n{}\n{}\n{}\n{}\n{}", parts.method, parts.path, canonical_query(parts.query), headers,
                     signed_names(parts.headers), parts.payload_hash);
}

std::string authorization(const SignedParts& parts, const S3Credentials& credentials, std::string_view region,
                          std::string_view stamp) {
  const auto day = stamp.substr(0, 8);
  const auto scope = fmt::format("{}/{}/{}/aws4_request", day, region, service);
  const auto to_sign = fmt::format("{}\n{}\n{}\n{}", algorithm, stamp, scope, sha256_hex(canonical_request(parts)));
  std::string key = "AWS4" + credentials.secret_key;
  for (const auto part : {day, region, service, std::string_view("aws4_request")})
    key = bytes_of_hex(hmac_sha256_hex(key, part));
  return fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", algorithm, credentials.access_key, scope,
                     signed_names(parts.headers), hmac_sha256_hex(key, to_sign));
}

std::string signature_stamp(std::int64_t milliseconds) {
  std::string stamp;
  for (const char byte : iso8601(milliseconds).substr(0, 19)) {
    if (byte != '-' && byte != ':') stamp += byte;
  }
  return stamp + "Z";
}

}  // namespace gristmill::io
