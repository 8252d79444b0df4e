// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "gristmill/formats/dataset_file.h"

namespace arrow {
class Array;
}

namespace gristmill::formats {

using ArrowColumns = std::vector<std::shared_ptr<arrow::Array>>;

/// Reads top-level columns of a data file, batch after batch: found by field id, in a file without field ids by name,
/// in the type that the table gives them. One that the file does not hold has the value of `constants` (by field id) in
/// all rows; else it is an empty pointer.
Status read_columns(const std::string& path, const std::vector<TableColumn>& columns,
                    const std::map<int, Json>& constants,
                    const std::function<Status(const ArrowColumns& columns, std::int64_t rows)>& use);

/// The values of a row as bytes: equal values, and no others, give equal bytes. Null equals null.
std::string row_key(const ArrowColumns& columns, std::int64_t row);

}  // namespace gristmill::formats
