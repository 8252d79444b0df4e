// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/base/json.h"
#include "gristmill/formats/partition_values.h"

namespace gristmill::store {

/// A condition on one column that a row must meet.
struct Condition {
  enum class Test : std::uint8_t { equal, less, less_equal, greater, greater_equal };
  int field_id = 0;
  std::string type;          ///< Iceberg type of the column: string, int, long, float, double, boolean or date.
  Test test = Test::equal;
  std::vector<Json> values;  ///< equal: any of them; else one. Days from 1970 for dates.
};

/// Conditions that must all be met. Empty: every row is wanted.
using ScanFilter = std::vector<Condition>;

/// Says of manifests and files of one partition spec whether rows of theirs may meet conditions. Never says no to a
/// file that holds such a row; what it cannot judge may match.
class FilePruner {
 public:
  FilePruner(const ScanFilter& filter, const std::vector<formats::PartitionField>& fields);
  /// `partitions` as the manifest list has them.
  [[nodiscard]] bool may_match_manifest(const Json& partitions) const;
  /// `file` is a data_file record with partition and bounds.
  [[nodiscard]] bool may_match_file(const Json& file) const;

 private:
  /// A condition on a partition field's values.
  struct Derived {
    std::size_t place = 0;
    std::string name;  ///< In manifests.
    Condition condition;
  };
  const ScanFilter& filter_;
  std::vector<Derived> derived_;
};

/// Whether a value between two bounds (Iceberg's single-value bytes; null: unknown) may meet a condition.
bool may_match(const Condition& condition, const Json& low, const Json& high);

}  // namespace gristmill::store
