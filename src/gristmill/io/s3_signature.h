// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gristmill::io {

/// What a request is signed with. Never printed.
struct S3Credentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token;  ///< Of temporary credentials; else empty.
  std::int64_t expires_ms = 0;  ///< Since 1970; 0 where nothing says when.

  [[nodiscard]] bool is_given() const { return !access_key.empty() && !secret_key.empty(); }
  bool operator==(const S3Credentials&) const = default;
};

/// A request as AWS Signature Version 4 sees it.
struct SignedParts {
  std::string method;
  std::string path;                                        ///< Escaped, as it is sent: "/bucket/a%20b".
  std::vector<std::pair<std::string, std::string>> query;  ///< Without escapes.
  std::map<std::string, std::string> headers;              ///< Lower-case names; all of them are signed.
  std::string payload_hash;                                ///< Hex SHA-256 of the body, or UNSIGNED-PAYLOAD.
};

/// "name=value&…" with escapes, in the order that signatures need; also what is sent.
std::string canonical_query(const std::vector<std::pair<std::string, std::string>>& query);
/// The text whose digest is signed.
std::string canonical_request(const SignedParts& parts);
/// The value of the Authorization header. `stamp` is "20130524T000000Z", as in the header x-amz-date.
std::string authorization(const SignedParts& parts, const S3Credentials& credentials, std::string_view region,
                          std::string_view stamp);
/// "20130524T000000Z" of a time in milliseconds since 1970.
std::string signature_stamp(std::int64_t milliseconds);

}  // namespace gristmill::io
