// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gristmill/base/hash.h"
#include "gristmill/base/result.h"

namespace gristmill::formats {

/// Where a document of one task went: a row of the task's data file, or an outcome.
struct IndexEntry {
  Hash128 id;
  std::uint32_t row = 0;
  std::uint32_t outcome = 0;  ///< 0 = written at `row`; else 1 + position in the file's outcome names.
};

/// What a lookup found.
struct IndexHit {
  std::uint32_t row = 0;
  std::string outcome;  ///< Empty = written; else "operator\treason".
};

/// Collects the entries of one task and writes them sorted by id, so that `trace` finds a document in a few reads
/// without a scan. Layout: docs/formats/document-index.md.
class DocumentIndexWriter {
 public:
  void add_written(const Hash128& id, std::uint32_t row) { entries_.push_back({id, row, 0}); }
  void add_outcome(const Hash128& id, const std::string& operator_name, std::string_view reason);
  [[nodiscard]] bool empty() const { return entries_.empty(); }
  /// Sorts and writes durably.
  Status write(const std::string& path);

 private:
  std::vector<IndexEntry> entries_;
  std::vector<std::string> outcomes_;
};

/// Looks one id up: reads the head and about log2(log2(n)) small ranges (ids are uniform, so it interpolates).
Result<std::optional<IndexHit>> find_in_index(const std::string& path, const Hash128& id);

}  // namespace gristmill::formats
