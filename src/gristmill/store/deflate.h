// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gristmill/base/result.h"

namespace gristmill::store {

/// `deflate` is the bare stream (RFC 1951) that Avro uses, `gzip` the wrapped one of compressed metadata files.
enum class Compression : std::uint8_t { deflate, gzip };

/// Inflates one whole stream; more than `bytes_max` is refused.
Result<std::string> inflate(std::string_view packed, Compression compression, std::size_t bytes_max);
/// Deflates into a bare stream.
std::string deflate(std::string_view bytes);

}  // namespace gristmill::store
