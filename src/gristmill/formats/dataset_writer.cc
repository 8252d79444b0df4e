// SPDX-License-Identifier: Apache-2.0
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include <algorithm>

#include "gristmill/data/memory.h"
#include "gristmill/formats/arrow_status.h"
#include "gristmill/formats/dataset_file.h"
#include "gristmill/formats/parquet_file.h"

namespace gristmill::formats {
namespace {

constexpr int first_operator_field_id = 100;
constexpr std::size_t batch_text_bytes = std::size_t{1} << 20;
// A batch ends with the document that fills it; growing step by step would copy the batch several times over.
constexpr std::int64_t batch_text_reserved = std::int64_t{batch_text_bytes} + std::int64_t{batch_text_bytes} / 4;
constexpr int batch_rows_max = 4096;

const char* iceberg_type(data::ColumnType type) {
  switch (type) {
    case data::ColumnType::boolean: return "boolean";
    case data::ColumnType::int64: return "long";
    case data::ColumnType::float64: return "double";
    case data::ColumnType::string: return "string";
  }
  return "string";
}

class Writer final : public DatasetWriter {
 public:
  Writer(std::string path, WriterOptions options) : path_(std::move(path)), options_(options) {}

  Status open(const std::vector<data::Column>& columns) {
    columns_ = table_columns(columns);
    operator_column_count_ = columns.size();
    arrow::FieldVector fields;
    for (const auto& column : columns_) fields.push_back(arrow_field(column, arrow_type(column.type)));
    if (options_.is_internal) fields.push_back(arrow::field("_tokens", arrow::binary()));
    schema_ = arrow::schema(fields);
    make_builders();
    GRISTMILL_TRY(auto file, io::FileWriter::create(path_));
    stream_ = std::make_shared<HashedStream>(std::move(file));
    auto opened = parquet::arrow::FileWriter::Open(*schema_, data::arrow_pool(), stream_,
                                                   parquet_properties(columns_, options_),
                                                   parquet::default_arrow_writer_properties());
    if (!opened.ok()) return failure(opened.status());
    writer_ = std::move(opened).ValueUnsafe();
    return {};
  }

  Status write(const data::Document& document) override {
    if (batch_rows_ == 0)
      note(static_cast<arrow::StringBuilder&>(*builders_[text_column]).ReserveData(batch_text_reserved));
    append_origin(document);
    for (std::size_t i = 0; i < operator_column_count_; ++i) {
      append_value(origin_count + i, i < document.columns.size() ? document.columns[i] : data::Value());
    }
    if (options_.is_internal) append_tokens(document.tokens);
    ++documents_;
    ++batch_rows_;
    batch_bytes_ += document.text.size();
    text_bytes_ += static_cast<std::int64_t>(document.text.size());
    if (batch_bytes_ >= batch_text_bytes || batch_rows_ >= batch_rows_max) return flush_batch();
    return {};
  }

  [[nodiscard]] std::int64_t documents() const override { return documents_; }
  [[nodiscard]] std::int64_t text_bytes() const override { return text_bytes_; }

  Result<WrittenFile> close() override {
    GRISTMILL_RETURN_IF_ERROR(flush_batch());
    if (const auto status = writer_->Close(); !status.ok()) return failure(status);
    WrittenFile written{.path = path_, .documents = documents_, .text_bytes = text_bytes_};
    if (!options_.is_internal) {
      describe_parquet(*writer_->metadata(), columns_, written);
      nans_.describe(columns_, written);
    }
    GRISTMILL_RETURN_IF_ERROR(stream_->publish());
    written.bytes = stream_->size();
    written.sha256 = stream_->sha256();
    return written;
  }

 private:
  void make_builders() {
    for (const auto& field : schema_->fields()) {
      auto made = arrow::MakeBuilder(field->type(), data::arrow_pool());
      GRISTMILL_CHECK(made.ok(), made.status().message());
      builders_.push_back(std::move(made).ValueUnsafe());
    }
  }

  // Builders only fail for want of memory; the failure is remembered and reported by the next flush.
  void note(const arrow::Status& status) {
    if (!status.ok() && builder_status_.ok()) builder_status_ = status;
  }

  void append_string(std::size_t column, std::string_view value, bool is_nullable = true) {
    auto& builder = static_cast<arrow::StringBuilder&>(*builders_[column]);
    if (value.empty() && is_nullable) {
      note(builder.AppendNull());
    } else {
      note(builder.Append(value));
    }
  }

  void append_origin(const data::Document& document) {
    append_string(0, document.id.hex(), false);
    append_string(1, document.ingestion_id);
    append_string(2, document.origin_uri);
    note(static_cast<arrow::Int64Builder&>(*builders_[3]).Append(document.origin_offset));
    append_string(4, document.url);
    append_string(5, document.media_type);
    append_string(text_column, document.text, false);
    append_string(7, xxh3_128(document.text).hex());
    append_string(8, document.conversation);
    append_string(9, document.metadata);
  }

  void append_value(std::size_t column, const data::Value& value) {
    auto& builder = *builders_[column];
    const auto& type = columns_[column].type;
    if (const auto* flag = std::get_if<bool>(&value); flag && type == "boolean") {
      note(static_cast<arrow::BooleanBuilder&>(builder).Append(*flag));
    } else if (const auto* whole = std::get_if<std::int64_t>(&value); whole && type == "long") {
      note(static_cast<arrow::Int64Builder&>(builder).Append(*whole));
    } else if (const auto* number = std::get_if<double>(&value); number && type == "double") {
      note(static_cast<arrow::DoubleBuilder&>(builder).Append(*number));
    } else if (const auto* word = std::get_if<std::string_view>(&value); word && type == "string") {
      note(static_cast<arrow::StringBuilder&>(builder).Append(*word));
    } else {
      note(builder.AppendNull());
    }
  }

  void append_tokens(std::span<const std::uint32_t> tokens) {
    auto& builder = static_cast<arrow::BinaryBuilder&>(*builders_.back());
    if (tokens.empty()) {
      note(builder.AppendNull());
    } else {
      const auto bytes = std::as_bytes(tokens);
      note(
          builder.Append(reinterpret_cast<const std::uint8_t*>(bytes.data()), static_cast<std::int32_t>(bytes.size())));
    }
  }

  Status flush_batch() {
    if (batch_rows_ == 0) return {};
    arrow::ArrayVector arrays;
    for (auto& builder : builders_) {
      std::shared_ptr<arrow::Array> array;
      note(builder->Finish(&array));
      arrays.push_back(std::move(array));
    }
    if (!builder_status_.ok()) return failure(builder_status_);
    const auto batch = arrow::RecordBatch::Make(schema_, batch_rows_, std::move(arrays));
    if (group_bytes_ >= options_.row_group_bytes) {
      if (const auto status = writer_->NewBufferedRowGroup(); !status.ok()) return failure(status);
      group_bytes_ = 0;
    }
    if (const auto status = writer_->WriteRecordBatch(*batch); !status.ok()) return failure(status);
    if (!options_.is_internal) nans_.add(*batch);
    group_bytes_ += batch_bytes_;
    batch_bytes_ = 0;
    batch_rows_ = 0;
    return {};
  }

  [[nodiscard]] Error failure(const arrow::Status& status) const {
    if (stream_ && stream_->failure()) return *stream_->failure();
    return arrow_error(status, fmt::format("writing {}", path_));
  }

  static constexpr std::size_t origin_count = 10;
  static constexpr std::size_t text_column = 6;
  std::string path_;
  WriterOptions options_;
  std::vector<TableColumn> columns_;
  std::size_t operator_column_count_ = 0;
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<std::unique_ptr<arrow::ArrayBuilder>> builders_;
  arrow::Status builder_status_;
  std::shared_ptr<HashedStream> stream_;
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
  NanCounts nans_;
  std::int64_t documents_ = 0;
  std::int64_t text_bytes_ = 0;
  int batch_rows_ = 0;
  std::size_t batch_bytes_ = 0;
  std::size_t group_bytes_ = 0;
};

}  // namespace

std::vector<TableColumn> table_columns(const std::vector<data::Column>& operator_columns) {
  std::vector<TableColumn> columns{
      {1, "id", "string", true, "Hash of the origin, 32 hex digits; never changes"},
      {2, "ingestion_id", "string", false, "The ingestion that landed it"},
      {3, "origin_uri", "string", false, "File it was read from"},
      {4, "origin_offset", "long", false, "Where in the file: byte offset, or row number of columnar files"},
      {5, "url", "string", false, "Address it was published at"},
      {6, "media_type", "string", false, "Media type of the text"},
      {7, "text", "string", true, "The text, UTF-8"},
      {8, "content_digest", "string", false, "XXH3-128 of the text, 32 hex digits"},
      {9, "conversation", "string", false, "Chat or preference pair as JSON"},
      {10, "metadata", "string", false, "All other fields of the source record as JSON"},
  };
  int field_id = first_operator_field_id;
  for (const auto& column : operator_columns) {
    columns.push_back(
        {column.field_id != 0 ? column.field_id : field_id, column.name, iceberg_type(column.type), false, {}});
    ++field_id;
  }
  return columns;
}

Result<std::unique_ptr<DatasetWriter>> create_dataset_file(const std::string& path,
                                                           const std::vector<data::Column>& columns,
                                                           const WriterOptions& options) {
  auto writer = std::make_unique<Writer>(path, options);
  GRISTMILL_RETURN_IF_ERROR(writer->open(columns));
  return std::unique_ptr<DatasetWriter>(std::move(writer));
}

}  // namespace gristmill::formats
