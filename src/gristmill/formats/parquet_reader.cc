// SPDX-License-Identifier: Apache-2.0
#include <arrow/array.h>
#include <arrow/io/file.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>
#include <parquet/arrow/reader.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <deque>

#include "gristmill/formats/arrow_input.h"
#include "gristmill/formats/arrow_json.h"
#include "gristmill/formats/arrow_status.h"
#include "gristmill/formats/raw_formats.h"
#include "gristmill/formats/record.h"
#include "gristmill/kernels/utf8.h"

namespace gristmill::formats {
namespace {

// What one hostile page may claim; a sane file needs some tens of MB.
constexpr std::int64_t pool_bytes_max = std::int64_t{512} << 20;
constexpr std::int64_t rows_per_step_max = 8192;

/// Rows of a Parquet file of any schema, one row group at a time, so that a damaged one costs no other.
class ParquetReader final : public DocumentReader {
 public:
  ParquetReader(StreamInput input, std::shared_ptr<arrow::io::RandomAccessFile> file)
      : input_(std::move(input)),
        file_(std::move(file)),
        pool_(arrow::default_memory_pool(), pool_bytes_max),
        builder_("parquet", input_.fields, input_.limits) {}

  Result<bool> read(data::Batch& batch) override {
    if (is_done_) return false;
    input_.origin.enter(batch);
    const auto start = batch.arena.bytes_used();
    const auto records = batch.documents.size() + batch.casualties.size();
    while (!is_done_ && batch.arena.bytes_used() - start < input_.limits.batch_bytes) {
      auto error = step(batch);
      if (error.empty()) continue;
      // A store that does not answer says nothing about the rows: they are read again, not given up.
      if (fault_) return *fault_;
      report(batch, error);
    }
    return !is_done_ || batch.documents.size() + batch.casualties.size() > records;
  }

  [[nodiscard]] std::map<std::string, std::int64_t> skipped() const override { return skipped_; }

 private:
  /// Some rows, or the move to the next row group. Gives what was wrong.
  std::string step(data::Batch& batch) {
    // Parquet reports some damage by exception and some by status.
    try {
      if (reader_ == nullptr) return open();
      if (rows_ == nullptr) {
        if (row_group_ >= row_group_count_) is_done_ = true;
        return is_done_ ? std::string() : open_row_group();
      }
      if (chunk_ == nullptr || chunk_row_ >= chunk_->num_rows()) {
        const auto status = rows_->ReadNext(&chunk_);
        if (!status.ok()) return told(status);
        chunk_row_ = 0;
        if (chunk_ == nullptr) leave_row_group();
        return {};
      }
      read_row(batch);
      return {};
    } catch (const parquet::ParquetStatusException& exception) {
      return told(exception.status());
    } catch (const std::bad_alloc&) {
      throw;  // Says nothing about the rows: the task fails, and names what to do.
    } catch (const std::exception& exception) {
      return exception.what();
    }
  }

  /// What a status says; a fault of the store that it carries is kept.
  std::string told(const arrow::Status& status) {
    if (auto fault = fault_in(status)) fault_ = std::move(fault);
    return status.ToString();
  }

  std::string open() {
    auto properties = parquet::ReaderProperties(&pool_);
    properties.enable_buffered_stream();
    properties.set_page_checksum_verification(true);
    auto file = parquet::ParquetFileReader::Open(file_, properties);
    const auto metadata = file->metadata();
    row_group_count_ = metadata->num_row_groups();
    auto arrow_properties = parquet::default_arrow_reader_properties();
    arrow_properties.set_pre_buffer(false);
    arrow_properties.set_use_threads(false);
    arrow_properties.set_batch_size(rows_per_step(*metadata));
    auto reader = parquet::arrow::FileReader::Make(&pool_, std::move(file), arrow_properties);
    if (!reader.ok()) return told(reader.status());
    reader_ = *std::move(reader);
    return {};
  }

  /// So many rows that a step holds about one batch of bytes.
  std::int64_t rows_per_step(const parquet::FileMetaData& metadata) const {
    std::int64_t bytes = 0;
    for (int i = 0; i < metadata.num_row_groups(); ++i)
      bytes += std::max<std::int64_t>(metadata.RowGroup(i)->total_byte_size(), 0);
    const auto row_bytes = std::max<std::int64_t>(bytes / std::max<std::int64_t>(metadata.num_rows(), 1), 1);
    return std::clamp<std::int64_t>(static_cast<std::int64_t>(input_.limits.batch_bytes) / row_bytes, 16,
                                    rows_per_step_max);
  }

  std::string open_row_group() {
    group_rows_ = reader_->parquet_reader()->metadata()->RowGroup(row_group_)->num_rows();
    auto rows = reader_->GetRecordBatchReader({row_group_});
    if (!rows.ok()) return told(rows.status());
    rows_ = *std::move(rows);
    return {};
  }

  void leave_row_group() {
    rows_.reset();
    chunk_.reset();
    group_begin_ += group_rows_;
    row_ = group_begin_;
    ++row_group_;
  }

  /// One casualty for a file that cannot be opened, or for the rest of a row group.
  void report(data::Batch& batch, const std::string& error) {
    if (reader_ == nullptr) {
      is_done_ = true;
      input_.origin.quarantine(batch, 0,
                               {"reader.parquet.corrupt", fmt::format("{}: {}", input_.origin.uri(), error), {}});
      return;
    }
    auto message = fmt::format("{}: row group {}: rows {} to {} cannot be read: {}", input_.origin.uri(), row_group_,
                               row_, group_begin_ + group_rows_ - 1, error);
    input_.origin.quarantine(batch, static_cast<std::uint64_t>(row_),
                             {"reader.parquet.row_group", std::move(message), {}});
    leave_row_group();
  }

  void read_row(data::Batch& batch) {
    fields_.clear();
    strings_.clear();
    for (int i = 0; i < chunk_->num_columns(); ++i) add_field(*chunk_->column(i), chunk_->schema()->field(i)->name());
    builder_.add(batch, input_.origin, static_cast<std::uint64_t>(row_), fields_, {});
    ++chunk_row_;
    ++row_;
  }

  void add_field(const arrow::Array& column, const std::string& name) {
    const auto valid_name = kernels::is_valid_utf8(name) ? std::string_view(name)
                                                         : keep(kernels::replace_invalid_utf8(name));
    if (!column.IsNull(chunk_row_) && is_arrow_string(column)) {
      const auto text = arrow_string(column, chunk_row_);
      if (kernels::is_valid_utf8(text)) {
        fields_.push_back({valid_name, text, {}, false, false});
        return;
      }
      ++skipped_["parquet.binary_value"];
    }
    std::string json;
    append_arrow_json(json, column, chunk_row_);
    JsonSlice slice{keep(std::move(json)), JsonKind::number, true};
    switch (slice.text[0]) {
      case '[': slice.kind = JsonKind::array; break;
      case '{': slice.kind = JsonKind::object; break;
      case '"': slice.kind = JsonKind::string; break;
      case 't':
      case 'f': slice.kind = JsonKind::boolean; break;
      case 'n': slice.kind = JsonKind::null; break;
      default: break;
    }
    fields_.push_back({valid_name, {}, slice, true, false});
  }

  std::string_view keep(std::string text) { return strings_.emplace_back(std::move(text)); }

  StreamInput input_;
  std::shared_ptr<arrow::io::RandomAccessFile> file_;
  arrow::CappedMemoryPool pool_;
  RecordBuilder builder_;
  std::unique_ptr<parquet::arrow::FileReader> reader_;
  std::unique_ptr<arrow::RecordBatchReader> rows_;
  std::shared_ptr<arrow::RecordBatch> chunk_;
  std::int64_t chunk_row_ = 0;
  int row_group_ = 0;
  int row_group_count_ = 0;
  std::int64_t group_begin_ = 0;
  std::int64_t group_rows_ = 0;
  std::int64_t row_ = 0;
  std::vector<RecordField> fields_;
  std::deque<std::string> strings_;
  std::map<std::string, std::int64_t> skipped_;
  std::optional<Error> fault_;
  bool is_done_ = false;
};

/// Copies the stream to a temporary file without a name; gives its descriptor.
Result<int> spill(io::ByteWindow& window) {
  const char* folder = std::getenv("TMPDIR");
  std::string path = std::string(folder != nullptr ? folder : "/tmp") + "/gristmill-XXXXXX";
  const int descriptor = ::mkstemp(path.data());
  if (descriptor < 0) return errno_error("creating a temporary file " + path, errno);
  ::unlink(path.c_str());
  while (!window.at_end()) {
    const auto view = window.view();
    const auto count = ::write(descriptor, view.data(), view.size());
    if (count < 0) {
      const int error_number = errno;
      ::close(descriptor);
      return errno_error("writing a temporary file in " + path, error_number);
    }
    window.consume(static_cast<std::size_t>(count));
  }
  return descriptor;
}

}  // namespace

Result<std::unique_ptr<DocumentReader>> make_parquet_reader(StreamInput input) {
  if (!input.path.empty()) {
    GRISTMILL_TRY(auto file, open_arrow_input(input.path, arrow::default_memory_pool()));
    return std::unique_ptr<DocumentReader>(std::make_unique<ParquetReader>(std::move(input), std::move(file)));
  }
  GRISTMILL_TRY(const int descriptor, spill(*input.window));
  auto file = arrow::io::ReadableFile::Open(descriptor);
  if (input.window->failure().has_value()) return make_fault_reader(std::move(input), {}, {});
  if (!file.ok()) return unavailable(fmt::format("opening {}: {}", input.path, file.status().ToString()));
  return std::unique_ptr<DocumentReader>(std::make_unique<ParquetReader>(std::move(input), *std::move(file)));
}

}  // namespace gristmill::formats
