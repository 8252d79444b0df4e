// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gristmill/ops/extract/blocks.h"
#include "gristmill/ops/extract/page_memory.h"

namespace gristmill::ops::extract {

/// What a container stands in; 0 stands for none, as the root is no list, row or quote.
struct Place {
  std::uint32_t item = 0;         ///< Innermost list item.
  std::uint32_t row = 0;          ///< Row of the innermost data table.
  std::uint32_t cell = 0;
  std::uint32_t table = 0;        ///< Innermost table.
  std::uint32_t list = 0;
  std::uint32_t code = 0;         ///< Outermost preformatted element.
  std::uint32_t scope = 0;        ///< Innermost list item, description or quote, as far as `scope_depth` allows.
  std::uint32_t terms = 0;        ///< Innermost list of terms and descriptions, if nothing else stands between.
  std::uint32_t item_number = 0;  ///< Of `item` in an ordered list, 0 in others.
  std::uint16_t list_depth = 0;
  std::uint8_t scope_depth = 0;
  bool is_term = false;           ///< A term of that list.
};

/// Lists, quotes, code and data tables around the blocks of a page. Linear in its containers and table nodes.
class Structure {
 public:
  Structure(const kernels::HtmlTree& tree, const Page& page);

  [[nodiscard]] const Place& place(std::uint32_t container) const { return places_[place_of_[container]]; }
  [[nodiscard]] kernels::HtmlTag tag_of(std::uint32_t container) const { return page_.containers[container].tag; }

 private:
  void find_layout_tables();
  void find_places();
  std::uint32_t number_of(std::uint32_t item, const Place& place);

  const kernels::HtmlTree& tree_;
  const Page& page_;
  PageMemory memory_;
  std::span<bool> is_data_;  ///< By container: inside (or itself) a table that holds data.
  std::span<std::uint32_t> item_counts_;
  std::span<Place> places_;
  std::span<std::uint32_t> place_of_;  ///< By container: most stand in the place of the one around them.
};

/// Columns of the cells of one data table: spans over columns and rows counted, so that cells of a column line up.
class TableGrid {
 public:
  TableGrid(const kernels::HtmlTree& tree, std::uint32_t table_node);

  /// Lays out a row (a `tr` node); rows are asked for in document order.
  void start_row(std::uint32_t row_node);
  /// Column of a cell of that row; cells are asked for in document order.
  std::uint32_t column_of(std::uint32_t cell_node);
  /// Columns of the widest row.
  [[nodiscard]] std::uint32_t width() const { return width_; }

 private:
  struct Cell {
    std::uint32_t node;
    std::uint32_t column;
  };

  const kernels::HtmlTree& tree_;
  std::uint32_t width_ = 0;
  std::uint64_t steps_left_ = 0;  ///< Columns that may still be skipped because of spans.
  std::vector<std::uint32_t> rows_left_;  ///< By column: rows that a cell from above still covers.
  std::vector<Cell> cells_;
  std::size_t next_cell_ = 0;
};

}  // namespace gristmill::ops::extract
