// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "gristmill/kernels/byte_counts.h"
#include "gristmill/kernels/html_tree.h"

namespace gristmill::ops::extract {

/// What surrounds a block, as bits; carried down from each element to its descendants.
struct Context {
  static constexpr std::uint32_t list_item = 1;
  static constexpr std::uint32_t table_cell = 2;
  static constexpr std::uint32_t preformatted = 4;
  static constexpr std::uint32_t quote = 8;
  static constexpr std::uint32_t figure = 16;
  static constexpr std::uint32_t navigation = 32;   ///< nav, menu, role=navigation
  static constexpr std::uint32_t aside = 64;        ///< aside, role=complementary
  static constexpr std::uint32_t footer = 128;      ///< footer, role=contentinfo
  static constexpr std::uint32_t header = 256;      ///< header, role=banner
  static constexpr std::uint32_t form = 512;        ///< form, fieldset, label, button
  static constexpr std::uint32_t hidden = 1024;
  static constexpr std::uint32_t main = 2048;       ///< main, role=main
  static constexpr std::uint32_t article = 4096;
  static constexpr std::uint32_t dialog = 8192;
  static constexpr std::uint32_t heading = 16384;
  static constexpr std::uint32_t paragraph = 32768;
  static constexpr std::uint32_t noscript = 65536;
  static constexpr std::uint32_t button = 131072;
  static constexpr std::uint32_t definition = 262144;
};

/// An element that interrupts text and holds at least one block. Blocks of an element are contiguous.
struct Container {
  std::uint32_t node = 0;
  std::uint32_t parent = 0;       ///< Index of the enclosing container; the root is its own parent.
  std::uint32_t outer = 0;        ///< Nearest enclosing container that holds more blocks than this one.
  std::uint32_t first_block = 0;
  std::uint32_t end_block = 0;
  std::uint32_t context : 24 = 0;
  kernels::HtmlTag tag : 8 = kernels::HtmlTag::text;  ///< Of the node, which lies too far away to be looked at often.
};
static_assert(sizeof(Container) == 24);

/// A run of text that no block-level element (nor two line breaks) interrupts.
struct Block {
  std::uint32_t text_begin = 0;  ///< Into Page::text: decoded, white space folded (kept in preformatted text).
  std::uint32_t text_end = 0;
  std::uint32_t node = 0;  ///< First text node.
  std::uint32_t container = 0;  ///< Innermost container.
  std::uint32_t words = 0;  ///< Runs of non-space; half the count of characters in scripts without spaces.
  std::uint32_t link_words = 0;
  std::uint32_t link_bytes = 0;
  std::uint32_t context = 0;
  std::uint16_t commas = 0;
  std::uint16_t sentence_ends = 0;
  std::uint8_t heading_level = 0;  ///< 1 to 6, 0 for none.
  std::uint32_t source_begin = 0;  ///< Bytes of the page that the text comes from, markup between included.
  std::uint32_t source_end = 0;

  [[nodiscard]] std::uint32_t bytes() const { return text_end - text_begin; }
};

/// Text inside a block that stands in a link or in an element of inline style.
struct TextRun {
  static constexpr std::uint8_t strong = 1;
  static constexpr std::uint8_t emphasis = 2;
  static constexpr std::uint8_t strike = 4;
  static constexpr std::uint8_t code = 8;
  static constexpr std::uint8_t formula = 16;  ///< TeX between dollar signs.
  static constexpr std::uint8_t subscript = 32;
  static constexpr std::uint8_t superscript = 64;  ///< Of the two the inner one counts.

  std::uint32_t text_begin = 0;
  std::uint32_t text_end = 0;
  std::uint32_t link = 0;  ///< The `a` element, 0 for none.
  std::uint8_t style = 0;
};

/// Visible text of a page, cut into blocks. Reusable: buffers stay allocated.
struct Page {
  std::string text;  ///< With `readable_bytes` more at the end, to be looked at in whole registers.
  std::vector<Block> blocks;
  std::vector<kernels::FigureCounts> figures;  ///< Of the beginning of each block's text.
  std::vector<Container> containers;  ///< In document order, the root first.
  std::vector<TextRun> runs;  ///< In order of the text; only on request.

  [[nodiscard]] std::string_view text_of(const Block& block) const {
    return {text.data() + block.text_begin, block.bytes()};
  }
  void clear();
};

/// Fills in `outer` of containers whose other members are known.
void link_outer(std::vector<Container>& containers);

/// Cuts the tree into blocks. Scripts, styles, templates, form values, SVG and other content that is never text are
/// left out; `noscript` is read when it holds at least 60 words (some forums keep the whole thread there). Formulas
/// become TeX between dollar signs where the page carries it. The blocks are the same with and without runs.
void cut_into_blocks(const kernels::HtmlTree& tree, bool with_runs, Page& page);

}  // namespace gristmill::ops::extract
