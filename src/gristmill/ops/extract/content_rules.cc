// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/extract/content_rules.h"

#include <array>
#include <cmath>
#include <numeric>

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

constexpr std::size_t lanes = 8;
constexpr std::size_t padded_count = (std::size(steps) + lanes - 1) / lanes * lanes;

/// The steps as columns, so that eight are looked at together; the padding adds nothing.
struct StepColumns {
  std::array<std::uint32_t, padded_count> feature{};
  std::array<float, padded_count> edge{};
  std::array<float, padded_count> add{};
};

constexpr StepColumns make_columns() {
  StepColumns columns;
  for (std::size_t i = 0; i < std::size(steps); ++i) {
    columns.feature[i] = static_cast<std::uint32_t>(steps[i].feature);
    columns.edge[i] = steps[i].edge;
    columns.add[i] = steps[i].add;
  }
  return columns;
}

constexpr auto columns = make_columns();

float log_odds(const FeatureRow& row) noexcept {
  std::array<float, lanes> sums{};
  for (std::size_t i = 0; i < padded_count; i += lanes) {
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      const auto at = i + lane;
      sums[lane] += row[columns.feature[at]] > columns.edge[at] ? columns.add[at] : 0.0f;
    }
  }
  return step_bias + std::accumulate(sums.begin(), sums.end(), 0.0f);
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
