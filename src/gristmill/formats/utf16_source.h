// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "gristmill/io/byte_window.h"
#include "gristmill/io/file.h"

namespace gristmill::formats {

/// Byte order of a UTF-16 stream.
enum class Utf16 { none, little, big };

/// By the byte order mark, or by the zero half of a first ASCII character (as `{`, `[`, a quotation mark or a letter).
Utf16 detect_utf16(std::string_view head) noexcept;

/// Converts a UTF-16 stream to UTF-8, without its byte order mark; ill-formed units become U+FFFD.
std::unique_ptr<io::ByteSource> decode_utf16(std::unique_ptr<io::ByteWindow> window, Utf16 order);

}  // namespace gristmill::formats
