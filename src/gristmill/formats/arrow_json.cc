// SPDX-License-Identifier: Apache-2.0
#include "gristmill/formats/arrow_json.h"

#include <arrow/array.h>
#include <arrow/extension_type.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

#include "gristmill/formats/json_scanner.h"
#include "gristmill/kernels/utf8.h"

namespace gristmill::formats {
namespace {

template <typename ArrayType>
const ArrayType& as(const arrow::Array& column) {
  return static_cast<const ArrayType&>(column);
}

template <typename Number>
void append_number(std::string& out, Number value) {
  if constexpr (std::is_floating_point_v<Number>) {
    if (!std::isfinite(value)) {
      out += "null";
      return;
    }
  }
  std::array<char, 32> digits{};
  out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
}

void append_text(std::string& out, std::string_view text) {
  if (kernels::is_valid_utf8(text)) {
    append_json_string(out, text);
  } else {
    out += "null";
  }
}

void append_items(std::string& out, const arrow::Array& values, std::int64_t begin, std::int64_t end) {
  out += '[';
  for (auto i = begin; i < end; ++i) {
    if (i > begin) out += ',';
    append_arrow_json(out, values, i);
  }
  out += ']';
}

void append_struct(std::string& out, const arrow::StructArray& column, std::int64_t row) {
  out += '{';
  for (int i = 0; i < column.num_fields(); ++i) {
    if (i > 0) out += ',';
    append_json_string(out, kernels::replace_invalid_utf8(column.struct_type()->field(i)->name()));
    out += ':';
    append_arrow_json(out, *column.field(i), row);
  }
  out += '}';
}

void append_map(std::string& out, const arrow::MapArray& column, std::int64_t row) {
  const auto begin = column.value_offset(row);
  const auto end = column.value_offset(row + 1);
  if (!is_arrow_string(*column.keys())) return append_items(out, *column.values(), begin, end);
  out += '{';
  for (auto i = begin; i < end; ++i) {
    if (i > begin) out += ',';
    append_json_string(out, kernels::replace_invalid_utf8(arrow_string(*column.keys(), i)));
    out += ':';
    append_arrow_json(out, *column.items(), i);
  }
  out += '}';
}

/// 00112233-4455-6677-8899-aabbccddeeff
void append_uuid(std::string& out, std::string_view bytes) {
  out += '"';
  for (std::size_t i = 0; i < bytes.size(); ++i)
    out += fmt::format("{}{:02x}", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
                       static_cast<unsigned char>(bytes[i]));
  out += '"';
}

/// Dates, times, decimals and whatever else there is, in Arrow's own words.
void append_other(std::string& out, const arrow::Array& column, std::int64_t row) {
  const auto scalar = column.GetScalar(row);
  if (scalar.ok()) {
    append_text(out, (*scalar)->ToString());
  } else {
    out += "null";
  }
}

bool append_simple(std::string& out, const arrow::Array& column, std::int64_t row) {
  using arrow::Type;
  switch (column.type_id()) {
    case Type::BOOL: out += as<arrow::BooleanArray>(column).Value(row) ? "true" : "false"; return true;
    case Type::INT8: append_number(out, static_cast<int>(as<arrow::Int8Array>(column).Value(row))); return true;
    case Type::INT16: append_number(out, static_cast<int>(as<arrow::Int16Array>(column).Value(row))); return true;
    case Type::INT32: append_number(out, as<arrow::Int32Array>(column).Value(row)); return true;
    case Type::INT64: append_number(out, as<arrow::Int64Array>(column).Value(row)); return true;
    case Type::UINT8: append_number(out, static_cast<int>(as<arrow::UInt8Array>(column).Value(row))); return true;
    case Type::UINT16: append_number(out, static_cast<int>(as<arrow::UInt16Array>(column).Value(row))); return true;
    case Type::UINT32: append_number(out, as<arrow::UInt32Array>(column).Value(row)); return true;
    case Type::UINT64: append_number(out, as<arrow::UInt64Array>(column).Value(row)); return true;
    case Type::FLOAT: append_number(out, as<arrow::FloatArray>(column).Value(row)); return true;
    case Type::DOUBLE: append_number(out, as<arrow::DoubleArray>(column).Value(row)); return true;
    default: return false;
  }
}

}  // namespace

bool is_arrow_string(const arrow::Array& column) {
  using arrow::Type;
  switch (column.type_id()) {
    case Type::STRING:
    case Type::BINARY:
    case Type::LARGE_STRING:
    case Type::LARGE_BINARY:
    case Type::STRING_VIEW:
    case Type::BINARY_VIEW: return true;
    case Type::DICTIONARY: return is_arrow_string(*as<arrow::DictionaryArray>(column).dictionary());
    default: return false;
  }
}

std::string_view arrow_string(const arrow::Array& column, std::int64_t row) {
  using arrow::Type;
  if (column.IsNull(row)) return {};
  switch (column.type_id()) {
    case Type::STRING:
    case Type::BINARY: return as<arrow::BinaryArray>(column).GetView(row);
    case Type::LARGE_STRING:
    case Type::LARGE_BINARY: return as<arrow::LargeBinaryArray>(column).GetView(row);
    case Type::STRING_VIEW:
    case Type::BINARY_VIEW: return as<arrow::BinaryViewArray>(column).GetView(row);
    case Type::DICTIONARY: {
      const auto& coded = as<arrow::DictionaryArray>(column);
      return arrow_string(*coded.dictionary(), coded.GetValueIndex(row));
    }
    default: return {};
  }
}

void append_arrow_json(std::string& out, const arrow::Array& column, std::int64_t row) {
  using arrow::Type;
  if (column.IsNull(row)) {
    out += "null";
    return;
  }
  if (append_simple(out, column, row)) return;
  if (is_arrow_string(column)) return append_text(out, arrow_string(column, row));
  switch (column.type_id()) {
    case Type::LIST: {
      const auto& list = as<arrow::ListArray>(column);
      return append_items(out, *list.values(), list.value_offset(row), list.value_offset(row + 1));
    }
    case Type::LARGE_LIST: {
      const auto& list = as<arrow::LargeListArray>(column);
      return append_items(out, *list.values(), list.value_offset(row), list.value_offset(row + 1));
    }
    case Type::FIXED_SIZE_LIST: {
      const auto& list = as<arrow::FixedSizeListArray>(column);
      return append_items(out, *list.values(), list.value_offset(row), list.value_offset(row + 1));
    }
    case Type::STRUCT: return append_struct(out, as<arrow::StructArray>(column), row);
    case Type::MAP: return append_map(out, as<arrow::MapArray>(column), row);
    case Type::EXTENSION: {
      const auto& extended = as<arrow::ExtensionArray>(column);
      if (extended.extension_type()->extension_name() != "arrow.uuid")
        return append_arrow_json(out, *extended.storage(), row);
      return append_uuid(out, as<arrow::FixedSizeBinaryArray>(*extended.storage()).GetView(row));
    }
    case Type::DICTIONARY: {
      const auto& coded = as<arrow::DictionaryArray>(column);
      return append_arrow_json(out, *coded.dictionary(), coded.GetValueIndex(row));
    }
    default: return append_other(out, column, row);
  }
}

}  // namespace gristmill::formats
