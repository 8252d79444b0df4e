// SPDX-License-Identifier: Apache-2.0
#include "gristmill/formats/row_deletes.h"

#include <arrow/array.h>
#include <arrow/io/file.h>
#include <arrow/record_batch.h>
#include <fmt/format.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>

#include <algorithm>
#include <functional>

#include "gristmill/data/memory.h"
#include "gristmill/formats/arrow_json.h"
#include "gristmill/formats/arrow_status.h"
#include "gristmill/io/file.h"

namespace gristmill::formats {
namespace {

// Of the two columns of position delete files, reserved by the table specification.
constexpr int file_path_field_id = 2147483546;
constexpr int position_field_id = 2147483545;

using UseRows = std::function<Status(const arrow::ArrayVector& columns, std::int64_t rows)>;

/// Index of a top-level column with primitive values, by field id, in a file without field ids by name; -1: none.
int find_column(const parquet::FileMetaData& metadata, const TableColumn& column) {
  const auto& schema = *metadata.schema();
  int by_name = -1;
  bool has_ids = false;
  for (int i = 0; i < schema.num_columns(); ++i) {
    const auto& node = *schema.Column(i)->schema_node();
    if (node.parent() != schema.group_node()) continue;
    has_ids = has_ids || node.field_id() > 0;
    if (node.field_id() == column.field_id) return i;
    if (node.name() == column.name) by_name = i;
  }
  return has_ids ? -1 : by_name;
}

/// Reads columns of a Parquet file; one that it does not hold is an empty pointer.
Status read_columns(const std::string& path, const std::vector<TableColumn>& columns, const UseRows& use) {
  if (!io::exists(path)) return corrupt_data(fmt::format("file {} is missing", path));
  parquet::arrow::FileReaderBuilder builder;
  if (const auto status = builder.OpenFile(path); !status.ok())
    return corrupt_data(fmt::format("{} is not a readable Parquet file: {}", path, status.message()));
  std::unique_ptr<parquet::arrow::FileReader> reader;
  if (const auto status = builder.memory_pool(data::arrow_pool())->Build(&reader); !status.ok())
    return arrow_error(status, "opening " + path);
  const auto& metadata = *reader->parquet_reader()->metadata();
  std::vector<int> indices;
  std::vector<std::string> names;
  for (const auto& column : columns) {
    const auto index = find_column(metadata, column);
    if (index >= 0) indices.push_back(index);
    names.push_back(index >= 0 ? metadata.schema()->Column(index)->name() : std::string());
  }
  std::vector<int> groups(static_cast<std::size_t>(metadata.num_row_groups()));
  for (std::size_t i = 0; i < groups.size(); ++i) groups[i] = static_cast<int>(i);
  auto batches = reader->GetRecordBatchReader(groups, indices);
  if (!batches.ok()) return arrow_error(batches.status(), "reading " + path);
  while (true) {
    std::shared_ptr<arrow::RecordBatch> rows;
    if (const auto status = (*batches)->ReadNext(&rows); !status.ok()) return arrow_error(status, "reading " + path);
    if (!rows) return {};
    arrow::ArrayVector arrays;
    for (const auto& name : names) arrays.push_back(name.empty() ? nullptr : rows->GetColumnByName(name));
    GRISTMILL_RETURN_IF_ERROR(use(arrays, rows->num_rows()));
  }
}

/// Appends a value so that equal values, and no others, are equal bytes.
void append_key(std::string& key, const arrow::Array* column, std::int64_t row) {
  if (column == nullptr || column->IsNull(row)) {
    key += "n;";
  } else if (is_arrow_string(*column)) {
    const auto text = arrow_string(*column, row);
    key += fmt::format("s{};", text.size());
    key += text;
  } else {
    key += 'v';
    append_arrow_json(key, *column, row);
    key += ';';
  }
}

std::string key_of(const arrow::ArrayVector& columns, std::int64_t row) {
  std::string key;
  for (const auto& column : columns) append_key(key, column.get(), row);
  return key;
}

}  // namespace

Result<std::map<std::string, RowNumbers>> read_position_deletes(const std::string& path) {
  const std::vector<TableColumn> columns{{.field_id = file_path_field_id, .name = "file_path"},
                                         {.field_id = position_field_id, .name = "pos"}};
  std::map<std::string, RowNumbers> deletes;
  const auto use = [&](const arrow::ArrayVector& found, std::int64_t rows) -> Status {
    const bool is_whole = found[0] && found[1] && is_arrow_string(*found[0]) &&
                          found[1]->type_id() == arrow::Type::INT64;
    if (!is_whole) return corrupt_data(fmt::format("position delete file {} lacks file_path or pos", path));
    for (std::int64_t row = 0; row < rows; ++row)
      deletes[std::string(arrow_string(*found[0], row))].push_back(
          static_cast<const arrow::Int64Array&>(*found[1]).Value(row));
    return {};
  };
  GRISTMILL_RETURN_IF_ERROR(read_columns(path, columns, use));
  for (auto& [location, numbers] : deletes) {
    std::ranges::sort(numbers);
    numbers.erase(std::ranges::unique(numbers).begin(), numbers.end());
  }
  return deletes;
}

Result<EqualityDeletes> EqualityDeletes::read(const std::string& path, const std::vector<TableColumn>& columns) {
  EqualityDeletes deletes;
  deletes.columns_ = columns;
  const auto use = [&](const arrow::ArrayVector& found, std::int64_t rows) -> Status {
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (!found[i])
        return corrupt_data(fmt::format("equality delete file {} lacks its column {}", path, columns[i].name));
    }
    for (std::int64_t row = 0; row < rows; ++row) deletes.keys_.insert(key_of(found, row));
    return {};
  };
  GRISTMILL_RETURN_IF_ERROR(read_columns(path, columns, use));
  return deletes;
}

Result<RowNumbers> EqualityDeletes::rows_of(const std::string& data_path) const {
  RowNumbers numbers;
  std::int64_t first = 0;
  const auto use = [&](const arrow::ArrayVector& found, std::int64_t rows) -> Status {
    for (std::int64_t row = 0; row < rows; ++row) {
      if (keys_.contains(key_of(found, row))) numbers.push_back(first + row);
    }
    first += rows;
    return {};
  };
  GRISTMILL_RETURN_IF_ERROR(read_columns(data_path, columns_, use));
  return numbers;
}

}  // namespace gristmill::formats
