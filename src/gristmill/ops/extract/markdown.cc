// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>

#include "gristmill/ops/extract/code_language.h"
#include "gristmill/ops/extract/inline_markdown.h"
#include "gristmill/ops/extract/render.h"
#include "gristmill/ops/extract/structure.h"

namespace gristmill::ops::extract {
namespace {

using kernels::HtmlTag;

class MarkdownRenderer {
 public:
  MarkdownRenderer(const kernels::HtmlTree& tree, const Page& page, const Keep& keep, Rendering& out)
      : tree_(tree),
        page_(page),
        keep_(keep),
        structure_(tree, page),
        spans_(out.spans),
        out_(out.text),
        inline_(tree, page, out.text) {}

  void run(std::span<const std::uint8_t> chosen) {
    chosen_ = chosen;
    const auto count = static_cast<std::uint32_t>(page_.blocks.size());
    for (std::uint32_t i = 0; i < count;) {
      const auto& place = structure_.place(page_.blocks[i].container);
      if (chosen[i] == 0)
        ++i;
      else if (place.row != 0)
        i = write_table(i, place.table);
      else if (place.code != 0)
        i = write_code(i, place.code);
      else
        write_paragraph(page_.blocks[i++]);
    }
  }

 private:
  /// The items and quotes around a block, outermost first; false when they are those around the block before.
  bool find_scopes(const Place& place) {
    if (place.scope == scope_) return false;
    scope_ = place.scope;
    wanted_.clear();
    for (auto scope = place.scope; scope != 0; scope = structure_.place(page_.containers[scope].parent).scope) {
      if (is_shown(scope)) wanted_.push_back(scope);
    }
    std::ranges::reverse(wanted_);
    return true;
  }

  bool is_shown(std::uint32_t scope) {
    const auto tag = structure_.tag_of(scope);
    if (tag == HtmlTag::blockquote) return true;
    return keep_.lists && (tag != HtmlTag::dd || is_described(scope));
  }

  /// Whether a description belongs to what was written last: its term, or another description of the term. One whose
  /// term was left out is a paragraph, as it would describe whatever stands in front of it. Asked first when its first
  /// block is written.
  bool is_described(std::uint32_t description) {
    if (described_.empty()) described_.assign(page_.containers.size(), Described::open);
    auto& known = described_[description];
    if (known != Described::open) return known != Described::no;
    const auto terms = structure_.place(description).terms;
    const auto is_of_same_term = [&](std::uint32_t scope) {
      return structure_.tag_of(scope) == HtmlTag::dd && structure_.place(scope).terms == terms;
    };
    const bool is_behind = terms_written_ == terms || std::ranges::any_of(open_, is_of_same_term);
    known = !is_behind ? Described::no : paragraphs_in(description) > 1 ? Described::loosely : Described::tightly;
    return is_behind;
  }

  [[nodiscard]] bool is_tight_description(std::uint32_t scope) const {
    return structure_.tag_of(scope) == HtmlTag::dd && described_[scope] == Described::tightly;
  }

  std::size_t paragraphs_in(std::uint32_t scope) const {
    std::size_t count = 0;
    for (auto i = page_.containers[scope].first_block; i < page_.containers[scope].end_block; ++i) {
      const auto& place = structure_.place(page_.blocks[i].container);
      count += chosen_[i] != 0 && place.scope == scope && place.row == 0 && place.code == 0 ? 1u : 0u;
    }
    return count;
  }

  void end_block(bool is_tight) {
    if (out_.empty()) return;
    out_.push_back('\n');
    if (is_tight) return;
    out_.append(prefix_, 0, prefix_.find_last_not_of(' ') + 1);  // Of none: npos + 1 is 0.
    out_.push_back('\n');
  }

  /// Ends the block before and writes what stands in front of the first line of the next one.
  void start_block(const Place& place) {
    const bool is_other_scope = find_scopes(place);
    terms_written_ = 0;
    if (!is_other_scope) {
      end_block(false);
      out_.append(prefix_);
      was_code_ = false;
      return;
    }
    std::size_t same = 0;
    while (same < wanted_.size() && same < open_.size() && wanted_[same] == open_[same]) ++same;
    const bool opens_item = same < wanted_.size() && structure_.tag_of(wanted_[same]) == HtmlTag::li;
    // Items follow each other line by line, and a list inside an item follows the item's text.
    const bool is_tight = opens_item && ((same < open_.size() && structure_.tag_of(open_[same]) == HtmlTag::li &&
                                          structure_.place(open_[same]).list == structure_.place(wanted_[same]).list) ||
                                         (same == open_.size() && same > 0 &&
                                          structure_.tag_of(open_[same - 1]) == HtmlTag::li && !was_code_));
    // A description of one paragraph follows its term, or another such, line by line too.
    const bool opens_description = same < wanted_.size() && is_tight_description(wanted_[same]);
    const bool follows_line = same == open_.size() ||
                              (same + 1 == open_.size() && !was_code_ && is_tight_description(open_[same]));
    prefix_.resize(same == 0 ? 0 : prefix_ends_[same - 1]);
    end_block(is_tight || (opens_description && follows_line));
    out_.append(prefix_);
    open_.resize(same);
    prefix_ends_.resize(same);
    for (auto i = same; i < wanted_.size(); ++i) open_scope(wanted_[i]);
    was_code_ = false;
  }

  void open_scope(std::uint32_t scope) {
    const auto from = out_.size();
    const auto tag = structure_.tag_of(scope);
    if (tag == HtmlTag::blockquote) {
      out_.append("> ");
      prefix_.append("> ");
    } else if (tag == HtmlTag::dd) {
      out_.append(":   ");
      prefix_.append(4, ' ');
    } else {
      const auto number = structure_.place(scope).item_number;
      if (!is_ordered(scope)) {
        out_.append("- ");
      } else {
        char digits[12];
        out_.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
        out_.append(". ");
      }
      prefix_.append(out_.size() - from, ' ');
    }
    open_.push_back(scope);
    prefix_ends_.push_back(prefix_.size());
  }

  [[nodiscard]] bool is_ordered(std::uint32_t item) const {
    const auto list = structure_.place(item).list;
    return list != 0 && structure_.tag_of(list) == HtmlTag::ol;
  }

  void write_paragraph(const Block& block) {
    const auto& place = structure_.place(block.container);
    start_block(place);
    const bool is_term = place.is_term && keep_.lists;
    const bool is_heading = block.heading_level != 0 && keep_.headings && !is_term;
    if (is_heading) out_.append(block.heading_level, '#').push_back(' ');
    write_inline(block, {.links = keep_.links,
                         .emphasis = keep_.emphasis,
                         .is_heading = is_heading,
                         .is_term = is_term,
                         .line_prefix = prefix_});
    if (is_term) terms_written_ = place.terms;
  }

  void write_inline(const Block& block, const InlineStyle& style) {
    const auto from = out_.size();
    inline_.write(block, style);
    note_span(from, block);
  }

  void note_span(std::size_t text_begin, const Block& block) {
    spans_.push_back({static_cast<std::uint32_t>(text_begin), static_cast<std::uint32_t>(out_.size()),
                      block.source_begin, block.source_end});
  }

  /// All chosen blocks of one preformatted element make one fenced block: lines may be elements of their own.
  std::uint32_t write_code(std::uint32_t first, std::uint32_t code) {
    const auto end = page_.containers[code].end_block;
    if (!keep_.code) return end;
    std::size_t longest = 2;
    for (auto i = first; i < end; ++i) {
      if (chosen_[i] != 0) longest = std::max(longest, longest_fence(page_.text_of(page_.blocks[i])));
    }
    start_block(structure_.place(code));
    out_.append(longest + 1, '`').append(code_language(tree_, page_.containers[code].node));
    for (auto i = first; i < end; ++i) {
      if (chosen_[i] == 0) continue;
      out_.push_back('\n');
      write_code_lines(page_.blocks[i]);
    }
    out_.append("\n").append(prefix_).append(longest + 1, '`');
    was_code_ = true;
    return end;
  }

  static std::size_t longest_fence(std::string_view text) {
    std::size_t longest = 0;
    std::size_t run = 0;
    for (const char c : text) {
      run = c == '`' ? run + 1 : 0;
      longest = std::max(longest, run);
    }
    return longest;
  }

  void write_code_lines(const Block& block) {
    const auto text = page_.text_of(block);
    const auto from = out_.size() + prefix_.size();
    for (std::size_t at = 0; at <= text.size();) {
      const auto stop = std::min(text.find('\n', at), text.size());
      if (at > 0) out_.push_back('\n');
      out_.append(prefix_).append(text.substr(at, stop - at));
      at = stop + 1;
    }
    note_span(from, block);
  }

  /// Writes all rows of a data table that have chosen blocks; returns the first block behind the table.
  std::uint32_t write_table(std::uint32_t first, std::uint32_t table) {
    // A caption behind the rows is a paragraph, hence no look beyond the last row.
    const auto end = page_.containers[table].end_block;
    auto last = first;
    for (auto i = first; i < end; ++i) {
      if (structure_.place(page_.blocks[i].container).row != 0) last = i;
    }
    if (!keep_.tables) return last + 1;
    start_block(structure_.place(table));
    TableGrid grid(tree_, page_.containers[table].node);
    std::uint32_t row = 0;
    std::uint32_t column = 0;
    std::uint32_t cell = 0;
    for (auto i = first; i <= last; ++i) {
      const auto& place = structure_.place(page_.blocks[i].container);
      if (chosen_[i] == 0 || place.row == 0) continue;
      if (place.row != row) {
        if (row == 0) {
          begin_rows(place.row, grid);
        } else {
          end_row(column, grid, is_header_);
          out_.append("\n").append(prefix_);
        }
        row = place.row;
        grid.start_row(page_.containers[row].node);
        out_.push_back('|');
        column = 0;
        cell = 0;
      }
      if (place.cell != cell) {
        cell = place.cell;
        const auto wanted = grid.column_of(page_.containers[cell].node);
        if (column > 0 && wanted >= column) out_.append(" |");
        for (; column < wanted; ++column) out_.append("  |");
        column = std::max(column, wanted) + 1;
      }
      out_.push_back(' ');
      write_inline(page_.blocks[i], {.links = keep_.links, .emphasis = keep_.emphasis, .is_cell = true});
    }
    end_row(column, grid, is_header_);
    // A caption between rows.
    for (auto i = first; i <= last; ++i) {
      const bool is_row = structure_.place(page_.blocks[i].container).row != 0;
      if (chosen_[i] != 0 && !is_row) write_paragraph(page_.blocks[i]);
    }
    return last + 1;
  }

  /// A table needs a header: the first row if its cells are header cells, an empty one otherwise.
  void begin_rows(std::uint32_t row, const TableGrid& grid) {
    const auto nodes = tree_.nodes();
    const auto row_node = page_.containers[row].node;
    is_header_ = true;
    for (auto child = row_node + 1; child < nodes[row_node].end; child = nodes[child].end) {
      if (nodes[child].tag == HtmlTag::td && nodes[child].end > child + 1) is_header_ = false;
    }
    if (nodes[nodes[row_node].parent].tag == HtmlTag::thead) is_header_ = true;
    if (is_header_) return;
    out_.push_back('|');
    end_row(0, grid, true);
    out_.append("\n").append(prefix_);
  }

  /// Closes a row; below the header comes the line that makes it one.
  void end_row(std::uint32_t column, const TableGrid& grid, bool is_header) {
    if (column > 0) out_.append(" |");
    if (is_header) {
      for (; column < grid.width(); ++column) out_.append("  |");
      out_.append("\n").append(prefix_).push_back('|');
      for (std::uint32_t i = 0; i < grid.width(); ++i) out_.append(" --- |");
      is_header_ = false;
    }
  }

  const kernels::HtmlTree& tree_;
  const Page& page_;
  const Keep& keep_;
  Structure structure_;
  std::vector<SourceSpan>& spans_;
  std::string& out_;
  InlineMarkdown inline_;
  std::span<const std::uint8_t> chosen_;
  enum class Described : std::uint8_t { open, tightly, loosely, no };
  std::vector<Described> described_;        ///< By container, for descriptions of terms; empty before the first.
  std::uint32_t terms_written_ = 0;         ///< When the block before was a term: the list that it stands in.
  std::vector<std::uint32_t> open_;         ///< Items and quotes around the block before.
  std::vector<std::uint32_t> wanted_;       ///< Items and quotes around `scope_`, outermost first.
  std::uint32_t scope_ = 0;                 ///< Innermost item or quote around the block before.
  std::vector<std::size_t> prefix_ends_;    ///< By open scope: end of its part of the prefix.
  std::string prefix_;                      ///< In front of each further line of the open scopes.
  bool was_code_ = false;
  bool is_header_ = false;
};

}  // namespace

void render_markdown(const kernels::HtmlTree& tree, const Page& page, std::span<const std::uint8_t> chosen,
                     const Keep& keep, Rendering& out) {
  out.text.clear();
  out.spans.clear();
  MarkdownRenderer(tree, page, keep, out).run(chosen);
}

}  // namespace gristmill::ops::extract
