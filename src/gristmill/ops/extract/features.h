// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "gristmill/ops/extract/blocks.h"

namespace gristmill::ops::extract {

/// What is measured of each block. Rules and models read the same numbers.
// clang-format off
enum class Feature : std::uint8_t {
  log_words, link_density, sentence_ends, commas_per_word, bytes_per_word, digit_share, ends_sentence, heading_level,
  position, word_position, depth,
  log_words_before, log_words_after, link_density_before, link_density_after, window_log_words, window_link_density,
  log_words_1, link_density_1, long_share_1, page_share_1, log_blocks_1,
  log_words_2, link_density_2, long_share_2, page_share_2, log_blocks_2,
  log_words_3, link_density_3, long_share_3, page_share_3, log_blocks_3,
  log_words_5, link_density_5, long_share_5, page_share_5, log_blocks_5,
  best_ratio, best_split, best_distance, same_siblings, title_overlap, after_title, repeats,
  page_log_words, page_link_density, page_long_share, page_log_blocks, best_page_share,
  navigation, aside, footer, header, form, button, hidden, main, article, dialog, noscript,
  list_item, table_cell, preformatted, quote, figure, paragraph, definition,
  word_score, word_score_1, word_score_3, word_score_8, word_score_c1, word_score_c2, word_score_c3, word_score_c5,
  word_score_top, word_score_below_top,
};
// clang-format on

constexpr std::size_t feature_count = static_cast<std::size_t>(Feature::word_score_below_top) + 1;

/// Name of a feature, as in the tables of weights.
std::string_view feature_name(Feature feature) noexcept;

using FeatureRow = std::array<float, feature_count>;

/// Measures one block after the other and hands each row on: rows of a giant page would not fit memory. `word_scores`
/// holds the score of each block by the words of its attributes and text (word_rules.h).
void measure_blocks(const kernels::HtmlTree& tree, const Page& page, std::span<const float> word_scores,
                    const std::function<void(std::uint32_t block, const FeatureRow& row)>& on_row);

}  // namespace gristmill::ops::extract
