// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/scan_bounds.h"

#include <fmt/format.h>

#include <chrono>
#include <cstring>
#include <optional>

namespace gristmill::store {
namespace {

constexpr std::int64_t micros_a_second = 1'000'000;
constexpr std::int64_t micros_an_hour = 3600 * micros_a_second;
constexpr std::int64_t micros_a_day = 24 * micros_an_hour;
// Years of four digits, for which the order of texts is that of time.
constexpr std::int64_t first_day = -719'528;  // 0000-01-01
constexpr std::int64_t last_day = 2'932'896;  // 9999-12-31

template <typename Number>
std::optional<Number> number_in(const std::string& bytes) {
  Number number{};
  if (bytes.size() != sizeof number) return std::nullopt;
  std::memcpy(&number, bytes.data(), sizeof number);
  return number;
}

std::int64_t floor_div(std::int64_t value, std::int64_t unit) { return value / unit - (value % unit < 0 ? 1 : 0); }

/// A date or timestamp as text. Of a timestamp only whole seconds, with what is below or above everything that may
/// follow: fractions differ with the unit of the file.
Json dated_text(const std::string& type, std::int64_t value, bool is_high) {
  const auto days = type == "date" ? value : floor_div(value, micros_a_day);
  if (days < first_day || days > last_day) return {};
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
  auto text = fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                          static_cast<unsigned>(date.day()));
  if (type == "date") return text;
  const auto seconds = (value - days * micros_a_day) / micros_a_second;
  return fmt::format("{} {:02}:{:02}:{:02}{}", text, seconds / 3600, seconds / 60 % 60, seconds % 60,
                     is_high ? "\x7F" : "");
}

Bounds dated_bounds(const std::string& type, std::int64_t low, std::int64_t high) {
  Bounds bounds{dated_text(type, low, false), dated_text(type, high, true)};
  // Where one is out of the range of four digits, texts are in no order that says anything of the others.
  return bounds.low.is_null() || bounds.high.is_null() ? Bounds() : bounds;
}

/// Days from 1970 to the first of a month, counted from January 1970.
std::int64_t days_to_month(std::int64_t months) {
  const auto years = floor_div(months, 12);
  const std::chrono::year_month_day first{std::chrono::year{static_cast<int>(1970 + years)},
                                          std::chrono::month{static_cast<unsigned>(months - years * 12 + 1)},
                                          std::chrono::day{1}};
  return std::chrono::sys_days{first}.time_since_epoch().count();
}

/// Where a year, month, day or hour begins, in the unit of the column; nothing far from our time.
std::optional<std::int64_t> start_of(const formats::PartitionField& field, std::int64_t value) {
  constexpr std::int64_t hours_max = last_day * 24 + 24;
  if (value < -hours_max || value > hours_max) return std::nullopt;
  if (field.transform == "hour") return value * micros_an_hour;
  auto days = value;
  if (field.transform == "year" || field.transform == "month") {
    const auto months = field.transform == "year" ? value * 12 : value;
    if (months < -1970 * 12 || months > 8030 * 12) return std::nullopt;
    days = days_to_month(months);
  }
  return field.source_type == "date" ? days : days * micros_a_day;
}

}  // namespace

bool is_dated(const std::string& type) { return type == "date" || type == "timestamp" || type == "timestamptz"; }

Json single_value_json(const std::string& type, const Json& value) {
  if (!value.is_string()) return {};
  const auto& bytes = value.as_string();
  if (type == "string") return bytes;
  if (type == "boolean") return bytes.size() == 1 ? Json(bytes[0] != 0) : Json();
  if (type == "float" || type == "double") {
    if (const auto number = number_in<float>(bytes)) return static_cast<double>(*number);
    const auto number = number_in<double>(bytes);
    return number ? Json(*number) : Json();
  }
  // A column that was widened has bounds of its earlier width.
  if (const auto small = number_in<std::int32_t>(bytes)) return std::int64_t{*small};
  const auto number = number_in<std::int64_t>(bytes);
  return number ? Json(*number) : Json();
}

Bounds bounds_from_bytes(const std::string& type, const Json& low, const Json& high) {
  Bounds bounds{single_value_json(type, low), single_value_json(type, high)};
  if (!is_dated(type)) return bounds;
  if (!bounds.low.is_int() || !bounds.high.is_int()) return {};
  return dated_bounds(type, bounds.low.as_int(), bounds.high.as_int());
}

Bounds bounds_from_partition(const formats::PartitionField& field, const Json& low, const Json& high) {
  if (!is_dated(field.source_type)) return field.transform == "identity" ? Bounds{low, high} : Bounds();
  if (!low.is_int() || !high.is_int()) return {};
  if (field.transform == "identity") return dated_bounds(field.source_type, low.as_int(), high.as_int());
  const bool is_calendar = field.transform == "year" || field.transform == "month" || field.transform == "day" ||
                           field.transform == "hour";
  if (!is_calendar || high.as_int() == INT64_MAX) return {};
  const auto first = start_of(field, low.as_int());
  const auto next = start_of(field, high.as_int() + 1);
  return first && next ? dated_bounds(field.source_type, *first, *next - 1) : Bounds();
}

}  // namespace gristmill::store
