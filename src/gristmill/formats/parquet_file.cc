// SPDX-License-Identifier: Apache-2.0
#include "gristmill/formats/parquet_file.h"

#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>
#include <fmt/format.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>

#include <algorithm>
#include <charconv>

#include "gristmill/data/memory.h"
#include "gristmill/formats/arrow_input.h"
#include "gristmill/formats/arrow_status.h"

namespace gristmill::formats {
namespace {

constexpr int first_operator_field_id = 100;

/// The numbers in "decimal(10, 2)" or "fixed[16]".
std::vector<int> numbers_in(std::string_view text) {
  std::vector<int> numbers;
  for (std::size_t i = 0; i < text.size();) {
    int number = 0;
    const auto parsed = std::from_chars(text.data() + i, text.data() + text.size(), number);
    if (parsed.ec != std::errc()) {
      ++i;
      continue;
    }
    numbers.push_back(number);
    i = static_cast<std::size_t>(parsed.ptr - text.data());
  }
  return numbers;
}

std::shared_ptr<arrow::DataType> parametric_type(const std::string& type) {
  const auto numbers = numbers_in(type);
  if (type.starts_with("decimal(") && numbers.size() == 2) {
    auto made = arrow::Decimal128Type::Make(numbers[0], numbers[1]);
    return made.ok() ? std::move(made).ValueUnsafe() : nullptr;
  }
  if (type.starts_with("fixed[") && numbers.size() == 1) return arrow::fixed_size_binary(numbers[0]);
  return nullptr;
}

}  // namespace

Result<std::unique_ptr<parquet::arrow::FileReader>> open_parquet(const std::string& path) {
  auto file = open_arrow_input(path, data::arrow_pool());
  if (!file && file.error().code == ErrorCode::not_found)
    return corrupt_data(
        fmt::format("data file {} is missing: restore it from a copy; if its version has just "
                    "expired, read a newer one",
                    path));
  if (!file) return std::move(file).error();
  auto properties = parquet::ReaderProperties(data::arrow_pool());
  properties.enable_buffered_stream();
  properties.set_page_checksum_verification(true);
  parquet::arrow::FileReaderBuilder builder;
  if (const auto status = builder.Open(*file, properties); !status.ok()) {
    if (auto fault = fault_in(status)) return *std::move(fault);
    if (status.IsOutOfMemory()) return arrow_error(status, fmt::format("opening {}", path));
    return corrupt_data(fmt::format("{} is not a readable Parquet file: {}", path, status.message()));
  }
  auto arrow_properties = parquet::default_arrow_reader_properties();
  arrow_properties.set_pre_buffer(false);
  std::unique_ptr<parquet::arrow::FileReader> reader;
  const auto status = builder.memory_pool(data::arrow_pool())->properties(arrow_properties)->Build(&reader);
  if (!status.ok()) return arrow_error(status, fmt::format("opening {}", path));
  return reader;
}

arrow::Status HashedStream::Close() {
  is_closed_ = true;
  return arrow::Status::OK();
}

arrow::Status HashedStream::Write(const void* bytes, std::int64_t count) {
  const std::string_view view(static_cast<const char*>(bytes), static_cast<std::size_t>(count));
  sha_.update(view);
  if (auto status = file_->write(view); !status) {
    failure_ = status.error();
    return arrow::Status::IOError(failure_->message);
  }
  return arrow::Status::OK();
}

int find_column(const parquet::schema::GroupNode& root, const TableColumn& column) {
  bool has_ids = false;
  for (int i = 0; i < root.field_count(); ++i) {
    if (root.field(i)->field_id() == column.field_id) return i;
    has_ids = has_ids || root.field(i)->field_id() > 0;
  }
  if (has_ids) return -1;
  int other = -1;
  for (int i = 0; i < root.field_count(); ++i) {
    const auto& name = root.field(i)->name();
    if (name == column.name) return i;
    if (std::ranges::find(column.file_names, name) != column.file_names.end()) other = i;
  }
  return other;
}

std::shared_ptr<arrow::DataType> arrow_type(const std::string& type) {
  if (type == "boolean") return arrow::boolean();
  if (type == "int") return arrow::int32();
  if (type == "long") return arrow::int64();
  if (type == "float") return arrow::float32();
  if (type == "double") return arrow::float64();
  if (type == "date") return arrow::date32();
  if (type == "time") return arrow::time64(arrow::TimeUnit::MICRO);
  if (type == "timestamp") return arrow::timestamp(arrow::TimeUnit::MICRO);
  if (type == "timestamptz") return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  if (type == "string") return arrow::utf8();
  if (type == "uuid") return arrow::fixed_size_binary(16);
  if (type == "binary") return arrow::binary();
  return parametric_type(type);
}

std::shared_ptr<arrow::Field> arrow_field(const TableColumn& column, std::shared_ptr<arrow::DataType> type) {
  return arrow::field(column.name, std::move(type), !column.required,
                      arrow::key_value_metadata({"PARQUET:field_id"}, {std::to_string(column.field_id)}));
}

std::shared_ptr<parquet::WriterProperties> parquet_properties(std::span<const TableColumn> columns,
                                                              const WriterOptions& options) {
  parquet::WriterProperties::Builder builder;
  builder.memory_pool(data::arrow_pool())->created_by("gristmill")->enable_page_checksum();
  builder.disable_dictionary();
  // A row group ends where NewBufferedRowGroup is called, not at a row count.
  builder.max_row_group_length(INT64_MAX);
  if (options.is_internal) {
    builder.compression(parquet::Compression::LZ4)->disable_statistics();
  } else {
    builder.compression(parquet::Compression::ZSTD)->compression_level(options.zstd_level);
    builder.disable_statistics("text")->disable_statistics("conversation")->disable_statistics("metadata");
  }
  for (const auto& column : columns) {
    const bool repeats = column.name == "ingestion_id" || column.name == "origin_uri" || column.name == "media_type";
    if (repeats || (column.field_id >= first_operator_field_id && column.type == "string")) {
      builder.enable_dictionary(column.name);
    }
  }
  return builder.build();
}

}  // namespace gristmill::formats
