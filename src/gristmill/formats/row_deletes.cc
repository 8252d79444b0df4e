// SPDX-License-Identifier: Apache-2.0
#include "gristmill/formats/row_deletes.h"

#include <arrow/array.h>
#include <fmt/format.h>

#include <algorithm>

#include "gristmill/formats/arrow_json.h"
#include "gristmill/formats/column_keys.h"

namespace gristmill::formats {
namespace {

// Of the two columns of position delete files, reserved by the table specification.
constexpr int file_path_field_id = 2147483546;
constexpr int position_field_id = 2147483545;

}  // namespace

Result<std::map<std::string, RowNumbers>> read_position_deletes(const std::string& path) {
  const std::vector<TableColumn> columns{{.field_id = file_path_field_id, .name = "file_path"},
                                         {.field_id = position_field_id, .name = "pos"}};
  std::map<std::string, RowNumbers> deletes;
  const auto use = [&](const ArrowColumns& found, std::int64_t rows) -> Status {
    const bool is_whole = found[0] && found[1] && is_arrow_string(*found[0]) &&
                          found[1]->type_id() == arrow::Type::INT64;
    if (!is_whole) return corrupt_data(fmt::format("position delete file {} lacks file_path or pos", path));
    for (std::int64_t row = 0; row < rows; ++row)
      deletes[std::string(arrow_string(*found[0], row))].push_back(
          static_cast<const arrow::Int64Array&>(*found[1]).Value(row));
    return {};
  };
  GRISTMILL_RETURN_IF_ERROR(read_columns(path, columns, {}, use));
  for (auto& [location, numbers] : deletes) {
    std::ranges::sort(numbers);
    numbers.erase(std::ranges::unique(numbers).begin(), numbers.end());
  }
  return deletes;
}

Result<EqualityDeletes> EqualityDeletes::read(const std::string& path, const std::vector<TableColumn>& columns) {
  EqualityDeletes deletes;
  deletes.columns_ = columns;
  const auto use = [&](const ArrowColumns& found, std::int64_t rows) -> Status {
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (!found[i])
        return corrupt_data(fmt::format("equality delete file {} lacks its column {}", path, columns[i].name));
    }
    for (std::int64_t row = 0; row < rows; ++row) deletes.keys_.insert(row_key(found, row));
    return {};
  };
  GRISTMILL_RETURN_IF_ERROR(read_columns(path, columns, {}, use));
  return deletes;
}

Result<RowNumbers> EqualityDeletes::rows_of(const std::string& data_path, const std::map<int, Json>& constants) const {
  RowNumbers numbers;
  std::int64_t first = 0;
  const auto use = [&](const ArrowColumns& found, std::int64_t rows) -> Status {
    for (std::int64_t row = 0; row < rows; ++row) {
      if (keys_.contains(row_key(found, row))) numbers.push_back(first + row);
    }
    first += rows;
    return {};
  };
  GRISTMILL_RETURN_IF_ERROR(read_columns(data_path, columns_, constants, use));
  return numbers;
}

}  // namespace gristmill::formats
