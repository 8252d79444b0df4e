// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace gristmill::formats {

/// Newlines in the first `end` bytes of a file; what could be read when it fails. For messages that name a line.
std::uint64_t count_lines_before(const std::string& path, std::uint64_t end);

}  // namespace gristmill::formats
