// SPDX-License-Identifier: Apache-2.0
#include "gristmill/formats/partition_values.h"

#include <arrow/array.h>
#include <arrow/util/decimal.h>
#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <cstring>

#include "gristmill/formats/arrow_json.h"
#include "gristmill/kernels/murmur3.h"

namespace gristmill::formats {
namespace {

constexpr std::int64_t micros_an_hour = std::int64_t{3600} * 1'000'000;
constexpr std::int64_t micros_a_day = 24 * micros_an_hour;

bool is_timestamp(const std::string& type) { return type == "timestamp" || type == "timestamptz"; }

/// N of bucket[N] or truncate[N]; 0 when it is none.
std::int32_t parameter(const std::string& transform, std::string_view name) {
  if (!transform.starts_with(name) || !transform.ends_with(']')) return 0;
  std::int32_t number = 0;
  const char* const end = transform.data() + transform.size() - 1;
  const auto parsed = std::from_chars(transform.data() + name.size(), end, number);
  return parsed.ec == std::errc() && parsed.ptr == end && number > 0 ? number : 0;
}

std::int64_t floor_div(std::int64_t value, std::int64_t unit) { return value / unit - (value % unit < 0 ? 1 : 0); }

/// The number behind whole numbers, dates and times.
std::int64_t whole(const arrow::Array& column, std::int64_t row) {
  switch (column.type_id()) {
    case arrow::Type::BOOL: return static_cast<const arrow::BooleanArray&>(column).Value(row) ? 1 : 0;
    case arrow::Type::INT32: return static_cast<const arrow::Int32Array&>(column).Value(row);
    case arrow::Type::DATE32: return static_cast<const arrow::Date32Array&>(column).Value(row);
    case arrow::Type::TIME64: return static_cast<const arrow::Time64Array&>(column).Value(row);
    case arrow::Type::TIMESTAMP: return static_cast<const arrow::TimestampArray&>(column).Value(row);
    case arrow::Type::INT64: return static_cast<const arrow::Int64Array&>(column).Value(row);
    default: return 0;
  }
}

/// Two's complement, most significant byte first, no byte more than it takes: how Iceberg hashes decimals.
std::string decimal_bytes(const arrow::Array& column, std::int64_t row) {
  const arrow::Decimal128 value(static_cast<const arrow::Decimal128Array&>(column).GetValue(row));
  const auto little = value.ToBytes();
  std::string bytes(little.rbegin(), little.rend());
  const auto is_spare = [&] {
    const auto first = static_cast<unsigned char>(bytes[0]);
    const bool is_next_negative = (static_cast<unsigned char>(bytes[1]) & 0x80) != 0;
    return (first == 0 && !is_next_negative) || (first == 0xFF && is_next_negative);
  };
  while (bytes.size() > 1 && is_spare()) bytes.erase(0, 1);
  return bytes;
}

std::int32_t bucket(const arrow::Array& column, std::int64_t row, std::int32_t count) {
  std::string number(sizeof(std::int64_t), '\0');
  std::string decimal;
  std::string_view bytes;
  if (is_arrow_string(column)) {
    bytes = arrow_string(column, row);
  } else if (column.type_id() == arrow::Type::FIXED_SIZE_BINARY) {
    bytes = static_cast<const arrow::FixedSizeBinaryArray&>(column).GetView(row);
  } else if (column.type_id() == arrow::Type::DECIMAL128) {
    decimal = decimal_bytes(column, row);
    bytes = decimal;
  } else {
    const auto value = whole(column, row);
    std::memcpy(number.data(), &value, sizeof value);
    bytes = number;
  }
  return static_cast<std::int32_t>((kernels::murmur3_32(bytes) & 0x7FFFFFFFU) % static_cast<std::uint32_t>(count));
}

/// The first `count` characters of a text.
std::string_view first_characters(std::string_view text, std::int32_t count) {
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    if ((static_cast<unsigned char>(text[at]) & 0xC0) != 0x80 && count-- == 0) break;
  }
  return text.substr(0, at);
}

/// The next multiple of the width below; below the least number of the type it goes on at the greatest, as in Java.
std::int64_t truncated_number(std::int64_t value, std::int32_t width, const std::string& type) {
  const auto rest = (value % width + width) % width;
  const auto wrapped = static_cast<std::int64_t>(static_cast<std::uint64_t>(value) - static_cast<std::uint64_t>(rest));
  return type == "int" ? static_cast<std::int32_t>(wrapped) : wrapped;
}

Json truncated(const PartitionField& field, const arrow::Array& column, std::int64_t row, std::int32_t width) {
  if (is_arrow_string(column)) return first_characters(arrow_string(column, row), width);
  return truncated_number(whole(column, row), width, field.source_type);
}

Json calendar_value(const PartitionField& field, std::int64_t value) {
  const auto days = field.source_type == "date" ? value : floor_div(value, micros_a_day);
  if (field.transform == "hour") return floor_div(value, micros_an_hour);
  if (field.transform == "day") return days;
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
  const auto years = static_cast<int>(date.year()) - 1970;
  if (field.transform == "year") return years;
  return years * 12 + static_cast<int>(static_cast<unsigned>(date.month())) - 1;
}

}  // namespace

std::string partition_type(const PartitionField& field) {
  const auto& type = field.source_type;
  const auto& transform = field.transform;
  const bool is_whole = type == "int" || type == "long";
  const bool is_dated = type == "date" || is_timestamp(type);
  if (transform == "void") return type;
  if (transform == "identity")
    return is_whole || is_dated || type == "boolean" || type == "string" || type == "time" ? type : std::string();
  if (parameter(transform, "bucket[") > 0) {
    const bool is_hashable = is_whole || is_dated || type == "time" || type == "string" || type == "binary" ||
                             type == "uuid" || type.starts_with("decimal(") || type.starts_with("fixed[");
    return is_hashable ? "int" : std::string();
  }
  if (parameter(transform, "truncate[") > 0) return is_whole || type == "string" ? type : std::string();
  if (transform == "hour") return is_timestamp(type) ? "int" : std::string();
  if (transform == "day") return is_dated ? "date" : std::string();
  if (transform == "year" || transform == "month") return is_dated ? "int" : std::string();
  return {};
}

Json partition_value(const PartitionField& field, const arrow::Array& column, std::int64_t row) {
  if (field.transform == "void" || column.IsNull(row)) return {};
  if (const auto count = parameter(field.transform, "bucket[")) return bucket(column, row, count);
  if (const auto width = parameter(field.transform, "truncate[")) return truncated(field, column, row, width);
  if (field.transform != "identity") return calendar_value(field, whole(column, row));
  if (is_arrow_string(column)) return arrow_string(column, row);
  if (field.source_type == "boolean") return whole(column, row) != 0;
  return whole(column, row);
}

Json partition_literal(const PartitionField& field, const Json& value) {
  const bool is_text = field.source_type == "string";
  const bool is_whole = field.source_type == "int" || field.source_type == "long" || field.source_type == "date";
  if (!(is_text && value.is_string()) && !(is_whole && value.is_int())) return {};
  if (const auto count = parameter(field.transform, "bucket[")) {
    const auto number = value.as_int();
    std::string bytes(sizeof number, '\0');
    std::memcpy(bytes.data(), &number, sizeof number);
    const auto hash = kernels::murmur3_32(is_text ? std::string_view(value.as_string()) : std::string_view(bytes));
    return static_cast<std::int64_t>((hash & 0x7FFFFFFFU) % static_cast<std::uint32_t>(count));
  }
  if (const auto width = parameter(field.transform, "truncate["))
    return is_text ? Json(first_characters(value.as_string(), width))
                   : Json(truncated_number(value.as_int(), width, field.source_type));
  const bool is_calendar = field.transform == "year" || field.transform == "month" || field.transform == "day";
  return is_calendar && field.source_type == "date" ? calendar_value(field, value.as_int()) : Json();
}

}  // namespace gristmill::formats
