// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/base/result.h"

namespace gristmill::io {

/// How connections are made.
struct HttpOptions {
  std::string ca_file;           ///< Certificates to trust instead of the system's; empty = the system's.
  std::int64_t timeout_ms = 30'000;  ///< To connect, and with hardly a byte coming or going.
  bool uses_proxy = true;        ///< What the environment says of proxies counts.
};

struct HttpRequest {
  std::string method;
  std::string url;                       ///< Sent as it stands: no dots or escapes are touched.
  std::vector<std::string> headers;      ///< "Name: value".
  std::string_view body;                 ///< Must outlive the call.
  std::uint64_t answer_bytes_max = std::uint64_t{1} << 20;
};

struct HttpAnswer {
  int status = 0;
  std::map<std::string, std::string> headers;  ///< Names in lower case; the last one of a name counts.
  std::string body;

  /// The value of a header; empty when it is missing.
  [[nodiscard]] const std::string& header(const std::string& name) const;
};

/// HTTP and HTTPS by libcurl, with connections kept for reuse. Thread-safe; a call blocks until the answer is there.
class HttpClient {
 public:
  explicit HttpClient(HttpOptions options);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Any status is an answer. `unavailable` when none came or it was cut short, which may pass; `denied` when the
  /// server's certificate is not trusted; `limit_exceeded` when the answer is larger than asked.
  Result<HttpAnswer> send(const HttpRequest& request);

 private:
  struct Pool;
  HttpOptions options_;
  std::unique_ptr<Pool> pool_;
};

}  // namespace gristmill::io
