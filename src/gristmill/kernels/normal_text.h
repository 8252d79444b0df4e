// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace gristmill::kernels {

/// Writes into `out` the text with each run of white space (Unicode White_Space) turned into one blank, none at the
/// ends, and on request lower-cased (simple mappings). `text` must be valid UTF-8.
void normal_text(std::string_view text, bool lower_case, std::string& out);

}  // namespace gristmill::kernels
