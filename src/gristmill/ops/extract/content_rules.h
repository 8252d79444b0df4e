// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "gristmill/ops/extract/blocks.h"

namespace gristmill::ops::extract {

/// Probability of each block to be main content, by rules: a trained model has the same face.
std::vector<float> score_by_rules(const kernels::HtmlTree& tree, const Page& page);

}  // namespace gristmill::ops::extract
