// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "gristmill/base/result.h"

namespace gristmill::io {

/// True for `s3://…`: the path names an object in a bucket, not a file on a disk.
bool is_object(std::string_view path) noexcept;

/// Refuses addresses of places that nothing here can write to: taken for a path, `gs://bucket` is a folder `gs:`.
Status check_scheme(std::string_view path);

/// Bucket and key of `s3://bucket/key`. The key is taken as it stands: nothing in it is an escape.
struct ObjectPath {
  std::string bucket;
  std::string key;  ///< Empty for the bucket itself.

  /// Refuses bucket names that could not be part of a host name, and keys that no server takes.
  static Result<ObjectPath> parse(std::string_view path);
  /// `s3://bucket/key`.
  [[nodiscard]] std::string text() const;
};

/// RFC 3986 escapes for everything but letters, digits and `-._~`, as signatures need them; slashes stay if asked.
std::string percent_encode(std::string_view text, bool keeps_slashes);
/// Takes escapes back, and `+` as a blank, as servers write keys in listings. A broken escape is left as it stands.
std::string percent_decode(std::string_view text);

}  // namespace gristmill::io
