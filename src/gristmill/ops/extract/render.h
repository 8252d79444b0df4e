// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "gristmill/ops/extract/blocks.h"

namespace gristmill::ops::extract {

/// What of the page's structure shows in the text.
struct Keep {
  bool headings = true;  ///< '# ' marks in front of headings.
  bool lists = true;     ///< '- ' and '1. ' marks in front of list items.
  bool tables = true;    ///< Data tables, one row a line, cells joined by ' | '; otherwise they are left out.
  bool code = true;      ///< Preformatted text with its indentation; otherwise it is left out.
  bool links = false;    ///< Markdown links.
};

/// Writes the chosen blocks as plain text: paragraphs separated by blank lines, list items and table rows by line ends.
void render(const kernels::HtmlTree& tree, const Page& page, std::span<const std::uint8_t> chosen, const Keep& keep,
            std::string& out);

}  // namespace gristmill::ops::extract
