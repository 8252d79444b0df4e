// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace arrow {
class Array;
}

namespace gristmill::formats {

/// The rows in ascending order of the key columns, the first before the others; nulls come first, equal rows stay in
/// their order.
std::vector<std::int64_t> sorted_rows(const std::vector<std::shared_ptr<arrow::Array>>& keys, std::int64_t rows);

}  // namespace gristmill::formats
