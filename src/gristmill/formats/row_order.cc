// SPDX-License-Identifier: Apache-2.0
#include "gristmill/formats/row_order.h"

#include <arrow/array.h>
#include <arrow/util/decimal.h>

#include <algorithm>
#include <compare>
#include <numeric>

#include "gristmill/formats/arrow_json.h"

namespace gristmill::formats {
namespace {

template <typename ArrayType>
std::weak_ordering compare_as(const arrow::Array& column, std::int64_t a, std::int64_t b) {
  const auto& values = static_cast<const ArrayType&>(column);
  if constexpr (std::is_same_v<ArrayType, arrow::FloatArray> || std::is_same_v<ArrayType, arrow::DoubleArray>) {
    return std::strong_order(values.Value(a), values.Value(b));
  } else {
    return values.Value(a) <=> values.Value(b);
  }
}

std::weak_ordering compare(const arrow::Array& column, std::int64_t a, std::int64_t b) {
  if (column.IsNull(a) || column.IsNull(b)) return column.IsValid(a) <=> column.IsValid(b);
  if (is_arrow_string(column)) return arrow_string(column, a) <=> arrow_string(column, b);
  switch (column.type_id()) {
    case arrow::Type::BOOL: return compare_as<arrow::BooleanArray>(column, a, b);
    case arrow::Type::INT32: return compare_as<arrow::Int32Array>(column, a, b);
    case arrow::Type::INT64: return compare_as<arrow::Int64Array>(column, a, b);
    case arrow::Type::FLOAT: return compare_as<arrow::FloatArray>(column, a, b);
    case arrow::Type::DOUBLE: return compare_as<arrow::DoubleArray>(column, a, b);
    case arrow::Type::DATE32: return compare_as<arrow::Date32Array>(column, a, b);
    case arrow::Type::TIME64: return compare_as<arrow::Time64Array>(column, a, b);
    case arrow::Type::TIMESTAMP: return compare_as<arrow::TimestampArray>(column, a, b);
    case arrow::Type::FIXED_SIZE_BINARY: {
      const auto& values = static_cast<const arrow::FixedSizeBinaryArray&>(column);
      return values.GetView(a) <=> values.GetView(b);
    }
    case arrow::Type::DECIMAL128: {
      const auto& values = static_cast<const arrow::Decimal128Array&>(column);
      const arrow::Decimal128 x(values.GetValue(a));
      const arrow::Decimal128 y(values.GetValue(b));
      return x < y ? std::weak_ordering::less : y < x ? std::weak_ordering::greater : std::weak_ordering::equivalent;
    }
    default: break;
  }
  std::string x;
  std::string y;
  append_arrow_json(x, column, a);
  append_arrow_json(y, column, b);
  return x <=> y;
}

}  // namespace

std::vector<std::int64_t> sorted_rows(const std::vector<std::shared_ptr<arrow::Array>>& keys, std::int64_t rows) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(rows));
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, [&](std::int64_t a, std::int64_t b) {
    for (const auto& key : keys) {
      const auto side = compare(*key, a, b);
      if (side != 0) return side < 0;
    }
    return false;
  });
  return order;
}

}  // namespace gristmill::formats
