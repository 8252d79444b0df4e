// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gristmill/base/json.h"
#include "gristmill/base/result.h"
#include "gristmill/data/document.h"
#include "gristmill/formats/reader.h"

namespace gristmill::formats {

/// One column of a dataset table: the fixed origin columns first, then operator columns.
struct TableColumn {
  int field_id = 0;
  std::string name;
  std::string type;  ///< Iceberg primitive: string, long, double, boolean; else its kind: struct, list, map.
  bool required = false;
  std::string doc;
  Json nested = {};  ///< Iceberg's words for a type that is not primitive.
  /// What it is or was called in files without field ids, by the table's name mapping; its name counts in any case.
  std::vector<std::string> file_names = {};
  std::map<int, std::vector<std::string>> part_names = {};  ///< The same of what a nested type holds, by field id.
};

/// Field ids of `id` and `text`: without them a row of ours is no document.
inline constexpr std::array document_fields{1, 7};
/// id 1, ingestion_id 2, origin_uri 3, origin_offset 4, url 5, media_type 6, text 7, content_digest 8, conversation 9,
/// metadata 10, then `operator_columns` by their field_id, or from 100 in the order given.
std::vector<TableColumn> table_columns(const std::vector<data::Column>& operator_columns);

/// Per-column facts of one written data file, for Iceberg manifests and pruning.
struct ColumnStats {
  static constexpr std::int64_t unknown = -1;
  int field_id = 0;
  std::int64_t size_bytes = 0;
  std::int64_t value_count = 0;
  std::int64_t null_count = 0;  ///< Or `unknown`.
  std::string lower_bound;  ///< Iceberg single-value bytes, strings cut to 16 bytes; empty = none.
  std::string upper_bound;
  std::int64_t nan_count = unknown;  ///< Of a column of type float or double.
};

/// What was written.
struct WrittenFile {
  std::string path;
  std::int64_t bytes = 0;
  std::int64_t documents = 0;
  std::int64_t text_bytes = 0;
  std::string sha256;                           ///< Of the whole file.
  std::vector<std::int64_t> row_group_offsets;  ///< Iceberg split offsets.
  std::vector<ColumnStats> columns;
  Json partition;  ///< Values by partition field; null in a table without partitions.
};

struct WriterOptions {
  std::size_t row_group_bytes = std::size_t{16} << 20;  ///< Closed by bytes of text, never by rows.
  int zstd_level = 3;
  bool is_internal = false;  ///< Run-internal file: LZ4, no statistics, token ids kept.
};

/// Writes documents as one Parquet file with page checksums, under a temporary name until `close`.
class DatasetWriter {
 public:
  virtual ~DatasetWriter() = default;
  virtual Status write(const data::Document& document) = 0;
  [[nodiscard]] virtual std::int64_t documents() const = 0;
  [[nodiscard]] virtual std::int64_t text_bytes() const = 0;
  /// Finishes, fsyncs, renames into place.
  virtual Result<WrittenFile> close() = 0;
};

/// Operator column i gets the field id `columns[i].field_id`, or 100 + i when that is 0.
Result<std::unique_ptr<DatasetWriter>> create_dataset_file(const std::string& path,
                                                           const std::vector<data::Column>& columns,
                                                           const WriterOptions& options);

/// Numbers of rows of a data file, ascending.
using RowNumbers = std::vector<std::int64_t>;

/// How the version of a table that is read sees one of its data files.
struct TableView {
  /// All of them, with their field ids: the file may hold them under other names.
  std::shared_ptr<const std::vector<TableColumn>> columns;
  RowNumbers deleted_rows;
  /// Values of columns that the file may lack, since they are those of its partition; by field id.
  std::map<int, Json> constants = {};
};

/// Rows of row groups [begin, end) of one data file.
struct DatasetPiece {
  std::string path;
  int row_group_begin = 0;
  int row_group_end = INT32_MAX;
  std::shared_ptr<const TableView> view = nullptr;  ///< Null: the file as it stands.
};

/// Size of one row group, from the footer.
struct RowGroupFacts {
  std::int64_t rows = 0;
  std::int64_t bytes = 0;  ///< Uncompressed, all columns.
};
Result<std::vector<RowGroupFacts>> dataset_row_groups(const std::string& path);
/// The operator columns that a data file holds, in file order.
Result<std::vector<data::Column>> dataset_columns(const std::string& path);

/// Reads a data file of ours or another Iceberg writer's; absent columns read as null. `columns` are filled into
/// Document::columns in order. These and the origin columns are found as the piece's view says: by field id, in a file
/// without field ids by the names that it knows; without a view by name. Page checksums are verified. `with_text` false
/// leaves texts empty and is fast.
Result<std::unique_ptr<DocumentReader>> open_dataset_file(const DatasetPiece& piece,
                                                          const std::vector<data::Column>& columns,
                                                          std::size_t batch_bytes, bool with_text = true);

/// One document by row number, for trace; `with_text` false leaves the text empty and is fast.
Status read_dataset_row(const std::string& path, std::int64_t row, const std::vector<data::Column>& columns,
                        bool with_text, data::Batch& batch);

}  // namespace gristmill::formats
