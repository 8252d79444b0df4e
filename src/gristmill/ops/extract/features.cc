// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/extract/features.h"

#include <algorithm>
#include <memory>

#include "gristmill/kernels/byte_counts.h"
#include "gristmill/ops/extract/page_hints.h"
#include "gristmill/ops/extract/page_measures.h"

namespace gristmill::ops::extract {
namespace {

constexpr std::uint32_t none = 0xFFFFFFFFu;
constexpr int one = 1024;
constexpr int log_unit = 256;

struct FeatureName {
  std::string_view name;
  int unit;
};

// In the order of the enumeration.
constexpr std::array<FeatureName, feature_count> names{{
#include "gristmill/ops/extract/feature_names.inc"
}};

bool covers(const Container& container, std::uint32_t block) {
  return block >= container.first_block && block < container.end_block;
}

/// Logarithm of the distance from a block to a range of blocks, negative in front of it, 0 inside.
int signed_distance(std::uint32_t block, std::uint32_t first, std::uint32_t end) {
  if (block < first) return -log_of(first - block);
  return block >= end ? log_of(block - end + 1) : 0;
}

bool ends_sentence(std::string_view text) {
  const char last = text.back();
  return last == '.' || last == '!' || last == '?' || last == ':' || text.ends_with("\xE3\x80\x82");
}

}  // namespace

std::string_view feature_name(Feature feature) noexcept { return names[static_cast<std::size_t>(feature)].name; }

int feature_unit(Feature feature) noexcept { return names[static_cast<std::size_t>(feature)].unit; }

BlockMeasurer::BlockMeasurer(const kernels::HtmlTree& tree, const Page& page, std::span<const std::int16_t> word_scores)
    : tree_(tree),
      page_(page),
      scores_(word_scores),
      whole_(std::make_unique<PageMeasures>(tree, page, word_scores)),
      measured_{none, none, none, none},
      measured_context_(none) {
  measure_page();
  measure_hints();
}

BlockMeasurer::~BlockMeasurer() = default;

const FeatureRow& BlockMeasurer::measure(std::uint32_t block) {
  measure_own(block);
  measure_neighbours(block);
  measure_containers(block);
  measure_places(block);
  measure_context(block);
  measure_scores(block);
  return row_;
}

/// Sets what is the same for all blocks: these places of the row are written once.
void BlockMeasurer::measure_page() {
  const auto all = whole_->sums.back();
  set(Feature::page_log_words, log_of(all.words));
  set(Feature::page_link_density, share_of(all.link_words, all.words));
  set(Feature::page_long_share, share_of(all.long_words, all.words));
  set(Feature::page_log_blocks, log_of(whole_->block_count()));
  set(Feature::best_page_share, share_of(whole_->totals(whole_->best).words, all.words));
  set(Feature::mass_page_share, share_of(whole_->totals(whole_->mass_best).words, all.words));
  set(Feature::word_score_top, whole_->top_score);
  set(Feature::word_score_page, mean_score(all));
  set(Feature::word_score_best, mean_score(whole_->totals(whole_->best)));
  set(Feature::article_count, log_of(whole_->article_count));
}

/// What the page says of its kind: the same for all blocks too.
void BlockMeasurer::measure_hints() {
  const auto hints = read_page_hints(tree_);
  set(Feature::shared_as_article, hints.shared_as_article);
  set(Feature::shared_as_website, hints.shared_as_website);
  set(Feature::shared_as_product, hints.shared_as_product);
  set(Feature::is_dated, hints.is_dated);
  set(Feature::linked_articles, hints.linked_articles);
  set(Feature::linked_products, hints.linked_products);
  set(Feature::linked_lists, hints.linked_lists);
  set(Feature::linked_discussions, hints.linked_discussions);
  set(Feature::linked_businesses, hints.linked_businesses);
  set(Feature::linked_trails, hints.linked_trails);
  set(Feature::linked_pages, hints.linked_pages);
  set(Feature::address_parts, hints.address_parts);
  set(Feature::address_hyphens, hints.address_hyphens);
  set(Feature::address_digits, hints.address_digits);
}

void BlockMeasurer::measure_own(std::uint32_t i) {
  const auto& block = page_.blocks[i];
  const auto text = page_.text_of(block);
  const auto beginning = text.substr(0, 256);
  const auto counts = kernels::count_figures(beginning);
  const auto words = static_cast<float>(block.words);
  set(Feature::log_words, log_of(block.words));
  set(Feature::link_density, share_of(block.link_bytes, block.bytes()));
  set(Feature::sentence_ends, std::min<int>(block.sentence_ends, 8));
  set(Feature::commas_per_word, static_cast<int>(std::min(one * static_cast<float>(block.commas) / words, 8192.0f)));
  set(Feature::bytes_per_word, static_cast<int>(std::min(64 * static_cast<float>(block.bytes()) / words, 16384.0f)));
  set(Feature::digit_share, share_of(counts.digits, beginning.size()));
  set(Feature::upper_share, share_of(counts.upper, beginning.size()));
  set(Feature::ends_sentence, ends_sentence(text) ? 1 : 0);
  set(Feature::heading_level, block.heading_level);
  set(Feature::position, share_of(i, whole_->block_count()));
  set(Feature::word_position, share_of(whole_->sums[i].words, whole_->sums.back().words));
  set(Feature::depth, tree_.nodes()[block.node].depth);
  set(Feature::repeats, log_of(whole_->repeats[i]));
}

void BlockMeasurer::measure_neighbours(std::uint32_t i) {
  static constexpr Block nothing;
  const auto count = whole_->block_count();
  const auto at = [&](std::uint32_t k) -> const Block& { return k < count ? page_.blocks[k] : nothing; };
  const auto& before = at(i - 1);  // Wraps around to a number above the count.
  const auto& after = at(i + 1);
  set(Feature::log_words_before, log_of(before.words));
  set(Feature::log_words_after, log_of(after.words));
  set(Feature::log_words_before_2, log_of(at(i - 2).words));
  set(Feature::log_words_after_2, log_of(at(i + 2).words));
  set(Feature::link_density_before, share_of(before.link_words, before.words));
  set(Feature::link_density_after, share_of(after.link_words, after.words));
  set(Feature::heading_before, before.heading_level);
  set(Feature::heading_after, after.heading_level);
  const auto window = whole_->range(i < 4 ? 0 : i - 4, std::min(count, i + 5));
  set(Feature::window_log_words, log_of(window.words / 9));
  set(Feature::window_link_density, share_of(window.link_words, window.words));
}

void BlockMeasurer::measure_container(std::uint32_t container, std::size_t level) {
  constexpr std::array places{Feature::log_words_1, Feature::log_words_2, Feature::log_words_3, Feature::log_words_5};
  constexpr std::array scores{Feature::word_score_c1, Feature::word_score_c2, Feature::word_score_c3,
                              Feature::word_score_c5};
  const auto sums = whole_->totals(container);
  const auto blocks = page_.containers[container].end_block - page_.containers[container].first_block;
  set(places[level], 0, log_of(sums.words));
  set(places[level], 1, share_of(sums.link_words, sums.words));
  set(places[level], 2, share_of(sums.long_words, sums.words));
  set(places[level], 3, share_of(sums.words, whole_->sums.back().words));
  set(places[level], 4, log_of(blocks));
  set(places[level], 5, share_of(sums.paragraph_words, sums.words));
  set(scores[level], mean_score(sums));
}

void BlockMeasurer::measure_containers(std::uint32_t i) {
  // A container of one block counts as level 0: it says no more than the block itself.
  auto at = page_.blocks[i].container;
  if (page_.containers[at].end_block - page_.containers[at].first_block == 1) at = page_.containers[at].outer;
  const auto& first = page_.containers[at];
  set(Feature::container_position, share_of(i - first.first_block, first.end_block - first.first_block));
  float credit = 0;
  for (std::size_t level = 1; level <= 5; ++level) {
    credit = std::max(credit, whole_->credit[at]);
    const auto place = level == 5 ? 3 : level - 1;
    // Neighbours share most of their containers: the row still holds what was measured for the block before.
    if (level != 4 && at != measured_[place]) {
      measured_[place] = at;
      measure_container(at, place);
    }
    at = page_.containers[at].outer;
  }
  const auto best = whole_->credit[whole_->best];
  set(Feature::best_ratio, best > 0 ? static_cast<int>(one * credit / best) : 0);
  set(Feature::same_siblings, log_of(whole_->same_siblings[page_.blocks[i].container]));
}

/// Where the block stands relative to what seems to be the page's content.
void BlockMeasurer::measure_places(std::uint32_t i) {
  const auto split = [&](std::uint32_t container) {
    int levels = 0;
    for (; levels < 6 && !covers(page_.containers[container], i); container = page_.containers[container].outer)
      ++levels;
    return levels;
  };
  const auto& best = page_.containers[whole_->best];
  const auto& mass = page_.containers[whole_->mass_best];
  set(Feature::best_split, split(whole_->best));
  set(Feature::best_distance, signed_distance(i, best.first_block, best.end_block));
  set(Feature::mass_split, split(whole_->mass_best));
  set(Feature::mass_distance, signed_distance(i, mass.first_block, mass.end_block));
  set(Feature::segment_distance, signed_distance(i, whole_->segment_first, whole_->segment_end));
  const auto all_mass = static_cast<std::uint64_t>(whole_->sums.back().positive_score);
  set(Feature::mass_position, share_of(static_cast<std::uint64_t>(whole_->sums[i].positive_score), all_mass));
  const auto title = whole_->title_block;
  const bool has_title = title != whole_->block_count();
  set(Feature::title_overlap, whole_->title_overlap[i]);
  set(Feature::after_title, !has_title ? 0 : i > title ? 2 : i == title ? 1 : -2);
  set(Feature::title_distance, has_title ? signed_distance(i, title, title + 1) : -32 * log_unit);
  const auto container = page_.blocks[i].container;
  const auto article = whole_->article_of[container];
  set(Feature::article_index, log_of(whole_->article_index[container]));
  set(Feature::article_share, article == 0 ? 0 : share_of(whole_->totals(article).words, whole_->sums.back().words));
}

void BlockMeasurer::measure_context(std::uint32_t i) {
  constexpr std::array<std::pair<Feature, std::uint32_t>, 18> flags{{
      {Feature::navigation, Context::navigation},
      {Feature::aside, Context::aside},
      {Feature::footer, Context::footer},
      {Feature::header, Context::header},
      {Feature::form, Context::form},
      {Feature::button, Context::button},
      {Feature::hidden, Context::hidden},
      {Feature::main, Context::main},
      {Feature::article, Context::article},
      {Feature::dialog, Context::dialog},
      {Feature::noscript, Context::noscript},
      {Feature::list_item, Context::list_item},
      {Feature::table_cell, Context::table_cell},
      {Feature::preformatted, Context::preformatted},
      {Feature::quote, Context::quote},
      {Feature::figure, Context::figure},
      {Feature::paragraph, Context::paragraph},
      {Feature::definition, Context::definition},
  }};
  const auto context = page_.blocks[i].context;
  if (context == measured_context_) return;
  measured_context_ = context;
  for (const auto& [feature, bit] : flags) set(feature, (context & bit) != 0 ? 1 : 0);
}

void BlockMeasurer::measure_scores(std::uint32_t i) {
  const auto count = whole_->block_count();
  const auto mean = [&](std::uint32_t reach) {
    return mean_score(whole_->range(i < reach ? 0 : i - reach, std::min(count, i + reach + 1)));
  };
  set(Feature::word_score, scores_[i]);
  set(Feature::word_score_before, i > 0 ? scores_[i - 1] : 0);
  set(Feature::word_score_after, i + 1 < count ? scores_[i + 1] : 0);
  set(Feature::word_score_1, mean(1));
  set(Feature::word_score_3, mean(3));
  set(Feature::word_score_8, mean(8));
  set(Feature::word_score_below_top, whole_->top_score - mean(2));
  const auto heading = whole_->heading_before[i];
  set(Feature::heading_distance, heading == count ? 32 * log_unit - 1 : log_of(i - heading));
  set(Feature::word_score_heading, heading == count ? 0 : scores_[heading]);
}

}  // namespace gristmill::ops::extract
