// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gristmill/ops/extract/blocks.h"

namespace gristmill::ops::extract {

/// Sharpens or flattens probabilities before the cut: odds to the power of `quarters / 4`. Sharp ones cut more.
struct Sharpness {
  int quarters = 4;
};

/// Decides which blocks are content: those of highest probability, as many as make the expected F1 over words largest
/// (2 * kept content / (kept + all content)). `log_odds` holds one value a block, in 1/64. Linear in the blocks.
std::vector<std::uint8_t> choose_blocks(const Page& page, std::span<const std::int16_t> log_odds, Sharpness sharpness);

}  // namespace gristmill::ops::extract
