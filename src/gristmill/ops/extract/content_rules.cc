// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/extract/content_rules.h"

#include <algorithm>
#include <cmath>

namespace gristmill::ops::extract {
namespace {

/// Running sums over blocks: any container's totals are one subtraction.
struct Sums {
  double words = 0;
  double link_words = 0;
  double long_words = 0;
};

std::vector<Sums> make_sums(const Page& page) {
  std::vector<Sums> sums(page.blocks.size() + 1);
  for (std::size_t i = 0; i < page.blocks.size(); ++i) {
    const auto& block = page.blocks[i];
    sums[i + 1] = sums[i];
    sums[i + 1].words += block.words;
    sums[i + 1].link_words += block.link_words;
    if (block.words >= 20 && block.link_words * 3 < block.words) sums[i + 1].long_words += block.words;
  }
  return sums;
}

double own_score(const Block& block) {
  double score = -1.0;
  const double density = block.bytes() == 0 ? 0.0 : static_cast<double>(block.link_bytes) / block.bytes();
  score += 0.6 * std::log1p(block.words) - 3.0 * density + 0.5 * std::min<int>(block.sentence_ends, 3);
  if ((block.context & Context::paragraph) != 0) score += 0.7;
  if ((block.context & (Context::navigation | Context::footer | Context::dialog)) != 0) score -= 3.0;
  if ((block.context & (Context::aside | Context::form | Context::button)) != 0) score -= 1.5;
  if ((block.context & Context::hidden) != 0) score -= 2.0;
  if ((block.context & (Context::main | Context::article)) != 0) score += 0.8;
  if ((block.context & Context::table_cell) != 0) score += 0.8;
  return score;
}

}  // namespace

std::vector<float> score_by_rules(const kernels::HtmlTree&, const Page& page) {
  const auto sums = make_sums(page);
  std::vector<float> probabilities(page.blocks.size());
  const double page_words = std::max(1.0, sums.back().words);
  for (std::size_t i = 0; i < page.blocks.size(); ++i) {
    const auto& block = page.blocks[i];
    double score = own_score(block);
    auto at = block.container;
    for (int level = 0; level < 3 && at != 0; ++level, at = page.containers[at].outer) {
      const auto& container = page.containers[at];
      const double words = std::max(1.0, sums[container.end_block].words - sums[container.first_block].words);
      const double long_words = sums[container.end_block].long_words - sums[container.first_block].long_words;
      score += 0.8 * (long_words / words - 0.4) + 0.4 * (words / page_words);
    }
    probabilities[i] = static_cast<float>(1.0 / (1.0 + std::exp(-score)));
  }
  return probabilities;
}

}  // namespace gristmill::ops::extract
