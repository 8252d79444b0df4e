// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gristmill/base/json.h"
#include "gristmill/base/result.h"

namespace arrow {
class Array;
}

namespace gristmill::formats {

/// One field by which a table's rows are split into files, after Iceberg's partition specs.
struct PartitionField {
  int source_id = 0;        ///< Column that it is made from.
  int field_id = 0;         ///< Its own, from 1000 on.
  std::string name;
  std::string transform;    ///< identity, bucket[N], truncate[N], year, month, day, hour, void.
  std::string source_type;  ///< Iceberg type of the column.
};

/// The Iceberg type of a field's values; empty when the transform does not go with the column's type.
std::string partition_type(const PartitionField& field);

/// The field's value for a row, as a manifest holds it: numbers count years, months, days or hours from 1970, or are
/// buckets; null for a null.
Json partition_value(const PartitionField& field, const arrow::Array& column, std::int64_t row);

/// The field's value for a value of its column that is not null: text, a whole number, or the days of a date. Null when
/// it cannot be told.
Json partition_literal(const PartitionField& field, const Json& value);

}  // namespace gristmill::formats
