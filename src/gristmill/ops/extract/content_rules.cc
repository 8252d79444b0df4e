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
  std::array<std::int32_t, padded_count> edge{};
  std::array<float, padded_count> add{};
};

const StepColumns& columns() {
  static const auto made = [] {
    StepColumns filled;
    for (std::size_t i = 0; i < std::size(steps); ++i) {
      filled.feature[i] = static_cast<std::uint32_t>(steps[i].feature);
      const auto edge = steps[i].edge * static_cast<float>(feature_unit(steps[i].feature));
      filled.edge[i] = static_cast<std::int32_t>(std::floor(edge));
      filled.add[i] = steps[i].add;
    }
    return filled;
  }();
  return made;
}

float log_odds(const StepColumns& all, const FeatureRow& row) noexcept {
  std::array<float, lanes> sums{};
  for (std::size_t i = 0; i < padded_count; i += lanes) {
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      const auto at = i + lane;
      sums[lane] += row[all.feature[at]] > all.edge[at] ? all.add[at] : 0.0f;
    }
  }
  return step_bias + std::accumulate(sums.begin(), sums.end(), 0.0f);
}

}  // namespace

std::vector<std::int16_t> score_by_rules(const kernels::HtmlTree& tree, const Page& page) {
  std::vector<std::int16_t> odds(page.blocks.size());
  const auto scores = score_words(tree, page);
  BlockMeasurer measurer(tree, page, scores);
  const auto& all = columns();
  for (std::uint32_t i = 0; i < odds.size(); ++i) {
    odds[i] = static_cast<std::int16_t>(std::lround(score_unit * log_odds(all, measurer.measure(i))));
  }
  return odds;
}

}  // namespace gristmill::ops::extract
