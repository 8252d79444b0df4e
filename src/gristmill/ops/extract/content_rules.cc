// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/extract/content_rules.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "gristmill/ops/extract/title.h"
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

constexpr std::size_t lanes = kernels::tree_lanes;
/// Sums that are formed apart and added at last.
constexpr std::size_t part_count = 8;

/// Log-odds of each lane.
std::array<float, lanes> log_odds(const FeatureColumns& columns) noexcept {
  std::array<std::array<float, lanes>, part_count> parts{};
  for (std::size_t i = 0; i < std::size(steps); ++i) {
    const auto edge = static_cast<std::int32_t>(
        std::floor(steps[i].edge * static_cast<float>(feature_unit(steps[i].feature))));
    const auto& column = columns[static_cast<std::size_t>(steps[i].feature)].values;
    auto& sums = parts[i % part_count];
    const float add = steps[i].add;
    for (std::size_t lane = 0; lane < lanes; ++lane) sums[lane] += column[lane] > edge ? add : 0.0f;
  }
  std::array<float, lanes> odds{};
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    float sum = 0;
    for (const auto& part : parts) sum += part[lane];
    odds[lane] = step_bias + sum;
  }
  return odds;
}

}  // namespace

std::vector<std::int16_t> score_by_rules(const kernels::HtmlTree& tree, const Page& page, const Repeats& repeats) {
  std::vector<std::int16_t> odds(page.blocks.size());
  const auto scores = score_words(tree, page);
  const auto titles = match_title(tree, page, repeats);
  BlockMeasurer measurer(tree, page, scores, repeats, titles);
  for (std::size_t first = 0; first < odds.size(); first += lanes) {
    const auto of_lanes = log_odds(measurer.measure(static_cast<std::uint32_t>(first)));
    const auto count = std::min(lanes, odds.size() - first);
    for (std::size_t lane = 0; lane < count; ++lane)
      odds[first + lane] = static_cast<std::int16_t>(std::lround(score_unit * of_lanes[lane]));
  }
  return odds;
}

}  // namespace gristmill::ops::extract
