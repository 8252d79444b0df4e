// SPDX-License-Identifier: Apache-2.0
#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>

#include <cmath>
#include <numeric>

#include "gristmill/formats/arrow_json.h"
#include "gristmill/formats/arrow_status.h"
#include "gristmill/formats/csv_rows.h"
#include "gristmill/formats/given_rows.h"
#include "gristmill/formats/parquet_file.h"
#include "gristmill/formats/raw_formats.h"
#include "gristmill/io/byte_window.h"
#include "gristmill/kernels/utf8.h"

namespace gristmill::formats {
namespace {

constexpr std::string_view utf8_mark = "\xEF\xBB\xBF";
constexpr std::size_t line_bytes_max = std::size_t{64} << 20;

using UseRow = std::function<Status(std::int64_t place, Json row)>;

Result<std::unique_ptr<io::ByteWindow>> open_window(const std::string& path) {
  GRISTMILL_TRY(auto source, io::open_file(path));
  if (const auto codec = io::codec_of_name(path); codec != io::Codec::none) {
    GRISTMILL_TRY(source, io::decompress(std::move(source), codec, expansion_limits(Limits()), path));
  }
  auto window = std::make_unique<io::ByteWindow>(std::move(source));
  if (window->fill(utf8_mark.size()) && window->view().starts_with(utf8_mark)) window->consume(utf8_mark.size());
  return window;
}

Status failure_of(const io::ByteWindow& window, const std::string& path) {
  return window.failure() ? Status(Error(*window.failure()).within(path)) : Status();
}

Error at_line(const std::string& path, std::int64_t line, std::string_view what) {
  return invalid_argument(fmt::format("{}, line {}: {}", path, line, what));
}

Status read_jsonl(const std::string& path, const UseRow& use) {
  GRISTMILL_TRY(const auto window, open_window(path));
  for (std::int64_t line = 1; !window->at_end(); ++line) {
    auto end = window->view().find('\n');
    while (end == std::string_view::npos && window->view().size() <= line_bytes_max && window->grow())
      end = window->view().find('\n');
    if (end == std::string_view::npos) end = window->view().size();
    if (end > line_bytes_max) return at_line(path, line, fmt::format("longer than {} bytes", line_bytes_max));
    const auto text = window->view().substr(0, end);
    if (text.find_first_not_of(" \t\r") != std::string_view::npos) {
      if (!kernels::is_valid_utf8(text)) return at_line(path, line, "not UTF-8");
      auto row = Json::parse(text);
      if (!row) return at_line(path, line, row.error().message);
      if (!row->is_object()) return at_line(path, line, "not a JSON object");
      GRISTMILL_RETURN_IF_ERROR(use(static_cast<std::int64_t>(window->offset()), *std::move(row)));
    }
    window->consume(std::min(end + 1, window->view().size()));
  }
  return failure_of(*window, path);
}

Status read_csv(const std::string& path, const UseRow& use) {
  GRISTMILL_TRY(const auto window, open_window(path));
  window->fill(csv_head_bytes);
  const auto delimiter = sniff_csv(window->view().substr(0, csv_head_bytes), strip_compression(path), {}).delimiter;
  std::vector<std::string> names;
  std::vector<CsvCell> cells;
  CsvRow state{};
  std::size_t size = 0;
  std::int64_t line = 1;
  while (next_csv_row(*window, line_bytes_max, delimiter, state, size, &cells)) {
    const auto bytes = window->view().substr(0, size);
    if (state == CsvRow::bad_quotes) return at_line(path, line, "a quotation mark opens a cell that has no proper end");
    if (!kernels::is_valid_utf8(bytes)) return at_line(path, line, "not UTF-8");
    if (bytes.find_first_not_of("\r\n") != std::string_view::npos) {
      if (names.empty()) {
        for (const auto& cell : cells) names.push_back(cell_text(cell));
      } else if (cells.size() != names.size()) {
        return at_line(path, line, fmt::format("{} cells where the header has {}", cells.size(), names.size()));
      } else {
        Json::Object row;
        for (std::size_t i = 0; i < cells.size(); ++i) {
          auto text = cell_text(cells[i]);
          row.emplace_back(names[i], text.empty() ? Json() : Json(std::move(text)));
        }
        GRISTMILL_RETURN_IF_ERROR(use(static_cast<std::int64_t>(window->offset()), Json::from_members(std::move(row))));
      }
    }
    line += static_cast<std::int64_t>(pass_csv_row(*window, state, size));
  }
  return failure_of(*window, path);
}

/// A value as the other kinds of files would give it. JSON has no words for numbers without end, nor for bytes that are
/// no text; none of them must be lost for that.
Result<Json> value_of(const arrow::Array& column, std::int64_t row) {
  if (column.IsNull(row)) return Json();
  const auto number_of = [&](double value) -> Json {
    if (std::isnan(value)) return "NaN";
    return std::isinf(value) ? Json(value > 0 ? "Infinity" : "-Infinity") : Json();
  };
  Json unspeakable;
  if (column.type_id() == arrow::Type::FLOAT) {
    unspeakable = number_of(static_cast<const arrow::FloatArray&>(column).Value(row));
  } else if (column.type_id() == arrow::Type::DOUBLE) {
    unspeakable = number_of(static_cast<const arrow::DoubleArray&>(column).Value(row));
  } else if (column.type_id() == arrow::Type::FIXED_SIZE_BINARY) {
    unspeakable = static_cast<const arrow::FixedSizeBinaryArray&>(column).GetView(row);
  } else if (is_arrow_string(column)) {
    unspeakable = arrow_string(column, row);
  }
  if (!unspeakable.is_null()) return unspeakable;
  std::string text;
  append_arrow_json(text, column, row);
  return Json::parse(text);
}

Status read_parquet(const std::string& path, const UseRow& use) {
  GRISTMILL_TRY(const auto reader, open_parquet(path));
  std::vector<int> groups(static_cast<std::size_t>(reader->parquet_reader()->metadata()->num_row_groups()));
  std::iota(groups.begin(), groups.end(), 0);
  reader->set_batch_size(1024);
  auto batches = reader->GetRecordBatchReader(groups);
  if (!batches.ok()) return arrow_error(batches.status(), "reading " + path);
  std::shared_ptr<arrow::RecordBatch> batch;
  for (std::int64_t place = 0;;) {
    if (const auto status = (*batches)->ReadNext(&batch); !status.ok()) return arrow_error(status, "reading " + path);
    if (!batch) return {};
    for (std::int64_t i = 0; i < batch->num_rows(); ++i, ++place) {
      Json::Object row;
      for (int column = 0; column < batch->num_columns(); ++column) {
        GRISTMILL_TRY(auto value, value_of(*batch->column(column), i));
        row.emplace_back(batch->schema()->field(column)->name(), std::move(value));
      }
      GRISTMILL_RETURN_IF_ERROR(use(place, Json::from_members(std::move(row))));
    }
  }
}

}  // namespace

Status read_rows(const std::string& path, const UseRow& use) {
  switch (format_of_name(strip_compression(path))) {
    case RawFormat::jsonl: return read_jsonl(path, use);
    case RawFormat::csv: return read_csv(path, use);
    case RawFormat::parquet: return read_parquet(path, use);
    default: break;
  }
  return invalid_argument(
      fmt::format("{}: rows are read from .jsonl, .csv, .tsv (each also as .gz .zst .bz2 .xz) and .parquet", path));
}

}  // namespace gristmill::formats
