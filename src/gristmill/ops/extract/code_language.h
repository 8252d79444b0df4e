// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "gristmill/kernels/html_tree.h"

namespace gristmill::ops::extract {

/// Programming language of a preformatted element, as the page names it for its highlighter: classes such as
/// `language-python`, `lang-py`, `highlight-source-python`, `brush: python`, `sourceCode python`, or `data-lang`, on
/// the element, on the `code` inside it or on the two elements around it. Empty when there is none.
std::string_view code_language(const kernels::HtmlTree& tree, std::uint32_t node);

}  // namespace gristmill::ops::extract
