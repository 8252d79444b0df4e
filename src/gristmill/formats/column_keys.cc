// SPDX-License-Identifier: Apache-2.0
#include "gristmill/formats/column_keys.h"

#include <arrow/array.h>
#include <arrow/compute/cast.h>
#include <arrow/record_batch.h>
#include <fmt/format.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>

#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

#include "gristmill/formats/arrow_json.h"
#include "gristmill/formats/arrow_status.h"
#include "gristmill/formats/nested_values.h"
#include "gristmill/formats/parquet_file.h"

namespace gristmill::formats {
namespace {

/// Index of the leaf of a top-level column with primitive values; -1: the file has none.
int find_leaf(const parquet::FileMetaData& metadata, const TableColumn& column) {
  const auto& schema = *metadata.schema();
  const auto place = find_column(*schema.group_node(), column);
  for (int i = 0; i < schema.num_columns() && place >= 0; ++i) {
    if (schema.Column(i)->schema_node() == schema.group_node()->field(place)) return i;
  }
  return -1;
}

/// The bits of a number: JSON has no words for infinities. All that are none (NaN) are one.
void append_number(std::string& key, double value) {
  const auto bits = std::bit_cast<std::uint64_t>(std::isnan(value) ? std::numeric_limits<double>::quiet_NaN() : value);
  key += fmt::format("d{:016x};", bits);
}

/// Appends a value so that equal values, and no others, are equal bytes.
void append_key(std::string& key, const arrow::Array* column, std::int64_t row) {
  if (column == nullptr || column->IsNull(row)) {
    key += "n;";
  } else if (is_arrow_string(*column)) {
    const auto text = arrow_string(*column, row);
    key += fmt::format("s{};", text.size());
    key += text;
  } else if (column->type_id() == arrow::Type::FIXED_SIZE_BINARY) {
    key += static_cast<const arrow::FixedSizeBinaryArray&>(*column).GetView(row);
  } else if (column->type_id() == arrow::Type::FLOAT) {
    append_number(key, static_cast<const arrow::FloatArray&>(*column).Value(row));
  } else if (column->type_id() == arrow::Type::DOUBLE) {
    append_number(key, static_cast<const arrow::DoubleArray&>(*column).Value(row));
  } else {
    key += 'v';
    append_arrow_json(key, *column, row);
    key += ';';
  }
}

/// A column in the type of the table: files may hold it as it was before it was widened.
Result<std::shared_ptr<arrow::Array>> in_table_type(std::shared_ptr<arrow::Array> column, const std::string& type) {
  const auto wanted = arrow_type(type);
  if (wanted == nullptr || column->type()->Equals(*wanted) || is_arrow_string(*column)) return column;
  auto cast = arrow::compute::Cast(*column, wanted);
  if (!cast.ok()) return column;
  return std::move(cast).ValueUnsafe();
}

}  // namespace

Status read_columns(const std::string& path, const std::vector<TableColumn>& columns,
                    const std::map<int, Json>& constants,
                    const std::function<Status(const ArrowColumns& columns, std::int64_t rows)>& use) {
  auto opened = open_parquet(path);
  if (!opened) {
    auto error = std::move(opened).error();
    if (error.code == ErrorCode::not_found) error.code = ErrorCode::corrupt_data;
    return error;
  }
  const auto reader = *std::move(opened);
  const auto& metadata = *reader->parquet_reader()->metadata();
  std::vector<int> indices;
  std::vector<std::string> names;
  for (const auto& column : columns) {
    const auto index = find_leaf(metadata, column);
    if (index >= 0) indices.push_back(index);
    names.push_back(index >= 0 ? metadata.schema()->Column(index)->name() : std::string());
  }
  std::vector<int> groups(static_cast<std::size_t>(metadata.num_row_groups()));
  std::iota(groups.begin(), groups.end(), 0);
  auto batches = reader->GetRecordBatchReader(groups, indices);
  if (!batches.ok()) return arrow_error(batches.status(), "reading " + path);
  while (true) {
    std::shared_ptr<arrow::RecordBatch> rows;
    if (const auto status = (*batches)->ReadNext(&rows); !status.ok()) return arrow_error(status, "reading " + path);
    if (!rows) return {};
    ArrowColumns arrays;
    for (std::size_t i = 0; i < names.size(); ++i) {
      arrays.push_back(names[i].empty() ? nullptr : rows->GetColumnByName(names[i]));
      const auto constant = constants.find(columns[i].field_id);
      if (names[i].empty() && constant != constants.end()) {
        GRISTMILL_TRY(arrays.back(), repeat_value(columns[i], constant->second, rows->num_rows()));
      } else if (arrays.back()) {
        GRISTMILL_TRY(arrays.back(), in_table_type(std::move(arrays.back()), columns[i].type));
      }
    }
    GRISTMILL_RETURN_IF_ERROR(use(arrays, rows->num_rows()));
  }
}

std::string row_key(const ArrowColumns& columns, std::int64_t row) {
  std::string key;
  for (const auto& column : columns) append_key(key, column.get(), row);
  return key;
}

}  // namespace gristmill::formats
