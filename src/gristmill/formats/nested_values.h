// SPDX-License-Identifier: Apache-2.0
// Values as the table has them, from files that hold them as they were when they were written. For .cc files of this
// layer only (it shows Arrow headers).
#pragma once

#include <arrow/array.h>
#include <arrow/type.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gristmill/formats/dataset_file.h"

namespace gristmill::formats {

/// The type that a column has in memory, nested ones with the field ids of all that is in them; null for a type that is
/// not known.
std::shared_ptr<arrow::DataType> column_type(const TableColumn& column);

/// Names of parts in files without field ids, by field id.
using PartNames = std::map<int, std::vector<std::string>>;

/// Values in another type that is an earlier or later form of theirs: fields of structs are found by field id, where
/// they have none by their name or one of `names`, whatever their order; those that are not there are null, those that
/// are not wanted are left out. What is not nested is cast.
Result<std::shared_ptr<arrow::Array>> fit_values(const std::shared_ptr<arrow::Array>& values,
                                                 const std::shared_ptr<arrow::DataType>& type, const PartNames& names);

/// A column that has the same value in all rows, given as manifests hold those of partitions.
Result<std::shared_ptr<arrow::Array>> repeat_value(const TableColumn& column, const Json& value, std::int64_t count);

}  // namespace gristmill::formats
