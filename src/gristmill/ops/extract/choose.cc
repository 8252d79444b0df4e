// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/extract/choose.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace gristmill::ops::extract {
namespace {

/// Log-odds beyond this are as good as certain; the steps between are places of one counting sort.
constexpr int odds_max = 12 * 64;
constexpr std::size_t level_count = 2 * odds_max + 1;

using Probabilities = std::array<double, level_count>;

constexpr int sharpness_max = 16;

/// Probability of each level of log-odds, sharpened or flattened.
const Probabilities& probabilities(Sharpness sharpness) {
  static const auto tables = [] {
    std::vector<Probabilities> made(sharpness_max + 1);
    for (int quarters = 0; quarters <= sharpness_max; ++quarters) {
      for (std::size_t i = 0; i < level_count; ++i) {
        const auto odds = (static_cast<double>(i) - odds_max) / 64.0 * quarters / 4.0;
        made[static_cast<std::size_t>(quarters)][i] = 1.0 / (1.0 + std::exp(-odds));
      }
    }
    return made;
  }();
  return tables[static_cast<std::size_t>(std::clamp(sharpness.quarters, 1, sharpness_max))];
}

std::uint16_t level_of(std::int16_t log_odds) {
  return static_cast<std::uint16_t>(std::clamp<int>(log_odds, -odds_max, odds_max) + odds_max);
}

/// Blocks of higher odds first. Equal odds keep document order: the result depends on the page alone.
std::vector<std::uint32_t> order_by_odds(std::span<const std::int16_t> log_odds) {
  std::array<std::uint32_t, level_count + 1> begins{};
  for (const auto odds : log_odds) ++begins[level_count - level_of(odds)];
  for (std::size_t i = 1; i <= level_count; ++i) begins[i] += begins[i - 1];
  std::vector<std::uint32_t> order(log_odds.size());
  for (std::uint32_t i = 0; i < log_odds.size(); ++i) order[begins[level_count - 1 - level_of(log_odds[i])]++] = i;
  return order;
}

}  // namespace

std::vector<std::uint8_t> choose_blocks(const Page& page, std::span<const std::int16_t> log_odds, Sharpness sharpness) {
  const auto& probability = probabilities(sharpness);
  const auto expected = [&](std::uint32_t block) {
    return probability[level_of(log_odds[block])] * page.blocks[block].words;
  };
  double content = 0;
  for (std::uint32_t i = 0; i < log_odds.size(); ++i) content += expected(i);
  const auto order = order_by_odds(log_odds);
  double best = 0;
  double hit = 0;
  double kept = 0;
  std::size_t best_count = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    hit += expected(order[i]);
    kept += page.blocks[order[i]].words;
    const double f1 = 2 * hit / (kept + content);
    if (f1 >= best) {
      best = f1;
      best_count = i + 1;
    }
  }
  std::vector<std::uint8_t> chosen(order.size(), 0);
  for (std::size_t i = 0; i < best_count; ++i) chosen[order[i]] = 1;
  return chosen;
}

}  // namespace gristmill::ops::extract
