// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "gristmill/kernels/words.h"

namespace gristmill::kernels {

/// The word boundary of Unicode (UAX #29, rules WB1 to WB999, no tailoring) that follows the boundary at `from`; the
/// size of the text at its end. Well-formed UTF-8 only.
std::size_t next_word_boundary(std::string_view text, std::size_t from) noexcept;

/// Splits at the word boundaries of Unicode and appends the parts that are not all white space: words, numbers, marks
/// of punctuation, and ideographs one by one. Takes linear time.
void split_at_word_boundaries(std::string_view text, std::vector<TextRange>& words);

}  // namespace gristmill::kernels
