// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "gristmill/kernels/boosted_trees.h"
#include "gristmill/ops/extract/blocks.h"
#include "gristmill/ops/extract/page_memory.h"

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

/// Features are integers, so that whatever is decided from them is equal on every machine.
using FeatureColumns = std::array<kernels::FeatureLanes, feature_count>;

/// Features of which much is known before any block is measured: those of the page, and those that most pages lack.
std::span<const std::uint8_t> bounded_features() noexcept;

/// Scores by words are log-odds to be content in 1/64, at most 16 either way.
constexpr int score_unit = 64;
constexpr std::int16_t score_max = 16 * score_unit;

/// What is known of the page as a whole, found once for all blocks.
struct PageMeasures;
struct Repeats;
struct TitleMatches;

/// Measures the blocks of a page, many at a time.
class BlockMeasurer {
 public:
  /// `word_scores` holds the score of each block by the words of its attributes and text. All must outlive this.
  BlockMeasurer(const kernels::HtmlTree& tree, const Page& page, std::span<const std::int16_t> word_scores,
                const Repeats& repeats, const TitleMatches& titles);
  ~BlockMeasurer();
  BlockMeasurer(const BlockMeasurer&) = delete;
  BlockMeasurer& operator=(const BlockMeasurer&) = delete;

  /// What the features of all blocks keep to: exact for features of the page, open for those not bounded.
  [[nodiscard]] std::span<const kernels::FeatureBounds> bounds() const { return bounds_; }

  /// Features of the `kernels::tree_lanes` blocks from `first` on, side by side; valid until the next call. Lanes
  /// behind the last block hold nothing of meaning. Blocks are measured fastest in document order.
  const FeatureColumns& measure(std::uint32_t first);

 private:
  struct Gathered;

  void measure_page();
  void measure_hints();
  void bound_context();
  void measure_own();
  void measure_texts(const Gathered& blocks);
  void measure_context(const Gathered& blocks);
  void measure_neighbours();
  void measure_containers();
  void enter_container(std::uint32_t container);
  [[nodiscard]] kernels::FeatureEight measure_container(std::uint32_t container) const;
  void measure_places();
  void measure_title();
  void measure_scores();
  [[nodiscard]] std::array<std::int16_t, kernels::tree_lanes>& column(Feature feature) {
    return columns_[static_cast<std::size_t>(feature)].values;
  }
  void set_all(Feature feature, int value);
  [[nodiscard]] bool is_settled(Feature feature) const;
  void set_split(Feature feature, std::uint32_t container);
  void set_distance(Feature feature, std::uint32_t begin, std::uint32_t end);

  const kernels::HtmlTree& tree_;
  const Page& page_;
  const Repeats& repeats_;
  PageMemory memory_;
  std::unique_ptr<PageMeasures> whole_;
  std::uint32_t first_ = 0;  ///< Of the blocks that are measured.
  std::uint32_t count_ = 0;
  FeatureColumns columns_;
  kernels::FeatureLanes unused_;
  std::array<kernels::FeatureBounds, feature_count> bounds_;
  std::uint32_t entered_;                                      ///< Container that `credit_ratio_` belongs to.
  std::array<kernels::FeatureEight, 4> surroundings_;          ///< Measures of it and of those around it.
  std::span<kernels::FeatureEight> container_rows_;           ///< Measures of all, as far as found.
  std::span<bool> is_measured_;
  int credit_ratio_ = 0;
};

}  // namespace gristmill::ops::extract
