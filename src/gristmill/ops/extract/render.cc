// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/extract/render.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "gristmill/ops/extract/inline_markdown.h"
#include "gristmill/ops/extract/structure.h"

namespace gristmill::ops::extract {
namespace {

using kernels::HtmlTag;

class TextRenderer {
 public:
  TextRenderer(const kernels::HtmlTree& tree, const Page& page, const Keep& keep, Rendering& out)
      : tree_(tree), page_(page), keep_(keep), structure_(tree, page), spans_(out.spans), out_(out.text) {}

  void run(std::span<const std::uint8_t> chosen) {
    for (std::size_t i = 0; i < page_.blocks.size(); ++i) {
      if (chosen[i] != 0) write(page_.blocks[i]);
    }
  }

 private:
  void write(const Block& block) {
    const auto& place = structure_.place(block.container);
    if (place.row != 0 && !keep_.tables) return;
    const bool is_code = (block.context & Context::preformatted) != 0;
    if (is_code && !keep_.code) return;
    const bool is_new_item = place.item != 0 && place.item != item_;
    separate(block, place, is_new_item);
    if (block.heading_level != 0 && keep_.headings && place.row == 0 && !is_new_item) {
      out_.append(block.heading_level, '#');
      out_.push_back(' ');
    }
    if (is_new_item && keep_.lists && place.row == 0) write_item_mark(place);
    write_text(block, is_code || place.row == 0);
    row_ = place.row;
    cell_ = place.cell;
    item_ = place.item;
    list_ = place.list;
    code_ = place.code;
    table_ = place.row == 0 ? 0 : place.table;
  }

  void separate(const Block& block, const Place& place, bool is_new_item) {
    const bool is_same_row = place.row != 0 && place.row == row_;
    const bool is_same_table = place.row != 0 && place.table == table_;
    const bool is_same_code = place.code != 0 && place.code == code_;
    const bool is_next_item = is_new_item && list_ != 0 && item_ != 0 && code_ == 0 && block.heading_level == 0;
    if (is_same_row)
      out_.append(place.cell == cell_ ? " " : "");
    else if (!out_.empty())
      out_.append(is_same_table || is_same_code || is_next_item ? "\n" : "\n\n");
    if (place.row != 0 && place.cell != cell_) enter_cell(place, is_same_row);
  }

  /// Writes one bar a column: cells without text keep theirs, so that the columns can be told apart.
  void enter_cell(const Place& place, bool is_same_row) {
    if (grid_table_ != place.table) grid_.emplace(tree_, page_.containers[place.table].node);
    grid_table_ = place.table;
    if (!is_same_row) {
      grid_->start_row(page_.containers[place.row].node);
      column_ = 0;
    }
    const auto wanted = std::max(grid_->column_of(page_.containers[place.cell].node), column_ + (is_same_row ? 1 : 0));
    if (wanted == column_) return;
    if (!is_same_row) {
      out_.push_back('|');
      ++column_;
    }
    for (; column_ < wanted; ++column_) out_.append(" |");
    out_.push_back(' ');
  }

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
    spans_.push_back({static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(out_.size()), block.source_begin,
                      block.source_end});
  }

  void write_with_links(const Block& block) {
    auto at = block.text_begin;
    auto run = std::ranges::lower_bound(page_.runs, block.text_begin, {}, &TextRun::text_begin);
    while (run != page_.runs.end() && run->text_begin < block.text_end) {
      const auto begin = run->text_begin;
      const auto link = run->link;
      auto end = run->text_end;
      // One link may be cut into runs of several styles.
      for (++run; link != 0 && run != page_.runs.end() && run->link == link && run->text_begin < block.text_end; ++run)
        end = run->text_end;
      end = std::min(end, block.text_end);
      if (link == 0) continue;
      const auto href = kernels::parse_html_attributes(tree_.source(tree_.nodes()[link]))[kernels::HtmlAttribute::href];
      if (!is_worth_linking(href)) continue;
      out_.append(page_.text, at, begin - at);
      out_.push_back('[');
      out_.append(page_.text, begin, end - begin);
      out_.append("](");
      append_link_target(href, out_);
      out_.push_back(')');
      at = end;
    }
    out_.append(page_.text, at, block.text_end - at);
  }

  const kernels::HtmlTree& tree_;
  const Page& page_;
  const Keep& keep_;
  Structure structure_;
  std::vector<SourceSpan>& spans_;
  std::string& out_;
  std::optional<TableGrid> grid_;
  std::uint32_t grid_table_ = 0;
  std::uint32_t column_ = 0;
  std::uint32_t row_ = 0;
  std::uint32_t cell_ = 0;
  std::uint32_t table_ = 0;
  std::uint32_t item_ = 0;
  std::uint32_t list_ = 0;
  std::uint32_t code_ = 0;
};

}  // namespace

void render_text(const kernels::HtmlTree& tree, const Page& page, std::span<const std::uint8_t> chosen,
                 const Keep& keep, Rendering& out) {
  out.text.clear();
  out.spans.clear();
  TextRenderer(tree, page, keep, out).run(chosen);
}

}  // namespace gristmill::ops::extract
