// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <deque>
#include <optional>

#include "gristmill/formats/csv_rows.h"
#include "gristmill/formats/line_count.h"
#include "gristmill/formats/raw_formats.h"
#include "gristmill/formats/record.h"
#include "gristmill/kernels/charset.h"
#include "gristmill/kernels/utf8.h"

namespace gristmill::formats {
namespace {

constexpr std::string_view utf8_mark = "\xEF\xBB\xBF";

std::string_view without_mark(std::string_view head) {
  return head.starts_with(utf8_mark) ? head.substr(utf8_mark.size()) : head;
}

/// Rows of separated values; the header names the fields.
class CsvReader final : public StreamReader {
 public:
  CsvReader(StreamInput input, std::string_view head)
      : StreamReader(std::move(input)),
        dialect_(sniff_csv(without_mark(head), input_.name, input_.fields)),
        builder_("csv", text_names(), input_.limits) {
    // Whole lines only: a character cut at the end of the head would look like damage.
    const auto lines = head.substr(0, head.rfind('\n') == std::string_view::npos ? head.size() : head.rfind('\n'));
    const auto charset = kernels::detect_charset(lines, {}, false);
    if (!charset.well_formed) charset_ = charset.name;
    if (input_.begin == 0 && window().fill(utf8_mark.size()) && window().view().starts_with(utf8_mark)) {
      window().consume(utf8_mark.size());
    }
    if (dialect_.has_header && input_.begin == 0) pass_over_row();
  }

 protected:
  bool next(data::Batch& batch) override {
    if (window().offset() >= input_.end || !find_row()) return false;
    const auto offset = window().offset();
    const auto row = window().view().substr(0, size_);
    if (row.find_first_not_of("\r\n") != std::string_view::npos) {
      ++row_;
      read_row(batch, offset, row);
    }
    pass_over_row_bytes();
    return true;
  }

 private:
  data::FieldNames text_names() const {
    auto names = input_.fields;
    if (!dialect_.has_header && !dialect_.names.empty()) names.text = {dialect_.names[dialect_.longest_column]};
    return names;
  }

  bool find_row() {
    return next_csv_row(window(), input_.limits.document_bytes_max, dialect_.delimiter, state_, size_, &cells_);
  }

  void pass_over_row() {
    if (find_row()) pass_over_row_bytes();
  }

  void pass_over_row_bytes() { lines_ += pass_csv_row(window(), state_, size_); }

  void read_row(data::Batch& batch, std::uint64_t offset, std::string_view row) {
    const auto bytes_max = input_.limits.document_bytes_max;
    if (row.size() > bytes_max) {
      auto message = fmt::format("{}: more than [limits] document = {} bytes", place(), bytes_max);
      quarantine(batch, offset, {"reader.csv.too_large", std::move(message), row.substr(0, kept_bytes_max)});
      return;
    }
    if (state_ == CsvRow::bad_quotes) {
      auto message = fmt::format("{}: a quotation mark opens a cell that has no proper end", place());
      quarantine(batch, offset, {"reader.csv.bad_quotes", std::move(message), row});
      return;
    }
    if (cells_.size() != dialect_.names.size()) {
      auto message = fmt::format("{}: {} cells where the header has {}", place(), cells_.size(), dialect_.names.size());
      quarantine(batch, offset, {"reader.csv.ragged_row", std::move(message), row});
      return;
    }
    fill_fields(row);
    builder_.add(batch, input_.origin, offset, fields_, row);
  }

  void fill_fields(std::string_view row) {
    fields_.clear();
    decoded_.clear();
    std::string_view charset;
    if (!kernels::is_valid_utf8(row))
      charset = charset_.empty() ? kernels::detect_charset(row, {}, false).name : charset_;
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      auto text = cells_[i].bytes;
      if (cells_[i].is_escaped) text = decoded_.emplace_back(cell_text(cells_[i]));
      if (!charset.empty() && !kernels::is_valid_utf8(text)) text = decode_cell(text, charset);
      fields_.push_back({dialect_.names[i], text, {}, false, false});
    }
    if (!charset.empty()) fields_.push_back({"_charset", charset, {}, false, false});
  }

  std::string_view decode_cell(std::string_view text, std::string_view charset) {
    auto decoded = kernels::decode_to_utf8(text, charset, false);
    const bool is_usable = decoded.ok() && kernels::is_valid_utf8(decoded->text);
    auto converted = is_usable ? std::move(decoded->text) : kernels::replace_invalid_utf8(text);
    return decoded_.emplace_back(std::move(converted));
  }

  /// Names row and line in the whole file; what lies before this piece is counted only now.
  std::string place() {
    if (!lines_before_.has_value()) {
      lines_before_ = count_lines_before(input_.path, input_.begin);
      rows_before_ = rows_before_piece();
    }
    return fmt::format("row {}, line {}", rows_before_ + row_, *lines_before_ + lines_ + 1);
  }

  std::uint64_t rows_before_piece() const {
    if (input_.begin == 0 || input_.path.empty()) return 0;
    auto source = io::open_file(input_.path);
    if (!source) return 0;
    io::ByteWindow file(*std::move(source));
    if (file.fill(utf8_mark.size()) && file.view().starts_with(utf8_mark)) file.consume(utf8_mark.size());
    std::uint64_t rows = 0;
    CsvRow state{};
    std::size_t size = 0;
    while (file.offset() < input_.begin &&
           next_csv_row(file, input_.limits.document_bytes_max, dialect_.delimiter, state, size, nullptr)) {
      if (file.view().substr(0, size).find_first_not_of("\r\n") != std::string_view::npos) ++rows;
      pass_csv_row(file, state, size);
    }
    return rows - (dialect_.has_header && rows > 0 ? 1 : 0);
  }

  CsvDialect dialect_;
  RecordBuilder builder_;
  std::string_view charset_;
  std::vector<CsvCell> cells_;
  std::vector<RecordField> fields_;
  std::deque<std::string> decoded_;
  CsvRow state_ = CsvRow::row;
  std::size_t size_ = 0;
  std::uint64_t row_ = 0;
  std::uint64_t lines_ = 0;
  std::uint64_t rows_before_ = 0;
  std::optional<std::uint64_t> lines_before_;
};

}  // namespace

std::unique_ptr<DocumentReader> make_csv_reader(StreamInput input, std::string_view head) {
  return std::make_unique<CsvReader>(std::move(input), head);
}

std::vector<std::uint64_t> split_csv(io::ByteWindow& window, std::string_view name, std::uint64_t piece_bytes) {
  std::vector<std::uint64_t> points{0};
  window.fill(csv_head_bytes);
  const auto delimiter = sniff_csv(without_mark(window.view().substr(0, csv_head_bytes)), name, {}).delimiter;
  if (window.view().starts_with(utf8_mark)) window.consume(utf8_mark.size());
  CsvRow state{};
  std::size_t size = 0;
  std::uint64_t wanted = piece_bytes;
  while (next_csv_row(window, Limits().document_bytes_max, delimiter, state, size, nullptr)) {
    pass_csv_row(window, state, size);
    if (window.offset() < wanted || window.at_end()) continue;
    points.push_back(window.offset());
    wanted = (window.offset() / piece_bytes + 1) * piece_bytes;
  }
  return points;
}

}  // namespace gristmill::formats
