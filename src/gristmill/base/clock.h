// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gristmill {

/// Milliseconds since 1970, UTC.
std::int64_t now_ms();
/// "2026-11-01T00:00:00.123Z"
std::string iso8601(std::int64_t milliseconds);
inline std::string now_iso8601() { return iso8601(now_ms()); }
/// Milliseconds since 1970 of an ISO 8601 time ("2026-11-01", "2026-11-01T10:00:00.5Z", "2026-11-01 10:00+02:00"; UTC
/// when no offset is given); nothing when it is none.
std::optional<std::int64_t> parse_iso8601(std::string_view text);

/// CPU seconds of the calling thread, user and system.
double thread_cpu_seconds();
/// CPU seconds of all threads of the process and of its ended child processes, since it began.
double process_cpu_seconds();

}  // namespace gristmill
