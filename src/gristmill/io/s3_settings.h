// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gristmill/base/result.h"
#include "gristmill/io/s3_signature.h"

namespace gristmill::io {

/// Where an object store is and how to speak to it. What is empty comes from the environment (AWS_*), then from the
/// profile in AWS's own files, then from what AWS itself uses.
struct S3Settings {
  std::string endpoint;            ///< "https://host:port"; empty = AWS.
  std::string region;              ///< Empty: us-east-1.
  std::optional<bool> path_style;  ///< Bucket in the path, not in the host name; unset: so with an endpoint.
  std::string profile;             ///< Section of the credentials and config files.
  std::string credentials_file;    ///< Instead of ~/.aws/credentials.
  std::string ca_file;             ///< Certificates to trust.
  std::int64_t timeout_ms = 30'000;
  int attempts_max = 8;            ///< Tries of one request for faults that may pass.
};

/// The settings with everything that environment and files say filled in; a bad endpoint is refused.
Result<S3Settings> resolve_s3_settings(S3Settings settings);

/// Credentials: of the profile or file that the settings name; else AWS_ACCESS_KEY_ID and its companions; else the
/// profile AWS_PROFILE or `default`; else, where no profile is named, those of the role of the container or machine.
/// Nothing found: `denied`, saying where was looked.
Result<S3Credentials> load_s3_credentials(const S3Settings& settings);

/// The value of a key in a section of a file of AWS's kind; empty when it is not there. Sections of the config file
/// are called "profile NAME".
std::string ini_value(std::string_view text, std::string_view section, std::string_view key);

}  // namespace gristmill::io
