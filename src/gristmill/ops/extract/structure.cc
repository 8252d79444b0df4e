// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/extract/structure.h"

#include <algorithm>
#include <charconv>

namespace gristmill::ops::extract {
namespace {

using kernels::HtmlTag;

constexpr std::uint32_t none = 0;
constexpr std::uint8_t scope_depth_max = 8;  // Deeper items and quotes become paragraphs of the one around them.
constexpr std::uint32_t column_span_max = 64;
constexpr std::uint32_t row_span_max = 1000;

bool is_cell(HtmlTag tag) noexcept { return tag == HtmlTag::td || tag == HtmlTag::th; }

bool is_code(HtmlTag tag) noexcept {
  return tag == HtmlTag::pre || tag == HtmlTag::listing || tag == HtmlTag::xmp || tag == HtmlTag::plaintext;
}

bool makes_place(HtmlTag tag) noexcept {
  switch (tag) {
    case HtmlTag::ol:
    case HtmlTag::ul:
    case HtmlTag::menu:
    case HtmlTag::li:
    case HtmlTag::blockquote:
    case HtmlTag::dl:
    case HtmlTag::dt:
    case HtmlTag::dd:
    case HtmlTag::table:
    case HtmlTag::tr:
    case HtmlTag::td:
    case HtmlTag::th: return true;
    default: return is_code(tag);
  }
}

/// Value of a whole-number attribute within [least, most], or `fallback`.
std::uint32_t number_attribute(std::string_view tag_source, std::string_view name, std::uint32_t fallback,
                               std::uint32_t least, std::uint32_t most) noexcept {
  const auto value = kernels::find_html_attribute(tag_source, name);
  std::uint32_t number = 0;
  const auto parsed = std::from_chars(value.data(), value.data() + value.size(), number);
  if (parsed.ec != std::errc() || number < least) return fallback;
  return std::min(number, most);
}

}  // namespace

Structure::Structure(const kernels::HtmlTree& tree, const Page& page) : tree_(tree), page_(page) {
  find_layout_tables();
  find_places();
}

/// A table whose cells hold three blocks on average, other tables or code arranges the page: it is no data.
void Structure::find_layout_tables() {
  const auto count = static_cast<std::uint32_t>(page_.containers.size());
  is_data_ = memory_.take<bool>(count, false);
  std::uint32_t first = 1;
  while (first < count && tag_of(first) != HtmlTag::table) ++first;
  if (first >= count) return;
  PageMemory own;
  const auto table_of = own.take<std::uint32_t>(count, none);
  const auto cells = own.take<std::uint32_t>(count, 0);
  for (auto i = first; i < count; ++i) {
    const auto& container = page_.containers[i];
    table_of[i] = table_of[container.parent];
    const auto tag = tag_of(i);
    if (tag == HtmlTag::table) {
      if (table_of[i] != none) is_data_[table_of[i]] = false;
      table_of[i] = i;
      is_data_[i] = true;
    } else if (is_cell(tag)) {
      ++cells[table_of[i]];
    } else if (is_code(tag)) {
      is_data_[table_of[i]] = false;
    }
  }
  for (auto i = first; i < count; ++i) {
    const auto blocks = page_.containers[i].end_block - page_.containers[i].first_block;
    if (is_data_[i] && (cells[i] < 2 || blocks > 3 * cells[i])) is_data_[i] = false;
  }
  for (auto i = first; i < count; ++i) {
    if (tag_of(i) != HtmlTag::table) is_data_[i] = is_data_[table_of[i]];
  }
}

std::uint32_t Structure::number_of(std::uint32_t item, const Place& place) {
  if (tag_of(place.list) != HtmlTag::ol) return 0;
  auto& count = item_counts_[place.list];
  const auto source = tree_.source(tree_.nodes()[page_.containers[item].node]);
  constexpr std::uint32_t number_max = 999'999'999;  // Markdown knows numbers of at most nine digits.
  count = number_attribute(source, "value", std::min(count + 1, number_max), 0, number_max);
  return count;
}

void Structure::find_places() {
  places_ = memory_.take<Place>(page_.containers.size());
  place_of_ = memory_.take<std::uint32_t>(page_.containers.size());
  places_[0] = {};
  place_of_[0] = 0;
  std::uint32_t place_count = 1;
  item_counts_ = memory_.take<std::uint32_t>(page_.containers.size(), 0);
  for (std::uint32_t i = 1; i < place_of_.size(); ++i) {
    place_of_[i] = place_of_[page_.containers[i].parent];
    if (!makes_place(tag_of(i))) continue;
    auto& place = places_[place_count] = places_[place_of_[i]];
    place_of_[i] = place_count++;
    const auto leave_terms = [&] {
      place.terms = none;
      place.is_term = false;
    };
    const auto enter_scope = [&] {
      if (place.scope_depth == scope_depth_max) return;
      place.scope = i;
      ++place.scope_depth;
    };
    switch (tag_of(i)) {
      case HtmlTag::ol:
        item_counts_[i] = number_attribute(tree_.source(tree_.nodes()[page_.containers[i].node]), "start", 1, 1,
                                           900'000'000) -
                          1;
        [[fallthrough]];
      case HtmlTag::ul:
      case HtmlTag::menu:
        place.list = i;
        ++place.list_depth;
        break;
      case HtmlTag::li:
        place.item = i;
        place.item_number = number_of(i, place);
        leave_terms();
        enter_scope();
        break;
      case HtmlTag::blockquote:
        leave_terms();
        enter_scope();
        break;
      case HtmlTag::dl:
        leave_terms();
        place.terms = i;
        break;
      case HtmlTag::dt: place.is_term = place.terms != none; break;
      case HtmlTag::dd:
        place.is_term = false;
        if (place.terms != none) enter_scope();
        break;
      case HtmlTag::table:
        leave_terms();
        place.row = place.cell = none;
        place.table = i;
        break;
      case HtmlTag::tr: place.row = is_data_[i] ? i : none; break;
      case HtmlTag::td:
      case HtmlTag::th: place.cell = i; break;
      case HtmlTag::pre:
      case HtmlTag::listing:
      case HtmlTag::xmp:
      case HtmlTag::plaintext:
        if (place.code == none) place.code = i;
        break;
      default: break;
    }
  }
}

TableGrid::TableGrid(const kernels::HtmlTree& tree, std::uint32_t table_node) : tree_(tree) {
  const auto nodes = tree.nodes();
  std::uint32_t row = 0;
  std::uint32_t cells = 0;
  for (auto i = table_node + 1; i < nodes[table_node].end; ++i) {
    if (!is_cell(nodes[i].tag)) continue;
    if (nodes[i].parent != row) cells = 0;
    row = nodes[i].parent;
    width_ = std::max(width_, ++cells);
    // A row that is skipped through spans costs at most as much as the cells of the table.
    steps_left_ += 8;
  }
  rows_left_.assign(width_, 0);
}

void TableGrid::start_row(std::uint32_t row_node) {
  const auto nodes = tree_.nodes();
  cells_.clear();
  next_cell_ = 0;
  std::uint32_t column = 0;
  const auto skip_covered = [&] {
    while (column < width_ && rows_left_[column] > 0 && steps_left_ > 0) {
      --rows_left_[column++];
      --steps_left_;
    }
  };
  for (auto child = row_node + 1; child < nodes[row_node].end; child = nodes[child].end) {
    if (!is_cell(nodes[child].tag)) continue;
    skip_covered();
    const auto source = tree_.source(nodes[child]);
    const auto at = std::min(column, width_ - 1);
    cells_.push_back({child, at});
    const bool has_spans = source.find("span") != std::string_view::npos ||
                           source.find("SPAN") != std::string_view::npos;
    const auto columns = has_spans ? number_attribute(source, "colspan", 1, 1, column_span_max) : 1;
    const auto rows = has_spans ? number_attribute(source, "rowspan", 1, 1, row_span_max) : 1;
    for (std::uint32_t i = 0; i < columns && column < width_ && (i == 0 || steps_left_ > 0); ++i, ++column) {
      rows_left_[column] = rows - 1;
      if (i > 0) --steps_left_;
    }
  }
  skip_covered();
}

std::uint32_t TableGrid::column_of(std::uint32_t cell_node) {
  while (next_cell_ < cells_.size() && cells_[next_cell_].node < cell_node) ++next_cell_;
  return next_cell_ < cells_.size() ? cells_[next_cell_].column : width_ - 1;
}

}  // namespace gristmill::ops::extract
