// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "gristmill/kernels/token_weights.h"
#include "gristmill/ops/extract/blocks.h"
#include "gristmill/ops/extract/repeats.h"
#include "gristmill/ops/extract/title.h"

namespace gristmill::ops::extract {

/// Where a token stands, seen from a block's text.
enum class TokenBand : std::uint8_t {
  inner,    ///< Name or attribute of an element inside the block's container.
  own,      ///< Of that container.
  parent,   ///< Of the element around it.
  near,     ///< Of the two elements around that.
  far,      ///< Of any element further out.
  brief,    ///< Word in the text of a block of at most 12 words.
  start,    ///< Among the first 8 words of a longer block.
  heading,  ///< Word of the last heading before the block.
  before,   ///< Word of a brief block right before the block.
};
constexpr std::size_t token_band_count = 9;
static_assert(token_band_count <= kernels::token_band_max);

/// Lists the slots of all tokens of a block, for fitting the weights; the scorer sums the same ones faster.
/// `heading` is the last heading in front of the block, or null.
void list_tokens(const kernels::HtmlTree& tree, const Page& page, std::uint32_t block, const Block* heading,
                 std::vector<std::uint16_t>& slots);

struct TokenScores {
  std::vector<std::int16_t> of_block;  ///< Log-odds to be content by the tokens alone, in 1/64 (features.h).
  TitleMatches titles;                 ///< As `match_title`.
};

/// Scores each block by its tokens. Weights count in 1/32.
TokenScores score_tokens(const kernels::HtmlTree& tree, const Page& page, const Repeats& repeats,
                         const kernels::TokenWeights& weights, int bias);

}  // namespace gristmill::ops::extract
