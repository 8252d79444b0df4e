// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/extract/render.h"

#include <algorithm>
#include <charconv>

#include "gristmill/kernels/html_entities.h"

namespace gristmill::ops::extract {
namespace {

using kernels::HtmlTag;

constexpr std::uint32_t none = 0;  // The root container is no list item, row or cell.

/// What a container stands in, carried down once for all containers.
struct Place {
  std::uint32_t item = none;   ///< Innermost list item.
  std::uint32_t row = none;    ///< Row of the innermost data table.
  std::uint32_t cell = none;
  std::uint32_t list = none;
  std::uint32_t item_number = 0;  ///< Of `item` in an ordered list, 0 in others.
  std::uint16_t list_depth = 0;
};

struct TableShape {
  std::uint32_t cells = 0;
  std::uint32_t blocks = 0;
};

class Renderer {
 public:
  Renderer(const kernels::HtmlTree& tree, const Page& page, const Keep& keep, std::string& out)
      : tree_(tree), page_(page), keep_(keep), out_(out) {}

  void run(std::span<const std::uint8_t> chosen) {
    out_.clear();
    find_layout_tables();
    find_places();
    for (std::size_t i = 0; i < page_.blocks.size(); ++i) {
      if (chosen[i] != 0) write(page_.blocks[i]);
    }
  }

 private:
  [[nodiscard]] HtmlTag tag_of(std::uint32_t container) const {
    return tree_.nodes()[page_.containers[container].node].tag;
  }

  /// A table whose cells hold three blocks on average, or other tables, arranges the page: it is no data.
  void find_layout_tables() {
    const auto count = page_.containers.size();
    is_data_.assign(count, 0);
    std::vector<std::uint32_t> table_of(count, none);
    std::vector<std::uint32_t> cells(count, 0);
    for (std::uint32_t i = 1; i < count; ++i) {
      const auto& container = page_.containers[i];
      table_of[i] = table_of[container.parent];
      const auto tag = tag_of(i);
      if (tag == HtmlTag::table) {
        if (table_of[i] != none) is_data_[table_of[i]] = 0;
        table_of[i] = i;
        is_data_[i] = 1;
      } else if (tag == HtmlTag::td || tag == HtmlTag::th) {
        ++cells[table_of[i]];
      }
    }
    for (std::uint32_t i = 1; i < count; ++i) {
      const auto blocks = page_.containers[i].end_block - page_.containers[i].first_block;
      if (is_data_[i] != 0 && (cells[i] < 2 || blocks > 3 * cells[i])) is_data_[i] = 0;
    }
    for (std::uint32_t i = 1; i < count; ++i) {
      if (tag_of(i) != HtmlTag::table) is_data_[i] = is_data_[table_of[i]];
    }
  }

  void find_places() {
    places_.assign(page_.containers.size(), {});
    std::vector<std::uint32_t> item_counts(page_.containers.size(), 0);
    for (std::uint32_t i = 1; i < places_.size(); ++i) {
      auto place = places_[page_.containers[i].parent];
      switch (tag_of(i)) {
        case HtmlTag::ul:
        case HtmlTag::ol:
        case HtmlTag::menu:
          place.list = i;
          ++place.list_depth;
          break;
        case HtmlTag::li:
          place.item = i;
          place.item_number = tag_of(place.list) == HtmlTag::ol ? ++item_counts[place.list] : 0;
          break;
        case HtmlTag::table: place.row = place.cell = none; break;
        case HtmlTag::tr: place.row = is_data_[i] != 0 ? i : none; break;
        case HtmlTag::td:
        case HtmlTag::th: place.cell = i; break;
        default: break;
      }
      places_[i] = place;
    }
  }

  void write(const Block& block) {
    const auto& place = places_[block.container];
    if (place.row != none && !keep_.tables) return;
    const bool is_code = (block.context & Context::preformatted) != 0;
    if (is_code && !keep_.code) return;
    const bool is_new_item = place.item != none && place.item != item_;
    separate(block, place, is_new_item);
    if (block.heading_level != 0 && keep_.headings && place.row == none && !is_new_item) {
      out_.append(block.heading_level, '#');
      out_.push_back(' ');
    }
    if (is_new_item && keep_.lists && place.row == none) write_item_mark(place);
    write_text(block, is_code || place.row == none);
    row_ = place.row;
    cell_ = place.cell;
    item_ = place.item;
    list_ = place.list;
    table_row_seen_ = place.row != none;
  }

  void separate(const Block& block, const Place& place, bool is_new_item) {
    if (out_.empty()) return;
    if (place.row != none && place.row == row_) {
      out_.append(place.cell == cell_ ? " " : " | ");
    } else if (place.row != none && table_row_seen_ && same_table(place.row, row_)) {
      out_.push_back('\n');
    } else if (is_new_item && list_ != none && item_ != none && block.heading_level == 0) {
      out_.push_back('\n');
    } else {
      out_.append("\n\n");
    }
  }

  [[nodiscard]] std::uint32_t table_of(std::uint32_t row) const {
    auto at = page_.containers[row].parent;
    if (tag_of(at) != HtmlTag::table && at != 0) at = page_.containers[at].parent;
    return at;
  }
  [[nodiscard]] bool same_table(std::uint32_t a, std::uint32_t b) const { return table_of(a) == table_of(b); }

  void write_item_mark(const Place& place) {
    if (place.list_depth > 1) out_.append(std::min<std::size_t>(place.list_depth - 1u, 8) * 2, ' ');
    if (place.item_number == 0) {
      out_.append("- ");
      return;
    }
    char digits[12];
    const auto end = std::to_chars(digits, digits + sizeof digits, place.item_number).ptr;
    out_.append(digits, end);
    out_.append(". ");
  }

  /// Table cells stay on their line.
  void write_text(const Block& block, bool keeps_lines) {
    const auto from = out_.size();
    if (keep_.links)
      write_with_links(block);
    else
      out_.append(page_.text_of(block));
    if (!keeps_lines) std::replace(out_.begin() + static_cast<std::ptrdiff_t>(from), out_.end(), '\n', ' ');
  }

  void write_with_links(const Block& block) {
    auto at = block.text_begin;
    const auto first = std::ranges::lower_bound(page_.links, block.text_begin, {}, &TextLink::text_begin);
    for (auto link = first; link != page_.links.end() && link->text_end <= block.text_end; ++link) {
      const auto href = kernels::parse_html_attributes(
          tree_.source(tree_.nodes()[link->node]))[kernels::HtmlAttribute::href];
      if (href.empty() || href[0] == '#' || href.starts_with("javascript:") || link->text_begin >= link->text_end)
        continue;
      out_.append(page_.text, at, link->text_begin - at);
      out_.push_back('[');
      out_.append(page_.text, link->text_begin, link->text_end - link->text_begin);
      out_.append("](").append(kernels::decode_html_attribute(href)).push_back(')');
      at = link->text_end;
    }
    out_.append(page_.text, at, block.text_end - at);
  }

  const kernels::HtmlTree& tree_;
  const Page& page_;
  const Keep& keep_;
  std::string& out_;
  std::vector<std::uint8_t> is_data_;
  std::vector<Place> places_;
  std::uint32_t row_ = none;
  std::uint32_t cell_ = none;
  std::uint32_t item_ = none;
  std::uint32_t list_ = none;
  bool table_row_seen_ = false;
};

}  // namespace

void render(const kernels::HtmlTree& tree, const Page& page, std::span<const std::uint8_t> chosen, const Keep& keep,
            std::string& out) {
  Renderer(tree, page, keep, out).run(chosen);
}

}  // namespace gristmill::ops::extract
