// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
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
  log_words_1, link_density_1, long_share_1, page_share_1, log_blocks_1, paragraph_share_1,
  log_words_2, link_density_2, long_share_2, page_share_2, log_blocks_2, paragraph_share_2,
  log_words_3, link_density_3, long_share_3, page_share_3, log_blocks_3, paragraph_share_3,
  log_words_5, link_density_5, long_share_5, page_share_5, log_blocks_5, paragraph_share_5,
  best_ratio, best_split, best_distance, same_siblings, title_overlap, after_title, repeats,
  page_log_words, page_link_density, page_long_share, page_log_blocks, best_page_share,
  navigation, aside, footer, header, form, button, hidden, main, article, dialog, noscript,
  list_item, table_cell, preformatted, quote, figure, paragraph, definition,
  word_score, word_score_1, word_score_3, word_score_8, word_score_c1, word_score_c2, word_score_c3, word_score_c5,
  word_score_top, word_score_below_top,
  upper_share, log_words_before_2, log_words_after_2, heading_before, heading_after, heading_distance, title_distance,
  word_score_before, word_score_after, word_score_heading, word_score_page, word_score_best,
  mass_position, mass_split, mass_distance, mass_page_share, segment_distance,
  article_count, article_index, article_share, container_position,
  shared_as_article, shared_as_website, shared_as_product, is_dated, linked_articles, linked_products, linked_lists,
  linked_discussions, linked_businesses, linked_trails, linked_pages, address_parts, address_hyphens, address_digits,
};
// clang-format on

constexpr std::size_t feature_count = static_cast<std::size_t>(Feature::address_digits) + 1;

/// Name of a feature, as in the tables of weights.
std::string_view feature_name(Feature feature) noexcept;

/// Units of a feature's integer that make 1: logarithms (base 2, of 1 + count) have 256, shares 1024, scores 64.
int feature_unit(Feature feature) noexcept;

/// The features of a block as integers, so that whatever is decided from them is equal on every machine.
using FeatureRow = std::array<std::int16_t, feature_count>;

/// Scores by words are log-odds to be content in 1/64, at most 16 either way.
constexpr int score_unit = 64;
constexpr std::int16_t score_max = 16 * score_unit;

/// What is known of the page as a whole, found once for all blocks.
struct PageMeasures;

/// Measures the blocks of a page one after the other.
class BlockMeasurer {
 public:
  /// `word_scores` holds the score of each block by the words of its attributes and text. All must outlive this.
  BlockMeasurer(const kernels::HtmlTree& tree, const Page& page, std::span<const std::int16_t> word_scores);
  ~BlockMeasurer();
  BlockMeasurer(const BlockMeasurer&) = delete;
  BlockMeasurer& operator=(const BlockMeasurer&) = delete;

  /// Features of one block; valid until the next call. Blocks in document order are measured fastest, as neighbours
  /// share most of what surrounds them.
  const FeatureRow& measure(std::uint32_t block);

 private:
  void measure_page();
  void measure_hints();
  void measure_own(std::uint32_t block);
  void measure_neighbours(std::uint32_t block);
  void measure_containers(std::uint32_t block);
  void measure_container(std::uint32_t container, std::size_t level);
  void measure_places(std::uint32_t block);
  void measure_context(std::uint32_t block);
  void measure_scores(std::uint32_t block);
  void set(Feature feature, int value) { row_[static_cast<std::size_t>(feature)] = static_cast<std::int16_t>(value); }
  void set(Feature first, std::size_t offset, int value) {
    row_[static_cast<std::size_t>(first) + offset] = static_cast<std::int16_t>(value);
  }

  const kernels::HtmlTree& tree_;
  const Page& page_;
  std::span<const std::int16_t> scores_;
  std::unique_ptr<PageMeasures> whole_;
  FeatureRow row_{};
  std::array<std::uint32_t, 4> measured_;  ///< Container last measured at each level.
  std::uint32_t measured_context_;
};

}  // namespace gristmill::ops::extract
