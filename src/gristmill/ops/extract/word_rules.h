// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "gristmill/ops/extract/blocks.h"

namespace gristmill::ops::extract {

/// Where a word stands, seen from a block's text.
enum class Band : std::uint8_t {
  own,    ///< Name or attribute of the block's own element, or of elements inside it.
  near,   ///< Of one of the three elements around that.
  far,    ///< Of any element further out.
  brief,  ///< In the text of a block of at most 12 words.
  start,  ///< Among the first 8 words of a longer block.
};
constexpr std::size_t band_count = 5;

/// Score of each block by the words of its elements and of its text: log-odds to be content, in 1/64.
std::vector<std::int16_t> score_words(const kernels::HtmlTree& tree, const Page& page);

}  // namespace gristmill::ops::extract
