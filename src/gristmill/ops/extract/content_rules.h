// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "gristmill/ops/extract/features.h"

namespace gristmill::ops::extract {

/// Probability of each block to be main content, by the built-in rules: a sum of steps over its features. A trained
/// model takes the same features and gives the same kind of probabilities.
std::vector<float> score_by_rules(const kernels::HtmlTree& tree, const Page& page);

}  // namespace gristmill::ops::extract
