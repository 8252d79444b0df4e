// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/extract/features.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <memory>
#include <utility>

#include "gristmill/kernels/byte_counts.h"
#include "gristmill/ops/extract/page_hints.h"
#include "gristmill/ops/extract/page_measures.h"
#include "gristmill/ops/extract/repeats.h"

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

constexpr std::uint32_t lanes = kernels::tree_lanes;
using Column = std::array<std::int16_t, lanes>;

/// Features that are bits of a block's context.
constexpr std::array<std::pair<Feature, std::uint32_t>, 18> context_flags{{
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

constexpr auto bounded = [] {
  using enum Feature;
  constexpr std::array of_page{
      page_log_words,    page_link_density, page_long_share, page_log_blocks, best_page_share,   mass_page_share,
      word_score_top,    word_score_page,   word_score_best, article_count,   shared_as_article, shared_as_website,
      shared_as_product, is_dated,          linked_articles, linked_products, linked_lists,      linked_discussions,
      linked_businesses, linked_trails,     linked_pages,    address_parts,   address_hyphens,   address_digits};
  constexpr std::array often_missing{title_overlap, after_title, title_distance, article_index, article_share};
  std::array<std::uint8_t, of_page.size() + often_missing.size() + context_flags.size()> all{};
  auto next = all.begin();
  for (const auto feature : of_page) *next++ = static_cast<std::uint8_t>(feature);
  for (const auto feature : often_missing) *next++ = static_cast<std::uint8_t>(feature);
  for (const auto& [feature, bit] : context_flags) *next++ = static_cast<std::uint8_t>(feature);
  return all;
}();

/// Whether a text, of which this is the end, closes a sentence.
bool ends_sentence(const char* end) {
  const char last = end[-1];
  return last == '.' || last == '!' || last == '?' || last == ':';
}

/// The full stop of Chinese and Japanese.
bool ends_wide_sentence(const char* end) { return end[-1] == '\x82' && end[-2] == '\x80' && end[-3] == '\xE3'; }

/// Shares as `share_of` for whole columns, which may differ by 1/1024; `part` and `whole` say the numbers of a lane.
template <typename Part, typename Whole>
void set_shares(Column& column, const Part& part, const Whole& whole) {
  for (std::uint32_t lane = 0; lane < lanes; ++lane) {
    const float all = whole(lane);
    const float share = 1024.0f * part(lane) / (all > 0 ? all : 1.0f);
    column[lane] = static_cast<std::int16_t>(all > 0 ? static_cast<int>(share) : 0);
  }
}

}  // namespace

std::string_view feature_name(Feature feature) noexcept { return names[static_cast<std::size_t>(feature)].name; }

int feature_unit(Feature feature) noexcept { return names[static_cast<std::size_t>(feature)].unit; }

std::span<const std::uint8_t> bounded_features() noexcept { return bounded; }

/// What blocks have of their own, side by side.
struct BlockMeasurer::Gathered {
  std::array<std::int32_t, lanes> words{};
  std::array<std::int32_t, lanes> bytes{};
  std::array<std::int32_t, lanes> link_bytes{};
  std::array<std::int32_t, lanes> commas{};
  std::array<std::uint16_t, lanes> context_low{};
  std::array<std::uint16_t, lanes> context_high{};
};

BlockMeasurer::BlockMeasurer(const kernels::HtmlTree& tree, const Page& page, std::span<const std::int16_t> word_scores,
                             const Repeats& repeats, const TitleMatches& titles)
    : tree_(tree),
      page_(page),
      repeats_(repeats),
      whole_(std::make_unique<PageMeasures>(tree, page, repeats, word_scores, titles)),
      entered_(none),
      container_rows_(memory_.take<kernels::FeatureEight>(page.containers.size())),
      is_measured_(memory_.take<bool>(page.containers.size(), false)) {
  measure_page();
  measure_hints();
  bound_context();
  if (!whole_->is_title_met) set_all(Feature::title_overlap, 0);
  if (whole_->title_block == whole_->block_count()) {
    set_all(Feature::after_title, 0);
    set_all(Feature::title_distance, -32 * log_unit);
  }
  if (whole_->article_count == 0) {
    set_all(Feature::article_index, 0);
    set_all(Feature::article_share, 0);
  }
}

BlockMeasurer::~BlockMeasurer() = default;

const FeatureColumns& BlockMeasurer::measure(std::uint32_t first) {
  first_ = first;
  count_ = std::min(lanes, whole_->block_count() - first);
  measure_own();
  measure_neighbours();
  measure_containers();
  measure_places();
  measure_title();
  measure_scores();
  return columns_;
}

void BlockMeasurer::set_all(Feature feature, int value) {
  const auto number = static_cast<std::int16_t>(value);
  column(feature).fill(number);
  bounds_[static_cast<std::size_t>(feature)] = {number, number};
}

bool BlockMeasurer::is_settled(Feature feature) const {
  const auto& [low, high] = bounds_[static_cast<std::size_t>(feature)];
  return low == high;
}

/// Sets what is the same for all blocks: these columns are written once.
void BlockMeasurer::measure_page() {
  const auto all = whole_->all();
  set_all(Feature::page_log_words, log_of(all.words));
  set_all(Feature::page_link_density, share_of(all.link_words, all.words));
  set_all(Feature::page_long_share, share_of(all.long_words, all.words));
  set_all(Feature::page_log_blocks, log_of(whole_->block_count()));
  set_all(Feature::best_page_share, share_of(whole_->totals(whole_->best).words, all.words));
  set_all(Feature::mass_page_share, share_of(whole_->totals(whole_->mass_best).words, all.words));
  set_all(Feature::word_score_top, whole_->top_score);
  set_all(Feature::word_score_page, mean_score(all));
  set_all(Feature::word_score_best, mean_score(whole_->totals(whole_->best)));
  set_all(Feature::article_count, log_of(whole_->article_count));
}

/// What the page says of its kind: the same for all blocks too.
void BlockMeasurer::measure_hints() {
  const auto hints = read_page_hints(tree_);
  set_all(Feature::shared_as_article, hints.shared_as_article);
  set_all(Feature::shared_as_website, hints.shared_as_website);
  set_all(Feature::shared_as_product, hints.shared_as_product);
  set_all(Feature::is_dated, hints.is_dated);
  set_all(Feature::linked_articles, hints.linked_articles);
  set_all(Feature::linked_products, hints.linked_products);
  set_all(Feature::linked_lists, hints.linked_lists);
  set_all(Feature::linked_discussions, hints.linked_discussions);
  set_all(Feature::linked_businesses, hints.linked_businesses);
  set_all(Feature::linked_trails, hints.linked_trails);
  set_all(Feature::linked_pages, hints.linked_pages);
  set_all(Feature::address_parts, hints.address_parts);
  set_all(Feature::address_hyphens, hints.address_hyphens);
  set_all(Feature::address_digits, hints.address_digits);
}

/// A flag that all blocks have, or none, is one of the page.
void BlockMeasurer::bound_context() {
  std::uint32_t some = 0;
  std::uint32_t all = ~0u;
  for (const auto& block : page_.blocks) {
    some |= block.context;
    all &= block.context;
  }
  for (const auto& [feature, bit] : context_flags) {
    if ((some & bit) == (all & bit)) set_all(feature, (all & bit) != 0 ? 1 : 0);
  }
}

void BlockMeasurer::measure_own() {
  Gathered blocks;
  auto& sentence_ends = column(Feature::sentence_ends);
  auto& depths = column(Feature::depth);
  auto& repeats = column(Feature::repeats);
  for (std::uint32_t lane = 0; lane < count_; ++lane) {
    const auto& block = page_.blocks[first_ + lane];
    blocks.words[lane] = static_cast<std::int32_t>(block.words);
    blocks.bytes[lane] = static_cast<std::int32_t>(block.bytes());
    blocks.link_bytes[lane] = static_cast<std::int32_t>(block.link_bytes);
    blocks.commas[lane] = block.commas;
    blocks.context_low[lane] = static_cast<std::uint16_t>(block.context);
    blocks.context_high[lane] = static_cast<std::uint16_t>(block.context >> 16);
    sentence_ends[lane] = static_cast<std::int16_t>(std::min<int>(block.sentence_ends, 8));
    depths[lane] = static_cast<std::int16_t>(tree_.nodes()[block.node].depth);
    repeats[lane] = static_cast<std::int16_t>(log_of(repeats_.sizes[repeats_.group[first_ + lane]] - 1));
  }
  measure_texts(blocks);
  measure_context(blocks);
}

void BlockMeasurer::measure_texts(const Gathered& blocks) {
  std::array<std::int32_t, lanes> bytes{};
  std::array<std::int32_t, lanes> digits{};
  std::array<std::int32_t, lanes> upper{};
  auto& ends = column(Feature::ends_sentence);
  for (std::uint32_t lane = 0; lane < count_; ++lane) {
    const auto& figures = page_.figures[first_ + lane];
    digits[lane] = figures.digits;
    upper[lane] = figures.upper;
    bytes[lane] = std::min(blocks.bytes[lane], static_cast<std::int32_t>(kernels::figure_bytes_max));
    const auto* const end = page_.text.data() + page_.blocks[first_ + lane].text_end;
    ends[lane] = ends_sentence(end) || (blocks.bytes[lane] >= 3 && ends_wide_sentence(end)) ? 1 : 0;
  }
  const auto of = [](const auto& numbers) { return [&](std::uint32_t lane) { return float(numbers[lane]); }; };
  set_shares(column(Feature::digit_share), of(digits), of(bytes));
  set_shares(column(Feature::upper_share), of(upper), of(bytes));
  set_shares(column(Feature::link_density), of(blocks.link_bytes), of(blocks.bytes));
  auto& commas = column(Feature::commas_per_word);
  auto& lengths = column(Feature::bytes_per_word);
  for (std::uint32_t lane = 0; lane < lanes; ++lane) {
    const auto words = static_cast<float>(std::max(blocks.words[lane], 1));
    const auto commas_per_word = one * static_cast<float>(blocks.commas[lane]) / words;
    const auto bytes_per_word = 64 * static_cast<float>(blocks.bytes[lane]) / words;
    commas[lane] = static_cast<std::int16_t>(static_cast<int>(std::min(commas_per_word, 8192.0f)));
    lengths[lane] = static_cast<std::int16_t>(static_cast<int>(std::min(bytes_per_word, 16384.0f)));
  }
}

void BlockMeasurer::measure_context(const Gathered& blocks) {
  for (const auto& [feature, bit] : context_flags) {
    if (is_settled(feature)) continue;
    const auto& from = bit < 0x10000 ? blocks.context_low : blocks.context_high;
    const int shift = std::countr_zero(bit) & 15;
    auto& to = column(feature);
    for (std::uint32_t lane = 0; lane < lanes; ++lane) to[lane] = static_cast<std::int16_t>(from[lane] >> shift & 1);
  }
}

/// Columns that the page has already, moved by a block or two.
void BlockMeasurer::measure_neighbours() {
  const auto take = [&](Feature feature, const BlockColumn<std::int16_t>& from, std::ptrdiff_t step) {
    std::copy_n(from.from(std::ptrdiff_t{first_} + step), lanes, column(feature).begin());
  };
  take(Feature::log_words, whole_->log_words, 0);
  take(Feature::log_words_before, whole_->log_words, -1);
  take(Feature::log_words_after, whole_->log_words, 1);
  take(Feature::log_words_before_2, whole_->log_words, -2);
  take(Feature::log_words_after_2, whole_->log_words, 2);
  take(Feature::link_density_before, whole_->link_shares, -1);
  take(Feature::link_density_after, whole_->link_shares, 1);
  take(Feature::heading_level, whole_->heading_levels, 0);
  take(Feature::heading_before, whole_->heading_levels, -1);
  take(Feature::heading_after, whole_->heading_levels, 1);
  take(Feature::word_score, whole_->word_scores, 0);
  take(Feature::word_score_before, whole_->word_scores, -1);
  take(Feature::word_score_after, whole_->word_scores, 1);
  if (!is_settled(Feature::title_overlap)) take(Feature::title_overlap, whole_->title_overlap, 0);

  const auto* words = whole_->words_before.from(first_);
  const auto* links = whole_->link_words_before.from(first_);
  auto& window = column(Feature::window_log_words);
  for (std::uint32_t lane = 0; lane < count_; ++lane) {
    const auto sum = static_cast<std::uint32_t>(words[lane + 5] - *(words + lane - 4));
    window[lane] = static_cast<std::int16_t>(log_of(sum / 9));
  }
  set_shares(
      column(Feature::window_link_density),
      [&](std::uint32_t lane) { return float(links[lane + 5] - *(links + lane - 4)); },
      [&](std::uint32_t lane) { return float(words[lane + 5] - *(words + lane - 4)); });
}

kernels::FeatureEight BlockMeasurer::measure_container(std::uint32_t container) const {
  const auto sums = whole_->totals(container);
  const auto blocks = page_.containers[container].end_block - page_.containers[container].first_block;
  const auto number = [](int value) { return static_cast<std::int16_t>(value); };
  return {{number(log_of(sums.words)), number(share_of(sums.link_words, sums.words)),
           number(share_of(sums.long_words, sums.words)), number(share_of(sums.words, whole_->all().words)),
           number(log_of(blocks)), number(share_of(sums.paragraph_words, sums.words)), number(mean_score(sums)), 0}};
}

/// Measures a container and those around it, each of them once.
void BlockMeasurer::enter_container(std::uint32_t container) {
  entered_ = container;
  float credit = 0;
  for (std::size_t level = 0; level < 5; ++level, container = page_.containers[container].outer) {
    credit = std::max(credit, whole_->credit[container]);
    if (level == 3) continue;
    const auto place = level == 4 ? 3 : level;
    if (!is_measured_[container]) container_rows_[container] = measure_container(container);
    is_measured_[container] = true;
    surroundings_[place] = container_rows_[container];
  }
  const auto best = whole_->credit[whole_->best];
  credit_ratio_ = best > 0 ? static_cast<int>(one * credit / best) : 0;
}

void BlockMeasurer::measure_containers() {
  std::array<std::array<kernels::FeatureEight, lanes>, 4> rows;
  auto& ratios = column(Feature::best_ratio);
  auto& positions = column(Feature::container_position);
  auto& siblings = column(Feature::same_siblings);
  for (std::uint32_t lane = 0; lane < count_; ++lane) {
    const auto i = first_ + lane;
    const auto own = page_.blocks[i].container;
    // A container of one block counts as level 0: it says no more than the block itself.
    auto at = own;
    if (page_.containers[at].end_block - page_.containers[at].first_block == 1) at = page_.containers[at].outer;
    if (at != entered_) enter_container(at);
    for (std::size_t level = 0; level < rows.size(); ++level) rows[level][lane] = surroundings_[level];
    const auto& container = page_.containers[at];
    ratios[lane] = static_cast<std::int16_t>(credit_ratio_);
    positions[lane] = static_cast<std::int16_t>(
        share_of(i - container.first_block, container.end_block - container.first_block));
    siblings[lane] = static_cast<std::int16_t>(log_of(whole_->same_siblings[own]));
  }
  constexpr std::array places{Feature::log_words_1, Feature::log_words_2, Feature::log_words_3, Feature::log_words_5};
  constexpr std::array scores{Feature::word_score_c1, Feature::word_score_c2, Feature::word_score_c3,
                              Feature::word_score_c5};
  for (std::size_t level = 0; level < rows.size(); ++level) {
    auto* const first = &columns_[static_cast<std::size_t>(places[level])];
    auto* const score = &columns_[static_cast<std::size_t>(scores[level])];
    kernels::put_side_by_side(std::span(rows[level]).first((count_ + 7) / 8 * 8),
                              {first, first + 1, first + 2, first + 3, first + 4, first + 5, score, &unused_});
  }
}

/// Levels from a container outwards to the first that covers each block, at most 6.
void BlockMeasurer::set_split(Feature feature, std::uint32_t container) {
  constexpr std::size_t levels = 6;
  auto& to = column(feature);
  std::array<std::uint32_t, levels> around{container};
  for (std::size_t level = 1; level < levels; ++level) around[level] = page_.containers[around[level - 1]].outer;
  to.fill(levels);
  for (std::size_t level = levels; level-- > 0;) {
    const auto& range = page_.containers[around[level]];
    const auto begin = std::clamp(range.first_block, first_, first_ + lanes) - first_;
    const auto end = std::clamp(range.end_block, first_, first_ + lanes) - first_;
    if (begin < end) std::fill(to.begin() + begin, to.begin() + end, static_cast<std::int16_t>(level));
  }
}

/// Logarithm of the distance of each block to a range of blocks, negative in front of it, 0 inside.
void BlockMeasurer::set_distance(Feature feature, std::uint32_t begin, std::uint32_t end) {
  auto& to = column(feature);
  const auto behind = first_ + count_;
  const auto before_end = std::clamp(begin, first_, behind);
  const auto inside_end = std::clamp(end, before_end, behind);
  auto i = first_;
  for (; i < before_end; ++i) to[i - first_] = static_cast<std::int16_t>(-log_of(begin - i));
  for (; i < inside_end; ++i) to[i - first_] = 0;
  // Near distances stand side by side in the table.
  const auto near_end = std::clamp(end + log_table_size - 1, i, behind);
  if (i < near_end) std::copy_n(log_table.begin() + (i - end + 2), near_end - i, to.begin() + (i - first_));
  for (i = near_end; i < behind; ++i) to[i - first_] = static_cast<std::int16_t>(log_of(i - end + 1));
}

/// Where the blocks stand on the page and relative to what seems to be its content.
void BlockMeasurer::measure_places() {
  const auto& best = page_.containers[whole_->best];
  const auto& mass = page_.containers[whole_->mass_best];
  set_split(Feature::best_split, whole_->best);
  set_split(Feature::mass_split, whole_->mass_best);
  set_distance(Feature::best_distance, best.first_block, best.end_block);
  set_distance(Feature::mass_distance, mass.first_block, mass.end_block);
  set_distance(Feature::segment_distance, whole_->segment_first, whole_->segment_end);
  const auto& all = whole_->all();
  const auto count = static_cast<float>(whole_->block_count());
  const auto all_words = static_cast<float>(all.words);
  const auto all_mass = static_cast<float>(all.positive_score);
  const auto* words = whole_->words_before.from(first_);
  const auto* mass_before = whole_->positive_before.from(first_);
  const auto first = static_cast<std::int32_t>(first_);
  set_shares(
      column(Feature::position), [&](std::uint32_t lane) { return float(first + static_cast<std::int32_t>(lane)); },
      [&](std::uint32_t) { return count; });
  set_shares(
      column(Feature::word_position), [&](std::uint32_t lane) { return float(words[lane]); },
      [&](std::uint32_t) { return all_words; });
  set_shares(
      column(Feature::mass_position), [&](std::uint32_t lane) { return float(mass_before[lane]); },
      [&](std::uint32_t) { return all_mass; });
}

void BlockMeasurer::measure_title() {
  const auto title = whole_->title_block;
  if (title != whole_->block_count()) {
    set_distance(Feature::title_distance, title, title + 1);
    auto& after = column(Feature::after_title);
    for (std::uint32_t lane = 0; lane < count_; ++lane)
      after[lane] = first_ + lane > title ? 2 : first_ + lane == title ? 1 : -2;
  }
  if (whole_->article_count == 0) return;
  auto& indexes = column(Feature::article_index);
  auto& shares = column(Feature::article_share);
  auto article = none;
  std::int16_t index = 0;
  std::int16_t share = 0;
  for (std::uint32_t lane = 0; lane < count_; ++lane) {
    const auto container = page_.blocks[first_ + lane].container;
    if (whole_->article_of[container] != article) {
      article = whole_->article_of[container];
      const auto words = article == 0 ? 0 : whole_->totals(article).words;
      index = static_cast<std::int16_t>(log_of(whole_->article_index[container]));
      share = static_cast<std::int16_t>(share_of(words, whole_->all().words));
    }
    indexes[lane] = index;
    shares[lane] = share;
  }
}

void BlockMeasurer::measure_scores() {
  const auto set_mean = [&](Feature feature, std::ptrdiff_t reach) {
    const auto* score_begin = whole_->score_before.from(std::ptrdiff_t{first_} - reach);
    const auto* score_end = whole_->score_before.from(std::ptrdiff_t{first_} + reach + 1);
    const auto* weight_begin = whole_->weight_before.from(std::ptrdiff_t{first_} - reach);
    const auto* weight_end = whole_->weight_before.from(std::ptrdiff_t{first_} + reach + 1);
    auto& to = column(feature);
    for (std::uint32_t lane = 0; lane < lanes; ++lane) {
      const double weight = std::max(weight_end[lane] - weight_begin[lane], 1);
      to[lane] = static_cast<std::int16_t>(static_cast<int>((score_end[lane] - score_begin[lane]) / weight));
    }
  };
  set_mean(Feature::word_score_1, 1);
  set_mean(Feature::word_score_3, 3);
  set_mean(Feature::word_score_8, 8);
  set_mean(Feature::word_score_below_top, 2);
  const auto top = static_cast<std::int16_t>(whole_->top_score);
  for (auto& score : column(Feature::word_score_below_top)) score = static_cast<std::int16_t>(top - score);
  auto& distances = column(Feature::heading_distance);
  auto& scores = column(Feature::word_score_heading);
  for (std::uint32_t lane = 0; lane < count_; ++lane) {
    const auto heading = whole_->heading_before[first_ + lane];
    const bool is_none = heading == whole_->block_count();
    distances[lane] = static_cast<std::int16_t>(is_none ? 32 * log_unit - 1 : log_of(first_ + lane - heading));
    scores[lane] = is_none ? std::int16_t{0} : whole_->word_scores[heading];
  }
}

}  // namespace gristmill::ops::extract
