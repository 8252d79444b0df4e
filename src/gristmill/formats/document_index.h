// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
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

/// Called with a position in the ids looked up and the outcome: empty = written, else "operator\treason".
using IndexUse = std::function<void(std::size_t position, std::string_view outcome)>;
/// Looks up many ids, sorted, by one pass over the index, whose checksum is verified; ids that are not in it are
/// passed over.
Status find_all_in_index(const std::string& path, std::span<const Hash128> ids, const IndexUse& use);

/// Looks one id up: reads the head and about log2(log2(n)) small ranges (ids are uniform, so it interpolates).
Result<std::optional<IndexHit>> find_in_index(const std::string& path, const Hash128& id);

}  // namespace gristmill::formats
