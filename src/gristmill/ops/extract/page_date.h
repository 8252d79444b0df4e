// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace gristmill::ops::extract {

/// Reads a date as pages write it and returns it in ISO 8601, with time and offset where they are given
/// ("2024-03-01", "2024-03-01T08:00:00+01:00"). Understood: ISO 8601 and its usual variations, RFC 5322, UNIX seconds
/// and milliseconds, day-month-year with month names in eight languages, 1.3.2024, and 1/3/2024 where only one order
/// makes sense. Empty when it is none of these or no day of the calendar.
std::string read_page_date(std::string_view text);

}  // namespace gristmill::ops::extract
