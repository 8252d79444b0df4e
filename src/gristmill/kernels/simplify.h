// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace gristmill::kernels {

/// Writes into `out` what datatrove's `simplify_text` makes of a text with its default settings: lower case, each
/// number "0", punctuation and control characters blanks, one blank for a run of white space and none at the ends, and
/// no marks above or below letters (canonical decomposition without category Mn). `text` must be valid UTF-8.
void simplify_text(std::string_view text, std::string& out);

}  // namespace gristmill::kernels
