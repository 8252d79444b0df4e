// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "gristmill/ops/extract/blocks.h"

namespace gristmill::ops::extract {

/// What of the page's structure shows in the text.
struct Keep {
  bool headings = true;  ///< '# ' marks in front of headings.
  bool lists = true;     ///< '- ' and '1. ' marks in front of list items; in Markdown lists of terms too.
  bool tables = true;    ///< Data tables, one row a line, cells joined by ' | '; otherwise they are left out.
  bool code = true;      ///< Preformatted text with its indentation; otherwise it is left out.
  bool links = false;    ///< Markdown links.
  bool emphasis = true;  ///< Markdown only: strong and other emphasis, code inside a line, strike-through, scripts.
};

/// A piece of the rendered text and the bytes of the page that it was made from.
struct SourceSpan {
  std::uint32_t text_begin = 0;
  std::uint32_t text_end = 0;
  std::uint32_t source_begin = 0;
  std::uint32_t source_end = 0;
};

/// A rendered page; reusable, buffers stay allocated.
struct Rendering {
  std::string text;
  std::vector<SourceSpan> spans;  ///< One a block, in order of the text.
};

/// Writes the chosen blocks as plain text: paragraphs separated by blank lines, list items and table rows by line ends.
void render_text(const kernels::HtmlTree& tree, const Page& page, std::span<const std::uint8_t> chosen,
                 const Keep& keep, Rendering& out);

/// Writes the chosen blocks as Markdown (CommonMark with the tables and the strike-through of GitHub's, and with the
/// lists of terms, the subscripts and the superscripts of Pandoc's): nested lists, block quotes, fenced code with its
/// language, tables, emphasis. The page must have been cut with runs.
void render_markdown(const kernels::HtmlTree& tree, const Page& page, std::span<const std::uint8_t> chosen,
                     const Keep& keep, Rendering& out);

}  // namespace gristmill::ops::extract
