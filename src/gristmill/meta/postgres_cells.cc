// SPDX-License-Identifier: Apache-2.0
#include "gristmill/meta/postgres_cells.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "gristmill/meta/postgres_sql.h"

namespace gristmill::meta {
namespace {

constexpr unsigned type_bool = 16;
constexpr unsigned type_int8 = 20;
constexpr unsigned type_int2 = 21;
constexpr unsigned type_int4 = 23;
constexpr unsigned type_oid = 26;
constexpr unsigned type_float4 = 700;
constexpr unsigned type_float8 = 701;
constexpr unsigned type_numeric = 1700;

/// Shortest text that gives the same number back; PostgreSQL takes "inf" and "nan" as they are.
std::string number_text(const Cell& cell) {
  if (const auto* value = std::get_if<std::int64_t>(&cell)) return std::to_string(*value);
  return fmt::format("{}", real(cell));
}

Cell real_cell(std::string_view text) {
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// Sums of whole numbers come as numeric; they are whole numbers to us while they fit.
Cell number_cell(std::string_view text) {
  std::int64_t value = 0;
  const auto end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  return read.ec == std::errc() && read.ptr == end ? Cell(value) : real_cell(text);
}

}  // namespace

Status check_text(const Cell& cell, std::string_view doing) {
  const auto* value = std::get_if<std::string>(&cell);
  if (value == nullptr || value->find('\0') == std::string::npos) return {};
  const auto shown = std::string_view(*value).substr(0, std::min<std::size_t>(value->find('\0'), 60));
  return invalid_argument(
      fmt::format("{}: the text \"{}...\" holds a NUL byte, and PostgreSQL takes none: remove it", doing, shown));
}

Status ParameterTexts::assign(std::string_view sql, int wanted, std::span<const Cell> cells) {
  if (static_cast<std::size_t>(wanted) != cells.size())
    return Error{ErrorCode::internal,
                 fmt::format("statement takes {} parameters, {} given: {}", wanted, cells.size(), sql)};
  values_.reserve(cells.size());
  lengths_.reserve(cells.size());
  for (const auto& cell : cells) {
    GRISTMILL_RETURN_IF_ERROR(check_text(cell, sql));
    const std::string* held = nullptr;
    if (const auto* value = std::get_if<std::string>(&cell)) {
      held = value;
    } else if (cell.index() != 0) {
      held = &numbers_.emplace_back(number_text(cell));
    }
    values_.push_back(held == nullptr ? nullptr : held->c_str());
    lengths_.push_back(held == nullptr ? 0 : static_cast<int>(held->size()));
  }
  return {};
}

Cell read_cell(unsigned type, std::string_view text) {
  switch (type) {
    case type_bool: return std::int64_t{text == "t" ? 1 : 0};
    case type_int2:
    case type_int4:
    case type_int8:
    case type_oid:
    case type_numeric: return number_cell(text);
    case type_float4:
    case type_float8: return real_cell(text);
    default: return std::string(text);
  }
}

void append_copy_row(std::string& out, const Row& row) {
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (i > 0) out += '\t';
    if (const auto* value = std::get_if<std::string>(&row[i])) {
      append_copy_text(out, *value);
    } else if (row[i].index() == 0) {
      out += "\\N";
    } else {
      out += number_text(row[i]);
    }
  }
  out += '\n';
}

}  // namespace gristmill::meta
