// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/data/document.h"
#include "gristmill/io/byte_window.h"

namespace gristmill::formats {

/// One cell of a row as it lies in the file.
struct CsvCell {
  std::string_view bytes;   ///< Without the outer quotation marks.
  bool is_escaped = false;  ///< Holds doubled quotation marks or more behind the closing one: see `cell_text`.
};

/// What was found at the front of a stream of rows.
enum class CsvRow {
  row,
  need_more,   ///< The bytes end before the row does.
  bad_quotes,  ///< A quoted cell has no end; `size` goes to the end of the line where it begins.
};

/// Finds the end of the row at the front of `bytes` after RFC 4180: quotation marks count at the start of a cell only,
/// a line end inside them belongs to the cell. Gives the size with the line end, and the cells if asked for. `is_last`:
/// nothing follows `bytes`.
CsvRow find_csv_row(std::string_view bytes, bool is_last, char delimiter, std::size_t& size,
                    std::vector<CsvCell>* cells);

/// The same at the front of a window, reading as much as it takes; a quoted cell of more than `row_bytes_max` counts as
/// without end. False at the end of the stream or where it broke.
bool next_csv_row(io::ByteWindow& window, std::size_t row_bytes_max, char delimiter, CsvRow& row, std::size_t& size,
                  std::vector<CsvCell>* cells);

/// Drops the row that `next_csv_row` found from the window, a line that is too long for it with all its bytes. Gives
/// the number of line ends in it.
std::uint64_t pass_csv_row(io::ByteWindow& window, CsvRow row, std::size_t size);

/// The content of a cell, quotation marks undoubled.
std::string cell_text(const CsvCell& cell);

/// How a file of separated values is written, told from its head.
struct CsvDialect {
  char delimiter = ',';
  bool has_header = true;
  std::vector<std::string> names;  ///< From the header, or column_1, column_2, ...
  std::size_t longest_column = 0;  ///< Column with the most text in the head; the text of a file without header.
};
CsvDialect sniff_csv(std::string_view head, std::string_view name, const data::FieldNames& fields);

}  // namespace gristmill::formats
