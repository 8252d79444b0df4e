// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gristmill/ops/extract/blocks.h"

namespace gristmill::ops::extract {

/// Which error weighs more: boilerplate let in, or content left out.
enum class Mode : std::uint8_t { precision, balanced, recall };

/// Decides which blocks are content: those of highest probability, as many as make the expected F1 over words largest
/// (2 * kept content / (kept + all content)). `probabilities` holds one value a block; the mode sharpens or flattens
/// them first. One sort a page.
std::vector<std::uint8_t> choose_blocks(const Page& page, std::span<const float> probabilities, Mode mode);

}  // namespace gristmill::ops::extract
