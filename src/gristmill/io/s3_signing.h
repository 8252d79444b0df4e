// SPDX-License-Identifier: Apache-2.0
// Signatures for clients of an object store that have no keys: which of their requests get one, and the signature.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "gristmill/base/result.h"
#include "gristmill/io/s3_settings.h"

namespace gristmill::io {

/// A request that a client wants to send to the store.
struct UnsignedRequest {
  std::string method;
  std::string url;                             ///< As the client would send it.
  std::map<std::string, std::string> headers;  ///< Lower-case names.
  std::string body;                            ///< Only a deletion of many objects needs it.
};

/// The same as it must be sent: another address or another value of these headers is no longer what was signed.
struct SignedRequest {
  std::string url;
  std::map<std::string, std::string> headers;
};

/// What a client may do.
struct SigningRules {
  S3Settings settings;     ///< Resolved: the store, and how its addresses look.
  bool may_write = false;
  /// Whether an object may be reached, or with a key that ends in a slash all objects below it.
  std::function<Result<bool>(const std::string& path)> covers;
};

/// Signs a request that reads, writes, lists or deletes objects which the rules cover, and nothing else: `denied` says
/// what is not allowed, `invalid_argument` what cannot be understood in one way only.
Result<SignedRequest> sign_for_client(const UnsignedRequest& request, const SigningRules& rules,
                                      const S3Credentials& credentials, std::int64_t now_ms);

}  // namespace gristmill::io
