// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gristmill/base/result.h"

namespace gristmill {

/// "512MiB", "2GB", "1024", "1.5 GiB" in bytes. MiB is 2^20, MB is 10^6, a bare number is bytes.
Result<std::uint64_t> parse_size(std::string_view text);
/// "30d", "12h", "90m", "45s" or "1.5d" in milliseconds.
Result<std::int64_t> parse_duration_ms(std::string_view text);
/// "5%" or "0.05" as a share of one.
Result<double> parse_share(std::string_view text);
/// "1.5 MiB"
std::string format_size(double bytes);
/// "1,234,567"
std::string format_count(std::int64_t count);

}  // namespace gristmill
