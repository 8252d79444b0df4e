// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/scan_filter.h"

#include <algorithm>
#include <compare>
#include <cstring>
#include <optional>

#include "gristmill/store/partition.h"

namespace gristmill::store {
namespace {

using Test = Condition::Test;

template <typename Number>
std::optional<Number> number_in(const std::string& bytes) {
  Number number{};
  if (bytes.size() != sizeof number) return std::nullopt;
  std::memcpy(&number, bytes.data(), sizeof number);
  return number;
}

/// A single value of Iceberg as JSON; null when the bytes do not fit the type.
Json decoded(const std::string& bytes, const std::string& type) {
  if (type == "string") return bytes;
  if (type == "boolean" && bytes.size() == 1) return bytes[0] != 0;
  if (type == "float") {
    const auto number = number_in<float>(bytes);
    return number ? Json(static_cast<double>(*number)) : Json();
  }
  if (type == "double") {
    const auto number = number_in<double>(bytes);
    return number ? Json(*number) : Json();
  }
  // A column that was widened has bounds of its earlier width.
  if (const auto small = number_in<std::int32_t>(bytes)) return std::int64_t{*small};
  const auto number = number_in<std::int64_t>(bytes);
  return number ? Json(*number) : Json();
}

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

bool may_match_values(const Condition& condition, const Json& low, const Json& high) {
  const auto& value = condition.values.front();
  switch (condition.test) {
    case Test::equal:
      return std::ranges::any_of(
          condition.values, [&](const Json& wanted) { return !(is_before(wanted, low) || is_before(high, wanted)); });
    case Test::less: return !is_not_after(value, low);
    case Test::less_equal: return !is_before(value, low);
    case Test::greater: return !is_not_after(high, value);
    case Test::greater_equal: return !is_before(high, value);
  }
  return true;
}

/// What a condition on a column means for a field made from it; nothing when it means nothing.
std::optional<Condition> derive(const Condition& condition, const formats::PartitionField& field) {
  auto derived = condition;
  derived.type = formats::partition_type(field);
  if (derived.type.empty() || field.transform == "void" || condition.type != field.source_type) return std::nullopt;
  if (field.transform == "identity") return derived;
  const bool is_bucket = field.transform.starts_with("bucket");
  if (is_bucket && condition.test != Test::equal) return std::nullopt;
  // The others keep the order of values, but make several equal.
  if (condition.test == Test::less) derived.test = Test::less_equal;
  if (condition.test == Test::greater) derived.test = Test::greater_equal;
  for (auto& value : derived.values) {
    value = formats::partition_literal(field, value);
    if (value.is_null()) return std::nullopt;
  }
  return derived;
}

const Json& bound_of(const Json& bounds, int field_id) {
  static const Json none;
  for (const auto& item : bounds.items()) {
    if (item["key"].as_int() == field_id) return item["value"];
  }
  return none;
}

}  // namespace

bool may_match(const Condition& condition, const Json& low, const Json& high) {
  if (condition.values.empty()) return true;
  const auto below = low.is_string() ? decoded(low.as_string(), condition.type) : Json();
  const auto above = high.is_string() ? decoded(high.as_string(), condition.type) : Json();
  return may_match_values(condition, below, above);
}

FilePruner::FilePruner(const ScanFilter& filter, const std::vector<formats::PartitionField>& fields) : filter_(filter) {
  for (const auto& condition : filter) {
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (fields[i].source_id != condition.field_id || condition.values.empty()) continue;
      if (auto derived = derive(condition, fields[i]))
        derived_.push_back({i, avro_name(fields[i].name), *std::move(derived)});
    }
  }
}

bool FilePruner::may_match_manifest(const Json& partitions) const {
  return std::ranges::all_of(derived_, [&](const Derived& one) {
    if (one.place >= partitions.size()) return true;
    const auto& summary = partitions.items()[one.place];
    const auto& low = summary["lower_bound"];
    // Without a bound all values are null, which meets no condition, or the writer said nothing.
    return low.is_null() || may_match(one.condition, low, summary["upper_bound"]);
  });
}

bool FilePruner::may_match_file(const Json& file) const {
  const bool may_match_partition = std::ranges::all_of(derived_, [&](const Derived& one) {
    const auto& value = file["partition"][one.name];
    return value.is_null() || may_match_values(one.condition, value, value);
  });
  if (!may_match_partition || filter_.empty()) return may_match_partition;
  const auto& lower = file["lower_bounds"];
  const auto& upper = file["upper_bounds"];
  return std::ranges::all_of(filter_, [&](const Condition& condition) {
    return may_match(condition, bound_of(lower, condition.field_id), bound_of(upper, condition.field_id));
  });
}

}  // namespace gristmill::store
