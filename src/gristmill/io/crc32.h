// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gristmill::io {

/// CRC-32 as gzip and object stores compute it (polynomial 0xEDB88320); `before` continues an earlier piece.
std::uint32_t crc32(std::string_view bytes, std::uint32_t before = 0) noexcept;
/// Base64 of the four bytes, highest first, as the header x-amz-checksum-crc32 has it.
std::string crc32_text(std::uint32_t crc);

}  // namespace gristmill::io
