// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/extract/content_rules.h"

#include <cmath>

#include "gristmill/ops/extract/word_rules.h"

namespace gristmill::ops::extract {
namespace {

/// When the feature is above the edge, `add` is added to the log-odds.
struct Step {
  Feature feature;
  float edge;
  float add;
};

#include "gristmill/ops/extract/content_steps.inc"

float log_odds(const FeatureRow& row) noexcept {
  float sum = step_bias;
  for (const auto& [feature, edge, add] : steps) sum += row[static_cast<std::size_t>(feature)] > edge ? add : 0.0f;
  return sum;
}

}  // namespace

std::vector<float> score_by_rules(const kernels::HtmlTree& tree, const Page& page) {
  std::vector<float> probabilities(page.blocks.size());
  measure_blocks(tree, page, score_words(tree, page), [&](std::uint32_t block, const FeatureRow& row) {
    probabilities[block] = 1.0f / (1.0f + std::exp(-log_odds(row)));
  });
  return probabilities;
}

}  // namespace gristmill::ops::extract
