// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "gristmill/base/hash.h"
#include "gristmill/formats/given_rows.h"

namespace gristmill::formats {

/// What becomes of the rows of one data file.
struct FileEdit {
  std::string path;
  RowNumbers dropped;              ///< Ascending.
  std::vector<RowMatch> replaced;  ///< Ascending; none of them dropped.
};

/// Called with the id of each row that is written, in order.
using RowNote = std::function<void(const Hash128& id, std::int64_t row)>;

/// Writes rows of a table's data files, whatever program made those, into one new data file: under the table's present
/// names and types, with nested columns as they are. Columns are found by field id, in files without field ids by name.
/// A row without an id of ours gets the one under which it was read so far, and so keeps it.
class RowWriter {
 public:
  virtual ~RowWriter() = default;
  /// Copies a file's rows without those dropped, with the given values in those replaced.
  virtual Status copy(const FileEdit& edit, const GivenRows* given) = 0;
  /// Appends given rows.
  virtual Status append(const GivenRows& given, std::span<const std::int64_t> rows) = 0;
  [[nodiscard]] virtual std::int64_t rows() const = 0;
  /// About the size of the file so far.
  [[nodiscard]] virtual std::int64_t bytes() const = 0;
  /// Finishes, fsyncs, renames into place.
  virtual Result<WrittenFile> close() = 0;
};

/// `sources` are the data files whose rows may come: they say how nested columns lie.
Result<std::unique_ptr<RowWriter>> create_row_writer(const std::string& path, const std::vector<TableColumn>& columns,
                                                     std::span<const std::string> sources, RowNote note);

}  // namespace gristmill::formats
