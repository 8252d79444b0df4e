// SPDX-License-Identifier: Apache-2.0
#include <arrow/array.h>
#include <arrow/extension/uuid.h>
#include <arrow/extension_type.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>

#include "gristmill/formats/arrow_json.h"
#include "gristmill/formats/arrow_status.h"
#include "gristmill/formats/dataset_file.h"
#include "gristmill/formats/nested_values.h"
#include "gristmill/formats/parquet_file.h"
#include "gristmill/kernels/utf8.h"

namespace gristmill::formats {
namespace {

constexpr std::array origin_names{"id",         "ingestion_id", "origin_uri",     "origin_offset", "url",
                                  "media_type", "text",         "content_digest", "conversation",  "metadata"};
constexpr std::ptrdiff_t text_place = 6, digest_place = 7, conversation_place = 8;
constexpr std::int64_t rows_per_batch_max = 8192;

using ArrowReader = parquet::arrow::FileReader;

/// String cells of whatever string-like type the file holds.
std::string_view string_at(const arrow::Array& array, std::int64_t row) {
  if (array.IsNull(row)) return {};
  switch (array.type_id()) {
    case arrow::Type::STRING:
    case arrow::Type::BINARY: return static_cast<const arrow::BinaryArray&>(array).GetView(row);
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY: return static_cast<const arrow::LargeBinaryArray&>(array).GetView(row);
    default: return {};
  }
}

data::Value value_at(const arrow::Array& array, std::int64_t row) {
  if (array.IsNull(row)) return {};
  switch (array.type_id()) {
    case arrow::Type::BOOL: return static_cast<const arrow::BooleanArray&>(array).Value(row);
    case arrow::Type::INT32: return std::int64_t{static_cast<const arrow::Int32Array&>(array).Value(row)};
    case arrow::Type::INT64: return static_cast<const arrow::Int64Array&>(array).Value(row);
    case arrow::Type::FLOAT: return double{static_cast<const arrow::FloatArray&>(array).Value(row)};
    case arrow::Type::DOUBLE: return static_cast<const arrow::DoubleArray&>(array).Value(row);
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING: return string_at(array, row);
    default: return {};
  }
}

class Reader final : public DocumentReader {
 public:
  Reader(DatasetPiece piece, std::vector<data::Column> columns, std::size_t batch_bytes)
      : piece_(std::move(piece)), columns_(std::move(columns)), batch_bytes_(batch_bytes) {}

  Status open(bool with_text) {
    GRISTMILL_TRY(reader_, open_parquet(piece_.path));
    const auto& metadata = *reader_->parquet_reader()->metadata();
    const int end = std::min(piece_.row_group_end, metadata.num_row_groups());
    std::vector<int> groups;
    std::int64_t rows = 0;
    std::int64_t bytes = 0;
    for (int group = piece_.row_group_begin; group < end; ++group) {
      groups.push_back(group);
      rows += metadata.RowGroup(group)->num_rows();
      bytes += metadata.RowGroup(group)->total_byte_size();
    }
    for (int group = 0; group < std::min(piece_.row_group_begin, end); ++group)
      row_ += metadata.RowGroup(group)->num_rows();
    // Batches are bounded by bytes: rows of this size that make one batch.
    const auto row_bytes = rows > 0 ? std::max<std::int64_t>(1, bytes / rows) : 1;
    reader_->set_batch_size(
        std::clamp<std::int64_t>(static_cast<std::int64_t>(batch_bytes_) / row_bytes, 1, rows_per_batch_max));
    find_columns(metadata);
    while (next_deleted_ < view().deleted_rows.size() && view().deleted_rows[next_deleted_] < row_) ++next_deleted_;
    auto made = reader_->GetRecordBatchReader(groups, wanted_columns(metadata, with_text));
    if (!made.ok()) return arrow_error(made.status(), fmt::format("reading {}", piece_.path));
    batches_ = std::move(made).ValueUnsafe();
    return {};
  }

  Result<bool> read(data::Batch& batch) override {
    std::shared_ptr<arrow::RecordBatch> rows;
    if (const auto status = batches_->ReadNext(&rows); !status.ok()) {
      return arrow_error(status, fmt::format("reading {} after row {}", piece_.path, row_));
    }
    if (!rows) return false;
    GRISTMILL_RETURN_IF_ERROR(cache_columns(*rows));
    for (std::int64_t row = 0; row < rows->num_rows(); ++row) {
      if (!skip_deleted()) append(row, batch);
    }
    batch.owners.push_back(rows);
    return true;
  }

 private:
  /// The name under which the file holds a column; empty when it does not.
  [[nodiscard]] std::string file_name(const parquet::schema::GroupNode& root, const std::string& column) const {
    if (!view().columns) return column;
    const auto seen = std::ranges::find(*view().columns, column, &TableColumn::name);
    if (seen == view().columns->end()) return {};
    const auto place = find_column(root, *seen);
    return place < 0 ? std::string() : root.field(place)->name();
  }

  void find_columns(const parquet::FileMetaData& metadata) {
    const auto& root = *metadata.schema()->group_node();
    for (const auto& column : columns_) names_.push_back(file_name(root, column.name));
    for (std::size_t i = 0; i < origin_names.size(); ++i) origin_files_[i] = file_name(root, origin_names[i]);
  }

  [[nodiscard]] const TableView& view() const {
    static const TableView as_it_stands;
    return piece_.view ? *piece_.view : as_it_stands;
  }

  /// True, and one row further, when the next row is deleted.
  bool skip_deleted() {
    const auto& deleted = view().deleted_rows;
    if (next_deleted_ >= deleted.size() || deleted[next_deleted_] != row_) return false;
    ++next_deleted_;
    ++row_;
    return true;
  }

  /// Leaves of the columns that are read; nested columns have several.
  [[nodiscard]] std::vector<int> wanted_columns(const parquet::FileMetaData& metadata, bool with_text) const {
    std::vector<int> wanted;
    for (int i = 0; i < metadata.num_columns(); ++i) {
      const auto& name = metadata.schema()->GetColumnRoot(i)->name();
      const auto origin = std::ranges::find(origin_files_, name) - origin_files_.begin();
      const bool is_asked = std::ranges::find(names_, name) != names_.end();
      const bool is_origin = origin < std::ssize(origin_files_) && origin != digest_place;
      if (!with_text && (origin == text_place || origin == conversation_place)) continue;
      if (is_origin || is_asked || name == "_tokens") wanted.push_back(i);
    }
    return wanted;
  }

  void append(std::int64_t row, data::Batch& batch) {
    data::Document document;
    const auto cell = [&](std::size_t column) {
      return origin_[column] ? string_at(*origin_[column], row) : std::string_view();
    };
    if (!Hash128::parse(cell(0), document.id)) {
      // Rows of another writer may have no id of ours: derive one that is stable for the file.
      document.id = xxh3_128(fmt::format("{}\n{}", piece_.path, row_));
    }
    document.ingestion_id = cell(1);
    document.origin_uri = cell(2);
    if (origin_[3] && origin_[3]->type_id() == arrow::Type::INT64 && origin_[3]->IsValid(row)) {
      document.origin_offset = static_cast<const arrow::Int64Array&>(*origin_[3]).Value(row);
    }
    document.url = cell(4);
    document.media_type = cell(5);
    document.text = cell(6);
    document.conversation = cell(8);
    document.metadata = cell(9);
    if (tokens_ && tokens_->IsValid(row)) document.tokens = tokens_at(row, batch);
    document.columns = cells_at(row, batch);
    ++row_;
    if (!kernels::is_valid_utf8(document.text)) {
      const auto message = fmt::format("{} row {}: text is not UTF-8", piece_.path, row_ - 1);
      batch.casualties.push_back({document, "reader.dataset.invalid_utf8", message, {}});
      return;
    }
    batch.text_bytes += document.text.size();
    batch.documents.push_back(document);
  }

  std::span<const std::uint32_t> tokens_at(std::int64_t row, data::Batch& batch) const {
    // Arrow gives no alignment promise inside a binary column.
    const auto bytes = string_at(*tokens_, row);
    const auto copy = batch.arena.allocate(bytes.size());
    std::memcpy(copy.data(), bytes.data(), bytes.size());
    return {reinterpret_cast<const std::uint32_t*>(copy.data()), bytes.size() / sizeof(std::uint32_t)};
  }

  /// Dates, times, decimals and nested values read as text, the latter as JSON.
  static data::Value cell_at(const arrow::Array& column, std::int64_t row, data::Batch& batch) {
    const auto value = value_at(column, row);
    if (!std::holds_alternative<std::monostate>(value) || column.IsNull(row)) return value;
    std::string text;
    append_arrow_json(text, column, row);
    if (text == "null") return {};
    const bool is_quoted = text.size() >= 2 && text.front() == '"';
    return batch.arena.copy(is_quoted ? std::string_view(text).substr(1, text.size() - 2) : std::string_view(text));
  }

  std::span<data::Value> cells_at(std::int64_t row, data::Batch& batch) const {
    const auto cells = batch.allocate_cells(cells_.size());
    for (std::size_t column = 0; column < cells_.size(); ++column) {
      if (cells_[column]) cells[column] = cell_at(*cells_[column], row, batch);
    }
    return cells;
  }

  /// What is in nested values goes by the names that it has in the table; bytes that are a uuid read as one.
  Result<std::shared_ptr<arrow::Array>> as_table_has_it(const TableColumn& column,
                                                        std::shared_ptr<arrow::Array> values) const {
    if (column.type == "uuid" && values->type()->Equals(arrow::fixed_size_binary(16)))
      return arrow::ExtensionType::WrapArray(arrow::extension::uuid(), values);
    const auto type = column.nested.is_null() ? nullptr : column_type(column);
    if (type == nullptr) return values;
    auto fitted = fit_values(values, type, column.part_names);
    if (!fitted) return std::move(fitted).error().within(fmt::format("{}: column {}", piece_.path, column.name));
    return fitted;
  }

  /// A column as the file or its partition has it; null when neither does.
  Result<std::shared_ptr<arrow::Array>> column_of(const arrow::RecordBatch& rows, const std::string& file_name,
                                                  std::string_view column) const {
    auto values = file_name.empty() ? std::shared_ptr<arrow::Array>() : rows.GetColumnByName(file_name);
    if (!view().columns) return values;
    const auto seen = std::ranges::find(*view().columns, column, &TableColumn::name);
    if (seen == view().columns->end()) return values;
    if (values) return as_table_has_it(*seen, std::move(values));
    const auto constant = view().constants.find(seen->field_id);
    if (constant == view().constants.end()) return values;
    return repeat_value(*seen, constant->second, rows.num_rows());
  }

  Status cache_columns(const arrow::RecordBatch& rows) {
    cells_.assign(names_.size(), nullptr);
    for (std::size_t i = 0; i < names_.size(); ++i) {
      GRISTMILL_TRY(cells_[i], column_of(rows, names_[i], columns_[i].name));
    }
    for (std::size_t i = 0; i < origin_files_.size(); ++i) {
      GRISTMILL_TRY(origin_[i], column_of(rows, origin_files_[i], origin_names[i]));
    }
    tokens_ = rows.GetColumnByName("_tokens");
    return {};
  }

  DatasetPiece piece_;
  std::vector<data::Column> columns_;
  std::size_t batch_bytes_;
  std::unique_ptr<ArrowReader> reader_;
  std::unique_ptr<arrow::RecordBatchReader> batches_;
  std::array<std::shared_ptr<arrow::Array>, origin_names.size()> origin_;
  std::array<std::string, origin_names.size()> origin_files_;  ///< Their names in this file, as in `names_`.
  std::shared_ptr<arrow::Array> tokens_;
  std::vector<std::shared_ptr<arrow::Array>> cells_;
  std::vector<std::string> names_;  ///< Of the asked columns in this file; empty when it does not hold one.
  std::int64_t row_ = 0;
  std::size_t next_deleted_ = 0;
};

}  // namespace

Result<std::vector<RowGroupFacts>> dataset_row_groups(const std::string& path) {
  GRISTMILL_TRY(const auto reader, open_parquet(path));
  const auto metadata = reader->parquet_reader()->metadata();
  std::vector<RowGroupFacts> facts;
  for (int group = 0; group < metadata->num_row_groups(); ++group) {
    const auto row_group = metadata->RowGroup(group);
    facts.push_back({row_group->num_rows(), row_group->total_byte_size()});
  }
  return facts;
}

Result<std::vector<data::Column>> dataset_columns(const std::string& path) {
  GRISTMILL_TRY(const auto reader, open_parquet(path));
  std::shared_ptr<arrow::Schema> schema;
  if (const auto status = reader->GetSchema(&schema); !status.ok())
    return arrow_error(status, fmt::format("reading {}", path));
  std::vector<data::Column> columns;
  for (const auto& field : schema->fields()) {
    if (std::ranges::find(origin_names, field->name()) != origin_names.end() || field->name() == "_tokens") continue;
    auto type = data::ColumnType::string;
    if (field->type()->id() == arrow::Type::BOOL) type = data::ColumnType::boolean;
    if (field->type()->id() == arrow::Type::INT64 || field->type()->id() == arrow::Type::INT32)
      type = data::ColumnType::int64;
    if (field->type()->id() == arrow::Type::DOUBLE || field->type()->id() == arrow::Type::FLOAT)
      type = data::ColumnType::float64;
    columns.push_back({field->name(), type});
  }
  return columns;
}

Result<std::unique_ptr<DocumentReader>> open_dataset_file(const DatasetPiece& piece,
                                                          const std::vector<data::Column>& columns,
                                                          std::size_t batch_bytes, bool with_text) {
  auto reader = std::make_unique<Reader>(piece, columns, batch_bytes);
  GRISTMILL_RETURN_IF_ERROR(reader->open(with_text));
  return std::unique_ptr<DocumentReader>(std::move(reader));
}

Status read_dataset_row(const std::string& path, std::int64_t row, const std::vector<data::Column>& columns,
                        bool with_text, data::Batch& batch) {
  GRISTMILL_TRY(const auto groups, dataset_row_groups(path));
  std::int64_t first = 0;
  for (std::size_t group = 0; group < groups.size(); ++group) {
    if (row >= first + groups[group].rows) {
      first += groups[group].rows;
      continue;
    }
    Reader reader({path, static_cast<int>(group), static_cast<int>(group) + 1}, columns, std::size_t{1} << 20);
    GRISTMILL_RETURN_IF_ERROR(reader.open(with_text));
    data::Batch rows;
    while (true) {
      rows.clear();
      GRISTMILL_TRY(const bool more, reader.read(rows));
      if (!more) break;
      const auto index = static_cast<std::size_t>(row - first);
      if (index < rows.documents.size()) {
        batch.documents.push_back(rows.documents[index]);
        for (const auto& owner : rows.owners) batch.owners.push_back(owner);
        // Cells and tokens live in the scratch batch's arena: keep that alive with the document.
        batch.owners.push_back(std::make_shared<data::Arena>(std::move(rows.arena)));
        return {};
      }
      first += static_cast<std::int64_t>(rows.documents.size());
    }
  }
  return not_found(fmt::format("{} has no row {}", path, row));
}

}  // namespace gristmill::formats
