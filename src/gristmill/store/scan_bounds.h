// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "gristmill/base/json.h"
#include "gristmill/formats/partition_values.h"

namespace gristmill::store {

/// Between which values a column's values lie; null: not known. Dates and timestamps are texts, as rows show them, so
/// that a condition compares the same with both.
struct Bounds {
  Json low;
  Json high;
};

/// Bounds from Iceberg's single-value bytes for a column of this type, also as it was before it was widened.
Bounds bounds_from_bytes(const std::string& type, const Json& low, const Json& high);
/// What the values of a partition field say of its column; only where they follow the order of the column's: identity
/// and year, month, day and hour.
Bounds bounds_from_partition(const formats::PartitionField& field, const Json& low, const Json& high);
/// A single value of Iceberg as JSON, dates and timestamps as numbers; null when the bytes do not fit the type.
Json single_value_json(const std::string& type, const Json& bytes);
/// True for date, timestamp and timestamptz.
bool is_dated(const std::string& type);

}  // namespace gristmill::store
