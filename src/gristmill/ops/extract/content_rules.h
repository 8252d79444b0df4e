// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "gristmill/ops/extract/features.h"

namespace gristmill::ops::extract {

/// Working memory of the scoring, reusable.
struct Scores {
  std::vector<float> words;          ///< By the words of elements and text, see word_rules.h.
  std::vector<FeatureRow> features;
  std::vector<float> probabilities;  ///< Of each block to be main content.
};

/// Scores each block by the built-in rules: a sum of steps over its features, turned into a probability. A trained
/// model takes the same features and gives the same probabilities.
void score_by_rules(const kernels::HtmlTree& tree, const Page& page, Scores& scores);

}  // namespace gristmill::ops::extract
