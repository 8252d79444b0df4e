// SPDX-License-Identifier: Apache-2.0
#include "gristmill/formats/row_writer.h"

#include <arrow/array.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/concatenate.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/cast.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>
#include <arrow/util/key_value_metadata.h>
#include <fmt/format.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/arrow/writer.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "gristmill/data/memory.h"
#include "gristmill/formats/arrow_json.h"
#include "gristmill/formats/arrow_status.h"
#include "gristmill/formats/given_rows_state.h"
#include "gristmill/formats/parquet_file.h"

namespace gristmill::formats {
namespace {

constexpr std::string_view id_name = "id";
// Where a row comes from stays with it, whatever is given for it.
constexpr std::array<std::string_view, 4> kept_names{id_name, "ingestion_id", "origin_uri", "origin_offset"};
constexpr std::int64_t batch_bytes = std::int64_t{4} << 20;
constexpr std::int64_t batch_rows_max = 8192;

using ArrayPointer = std::shared_ptr<arrow::Array>;

/// Place of a column in a file, or -1: by field id, by name where the file has no field ids.
int find_root(const parquet::schema::GroupNode& root, const TableColumn& column) {
  bool has_ids = false;
  int by_name = -1;
  for (int i = 0; i < root.field_count(); ++i) {
    const auto& node = *root.field(i);
    has_ids = has_ids || node.field_id() > 0;
    if (node.field_id() == column.field_id) return i;
    if (node.name() == column.name) by_name = i;
  }
  return has_ids ? -1 : by_name;
}

/// The type that a file gives a column that is not primitive; null when it does not hold it.
Result<std::shared_ptr<arrow::DataType>> nested_type(const std::string& path, const TableColumn& column) {
  GRISTMILL_TRY(const auto reader, open_parquet(path));
  std::shared_ptr<arrow::Schema> schema;
  if (const auto status = reader->GetSchema(&schema); !status.ok()) return arrow_error(status, "reading " + path);
  const auto place = find_root(*reader->parquet_reader()->metadata()->schema()->group_node(), column);
  return place < 0 ? nullptr : schema->field(place)->type();
}

/// A data file read in the columns of the table.
class TableRows {
 public:
  static Result<TableRows> open(const std::string& path, const std::vector<TableColumn>& columns) {
    TableRows rows;
    GRISTMILL_TRY(rows.reader_, open_parquet(path));
    const auto& metadata = *rows.reader_->parquet_reader()->metadata();
    const auto& schema = *metadata.schema();
    std::vector<int> roots;
    for (const auto& column : columns) {
      const auto root = find_root(*schema.group_node(), column);
      rows.names_.push_back(root < 0 ? std::string() : schema.group_node()->field(root)->name());
      if (root >= 0) roots.push_back(root);
    }
    std::vector<int> leaves;
    for (int leaf = 0; leaf < schema.num_columns(); ++leaf) {
      const auto root = schema.group_node()->FieldIndex(*schema.GetColumnRoot(leaf));
      if (std::ranges::find(roots, root) != roots.end()) leaves.push_back(leaf);
    }
    std::int64_t bytes = 0;
    for (int group = 0; group < metadata.num_row_groups(); ++group)
      bytes += metadata.RowGroup(group)->total_byte_size();
    const auto row_bytes = std::max<std::int64_t>(1, bytes / std::max<std::int64_t>(metadata.num_rows(), 1));
    rows.reader_->set_batch_size(std::clamp<std::int64_t>(batch_bytes / row_bytes, 1, batch_rows_max));
    std::vector<int> groups(static_cast<std::size_t>(metadata.num_row_groups()));
    std::iota(groups.begin(), groups.end(), 0);
    auto batches = rows.reader_->GetRecordBatchReader(groups, leaves);
    if (!batches.ok()) return arrow_error(batches.status(), "reading " + path);
    rows.batches_ = *std::move(batches);
    rows.path_ = path;
    return rows;
  }

  /// The next rows, one array a column, null pointers for columns that the file lacks; false at the end.
  Result<bool> next(std::vector<ArrayPointer>& columns, std::int64_t& count) {
    std::shared_ptr<arrow::RecordBatch> batch;
    if (const auto status = batches_->ReadNext(&batch); !status.ok()) return arrow_error(status, "reading " + path_);
    if (!batch) return false;
    columns.clear();
    for (const auto& name : names_) columns.push_back(name.empty() ? nullptr : batch->GetColumnByName(name));
    count = batch->num_rows();
    return true;
  }

 private:
  std::string path_;
  std::unique_ptr<parquet::arrow::FileReader> reader_;
  std::unique_ptr<arrow::RecordBatchReader> batches_;
  std::vector<std::string> names_;
};

class Writer final : public RowWriter {
 public:
  Writer(std::string path, RowNote note) : path_(std::move(path)), note_(std::move(note)) {}

  Status open(const std::vector<TableColumn>& columns, std::span<const std::string> sources) {
    arrow::FieldVector fields;
    for (const auto& column : columns) {
      auto type = arrow_type(column.type);
      for (std::size_t i = 0; i < sources.size() && type == nullptr; ++i) {
        GRISTMILL_TRY(type, nested_type(sources[i], column));
      }
      if (type == nullptr) continue;  // Nested, and no row has it: it reads as null.
      columns_.push_back(column);
      fields.push_back(arrow_field(column, std::move(type)));
    }
    schema_ = arrow::schema(fields);
    GRISTMILL_TRY(auto file, io::FileWriter::create(path_));
    stream_ = std::make_shared<HashedStream>(std::move(file));
    auto opened = parquet::arrow::FileWriter::Open(*schema_, data::arrow_pool(), stream_,
                                                   parquet_properties(columns_, WriterOptions()),
                                                   parquet::default_arrow_writer_properties());
    if (!opened.ok()) return failure(opened.status());
    writer_ = *std::move(opened);
    return {};
  }

  Status copy(const FileEdit& edit, const GivenRows* given) override {
    GRISTMILL_TRY(auto rows, TableRows::open(edit.path, columns_));
    std::vector<ArrayPointer> columns;
    std::int64_t count = 0;
    std::int64_t first = 0;
    Cursor cursor{edit};
    while (true) {
      GRISTMILL_TRY(const bool more, rows.next(columns, count));
      if (!more) return {};
      GRISTMILL_RETURN_IF_ERROR(fit(columns, count));
      GRISTMILL_RETURN_IF_ERROR(fill_ids(columns, edit.path, first));
      GRISTMILL_RETURN_IF_ERROR(edit_batch(columns, count, first, cursor, given));
      first += count;
      GRISTMILL_RETURN_IF_ERROR(write(columns, count));
    }
  }

  Status append(const GivenRows& given, std::span<const std::int64_t> rows) override {
    for (std::size_t begin = 0; begin < rows.size(); begin += batch_rows_max) {
      const auto part = rows.subspan(begin, std::min<std::size_t>(rows.size() - begin, batch_rows_max));
      arrow::Int64Builder builder(data::arrow_pool());
      std::shared_ptr<arrow::Array> places;
      auto status = builder.AppendValues(part.data(), static_cast<std::int64_t>(part.size()));
      if (status.ok()) status = builder.Finish(&places);
      if (!status.ok()) return failure(status);
      std::vector<ArrayPointer> columns;
      for (std::size_t i = 0; i < columns_.size(); ++i) {
        const auto place = given.state().find(columns_[i].field_id);
        columns.push_back(nullptr);
        if (place >= 0)
          GRISTMILL_RETURN_IF_ERROR(
              take(columns.back(), given.state().values[static_cast<std::size_t>(place)], places));
      }
      auto count = static_cast<std::int64_t>(part.size());
      GRISTMILL_RETURN_IF_ERROR(fit(columns, count));
      GRISTMILL_RETURN_IF_ERROR(write(columns, count));
    }
    return {};
  }

  [[nodiscard]] std::int64_t rows() const override { return rows_; }
  [[nodiscard]] std::int64_t bytes() const override { return stream_->size() + group_bytes_ / 3; }

  Result<WrittenFile> close() override {
    if (const auto status = writer_->Close(); !status.ok()) return failure(status);
    WrittenFile written{.path = path_, .documents = rows_, .text_bytes = text_bytes_};
    describe_parquet(*writer_->metadata(), columns_, written);
    GRISTMILL_RETURN_IF_ERROR(stream_->publish());
    written.bytes = stream_->size();
    written.sha256 = stream_->sha256();
    return written;
  }

 private:
  /// How far an edit has been followed.
  struct Cursor {
    const FileEdit& edit;
    std::size_t dropped = 0;
    std::size_t replaced = 0;
  };

  [[nodiscard]] Error failure(const arrow::Status& status) const {
    if (stream_ && stream_->failure()) return *stream_->failure();
    return arrow_error(status, fmt::format("writing {}", path_));
  }

  /// Gives each column the table's type; what is absent becomes null.
  Status fit(std::vector<ArrayPointer>& columns, std::int64_t count) const {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const auto& type = schema_->field(static_cast<int>(i))->type();
      if (columns[i] != nullptr && columns[i]->type()->Equals(*type)) continue;
      auto fitted = columns[i] == nullptr ? arrow::MakeArrayOfNull(type, count, data::arrow_pool())
                                          : arrow::compute::Cast(*columns[i], type);
      if (!fitted.ok())
        return failure(fitted.status()).within(fmt::format("column {}", schema_->field(static_cast<int>(i))->name()));
      columns[i] = *std::move(fitted);
    }
    return {};
  }

  /// Rows of other writers without an id get the one that is made from their place, for good.
  Status fill_ids(std::vector<ArrayPointer>& columns, const std::string& path, std::int64_t first) const {
    const auto place = std::ranges::find(columns_, id_name, &TableColumn::name) - columns_.begin();
    if (place == std::ssize(columns_) || columns_[static_cast<std::size_t>(place)].type != "string") return {};
    auto& ids = columns[static_cast<std::size_t>(place)];
    if (ids->null_count() == 0) return {};
    arrow::StringBuilder builder(data::arrow_pool());
    auto status = builder.Reserve(ids->length());
    for (std::int64_t row = 0; row < ids->length() && status.ok(); ++row) {
      status = ids->IsValid(row) ? builder.Append(arrow_string(*ids, row))
                                 : builder.Append(xxh3_128(fmt::format("{}\n{}", path, first + row)).hex());
    }
    if (status.ok()) status = builder.Finish(&ids);
    return status.ok() ? Status() : Status(failure(status));
  }

  Status take(ArrayPointer& out, const ArrayPointer& values, const ArrayPointer& places) const {
    auto taken = arrow::compute::Take(*values, *places, arrow::compute::TakeOptions::NoBoundsCheck());
    if (!taken.ok()) return failure(taken.status());
    out = *std::move(taken);
    return {};
  }

  /// Drops and replaces rows of a batch that starts at row `first` of its file.
  Status edit_batch(std::vector<ArrayPointer>& columns, std::int64_t& count, std::int64_t first, Cursor& cursor,
                    const GivenRows* given) const {
    const auto& edit = cursor.edit;
    std::vector<std::int64_t> kept;
    std::vector<std::pair<std::size_t, std::int64_t>> replaced;  // Place among the kept, given row.
    const auto before = cursor;
    for (std::int64_t row = 0; row < count; ++row) {
      if (cursor.dropped < edit.dropped.size() && edit.dropped[cursor.dropped] == first + row) {
        ++cursor.dropped;
        continue;
      }
      if (cursor.replaced < edit.replaced.size() && edit.replaced[cursor.replaced].row == first + row)
        replaced.emplace_back(kept.size(), edit.replaced[cursor.replaced++].given);
      kept.push_back(row);
    }
    if (cursor.dropped == before.dropped && replaced.empty()) return {};
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const auto place = given == nullptr ? -1 : given->state().find(columns_[i].field_id);
      GRISTMILL_RETURN_IF_ERROR(select(columns[i], count, kept, replaced, place, given));
    }
    count = static_cast<std::int64_t>(kept.size());
    return {};
  }

  /// The kept values of one column, given ones in their places.
  Status select(ArrayPointer& column, std::int64_t count, std::vector<std::int64_t> kept,
                const std::vector<std::pair<std::size_t, std::int64_t>>& replaced, int place,
                const GivenRows* given) const {
    auto values = column;
    if (place >= 0 && !replaced.empty() && !is_kept(place, *given)) {
      const auto& state = given->state();
      const auto at = static_cast<std::size_t>(place);
      auto both = arrow::Concatenate({column, state.values[at]}, data::arrow_pool());
      if (!both.ok()) return failure(both.status());
      values = *std::move(both);
      for (const auto& [position, row] : replaced) {
        if (state.is_given[at][static_cast<std::size_t>(row)]) kept[position] = count + row;
      }
    }
    arrow::Int64Builder builder(data::arrow_pool());
    std::shared_ptr<arrow::Array> places;
    auto status = builder.AppendValues(kept);
    if (status.ok()) status = builder.Finish(&places);
    if (!status.ok()) return failure(status);
    return take(column, values, places);
  }

  static bool is_kept(int place, const GivenRows& given) {
    const auto& name = given.state().columns[static_cast<std::size_t>(place)].name;
    return std::ranges::find(kept_names, name) != kept_names.end();
  }

  Status write(const std::vector<ArrayPointer>& columns, std::int64_t count) {
    if (count == 0) return {};
    const auto place = std::ranges::find(columns_, id_name, &TableColumn::name) - columns_.begin();
    Hash128 id;
    for (std::int64_t row = 0; note_ && place < std::ssize(columns_) && row < count; ++row) {
      if (Hash128::parse(arrow_string(*columns[static_cast<std::size_t>(place)], row), id)) note_(id, rows_ + row);
    }
    const auto batch = arrow::RecordBatch::Make(schema_, count, columns);
    const auto size = arrow::util::ReferencedBufferSize(*batch);
    if (group_bytes_ >= static_cast<std::int64_t>(WriterOptions().row_group_bytes)) {
      if (const auto status = writer_->NewBufferedRowGroup(); !status.ok()) return failure(status);
      group_bytes_ = 0;
    }
    if (const auto status = writer_->WriteRecordBatch(*batch); !status.ok()) return failure(status);
    group_bytes_ += size.ok() ? *size : batch_bytes;
    rows_ += count;
    return {};
  }

  std::string path_;
  RowNote note_;
  std::vector<TableColumn> columns_;  ///< That are written.
  std::shared_ptr<arrow::Schema> schema_;
  std::shared_ptr<HashedStream> stream_;
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
  std::int64_t rows_ = 0;
  std::int64_t text_bytes_ = 0;
  std::int64_t group_bytes_ = 0;
};

}  // namespace

Result<std::unique_ptr<RowWriter>> create_row_writer(const std::string& path, const std::vector<TableColumn>& columns,
                                                     std::span<const std::string> sources, RowNote note) {
  auto writer = std::make_unique<Writer>(path, std::move(note));
  GRISTMILL_RETURN_IF_ERROR(writer->open(columns, sources));
  return std::unique_ptr<RowWriter>(std::move(writer));
}

}  // namespace gristmill::formats
