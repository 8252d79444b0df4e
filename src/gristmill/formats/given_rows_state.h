// SPDX-License-Identifier: Apache-2.0
// For .cc files of this layer only (it shows Arrow through column_keys.h).
#pragma once

#include <vector>

#include "gristmill/formats/column_keys.h"
#include "gristmill/formats/given_rows.h"

namespace gristmill::formats {

struct GivenRows::State {
  std::int64_t rows = 0;
  std::vector<TableColumn> columns;
  ArrowColumns values;                       ///< One array a column.
  std::vector<std::vector<bool>> is_given;  ///< By column, by row.

  /// Place of a column, or -1.
  [[nodiscard]] int find(int field_id) const {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (columns[i].field_id == field_id) return static_cast<int>(i);
    }
    return -1;
  }
};

}  // namespace gristmill::formats
