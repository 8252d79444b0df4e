// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/extract/blocks.h"

#include <algorithm>
#include <array>
#include <utility>

#include "gristmill/kernels/byte_counts.h"
#include "gristmill/kernels/html_entities.h"
#include "gristmill/kernels/letter_words.h"
#include "gristmill/kernels/plain_text.h"
#include "gristmill/ops/extract/formula.h"

namespace gristmill::ops::extract {
namespace {

using kernels::HtmlNode;
using kernels::HtmlTag;
using kernels::HtmlTagTraits;
using kernels::text_byte;
using kernels::TextByte;

constexpr std::size_t noscript_words_min = 60;

bool is_never_text(HtmlTag tag) noexcept {
  using enum HtmlTag;
  switch (tag) {
    case script:
    case style:
    case template_:
    case head:
    case textarea:
    case select:
    case datalist:
    case svg:
    case iframe:
    case noembed:
    case noframes:
    case object:
    case applet:
    case video:
    case audio:
    case canvas:
    case map:
    case meter:
    case progress:
    case rp:
    case title:
    case annotation: return true;
    default: return false;
  }
}

std::uint32_t context_of(HtmlTag tag) noexcept {
  using enum HtmlTag;
  switch (tag) {
    case li: return Context::list_item;
    case dd:
    case dt: return Context::definition;
    case td:
    case th: return Context::table_cell;
    case pre:
    case listing:
    case xmp:
    case plaintext: return Context::preformatted;
    case blockquote: return Context::quote;
    case figure:
    case figcaption: return Context::figure;
    case nav:
    case menu: return Context::navigation;
    case aside: return Context::aside;
    case footer: return Context::footer;
    case header: return Context::header;
    case form:
    case fieldset:
    case label: return Context::form;
    case button: return Context::button;
    case main: return Context::main;
    case article: return Context::article;
    case dialog: return Context::dialog;
    case p: return Context::paragraph;
    case noscript: return Context::noscript;
    case h1:
    case h2:
    case h3:
    case h4:
    case h5:
    case h6: return Context::heading;
    default: return 0;
  }
}

std::uint8_t style_of(HtmlTag tag) noexcept {
  using enum HtmlTag;
  switch (tag) {
    case b:
    case strong: return TextRun::strong;
    case i:
    case em:
    case cite:
    case dfn:
    case var: return TextRun::emphasis;
    case s:
    case strike:
    case del: return TextRun::strike;
    case code:
    case kbd:
    case samp:
    case tt: return TextRun::code;
    case sub: return TextRun::subscript;
    case sup: return TextRun::superscript;
    default: return 0;
  }
}

/// Style of an element's text by what is around it. Code shows as it is, without scripts.
std::uint8_t style_inside(std::uint8_t outer, HtmlTag tag) noexcept {
  constexpr auto scripts = TextRun::subscript | TextRun::superscript;
  const auto own = style_of(tag);
  if ((own & scripts) == 0) return outer | own;
  return (outer & TextRun::code) != 0 ? outer : static_cast<std::uint8_t>((outer & ~scripts) | own);
}

std::uint32_t role_context(const kernels::HtmlWords& words) noexcept {
  using kernels::html_word_hash;
  for (const auto word : words) {
    switch (word) {
      case html_word_hash("navigation"):
      case html_word_hash("menu"):
      case html_word_hash("menubar"): return Context::navigation;
      case html_word_hash("complementary"): return Context::aside;
      case html_word_hash("contentinfo"): return Context::footer;
      case html_word_hash("banner"): return Context::header;
      case html_word_hash("main"): return Context::main;
      case html_word_hash("article"): return Context::article;
      case html_word_hash("dialog"):
      case html_word_hash("alertdialog"): return Context::dialog;
      case html_word_hash("search"):
      case html_word_hash("form"): return Context::form;
      case html_word_hash("button"): return Context::button;
      default: break;
    }
  }
  return 0;
}

/// A container's own text is no longer list item or heading text once another block element opens inside it.
constexpr std::uint32_t own_context = Context::heading | Context::paragraph;

/// Punctuation, and words of scripts that use no spaces (kana, Han, Hangul syllables count half a word each).
/// Returns the figures.
kernels::FigureCounts count_characters(std::string_view text, Block& block) noexcept {
  const auto [punctuation, figures] = kernels::count_bytes(text);
  auto [commas, ends, ideographs] = punctuation;
  if (ideographs > 0) {
    for (auto at = text.find("\xE3\x80"); at != std::string_view::npos; at = text.find("\xE3\x80", at + 2)) {
      if (text.substr(at + 2).starts_with('\x81')) ++commas;
      if (text.substr(at + 2).starts_with('\x82')) ++ends;
    }
  }
  const auto extra = ideographs / 2;
  if (block.link_words == block.words) block.link_words += extra;
  block.words += extra;
  block.commas = static_cast<std::uint16_t>(std::min(commas, 0xFFFFu));
  block.sentence_ends = static_cast<std::uint16_t>(std::min(ends, 0xFFFFu));
  return figures;
}

class BlockCutter {
 public:
  BlockCutter(const kernels::HtmlTree& tree, bool with_runs, Page& page)
      : tree_(tree), nodes_(tree.nodes()), with_runs_(with_runs), formulas_(tree), page_(page) {}

  void run() {
    page_.clear();
    page_.containers.push_back({.tag = nodes_[0].tag});
    open_.push_back({.end = static_cast<std::uint32_t>(nodes_.size())});
    for (std::uint32_t i = 1; i < nodes_.size();) {
      while (open_.back().end <= i) close_element();
      i = visit(i);
    }
    while (open_.size() > 1) close_element();
    flush();
    page_.containers[0].end_block = block_count();
    page_.text.append(kernels::readable_bytes, '\n');
    page_.figures.reserve(page_.blocks.size());
    for (auto& block : page_.blocks) page_.figures.push_back(count_characters(page_.text_of(block), block));
  }

 private:
  struct Open {
    std::uint32_t end = 0;  ///< Node index where the element ends.
    std::uint32_t container = 0;  ///< Its container, or the enclosing one for inline elements.
    std::uint32_t context = 0;
    std::uint32_t link = 0;  ///< Innermost `a` element; only with runs, as the style.
    std::uint8_t style = 0;
    bool is_block = false;
  };

  [[nodiscard]] std::uint32_t block_count() const { return static_cast<std::uint32_t>(page_.blocks.size()); }

  /// Handles one node and returns the index to go on with.
  std::uint32_t visit(std::uint32_t i) {
    const auto& node = nodes_[i];
    if (node.tag == HtmlTag::text) {
      append_text(i);
      return i + 1;
    }
    if (node.tag == HtmlTag::br) {
      break_line();
      return i + 1;
    }
    // Inside SVG and MathML nothing is searched again: each node is looked at once.
    if (is_formula_tag(node.tag) && (node.flags & HtmlNode::foreign) == 0) {
      if (const auto formula = formulas_.find(i)) {
        append_formula(i, *formula);
        return node.end;
      }
    }
    if (formulas_.is_rendering(i)) return node.end;
    if (is_never_text(node.tag) || (node.tag == HtmlTag::noscript && !is_read(i))) return node.end;
    if ((node.flags & HtmlNode::has_raw) != 0) {
      open_element(i);
      append_source(i, tree_.source(node), false);
      return i + 1;
    }
    if (node.tag == HtmlTag::hr) flush();
    if (node.end > i + 1)
      open_element(i);
    else if (kernels::html_has(node.tag, HtmlTagTraits::block))
      flush();
    return i + 1;
  }

  bool is_read(std::uint32_t i) {
    // Inside a noscript that is read, nothing is counted again: each node is counted once.
    if ((open_.back().context & Context::noscript) != 0) return true;
    std::size_t words = 0;
    for (auto child = i + 1; child < nodes_[i].end; ++child) {
      if (nodes_[child].tag != HtmlTag::text) continue;
      bool was_space = true;
      for (const char c : tree_.source(nodes_[child])) {
        const bool is_space = text_byte(c) == TextByte::space;
        if (was_space && !is_space) ++words;
        was_space = is_space;
      }
    }
    return words >= noscript_words_min;
  }

  void open_element(std::uint32_t i) {
    const auto& node = nodes_[i];
    const auto outer = open_.back();
    const bool is_block = kernels::html_has(node.tag, HtmlTagTraits::block);
    auto context = outer.context | context_of(node.tag);
    if (node.role_value != 0) context |= role_context(tree_.value_words(node.role_value));
    if ((node.flags & HtmlNode::hidden) != 0) context |= Context::hidden;
    const auto style = static_cast<std::uint8_t>(with_runs_ ? style_inside(outer.style, node.tag) : 0);
    const auto link = with_runs_ && node.tag == HtmlTag::a ? i : outer.link;
    if (!is_block) {
      if (context != outer.context || style != outer.style || link != outer.link)
        push(node.end, outer.container, context, link, style, false);
      return;
    }
    flush();
    context = (context & ~own_context) | (context_of(node.tag) & own_context);
    push(node.end, static_cast<std::uint32_t>(page_.containers.size()), context, link, style, true);
    auto& container = page_.containers.emplace_back();
    container.node = i;
    container.parent = outer.container;
    container.first_block = block_count();
    container.context = context & 0xFFFFFF;
    container.tag = node.tag;
  }

  /// Filled in place, as containers and blocks are: a copy in wide pieces would wait for the narrow ones to be written.
  void push(std::uint32_t end, std::uint32_t container, std::uint32_t context, std::uint32_t link, std::uint8_t style,
            bool is_block) {
    auto& open = open_.emplace_back();
    open.end = end;
    open.container = container;
    open.context = context;
    open.link = link;
    open.style = style;
    open.is_block = is_block;
  }

  void close_element() {
    const auto open = open_.back();
    if (!open.is_block) {
      open_.pop_back();
      return;
    }
    flush();
    open_.pop_back();
    page_.containers[open.container].end_block = block_count();
    // A container without blocks is of no use to anybody, and nothing refers to the newest one.
    if (page_.containers[open.container].first_block == block_count() &&
        open.container + 1 == page_.containers.size()) {
      page_.containers.pop_back();
    }
  }

  void append_text(std::uint32_t i) {
    const auto& node = nodes_[i];
    append_source(i, tree_.source(node), (node.flags & HtmlNode::in_link) != 0);
  }

  void append_source(std::uint32_t i, std::string_view source, bool in_link) {
    if (!has_block_) begin_block(i, open_.back().context);
    note_source(nodes_[i].source_begin, nodes_[i].source_end);
    in_link_ = in_link;
    const auto begin = page_.text.size();
    const bool keeps_space = (open_.back().context & Context::preformatted) != 0;
    const auto* const end = source.data() + source.size();
    const auto* const readable_end = tree_.html().data() + tree_.html().size();
    for (std::size_t at = 0; at < source.size();) {
      if (text_byte(source[at]) == TextByte::plain) {
        const auto words = kernels::plain_words(source.data() + at, end, readable_end);
        const auto size = static_cast<std::size_t>(words.end - source.data()) - at;
        put(source.substr(at, size), words.spaces);
        at += size;
      } else {
        at = append_special(source, at, keeps_space);
      }
    }
    if (in_link) block_->link_bytes += static_cast<std::uint32_t>(page_.text.size() - begin);
    if (with_runs_) record_run(begin, in_link ? open_.back().link : 0, open_.back().style);
  }

  static bool is_formula_tag(HtmlTag tag) noexcept {
    return tag == HtmlTag::math || tag == HtmlTag::script || tag == HtmlTag::img;
  }

  void append_formula(std::uint32_t i, const Formula& formula) {
    // Renderers hide the TeX from the eye, which says nothing of the block that it stands in.
    if (!has_block_) begin_block(i, page_.containers[open_.back().container].context);
    note_source(formula.source_begin, formula.source_end);
    in_link_ = false;
    const std::string_view delimiter = formula.is_display ? "$$" : "$";
    const auto begin = page_.text.size();
    put(delimiter);
    std::string_view rest = formula.tex;
    while (true) {
      const auto space = rest.find(' ');
      put(rest.substr(0, space));
      if (space == std::string_view::npos) break;
      has_space_ = true;
      rest.remove_prefix(space + 1);
    }
    put(delimiter);
    if (with_runs_) record_run(begin, 0, TextRun::formula);
  }

  void trim_source() {
    const auto html = tree_.html();
    while (block_->source_begin < block_->source_end && text_byte(html[block_->source_begin]) == TextByte::space)
      ++block_->source_begin;
    while (block_->source_begin < block_->source_end && text_byte(html[block_->source_end - 1]) == TextByte::space)
      --block_->source_end;
  }

  void note_source(std::uint32_t begin, std::uint32_t end) {
    block_->source_begin = std::min(block_->source_begin, begin);
    block_->source_end = std::max(block_->source_end, end);
  }

  std::size_t append_special(std::string_view source, std::size_t at, bool keeps_space) {
    const auto rest = source.substr(at);
    switch (text_byte(source[at])) {
      case TextByte::space:
        if (keeps_space)
          put_preformatted_space(source[at]);
        else
          has_space_ = true;
        return at + 1;
      case TextByte::reference: return append_reference(source, at, keeps_space);
      default: break;
    }
    if (source[at] == '\0') return at + 1;  // The standard drops NUL in text.
    if (const auto size = kernels::wide_space_bytes(rest.data(), rest.data() + rest.size()); size > 0)
      return put_space(at + size, keeps_space);
    put(rest.substr(0, 1));
    return at + 1;
  }

  std::size_t put_space(std::size_t next, bool keeps_space) {
    if (keeps_space)
      put_preformatted_space(' ');
    else
      has_space_ = true;
    return next;
  }

  std::size_t append_reference(std::string_view source, std::size_t at, bool keeps_space) {
    const auto reference = kernels::decode_html_reference(source, at);
    if (reference.source_bytes == 0) {
      put("&");
      return at + 1;
    }
    const auto text = reference.text();
    if (text == "\xC2\xA0") {
      put_space(at, keeps_space);
    } else if (text.size() == 1 && text_byte(text[0]) == TextByte::space) {
      if (keeps_space)
        put_preformatted_space(text[0]);
      else
        has_space_ = true;
    } else if (text != std::string_view("\0", 1)) {
      put(text);
    }
    return at + reference.source_bytes;
  }

  void put_preformatted_space(char c) {
    if (c == '\r') return;
    in_word_ = false;
    const bool is_line_end = c == '\n' || c == '\f';
    // Empty lines in front of the code are not part of it; its indentation is.
    if (!is_line_end || block_->words > 0) return page_.text.push_back(is_line_end ? '\n' : c);
    page_.text.resize(block_->text_begin);
    page_.runs.resize(runs_begin_);
  }

  /// Appends bytes of one word, or of as many more words as there are spaces between them.
  void put(std::string_view bytes, std::uint32_t spaces = 0) {
    if (has_space_) {
      has_space_ = false;
      in_word_ = false;
      if (page_.text.size() > block_->text_begin && page_.text.back() != '\n' && page_.text.back() != ' ')
        page_.text.push_back(' ');
    }
    line_breaks_ = 0;
    if (!in_word_) {
      in_word_ = true;
      ++block_->words;
      if (in_link_) ++block_->link_words;
    }
    block_->words += spaces;
    if (in_link_) block_->link_words += spaces;
    page_.text.append(bytes);
  }

  void break_line() {
    if (!has_block_) return;
    if ((open_.back().context & Context::preformatted) != 0) return put_preformatted_space('\n');
    if (++line_breaks_ >= 2) return flush();
    has_space_ = false;
    in_word_ = false;
    if (page_.text.size() > block_->text_begin) page_.text.push_back('\n');
  }

  void begin_block(std::uint32_t i, std::uint32_t context) {
    has_block_ = true;
    has_space_ = in_word_ = false;
    line_breaks_ = 0;
    block_ = &page_.blocks.emplace_back();
    block_->text_begin = static_cast<std::uint32_t>(page_.text.size());
    block_->node = i;
    block_->container = open_.back().container;
    block_->context = context;
    block_->source_begin = 0xFFFFFFFFu;
    runs_begin_ = page_.runs.size();
  }

  void flush() {
    if (!has_block_) return;
    has_block_ = false;
    auto& text = page_.text;
    while (text.size() > block_->text_begin && text_byte(text.back()) == TextByte::space) text.pop_back();
    if (text.size() == block_->text_begin || block_->words == 0) {
      text.resize(block_->text_begin);
      page_.runs.resize(runs_begin_);
      page_.blocks.pop_back();
      return;
    }
    block_->text_end = static_cast<std::uint32_t>(text.size());
    trim_source();
    const auto tag = page_.containers[block_->container].tag;
    if (kernels::html_has(tag, HtmlTagTraits::heading)) {
      block_->heading_level = static_cast<std::uint8_t>(static_cast<int>(tag) - static_cast<int>(HtmlTag::h1) + 1);
    }
    text.push_back('\n');  // Keeps texts of neighbouring blocks apart.
  }

  void record_run(std::size_t text_begin, std::uint32_t link, std::uint8_t style) {
    const bool is_continued = std::exchange(in_run_, link != 0 || style != 0);
    if (!in_run_) return;
    auto begin = static_cast<std::uint32_t>(text_begin);
    const auto end = static_cast<std::uint32_t>(page_.text.size());
    // The space in front belongs to the white space before the run.
    if (begin < end && page_.text[begin] == ' ') ++begin;
    if (begin >= end) return;
    if (is_continued && page_.runs.size() > runs_begin_) {
      auto& last = page_.runs.back();
      if (last.link == link && last.style == style && style != TextRun::formula) {
        last.text_end = end;
        return;
      }
    }
    page_.runs.push_back({begin, end, link, style});
  }

  const kernels::HtmlTree& tree_;
  std::span<const HtmlNode> nodes_;
  bool with_runs_;
  FormulaFinder formulas_;
  Page& page_;
  std::vector<Open> open_;
  Block* block_ = nullptr;  ///< The last one of the page while its text is read.
  bool has_block_ = false;
  bool has_space_ = false;
  bool in_word_ = false;
  bool in_link_ = false;
  bool in_run_ = false;
  int line_breaks_ = 0;
  std::size_t runs_begin_ = 0;
};

}  // namespace

void link_outer(std::vector<Container>& containers) {
  // One look at the parent suffices as parents come first.
  for (std::size_t i = 1; i < containers.size(); ++i) {
    auto& container = containers[i];
    const auto& parent = containers[container.parent];
    const bool is_same = parent.first_block == container.first_block && parent.end_block == container.end_block;
    container.outer = is_same ? parent.outer : container.parent;
  }
}

void Page::clear() {
  text.clear();
  blocks.clear();
  figures.clear();
  containers.clear();
  runs.clear();
}

void cut_into_blocks(const kernels::HtmlTree& tree, bool with_runs, Page& page) {
  BlockCutter(tree, with_runs, page).run();
  link_outer(page.containers);
}

}  // namespace gristmill::ops::extract
