// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "gristmill/ops/extract/features.h"
#include "gristmill/ops/extract/repeats.h"

namespace gristmill::ops::extract {

/// Log-odds of each block to be main content, in 1/64, by the built-in rules: a sum of steps over its features. The
/// trained model (content_model.h) takes the same features and gives the same kind of log-odds.
std::vector<std::int16_t> score_by_rules(const kernels::HtmlTree& tree, const Page& page, const Repeats& repeats);

}  // namespace gristmill::ops::extract
