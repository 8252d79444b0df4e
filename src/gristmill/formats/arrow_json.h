// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace arrow {
class Array;
}

namespace gristmill::formats {

/// True when the column holds strings (plain, large, view or dictionary-coded) or bytes.
bool is_arrow_string(const arrow::Array& column);
/// The string at a row; a null row gives an empty one. Bytes are as they stand: not necessarily UTF-8.
std::string_view arrow_string(const arrow::Array& column, std::int64_t row);
/// Appends the value at a row as JSON: lists as arrays, structs and maps with string keys as objects, dates, times and
/// decimals as strings, NaN and infinities and bytes that are no UTF-8 as null.
void append_arrow_json(std::string& out, const arrow::Array& column, std::int64_t row);

}  // namespace gristmill::formats
