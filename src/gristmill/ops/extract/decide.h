// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "gristmill/ops/extract/blocks.h"

namespace gristmill::ops::extract {

/// What decides, and which error weighs more.
enum class Profile : std::uint8_t {
  balanced,   ///< The trained model, at the greatest expected F1.
  recall,     ///< The same with flattened probabilities: rather boilerplate let in.
  precision,  ///< The same with sharpened probabilities: rather content left out.
  rules,      ///< Built-in rules instead of the model.
};

/// Which blocks of the page are main content: one byte a block, 1 for content. Linear in the page; where a page has
/// very many tiny blocks, neighbours are judged together.
std::vector<std::uint8_t> decide(const kernels::HtmlTree& tree, const Page& page, Profile profile);

}  // namespace gristmill::ops::extract
