// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/extract/decide.h"

#include <limits>
#include <span>
#include <utility>

#include "gristmill/ops/extract/choose.h"
#include "gristmill/ops/extract/coarse_page.h"
#include "gristmill/ops/extract/content_model.h"
#include "gristmill/ops/extract/content_rules.h"
#include "gristmill/ops/extract/repeats.h"

namespace gristmill::ops::extract {
namespace {

/// Recall and precision take all blocks for likelier, or less likely, than the model says. The rules' probabilities are
/// too careful: in cross-validation their power 1.5 is worth 0.004 F1.
Cut cut_of(Profile profile) {
  constexpr int lean = 2 * 64;
  auto cut = content_model_cut();
  switch (profile) {
    case Profile::balanced: return cut;
    case Profile::recall: cut.shift += lean; return cut;
    case Profile::precision: cut.shift -= lean; return cut;
    case Profile::rules: break;
  }
  return {.quarters = 6};
}

/// Of blocks with one text all but the likeliest fall out.
void keep_best_copies(std::span<const std::uint32_t> copies, std::span<std::int16_t> odds) {
  constexpr std::int16_t never = std::numeric_limits<std::int16_t>::min();
  std::vector<std::uint32_t> best(copies.begin(), copies.end());
  for (std::uint32_t i = 0; i < copies.size(); ++i) {
    const auto first = copies[i];
    if (first == i) continue;
    if (odds[i] > odds[best[first]])
      odds[std::exchange(best[first], i)] = never;
    else
      odds[i] = never;
  }
}

std::vector<std::uint8_t> decide_each(const kernels::HtmlTree& tree, const Page& page, Profile profile) {
  const auto repeats = find_repeats(page);
  if (profile == Profile::rules) return choose_blocks(page, score_by_rules(tree, page, repeats), cut_of(profile));
  auto odds = score_by_model(tree, page, repeats);
  keep_best_copies(find_copies(page, repeats), odds);
  return choose_blocks(page, odds, cut_of(profile));
}

}  // namespace

std::vector<std::uint8_t> decide(const kernels::HtmlTree& tree, const Page& page, Profile profile) {
  const auto group = blocks_together(tree, page);
  if (group <= 1) return decide_each(tree, page, profile);
  const auto coarse = decide_each(tree, make_coarse(page, group), profile);
  std::vector<std::uint8_t> chosen(page.blocks.size());
  for (std::size_t i = 0; i < chosen.size(); ++i) chosen[i] = coarse[i / group];
  return chosen;
}

}  // namespace gristmill::ops::extract
