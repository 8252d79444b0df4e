// SPDX-License-Identifier: Apache-2.0
// Opening, writing and describing Parquet files of tables. For .cc files of this layer only (it shows Arrow headers).
#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/result.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gristmill/base/hash.h"
#include "gristmill/formats/dataset_file.h"
#include "gristmill/io/file.h"

namespace arrow {
class DataType;
class Field;
class RecordBatch;
}  // namespace arrow
namespace parquet {
class FileMetaData;
class WriterProperties;
namespace schema {
class GroupNode;
}
namespace arrow {
class FileReader;
}
}  // namespace parquet

namespace gristmill::formats {

/// Opens a Parquet file for streaming; page checksums are verified.
Result<std::unique_ptr<parquet::arrow::FileReader>> open_parquet(const std::string& path);

/// Parquet's output goes through our durable writer and is hashed on the way.
class HashedStream final : public arrow::io::OutputStream {
 public:
  explicit HashedStream(std::unique_ptr<io::FileWriter> file) : file_(std::move(file)) {}
  arrow::Status Close() override;
  [[nodiscard]] bool closed() const override { return is_closed_; }
  [[nodiscard]] arrow::Result<std::int64_t> Tell() const override { return size(); }
  arrow::Status Write(const void* bytes, std::int64_t count) override;
  Status publish() { return file_->publish(); }
  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(file_->offset()); }
  [[nodiscard]] std::string sha256() const { return sha_.hex(); }
  /// The file system's own error, which Arrow would reduce to text.
  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }

 private:
  std::unique_ptr<io::FileWriter> file_;
  Sha256 sha_;
  std::optional<Error> failure_;
  bool is_closed_ = false;
};

/// Place of a column among those of a file, -1 when it does not hold it: by field id, in a file without field ids by
/// the names of the column.
int find_column(const parquet::schema::GroupNode& root, const TableColumn& column);

/// How values of an Iceberg primitive type lie in memory; null for a type that is none of them.
std::shared_ptr<arrow::DataType> arrow_type(const std::string& iceberg_type);
/// A column with its field id.
std::shared_ptr<arrow::Field> arrow_field(const TableColumn& column, std::shared_ptr<arrow::DataType> type);
/// How data files are written: compression, page checksums, dictionaries and statistics by column.
std::shared_ptr<parquet::WriterProperties> parquet_properties(std::span<const TableColumn> columns,
                                                              const WriterOptions& options);
/// Fills in row groups, sizes, null counts and bounds of a finished file. Its top-level columns are found among
/// `columns` by field id.
void describe_parquet(const parquet::FileMetaData& metadata, std::span<const TableColumn> columns,
                      WrittenFile& written);

/// Counts not-a-number in one file's columns while they are written: Parquet's bounds leave it out and do not say so.
class NanCounts {
 public:
  /// The columns of all batches are the same.
  void add(const arrow::RecordBatch& batch);
  /// Fills in what was counted; the columns of the batches were these, in this order.
  void describe(std::span<const TableColumn> columns, WrittenFile& written) const;

 private:
  std::vector<std::int64_t> counts_;
};

}  // namespace gristmill::formats
