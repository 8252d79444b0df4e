// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "gristmill/base/result.h"
#include "gristmill/io/s3_settings.h"

namespace gristmill::io {

/// Credentials as they were found last; those of a role are renewed before they expire. Thread-safe.
class KeptCredentials {
 public:
  explicit KeptCredentials(S3Settings settings) : settings_(std::move(settings)) {}

  /// Looked for with the first call. Keys that never expire are kept until `reload`.
  Result<S3Credentials> get();
  /// The same, but keys that never expire are looked for each time: for who does not hear when they are refused.
  Result<S3Credentials> get_newest();
  /// True when the files, the environment or the role's service have other credentials than those that were refused.
  bool reload(const S3Credentials& refused);
  /// The text without the credentials in it.
  [[nodiscard]] std::string without_secrets(std::string text) const;

 private:
  S3Settings settings_;
  mutable std::mutex mutex_;
  std::optional<S3Credentials> kept_;
  std::int64_t next_refresh_ms_ = 0;  ///< Of credentials that expire soon: not asked for with every request.
};

}  // namespace gristmill::io
