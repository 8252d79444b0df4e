// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "gristmill/base/result.h"

namespace gristmill::store {

/// A path as the URI that tables hold: `s3://bucket/key` as it stands, or `file://` and the absolute, normal path;
/// without escapes, since no reader of Iceberg takes escapes back. Paths with `?` or `#` are refused: readers would cut
/// them there.
Result<std::string> location_of(const std::string& path);

/// The path of a location as any writer puts it: `file:///x`, `file:/x`, `file://localhost/x` or plain `/x`, and
/// `s3://bucket/key`, which others write `s3a://` or `s3n://`.
Result<std::string> path_of(std::string_view location);

}  // namespace gristmill::store
