// SPDX-License-Identifier: Apache-2.0
#include "gristmill/formats/row_writer.h"

#include <arrow/array.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/compute/api_vector.h>
#include <arrow/extension/uuid.h>
#include <arrow/extension_type.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>
#include <fmt/format.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>

#include "gristmill/data/memory.h"
#include "gristmill/formats/arrow_json.h"
#include "gristmill/formats/arrow_status.h"
#include "gristmill/formats/given_rows_state.h"
#include "gristmill/formats/nested_values.h"
#include "gristmill/formats/parquet_file.h"
#include "gristmill/formats/row_order.h"
#include "gristmill/formats/table_rows.h"

namespace gristmill::formats {
namespace {

constexpr std::string_view id_name = "id";
// Where a row comes from stays with it, whatever is given for it.
constexpr std::array<std::string_view, 4> kept_names{id_name, "ingestion_id", "origin_uri", "origin_offset"};
constexpr std::int64_t batch_bytes = std::int64_t{4} << 20;
constexpr std::int64_t batch_rows_max = 8192;
// Rows of open row groups are held in memory, of all partitions together at most so much.
constexpr std::int64_t open_bytes_max = std::int64_t{256} << 20;
constexpr std::size_t partitions_max = 1000;

class Writer final : public RowWriter {
 public:
  explicit Writer(RowOutput output) : output_(std::move(output)) {}

  Status open(const std::vector<TableColumn>& columns) {
    arrow::FieldVector fields;
    for (const auto& column : columns) {
      auto type = column_type(column);
      if (type == nullptr)
        return invalid_argument(
            fmt::format("column {}: values of type {} cannot be written", column.name, column.type));
      columns_.push_back(column);
      fields.push_back(arrow_field(column, std::move(type)));
    }
    schema_ = arrow::schema(fields);
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (columns_[i].type == "uuid") fields[i] = fields[i]->WithType(arrow::extension::uuid());
    }
    file_schema_ = arrow::schema(fields);
    for (const auto& field : output_.partition) {
      const auto source = std::ranges::find(columns_, field.source_id, &TableColumn::field_id);
      // What was partitioned by a column that is dropped stays as `void`, and needs no values.
      if (source == columns_.end() && field.transform != "void")
        return invalid_argument(fmt::format("partition field {}: its column is not there", field.name));
      partition_columns_.push_back(source == columns_.end() ? 0 : static_cast<std::size_t>(source - columns_.begin()));
    }
    for (const auto& name : output_.sort_by) {
      const auto source = std::ranges::find(columns_, name, &TableColumn::name);
      if (source == columns_.end()) return invalid_argument(fmt::format("there is no column '{}' to sort by", name));
      sort_columns_.push_back(static_cast<std::size_t>(source - columns_.begin()));
    }
    id_column_ = static_cast<std::size_t>(std::ranges::find(columns_, id_name, &TableColumn::name) - columns_.begin());
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
      GRISTMILL_RETURN_IF_ERROR(add_constants(columns, count, edit.constants));
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

  Result<std::vector<WrittenFile>> close() override {
    for (auto& [key, sink] : sinks_) {
      if (!sort_columns_.empty()) GRISTMILL_RETURN_IF_ERROR(write_sorted(sink));
      GRISTMILL_RETURN_IF_ERROR(finish(sink));
    }
    std::ranges::sort(written_, {}, &std::pair<std::size_t, WrittenFile>::first);
    std::vector<WrittenFile> files;
    for (auto& [number, file] : written_) files.push_back(std::move(file));
    return files;
  }

 private:
  /// How far an edit has been followed.
  struct Cursor {
    const FileEdit& edit;
    std::size_t dropped = 0;
    std::size_t replaced = 0;
  };

  /// One open file, or the rows held for it.
  struct Sink {
    Json partition;
    std::size_t number = 0;
    std::string path;
    std::shared_ptr<HashedStream> stream;
    std::unique_ptr<parquet::arrow::FileWriter> writer;
    NanCounts nans;
    std::int64_t rows = 0;
    std::int64_t group_bytes = 0;
    std::vector<std::vector<ArrayPointer>> held;
  };

  [[nodiscard]] static Error failure(const arrow::Status& status) { return arrow_error(status, "writing rows"); }
  [[nodiscard]] static Error failure(const arrow::Status& status, const Sink& sink) {
    if (sink.stream && sink.stream->failure()) return *sink.stream->failure();
    return arrow_error(status, fmt::format("writing {}", sink.path));
  }

  /// Columns that the file lacks since its partition says what is in them.
  Status add_constants(std::vector<ArrayPointer>& columns, std::int64_t count,
                       const std::map<int, Json>& constants) const {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const auto constant = constants.find(columns_[i].field_id);
      if (columns[i] != nullptr || constant == constants.end()) continue;
      GRISTMILL_TRY(columns[i], repeat_value(columns_[i], constant->second, count));
    }
    return {};
  }

  /// Gives each column the table's type; what is absent becomes null.
  Status fit(std::vector<ArrayPointer>& columns, std::int64_t count) const {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const auto& type = schema_->field(static_cast<int>(i))->type();
      if (columns[i] == nullptr) {
        auto empty = arrow::MakeArrayOfNull(type, count, data::arrow_pool());
        if (!empty.ok()) return failure(empty.status());
        columns[i] = *std::move(empty);
        continue;
      }
      auto fitted = fit_values(columns[i], type, columns_[i].part_names);
      if (!fitted)
        return std::move(fitted).error().within(fmt::format("column {}", schema_->field(static_cast<int>(i))->name()));
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

  /// Sends rows to the files of their partitions.
  Status write(const std::vector<ArrayPointer>& columns, std::int64_t count) {
    if (count == 0) return {};
    if (output_.partition.empty()) {
      GRISTMILL_TRY(auto* const sink, sink_of({}, Json()));
      return put(*sink, columns, count);
    }
    std::map<std::string, std::pair<Json, std::vector<std::int64_t>>> parts;
    for (std::int64_t row = 0; row < count; ++row) {
      auto partition = Json::object();
      for (std::size_t i = 0; i < output_.partition.size(); ++i)
        partition.set(output_.partition[i].name,
                      partition_value(output_.partition[i], *columns[partition_columns_[i]], row));
      auto& part = parts[partition.dump()];
      if (part.second.empty()) part.first = std::move(partition);
      part.second.push_back(row);
    }
    for (auto& [key, part] : parts) {
      GRISTMILL_TRY(auto* const sink, sink_of(key, part.first));
      auto rows = columns;
      if (parts.size() > 1) GRISTMILL_RETURN_IF_ERROR(take_all(rows, part.second));
      GRISTMILL_RETURN_IF_ERROR(put(*sink, rows, static_cast<std::int64_t>(part.second.size())));
    }
    return {};
  }

  Result<Sink*> sink_of(const std::string& key, const Json& partition) {
    auto& sink = sinks_[key];
    sink.partition = partition;
    if (sinks_.size() > partitions_max)
      return limit_exceeded(
          fmt::format("the rows at hand fall into more than {} partitions: partition the dataset "
                      "more coarsely",
                      partitions_max));
    return &sink;
  }

  Status take_all(std::vector<ArrayPointer>& columns, const std::vector<std::int64_t>& rows) const {
    arrow::Int64Builder builder(data::arrow_pool());
    std::shared_ptr<arrow::Array> places;
    auto status = builder.AppendValues(rows);
    if (status.ok()) status = builder.Finish(&places);
    if (!status.ok()) return failure(status);
    for (auto& column : columns) GRISTMILL_RETURN_IF_ERROR(take(column, column, places));
    return {};
  }

  Status put(Sink& sink, const std::vector<ArrayPointer>& columns, std::int64_t count) {
    if (sort_columns_.empty()) return write_to(sink, columns, count);
    const auto size = arrow::util::ReferencedBufferSize(*arrow::RecordBatch::Make(schema_, count, columns));
    held_bytes_ += size.ok() ? *size : batch_bytes;
    if (held_bytes_ > output_.held_bytes_max)
      return limit_exceeded(
          fmt::format("the rows to be sorted take more than {} bytes of memory: give more memory, or "
                      "leave out the order",
                      output_.held_bytes_max));
    sink.held.push_back(columns);
    return {};
  }

  Status write_sorted(Sink& sink) {
    std::vector<ArrayPointer> columns;
    for (std::size_t i = 0; i < columns_.size() && !sink.held.empty(); ++i) {
      arrow::ArrayVector parts;
      for (auto& batch : sink.held) parts.push_back(std::move(batch[i]));
      auto whole = arrow::Concatenate(parts, data::arrow_pool());
      if (!whole.ok()) return failure(whole.status());
      columns.push_back(*std::move(whole));
    }
    sink.held.clear();
    if (columns.empty()) return {};
    std::vector<ArrayPointer> keys;
    for (const auto place : sort_columns_) keys.push_back(columns[place]);
    const auto order = sorted_rows(keys, columns.front()->length());
    for (std::size_t begin = 0; begin < order.size(); begin += batch_rows_max) {
      const auto size = std::min<std::size_t>(order.size() - begin, batch_rows_max);
      auto rows = columns;
      GRISTMILL_RETURN_IF_ERROR(take_all(rows, {order.begin() + static_cast<std::ptrdiff_t>(begin),
                                                order.begin() + static_cast<std::ptrdiff_t>(begin + size)}));
      GRISTMILL_RETURN_IF_ERROR(write_to(sink, rows, static_cast<std::int64_t>(size)));
    }
    return {};
  }

  Status begin_file(Sink& sink) {
    sink.number = next_number_++;
    sink.path = output_.path(sink.number);
    sink.rows = sink.group_bytes = 0;
    sink.nans = {};
    GRISTMILL_TRY(auto file, io::FileWriter::create(sink.path));
    sink.stream = std::make_shared<HashedStream>(std::move(file));
    auto opened = parquet::arrow::FileWriter::Open(*file_schema_, data::arrow_pool(), sink.stream,
                                                   parquet_properties(columns_, WriterOptions()),
                                                   parquet::default_arrow_writer_properties());
    if (!opened.ok()) return failure(opened.status(), sink);
    sink.writer = *std::move(opened);
    return {};
  }

  Status write_to(Sink& sink, const std::vector<ArrayPointer>& columns, std::int64_t count) {
    const auto row_group_bytes = static_cast<std::int64_t>(WriterOptions().row_group_bytes);
    if (sink.writer && sink.group_bytes >= row_group_bytes) GRISTMILL_RETURN_IF_ERROR(end_row_group(sink));
    if (!sink.writer) GRISTMILL_RETURN_IF_ERROR(begin_file(sink));
    Hash128 id;
    for (std::int64_t row = 0; output_.note && id_column_ < columns_.size() && row < count; ++row) {
      const auto& ids = *columns[id_column_];
      if (is_arrow_string(ids) && Hash128::parse(arrow_string(ids, row), id))
        output_.note(sink.number, id, sink.rows + row);
    }
    auto written = columns;
    for (std::size_t i = 0; i < written.size(); ++i) {
      if (columns_[i].type == "uuid")
        written[i] = arrow::ExtensionType::WrapArray(file_schema_->field(static_cast<int>(i))->type(), written[i]);
    }
    const auto batch = arrow::RecordBatch::Make(file_schema_, count, std::move(written));
    const auto size = arrow::util::ReferencedBufferSize(*batch);
    if (const auto status = sink.writer->WriteRecordBatch(*batch); !status.ok()) return failure(status, sink);
    sink.nans.add(*batch);
    sink.group_bytes += size.ok() ? *size : batch_bytes;
    open_bytes_ += size.ok() ? *size : batch_bytes;
    sink.rows += count;
    return open_bytes_ > open_bytes_max ? close_largest_group() : Status();
  }

  /// Writes the open rows out; the file ends when it is large enough.
  Status end_row_group(Sink& sink) {
    if (const auto status = sink.writer->NewBufferedRowGroup(); !status.ok()) return failure(status, sink);
    open_bytes_ -= sink.group_bytes;
    sink.group_bytes = 0;
    return sink.stream->size() >= output_.file_bytes_max ? finish(sink) : Status();
  }

  Status close_largest_group() {
    auto largest = sinks_.begin();
    for (auto sink = sinks_.begin(); sink != sinks_.end(); ++sink) {
      if (sink->second.group_bytes > largest->second.group_bytes) largest = sink;
    }
    return largest->second.writer ? end_row_group(largest->second) : Status();
  }

  Status finish(Sink& sink) {
    if (!sink.writer) return {};
    if (const auto status = sink.writer->Close(); !status.ok()) return failure(status, sink);
    open_bytes_ -= sink.group_bytes;
    WrittenFile file{.path = sink.path, .documents = sink.rows, .partition = sink.partition};
    describe_parquet(*sink.writer->metadata(), columns_, file);
    sink.nans.describe(columns_, file);
    GRISTMILL_RETURN_IF_ERROR(sink.stream->publish());
    file.bytes = sink.stream->size();
    file.sha256 = sink.stream->sha256();
    written_.emplace_back(sink.number, std::move(file));
    sink.writer.reset();
    return {};
  }

  RowOutput output_;
  std::vector<TableColumn> columns_;  ///< That are written.
  std::vector<std::size_t> partition_columns_;
  std::vector<std::size_t> sort_columns_;
  std::size_t id_column_ = 0;  ///< Behind the last when there is none.
  std::shared_ptr<arrow::Schema> schema_;
  std::shared_ptr<arrow::Schema> file_schema_;  ///< The same as files say it: bytes are a uuid only where it says so.
  std::map<std::string, Sink> sinks_;  ///< By partition.
  std::vector<std::pair<std::size_t, WrittenFile>> written_;
  std::size_t next_number_ = 0;
  std::int64_t open_bytes_ = 0;
  std::int64_t held_bytes_ = 0;
};

}  // namespace

Result<std::unique_ptr<RowWriter>> create_row_writer(RowOutput output, const std::vector<TableColumn>& columns) {
  auto writer = std::make_unique<Writer>(std::move(output));
  GRISTMILL_RETURN_IF_ERROR(writer->open(columns));
  return std::unique_ptr<RowWriter>(std::move(writer));
}

}  // namespace gristmill::formats
