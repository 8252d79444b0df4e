// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "gristmill/kernels/html_tokenizer.h"

namespace gristmill::kernels {

/// One element or text node. Nodes lie in document order, so the descendants of node i are (i, end).
struct HtmlNode {
  static constexpr std::uint8_t in_link = 1;   ///< Text below a link.
  static constexpr std::uint8_t hidden = 2;    ///< hidden, aria-hidden=true, display:none or visibility:hidden.
  static constexpr std::uint8_t foreign = 4;   ///< Below (or itself) svg or math.
  static constexpr std::uint8_t has_rel = 8;   ///< Carries a rel attribute.
  static constexpr std::uint8_t has_raw = 16;  ///< Source span is the raw content (script, style, title, ...).
  static constexpr std::uint8_t implied = 32;  ///< Made by the parser, not written in the source.
  static constexpr std::uint8_t licenses = 64;  ///< A link into creativecommons.org.

  HtmlTag tag = HtmlTag::text;
  std::uint8_t flags = 0;
  std::uint16_t depth = 0;
  std::uint32_t parent = 0;
  std::uint32_t end = 0;              ///< One past the last descendant.
  std::uint32_t source_begin = 0;     ///< Text, raw content, or the start tag.
  std::uint32_t source_end = 0;
  std::uint32_t class_value = 0;      ///< Index into `values`, 0 for none.
  std::uint32_t id_value = 0;
  std::uint16_t role_value = 0;
  std::uint16_t itemprop_value = 0;
};
static_assert(sizeof(HtmlNode) == 32);

/// A distinct attribute value.
struct HtmlValue {
  std::uint32_t source_begin = 0;
  std::uint32_t source_end = 0;
};

/// Hashes of the first words of an attribute value ("nav-MainMenu": nav, main, menu).
class HtmlWords {
 public:
  static constexpr std::size_t count_max = 32;

  [[nodiscard]] bool is_full() const { return count_ == count_max; }
  void push_back(std::uint32_t hash) { hashes_[count_++] = hash; }
  [[nodiscard]] std::size_t size() const { return count_; }
  [[nodiscard]] const std::uint32_t* begin() const { return hashes_.data(); }
  [[nodiscard]] const std::uint32_t* end() const { return hashes_.data() + count_; }
  std::uint32_t operator[](std::size_t i) const { return hashes_[i]; }

 private:
  std::size_t count_ = 0;
  std::array<std::uint32_t, count_max> hashes_;
};

/// Hash of a lower-case word of an attribute value (FNV-1a, 32 bits).
constexpr std::uint32_t html_word_hash(std::string_view lower_word) noexcept {
  std::uint32_t hash = 0x811C9DC5u;
  for (const char c : lower_word) hash = (hash ^ static_cast<unsigned char>(c)) * 0x01000193u;
  return hash;
}

/// Bounds of one parse.
struct HtmlLimits {
  std::uint32_t nodes_max = 2'000'000;
  std::uint16_t depth_max = 512;  ///< Deeper elements become siblings, as browsers do.
};

/// A flat tree of a page, built in one pass with those construction rules of the HTML standard (13.2.6) that decide
/// where text stands: void elements, implied ends, scopes, raw text, table parts and what is moved in front of a table
/// (foster parenting), foreign content. Not followed: re-opening of formatting elements (only links matter, and they
/// are tracked). Linear in time and memory on any input. The object is reusable: buffers stay allocated.
class HtmlTree {
 public:
  /// Parses a page of at most 4 GiB; `html` must outlive the use of the tree. False when the node limit was reached:
  /// then the tree holds what came before.
  bool parse(std::string_view html, const HtmlLimits& limits = {});

  /// Node 0 is a root without a tag of its own (`unknown`).
  [[nodiscard]] std::span<const HtmlNode> nodes() const { return nodes_; }
  /// Those elements, in order, whose place is in a head: meta, link, script, title and the like, wherever they stand.
  [[nodiscard]] std::span<const std::uint32_t> head_nodes() const { return head_nodes_; }
  [[nodiscard]] std::span<const HtmlValue> values() const { return values_; }
  /// Words of a value; found anew at each call, as most values are never asked for theirs.
  [[nodiscard]] HtmlWords value_words(std::uint32_t value) const;
  /// A value as written; empty for value 0.
  [[nodiscard]] std::string_view value_source(std::uint32_t value) const {
    const auto [begin, end] = values_[value];
    return {html_.data() + begin, end - begin};
  }
  /// The page that was parsed.
  [[nodiscard]] std::string_view html() const { return html_; }
  /// Start tag of any element that is written in the source, also of one whose own span is its raw content.
  [[nodiscard]] std::string_view start_tag(std::uint32_t node) const;
  [[nodiscard]] std::string_view source(const HtmlNode& node) const {
    return {html_.data() + node.source_begin, node.source_end - node.source_begin};
  }
  [[nodiscard]] std::size_t html_bytes() const { return html_.size(); }
  /// Open-element look-ups made: the only work that could grow faster than the input, kept linear by a budget.
  [[nodiscard]] std::uint64_t steps() const { return steps_; }
  /// Gives memory back that one giant page made grow beyond `nodes_kept_max`.
  void shrink(std::size_t nodes_kept_max);

 private:
  struct Open {
    std::uint32_t node = 0;
    std::uint32_t name_hash = 0;
    HtmlTag tag = HtmlTag::unknown;
    bool is_foreign = false;  ///< An element of SVG or MathML.
    bool is_math = false;     ///< Of the two, MathML.
    bool is_island = false;   ///< A foreign element whose content follows the rules of HTML.
    /// Ends the search for an open element.
    [[nodiscard]] bool is_scope() const { return is_island || (!is_foreign && html_has(tag, HtmlTagTraits::scope)); }
    [[nodiscard]] bool is_html(HtmlTag wanted) const { return tag == wanted && !is_foreign; }
  };
  struct RawTag {
    std::uint32_t node;
    std::uint32_t source_begin;
    std::uint32_t source_end;
  };
  /// Content between the cells of a table, which the standard puts in front of the table.
  struct Foster {
    std::uint32_t node;
    std::uint32_t table;
  };
  struct ValueSlot {
    std::uint64_t hash;
    std::uint32_t value;
  };

  void reset(std::string_view html, const HtmlLimits& limits);
  void on_text(std::string_view text);
  void on_start(const HtmlToken& token);
  void on_end(const HtmlToken& token);
  void close_implied(HtmlTag tag);
  void close_list_item(HtmlTag tag);
  void close_table_parts(HtmlTag tag);
  bool is_foreign_here() const { return open_.back().is_foreign && !open_.back().is_island; }
  void leave_foreign();
  bool end_foreign(const HtmlToken& token);
  void end_implied_body();
  bool prepare_head_and_body(const HtmlToken& token);
  void open_node(const HtmlToken& token);
  std::uint32_t append(HtmlTag tag, std::uint8_t flags, std::string_view source);
  void foster(std::uint32_t node);
  void append_implied(HtmlTag tag);
  void push(const Open& open);
  void pop();
  void pop_to(std::size_t size);
  template <typename Found, typename Stop>
  std::size_t find_open(Found found, Stop stop);
  std::size_t find_in_scope(HtmlTag tag, std::uint32_t name_hash, bool in_table, bool button_stops);
  void close_formatting(HtmlTag tag, std::uint32_t name_hash);
  void move_fosters();
  void intern_values(const HtmlAttributes& attributes, HtmlNode& node);
  std::uint32_t intern(std::string_view value);
  void grow_slots();

  std::string_view html_;
  HtmlLimits limits_;
  std::vector<HtmlNode> nodes_;
  std::vector<Open> open_;
  std::vector<HtmlValue> values_;
  std::vector<std::uint32_t> head_nodes_;
  std::vector<Foster> fosters_;       ///< In order of the source.
  std::vector<RawTag> raw_tags_;      ///< Start tags of elements with raw content, in order.
  std::vector<ValueSlot> slots_;
  std::uint32_t open_count_[html_tag_count] = {};
  std::size_t link_at_ = 0;           ///< Stack position of the open link, 0 for none.
  std::size_t foreign_at_ = 0;        ///< Stack position of the outermost svg or math, 0 for none.
  std::uint32_t overflow_ = 0;        ///< Elements open beyond the depth limit.
  std::uint32_t pre_count_ = 0;
  bool has_body_ = false;
  bool may_have_frames_ = true;
  bool has_frames_ = false;           ///< A frame set: nothing else of the page is shown.
  bool after_block_ = true;           ///< Nothing inline since the last block boundary: white space is not text.
  std::uint64_t steps_ = 0;
};

}  // namespace gristmill::kernels
