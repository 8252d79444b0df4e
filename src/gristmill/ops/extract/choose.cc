// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/extract/choose.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "gristmill/ops/extract/page_memory.h"

namespace gristmill::ops::extract {
namespace {

/// Log-odds beyond this are as good as certain; the steps between are places of one counting sort.
constexpr int odds_max = 12 * 64;
constexpr std::size_t level_count = 2 * odds_max + 1;

constexpr std::size_t ways = 4;
constexpr std::array<double, ways> way_places{-1.5, -0.5, 0.5, 1.5};
constexpr std::array<double, ways> way_weights{1.0 / 6, 2.0 / 6, 2.0 / 6, 1.0 / 6};

/// A number for each way to take the page.
using Ways = std::array<double, ways>;

/// Probabilities of all levels of log-odds: floats, so that the table stays in the near cache.
class Probabilities {
 public:
  explicit Probabilities(const Cut& cut) : cut_(cut), by_level_(level_count) {
    for (int level = 0; level < static_cast<int>(level_count); ++level) {
      const double odds = (level - odds_max) / 64.0 * cut_.quarters / 4.0;
      for (std::size_t way = 0; way < ways; ++way) {
        const double moved = (cut_.shift + way_places[way] * cut_.spread) / 64.0;
        by_level_[static_cast<std::size_t>(level)][way] = static_cast<float>(1.0 / (1.0 + std::exp(-(odds + moved))));
      }
    }
  }

  const std::array<float, ways>& operator[](std::uint16_t level) const { return by_level_[level]; }
  [[nodiscard]] const Cut& cut() const { return cut_; }

 private:
  Cut cut_;
  std::vector<std::array<float, ways>> by_level_;
};

/// The table of a cut, kept by each thread until another cut is asked for.
const Probabilities& probabilities(const Cut& cut) {
  thread_local Probabilities kept(cut);
  if (!(kept.cut() == cut)) kept = Probabilities(cut);
  return kept;
}

std::span<std::uint16_t> levels_of(std::span<const std::int16_t> log_odds, PageMemory& memory) {
  const auto levels = memory.take<std::uint16_t>(log_odds.size());
  for (std::size_t i = 0; i < levels.size(); ++i)
    levels[i] = static_cast<std::uint16_t>(std::clamp<int>(log_odds[i], -odds_max, odds_max) + odds_max);
  return levels;
}

/// Blocks of higher odds first. Equal odds keep document order: the result depends on the page alone.
template <typename Count>
std::span<std::uint32_t> order_by_level(std::span<const std::uint16_t> levels, PageMemory& memory) {
  const auto [least, most] = std::ranges::minmax(levels);
  const std::size_t highest = most;
  const auto begins = memory.take<Count>(highest - least + 2, 0);
  for (const auto level : levels) ++begins[highest - level + 1];
  for (std::size_t i = 1; i < begins.size(); ++i) begins[i] = static_cast<Count>(begins[i] + begins[i - 1]);
  const auto order = memory.take<std::uint32_t>(levels.size());
  for (std::uint32_t i = 0; i < levels.size(); ++i) order[begins[highest - levels[i]]++] = i;
  return order;
}

/// Most pages need half of the memory.
std::span<std::uint32_t> order_by_level(std::span<const std::uint16_t> levels, PageMemory& memory) {
  if (levels.empty()) return {};
  return levels.size() < 0x10000 ? order_by_level<std::uint16_t>(levels, memory)
                                 : order_by_level<std::uint32_t>(levels, memory);
}

}  // namespace

std::vector<std::uint8_t> choose_blocks(const Page& page, std::span<const std::int16_t> log_odds, const Cut& cut) {
  const auto& probability = probabilities(cut);
  PageMemory memory;
  const auto levels = levels_of(log_odds, memory);
  const auto expected = memory.take<Ways>(levels.size());  // Words of each block that are content.
  Ways content{};
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const double words = page.blocks[i].words;
    for (std::size_t way = 0; way < ways; ++way) content[way] += expected[i][way] = words * probability[levels[i]][way];
  }
  const auto order = order_by_level(levels, memory);
  std::vector<std::uint8_t> chosen(order.size(), 0);
  Ways hit{};
  double best = 0;
  double kept = 0;
  std::size_t best_count = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto block = order[i];
    const double words = page.blocks[block].words;
    // A block whose odds are below half of what F1 is in each way lowers all of them, and so does what comes after it.
    bool may_raise = false;
    for (std::size_t way = 0; way < ways; ++way)
      may_raise |= expected[block][way] * (kept + content[way]) >= hit[way] * words;
    if (!may_raise) break;
    kept += words;
    double f1 = 0;
    for (std::size_t way = 0; way < ways; ++way) {
      hit[way] += expected[block][way];
      f1 += way_weights[way] * 2 * hit[way] / (kept + content[way]);
    }
    if (f1 >= best) {
      best = f1;
      best_count = i + 1;
    }
  }
  for (std::size_t i = 0; i < best_count; ++i) chosen[order[i]] = 1;
  return chosen;
}

}  // namespace gristmill::ops::extract
