// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/scan_filter.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <compare>
#include <optional>

#include "gristmill/store/partition.h"
#include "gristmill/store/scan_bounds.h"

namespace gristmill::store {
namespace {

using Test = Condition::Test;

/// Order of two values of one kind; unordered when they are of different kinds.
std::partial_ordering order(const Json& a, const Json& b) {
  if (a.is_string() && b.is_string()) return a.as_string() <=> b.as_string();
  if (a.is_bool() && b.is_bool()) return a.as_bool() <=> b.as_bool();
  if (a.is_int() && b.is_int()) return a.as_int() <=> b.as_int();
  if (a.is_number() && b.is_number()) return a.as_double() <=> b.as_double();
  return std::partial_ordering::unordered;
}

/// True when `a` is known to come before `b`.
bool is_before(const Json& a, const Json& b) { return order(a, b) < 0; }
bool is_not_after(const Json& a, const Json& b) { return order(a, b) <= 0; }

bool may_start_with(const std::string& prefix, const Bounds& bounds) {
  if (bounds.high.is_string() && bounds.high.as_string() < prefix) return false;
  return !bounds.low.is_string() || bounds.low.as_string() <= prefix || bounds.low.as_string().starts_with(prefix);
}

bool may_match(const Condition& condition, const Bounds& bounds) {
  const auto& [low, high] = bounds;
  if (condition.test == Test::is_null || condition.test == Test::not_null || condition.values.empty()) return true;
  const auto& value = condition.values.front();
  switch (condition.test) {
    case Test::equal:
      return std::ranges::any_of(
          condition.values, [&](const Json& wanted) { return !(is_before(wanted, low) || is_before(high, wanted)); });
    case Test::less: return !is_not_after(value, low);
    case Test::less_equal: return !is_before(value, low);
    case Test::greater: return !is_not_after(high, value);
    case Test::greater_equal: return !is_before(high, value);
    case Test::starts_with: return !value.is_string() || may_start_with(value.as_string(), bounds);
    default: return true;
  }
}

/// "2024-02-29" as days from 1970; null for anything else.
Json days_of(const Json& value) {
  const auto& text = value.as_string();
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return {};
  const char* const data = text.data();
  const bool is_read = std::from_chars(data, data + 4, year).ptr == data + 4 &&
                       std::from_chars(data + 5, data + 7, month).ptr == data + 7 &&
                       std::from_chars(data + 8, data + 10, day).ptr == data + 10;
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{month}, std::chrono::day{day}};
  if (!is_read || !date.ok()) return {};
  return std::int64_t{std::chrono::sys_days{date}.time_since_epoch().count()};
}

/// What a condition on a column means for a field made from it; nothing when it means nothing.
std::optional<Condition> derive(const Condition& condition, const formats::PartitionField& field) {
  auto derived = condition;
  derived.type = formats::partition_type(field);
  if (derived.type.empty() || field.transform == "void" || condition.type != field.source_type) return std::nullopt;
  // Null becomes null and nothing else does, whatever the transform.
  if (condition.values.empty()) return derived;
  const bool is_bucket = field.transform.starts_with("bucket");
  const bool is_truncated = field.transform.starts_with("truncate");
  if (is_bucket && condition.test != Test::equal) return std::nullopt;
  // Fields of the others are compared by what they say of their column.
  if (!is_bucket && !is_truncated) return derived;
  // Truncation keeps the order of values, but makes several equal.
  if (condition.test == Test::less) derived.test = Test::less_equal;
  if (condition.test == Test::greater) derived.test = Test::greater_equal;
  for (auto& value : derived.values) {
    value = formats::partition_literal(field, condition.type == "date" ? days_of(value) : value);
    if (value.is_null()) return std::nullopt;
  }
  return derived;
}

/// The entry of a map by field id; null when there is none.
const Json& of_field(const Json& map, int field_id) {
  static const Json none;
  for (const auto& item : map.items()) {
    if (item["key"].as_int() == field_id) return item["value"];
  }
  return none;
}

/// False when all values are known to be null, or none is, and the condition wants it otherwise.
bool may_match_nulls(const Condition& condition, const Json& file) {
  const auto& nulls = of_field(file["null_value_counts"], condition.field_id);
  if (!nulls.is_int()) return true;
  if (condition.test == Test::is_null) return nulls.as_int() != 0;
  const auto& values = of_field(file["value_counts"], condition.field_id);
  return !values.is_int() || nulls.as_int() != values.as_int();
}

bool is_floating(const std::string& type) { return type == "float" || type == "double"; }
bool wants_great(const Condition& condition) {
  return condition.test == Test::greater || condition.test == Test::greater_equal;
}

bool may_match_column(const Condition& condition, const Json& file) {
  if (condition.values.empty()) return may_match_nulls(condition, file);
  auto bounds = bounds_from_bytes(condition.type, of_field(file["lower_bounds"], condition.field_id),
                                  of_field(file["upper_bounds"], condition.field_id));
  // Bounds leave not-a-number out, which is above all of them.
  if (is_floating(condition.type) && wants_great(condition)) {
    const auto& nans = of_field(file["nan_value_counts"], condition.field_id);
    if (!nans.is_int() || nans.as_int() != 0) bounds.high = Json();
  }
  return may_match(condition, bounds);
}

}  // namespace

FilePruner::FilePruner(const ScanFilter& filter, const std::vector<formats::PartitionField>& fields) : filter_(filter) {
  for (const auto& condition : filter) {
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (fields[i].source_id != condition.field_id) continue;
      if (auto derived = derive(condition, fields[i]))
        derived_.push_back({i, avro_name(fields[i].name), fields[i], *std::move(derived)});
    }
  }
}

bool FilePruner::may_match_partition(const Derived& one, const Json& low, const Json& high) {
  const bool is_compared_as_is = one.field.transform.starts_with("bucket") ||
                                 one.field.transform.starts_with("truncate");
  return may_match(one.condition, is_compared_as_is ? Bounds{low, high} : bounds_from_partition(one.field, low, high));
}

bool FilePruner::may_match_manifest(const Json& partitions) const {
  return std::ranges::all_of(derived_, [&](const Derived& one) {
    if (one.place >= partitions.size()) return true;
    const auto& summary = partitions.items()[one.place];
    if (one.condition.test == Test::is_null)
      return !summary["contains_null"].is_bool() || summary["contains_null"].as_bool();
    const auto type = formats::partition_type(one.field);
    const auto low = single_value_json(type, summary["lower_bound"]);
    // Without a bound all values are null, which meets no condition, or the writer said nothing.
    return low.is_null() || may_match_partition(one, low, single_value_json(type, summary["upper_bound"]));
  });
}

bool FilePruner::may_match_file(const Json& file) const {
  const bool may_match_all = std::ranges::all_of(derived_, [&](const Derived& one) {
    const auto& partition = file["partition"];
    if (!partition.contains(one.name)) return true;
    const auto& value = partition[one.name];
    if (one.condition.test == Test::is_null) return value.is_null();
    if (one.condition.test == Test::not_null) return !value.is_null();
    return value.is_null() || may_match_partition(one, value, value);
  });
  return may_match_all &&
         std::ranges::all_of(filter_, [&](const Condition& condition) { return may_match_column(condition, file); });
}

bool may_match(const Condition& condition, const Json& value) { return may_match(condition, Bounds{value, value}); }

std::vector<std::string_view> counts_needed(const ScanFilter& filter) {
  std::vector<std::string_view> needed;
  if (std::ranges::any_of(filter, [](const Condition& condition) { return condition.values.empty(); }))
    needed.insert(needed.end(), {"value_counts", "null_value_counts"});
  if (std::ranges::any_of(
          filter, [](const Condition& condition) { return is_floating(condition.type) && wants_great(condition); }))
    needed.emplace_back("nan_value_counts");
  return needed;
}

}  // namespace gristmill::store
