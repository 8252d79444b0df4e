// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gristmill/ops/extract/blocks.h"

namespace gristmill::ops::extract {

/// How probabilities are made of log-odds before the cut. What a page counts as content is one decision more than those
/// of its blocks (are its comments, its list of related texts in?), so the doubts of its blocks go together: the page
/// is taken in four ways, with all log-odds moved by `shift` less or more 1/2 and 3/2 of `spread` (normally
/// distributed, roughly: the outer two count half).
struct Cut {
  int quarters = 4;  ///< Log-odds are multiplied by this / 4 first.
  int shift = 0;     ///< In 1/64. Below 0 less is kept.
  int spread = 0;    ///< In 1/64.
  friend bool operator==(const Cut&, const Cut&) = default;
};

/// Decides which blocks are content: those of highest probability, as many as make the expected F1 over words largest
/// (the mean over the ways to take the page of 2 * kept content / (kept + all content)). `log_odds` holds one value a
/// block, in 1/64. Linear in the blocks.
std::vector<std::uint8_t> choose_blocks(const Page& page, std::span<const std::int16_t> log_odds, const Cut& cut);

}  // namespace gristmill::ops::extract
