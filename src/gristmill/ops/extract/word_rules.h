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

/// A word by its band and hash (kernels::html_word_hash).
struct BandWord {
  Band band = Band::own;
  std::uint32_t hash = 0;
};

/// All words that say something of a block. An element's name is the word "<name>". For fitting the weights; scoring
/// itself sums the same words faster.
void list_words(const kernels::HtmlTree& tree, const Page& page, const Block& block, std::vector<BandWord>& words);

/// Score of each block by the words of its elements and of its text: log-odds to be content.
std::vector<float> score_words(const kernels::HtmlTree& tree, const Page& page);

}  // namespace gristmill::ops::extract
