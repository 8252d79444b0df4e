// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gristmill/io/s3_client.h"

namespace gristmill::io {

struct S3Client::Call {
  std::string method;
  std::string_view action;  ///< The right that it takes, for messages: "s3:GetObject".
  ObjectPath object;
  std::vector<std::pair<std::string, std::string>> query = {};
  std::map<std::string, std::string> headers = {};
  std::string_view body = {};
  std::uint64_t answer_bytes_max = std::uint64_t{16} << 20;
  std::vector<int> expected = {};   ///< Statuses beyond 2xx that the caller deals with.
  bool sums_body = true;  ///< The checksum header is that of the body; else the header means something else.
  bool may_fail_late = false;  ///< A body of status 200 may be an error.
  std::function<Status(const HttpAnswer&)> check = {};  ///< Of a success; what fails is fetched again.
};

/// Whether a refusal may be another answer when it is asked again.
bool may_pass(int status, const std::string& code);

struct S3Client::Fault {
  bool may_pass = false;
  bool is_about_credentials = false;
  std::string retry_after = {};
};

}  // namespace gristmill::io
