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
  enum class Test : std::uint8_t { equal, less, less_equal, greater, greater_equal, starts_with, is_null, not_null };
  int field_id = 0;
  /// Iceberg type of the column: string, int, long, float, double, boolean, date, timestamp or timestamptz.
  std::string type;
  Test test = Test::equal;
  /// equal: any of them; tests for null: none; else one. For dates and timestamps texts, with which rows are compared
  /// as they show them. Not-a-number is above all others.
  std::vector<Json> values;
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
  /// `file` is a data_file record with partition, bounds, and the counts that the conditions need.
  [[nodiscard]] bool may_match_file(const Json& file) const;

 private:
  /// A condition on a partition field's values.
  struct Derived {
    std::size_t place = 0;
    std::string name;  ///< In manifests.
    formats::PartitionField field;
    Condition condition;
  };
  [[nodiscard]] static bool may_match_partition(const Derived& one, const Json& low, const Json& high);

  const ScanFilter& filter_;
  std::vector<Derived> derived_;
};

/// Whether a value that is not null meets a condition; true where it cannot be told.
bool may_match(const Condition& condition, const Json& value);

/// Counts of a data_file record that conditions need beside bounds.
std::vector<std::string_view> counts_needed(const ScanFilter& filter);

}  // namespace gristmill::store
