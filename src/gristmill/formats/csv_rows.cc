// SPDX-License-Identifier: Apache-2.0
#include "gristmill/formats/csv_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "gristmill/formats/http_message.h"
#include "gristmill/kernels/byte_search.h"
#include "gristmill/kernels/utf8.h"

namespace gristmill::formats {
namespace {

constexpr std::size_t sample_rows_max = 64;
constexpr std::size_t header_cell_bytes_max = 64;

/// Walks over one row.
class RowWalk {
 public:
  RowWalk(std::string_view bytes, bool is_last, char delimiter, std::vector<CsvCell>* cells)
      : bytes_(bytes), is_last_(is_last), delimiter_(delimiter), cells_(cells) {}

  CsvRow run(std::size_t& size) {
    while (true) {
      const auto state = at_ < bytes_.size() && bytes_[at_] == '"' ? quoted_cell() : plain_cell(at_, false);
      if (state == CsvRow::row && !is_row_end_) continue;
      if (state == CsvRow::need_more && is_last_) return unclosed(size);
      size = at_;
      return state;
    }
  }

 private:
  /// A cell up to the next delimiter or line end; `start` lies before `at_` when a quoted part came first.
  CsvRow plain_cell(std::size_t start, bool is_escaped) {
    const auto end = kernels::find_any(bytes_, at_, {delimiter_, '\n', '\n', '\n'});
    if (end == bytes_.size() && !is_last_) return CsvRow::need_more;
    auto cell = bytes_.substr(start, end - start);
    is_row_end_ = end == bytes_.size() || bytes_[end] != delimiter_;
    if (is_row_end_ && cell.ends_with('\r')) cell.remove_suffix(1);
    add(cell, is_escaped);
    at_ = std::min(end + 1, bytes_.size());
    return CsvRow::row;
  }

  CsvRow quoted_cell() {
    opening_ = at_;
    has_open_quote_ = true;
    auto scan = at_ + 1;
    bool is_escaped = false;
    while (true) {
      scan = bytes_.find('"', scan);
      if (scan == std::string_view::npos) return CsvRow::need_more;
      if (scan + 1 == bytes_.size() && !is_last_) return CsvRow::need_more;
      if (scan + 1 >= bytes_.size() || bytes_[scan + 1] != '"') break;
      is_escaped = true;
      scan += 2;
    }
    const auto content = bytes_.substr(opening_ + 1, scan - opening_ - 1);
    const auto after = bytes_.substr(scan + 1, 2);
    if (after == "\r" && !is_last_) return CsvRow::need_more;
    const bool is_line_end = after.empty() || after[0] == '\n' || after == "\r\n" || after == "\r";
    if (is_line_end || after[0] == delimiter_) {
      has_open_quote_ = false;
      add(content, is_escaped);
      is_row_end_ = is_line_end;
      at_ = std::min(scan + (after.starts_with('\r') && is_line_end ? 3 : 2), bytes_.size());
      return CsvRow::row;
    }
    // More behind the closing mark: on one line it is somebody's loose writing, over several it is a stray mark.
    if (content.find('\n') != std::string_view::npos) {
      at_ = bytes_.find('\n', opening_) + 1;
      return CsvRow::bad_quotes;
    }
    at_ = scan + 1;
    const auto state = plain_cell(opening_, true);
    if (state == CsvRow::row) has_open_quote_ = false;
    return state;
  }

  /// The stream ended inside a quoted cell.
  CsvRow unclosed(std::size_t& size) const {
    const auto line_end = bytes_.find('\n', has_open_quote_ ? opening_ : at_);
    size = line_end == std::string_view::npos ? bytes_.size() : line_end + 1;
    return CsvRow::bad_quotes;
  }

  void add(std::string_view bytes, bool is_escaped) {
    if (cells_ != nullptr) cells_->push_back({bytes, is_escaped});
  }

  std::string_view bytes_;
  bool is_last_;
  char delimiter_;
  std::vector<CsvCell>* cells_;
  std::size_t at_ = 0;
  std::size_t opening_ = 0;
  bool has_open_quote_ = false;
  bool is_row_end_ = false;
};

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789.,-+eE%") == std::string_view::npos;
}

bool is_header_like(std::string_view cell) {
  if (cell.empty() || cell.size() > header_cell_bytes_max || is_number(cell)) return false;
  if (cell.find_first_of("\n!?") != std::string_view::npos || cell.find("://") != std::string_view::npos) return false;
  return std::ranges::count(cell, ' ') <= 3 && !cell.ends_with('.');
}

bool is_known_name(std::string_view cell, const data::FieldNames& fields) {
  constexpr std::array<std::string_view, 6> others{"instruction",   "prompt", "messages",
                                                   "conversations", "chosen", "title"};
  const auto is_same = [&](std::string_view name) { return equals_ignoring_case(name, cell); };
  return std::ranges::any_of(fields.text, is_same) || std::ranges::any_of(fields.url, is_same) ||
         std::ranges::any_of(others, is_same);
}

bool is_header(const std::vector<CsvCell>& cells, const data::FieldNames& fields) {
  std::set<std::string> seen;
  bool is_known = false;
  bool is_plausible = true;
  for (const auto& cell : cells) {
    const auto text = cell_text(cell);
    is_known = is_known || is_known_name(text, fields);
    is_plausible = is_plausible && is_header_like(text) && seen.insert(text).second;
  }
  return is_known || is_plausible;
}

/// Rows of the head that a delimiter explains: those with as many cells as the first, if that has several.
std::size_t consistent_rows(std::string_view head, char delimiter) {
  std::vector<CsvCell> cells;
  std::size_t first = 0;
  std::size_t same = 0;
  for (std::size_t row = 0; row < sample_rows_max && !head.empty(); ++row) {
    std::size_t size = 0;
    cells.clear();
    if (find_csv_row(head, true, delimiter, size, &cells) != CsvRow::row) break;
    head.remove_prefix(size);
    if (row == 0) first = cells.size();
    if (cells.size() == first) ++same;
  }
  return first > 1 ? same : 0;
}

char sniff_delimiter(std::string_view head, std::string_view name) {
  if (name.ends_with(".tsv")) return '\t';
  char best = ',';
  std::size_t best_rows = 0;
  for (const char candidate : {',', '\t', ';', '|'}) {
    const auto rows = consistent_rows(head, candidate);
    if (rows > best_rows) {
      best = candidate;
      best_rows = rows;
    }
  }
  return best;
}

}  // namespace

CsvRow find_csv_row(std::string_view bytes, bool is_last, char delimiter, std::size_t& size,
                    std::vector<CsvCell>* cells) {
  return RowWalk(bytes, is_last, delimiter, cells).run(size);
}

bool next_csv_row(io::ByteWindow& window, std::size_t row_bytes_max, char delimiter, CsvRow& row, std::size_t& size,
                  std::vector<CsvCell>* cells) {
  bool is_last = false;
  while (!window.at_end()) {
    if (cells != nullptr) cells->clear();
    row = find_csv_row(window.view(), is_last, delimiter, size, cells);
    if (row != CsvRow::need_more) return true;
    if (window.view().size() > row_bytes_max) {
      // Too long for a row: as if the file ended here, its first line is given up.
      row = find_csv_row(window.view(), true, delimiter, size, nullptr);
      if (row == CsvRow::row) size = window.view().size();
      row = CsvRow::bad_quotes;
      return true;
    }
    // Doubling keeps the repeated walks linear in sum.
    is_last = !window.fill(std::min(window.view().size() * 2, row_bytes_max + 1));
    if (is_last && window.failure().has_value()) return false;
  }
  return false;
}

std::uint64_t pass_csv_row(io::ByteWindow& window, CsvRow row, std::size_t size) {
  const auto bytes = window.view().substr(0, size);
  const bool is_cut = row == CsvRow::bad_quotes && !bytes.ends_with('\n');
  auto lines = static_cast<std::uint64_t>(std::ranges::count(bytes, '\n'));
  window.consume(size);
  while (is_cut && !window.at_end()) {
    const auto found = window.view().find('\n');
    window.consume(found == std::string_view::npos ? window.view().size() : found + 1);
    if (found == std::string_view::npos) continue;
    ++lines;
    break;
  }
  return lines;
}

std::string cell_text(const CsvCell& cell) {
  if (!cell.is_escaped) return std::string(cell.bytes);
  std::string text;
  text.reserve(cell.bytes.size());
  bool is_after_mark = false;
  for (std::size_t i = 0; i < cell.bytes.size(); ++i) {
    const bool is_mark = cell.bytes[i] == '"';
    // Of two marks in a row the second is content; a single one opens or closes.
    if (!is_mark || is_after_mark) text += cell.bytes[i];
    is_after_mark = is_mark && !is_after_mark;
  }
  return text;
}

CsvDialect sniff_csv(std::string_view head, std::string_view name, const data::FieldNames& fields) {
  CsvDialect dialect;
  dialect.delimiter = sniff_delimiter(head, name);
  std::vector<CsvCell> cells;
  std::vector<std::size_t> lengths;
  for (std::size_t row = 0; row < sample_rows_max && !head.empty(); ++row) {
    std::size_t size = 0;
    cells.clear();
    if (find_csv_row(head, true, dialect.delimiter, size, &cells) != CsvRow::row) break;
    head.remove_prefix(size);
    if (row == 0) {
      dialect.has_header = is_header(cells, fields);
      for (std::size_t i = 0; i < cells.size(); ++i) {
        dialect.names.push_back(dialect.has_header ? kernels::replace_invalid_utf8(cell_text(cells[i]))
                                                   : fmt::format("column_{}", i + 1));
      }
      lengths.resize(cells.size());
    }
    for (std::size_t i = 0; i < std::min(cells.size(), lengths.size()); ++i) lengths[i] += cells[i].bytes.size();
  }
  if (!lengths.empty()) {
    dialect.longest_column = static_cast<std::size_t>(std::ranges::max_element(lengths) - lengths.begin());
  }
  return dialect;
}

}  // namespace gristmill::formats
