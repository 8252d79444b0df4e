// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/extract/page_measures.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace gristmill::ops::extract {
namespace {

using kernels::HtmlTag;

/// Binary logarithm in 1/256, rounded down, by repeated squaring.
constexpr int exact_log(std::uint32_t value) {
  const int whole = std::bit_width(value) - 1;
  double rest = static_cast<double>(value) / static_cast<double>(1u << whole);
  int bits = whole;
  for (int i = 0; i < 8; ++i) {
    rest *= rest;
    bits = bits * 2 + (rest >= 2 ? 1 : 0);
    if (rest >= 2) rest /= 2;
  }
  return bits;
}

/// 16 * sqrt(words), of at most 100 words: long blocks must not rule the means alone.
constexpr auto weight_table = [] {
  std::array<std::uint8_t, 101> table{};
  for (std::uint32_t words = 0; words < table.size(); ++words) {
    std::uint32_t root = 0;
    while ((root + 1) * (root + 1) <= words * 256) ++root;
    table[words] = static_cast<std::uint8_t>(root);
  }
  return table;
}();

bool is_long(const Block& block) noexcept { return block.words >= 15 && block.link_words * 3 < block.words; }

/// The score that would stand at a place if they were sorted; 0 of none. To count them for each bit of the answer takes
/// less time than to sort, as it needs no guesses.
int nth_score(std::span<const std::int16_t> scores, std::size_t place) {
  if (scores.empty()) return 0;
  int least = std::numeric_limits<std::int16_t>::min();
  for (int step = 1 << 15; step > 0; step /= 2) {
    const auto middle = static_cast<std::int16_t>(least + step - 1);
    std::size_t below = 0;  // Scores up to the middle.
    for (std::size_t first = 0; first < scores.size(); first += 1024) {
      std::uint16_t count = 0;
      for (const auto score : scores.subspan(first, std::min<std::size_t>(1024, scores.size() - first)))
        count = static_cast<std::uint16_t>(count + (score <= middle ? 1 : 0));
      below += count;
    }
    if (below <= place) least += step;
  }
  return least;
}

}  // namespace

constexpr std::array<std::int16_t, log_table_size + 1> log_table = [] {
  std::array<std::int16_t, log_table_size + 1> table{};
  for (std::uint32_t i = 1; i <= log_table_size; ++i) table[i] = static_cast<std::int16_t>(exact_log(i));
  return table;
}();

PageMeasures::PageMeasures(const kernels::HtmlTree& given_tree, const Page& given_page, const Repeats& given_repeats,
                           std::span<const std::int16_t> given_scores, const TitleMatches& titles)
    : tree(given_tree), page(given_page), repeats(given_repeats), scores(given_scores) {
  make_sums();
  find_best_container();
  find_score_mass();
  count_siblings();
  find_articles();
  find_headings();
  compare_with_title(titles);
  top_score = nth_score(scores, scores.size() * 9 / 10);
}

void PageMeasures::make_sums() {
  const auto count = page.blocks.size();
  sums = memory.take<BlockSums>(count + 1);
  sums[0] = {};
  for (auto* column : {&words_before, &link_words_before, &weight_before}) column->resize(memory, count + 1);
  for (auto* column : {&score_before, &positive_before}) column->resize(memory, count + 1);
  for (auto* column : {&log_words, &link_shares, &heading_levels, &word_scores}) column->resize(memory, count);
  words_before[0] = link_words_before[0] = weight_before[0] = 0;
  score_before[0] = positive_before[0] = 0;
  BlockSums sum{};
  for (std::size_t i = 0; i < count; ++i) {
    const auto& block = page.blocks[i];
    const std::uint32_t weight = weight_table[std::min(block.words, 100u)];
    sum.words += block.words;
    sum.link_words += block.link_words;
    if (is_long(block)) sum.long_words += block.words;
    if ((block.context & Context::paragraph) != 0) sum.paragraph_words += block.words;
    sum.weight += weight;
    sum.score += std::int64_t{scores[i]} * weight;
    sum.positive_score += std::int64_t{std::max<std::int16_t>(scores[i], 0)} * weight;
    sums[i + 1] = sum;
    words_before[i + 1] = static_cast<std::int32_t>(sum.words);
    link_words_before[i + 1] = static_cast<std::int32_t>(sum.link_words);
    weight_before[i + 1] = static_cast<std::int32_t>(sum.weight);
    score_before[i + 1] = static_cast<double>(sum.score);
    positive_before[i + 1] = static_cast<double>(sum.positive_score);
    log_words[i] = static_cast<std::int16_t>(log_of(block.words));
    link_shares[i] = static_cast<std::int16_t>(share_of(block.link_words, block.words));
    heading_levels[i] = block.heading_level;
    word_scores[i] = scores[i];
  }
  for (auto* column : {&words_before, &link_words_before, &weight_before}) column->spread_last();
  for (auto* column : {&score_before, &positive_before}) column->spread_last();
}

/// Readability's idea: each paragraph credits its parent, and half as much the parent's parent; links discount.
void PageMeasures::find_best_container() {
  credit = memory.take<float>(page.containers.size(), 0.0f);
  for (const auto& block : page.blocks) {
    if (block.words < 5 || block.heading_level != 0) continue;
    const auto bytes = static_cast<float>(block.bytes());
    const float points = (1.0f + static_cast<float>(block.commas) + std::min(bytes / 100.0f, 3.0f)) *
                         (1.0f - static_cast<float>(block.link_bytes) / bytes);
    auto at = block.container;
    const auto tag = page.containers[at].tag;
    if (tag == HtmlTag::p || tag == HtmlTag::pre || tag == HtmlTag::li) at = page.containers[at].parent;
    credit[at] += points;
    credit[page.containers[at].parent] += points / 2;
  }
  for (std::uint32_t i = 0; i < credit.size(); ++i) {
    if (credit[i] == 0) continue;
    const auto all = totals(i);
    if (all.words > 0) credit[i] *= 1.0f - static_cast<float>(all.link_words) / static_cast<float>(all.words);
    if (credit[i] > credit[best]) best = i;
  }
}

/// The container, and the run of blocks, with the greatest sum of word scores.
void PageMeasures::find_score_mass() {
  std::int64_t most = 0;
  for (std::uint32_t i = 0; i < page.containers.size(); ++i) {
    const auto& container = page.containers[i];
    const auto mass = sums[container.end_block].score - sums[container.first_block].score;
    if (mass >= most) {
      most = mass;
      mass_best = i;
    }
  }
  std::int64_t greatest = 0;
  std::uint32_t lowest = 0;
  for (std::uint32_t i = 1; i <= block_count(); ++i) {
    if (sums[i].score - sums[lowest].score > greatest) {
      greatest = sums[i].score - sums[lowest].score;
      segment_first = lowest;
      segment_end = i;
    }
    if (sums[i].score < sums[lowest].score) lowest = i;
  }
}

/// Lists show in their items: neighbours of one name and class.
void PageMeasures::count_siblings() {
  constexpr std::uint32_t none = 0xFFFFFFFFu;
  const auto nodes = tree.nodes();
  const auto count = static_cast<std::uint32_t>(page.containers.size());
  same_siblings = memory.take<std::uint32_t>(count, 0);
  PageMemory own;
  const auto kinds = own.take<std::uint64_t>(count);
  const auto first_of = own.take<std::uint32_t>(count);
  const auto last_child = own.take<std::uint32_t>(count, none);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto& container = page.containers[i];
    kinds[i] = std::uint64_t{nodes[container.node].class_value} << 8 | static_cast<std::uint64_t>(container.tag);
    has_article = has_article || container.tag == HtmlTag::article;
    const auto before = std::exchange(last_child[container.parent], i);
    first_of[i] = before != none && kinds[before] == kinds[i] ? first_of[before] : i;
    ++same_siblings[first_of[i]];
  }
  for (std::uint32_t i = 0; i < count; ++i) same_siblings[i] = same_siblings[first_of[i]];
}

void PageMeasures::find_articles() {
  if (!has_article) return;
  article_of = memory.take<std::uint32_t>(page.containers.size(), 0);
  article_index = memory.take<std::uint32_t>(page.containers.size(), 0);
  for (std::uint32_t i = 1; i < page.containers.size(); ++i) {
    const auto& container = page.containers[i];
    const bool is_article = container.tag == HtmlTag::article;
    article_of[i] = is_article ? i : article_of[container.parent];
    article_index[i] = is_article ? ++article_count : article_index[container.parent];
  }
}

void PageMeasures::find_headings() {
  heading_before = memory.take<std::uint32_t>(page.blocks.size());
  auto last = block_count();
  for (std::uint32_t i = 0; i < block_count(); ++i) {
    if (page.blocks[i].heading_level != 0) last = i;
    heading_before[i] = last;
  }
}

void PageMeasures::compare_with_title(const TitleMatches& titles) {
  title_overlap.resize(memory, page.blocks.size());
  title_overlap.clear();
  title_block = block_count();
  if (titles.title_words == 0) return;
  int best_rank = 512;
  for (std::uint32_t i = 0; i < block_count(); ++i) {
    const auto& block = page.blocks[i];
    const auto [words, shared] = titles.of_text[repeats.group[i]];
    if (shared == 0 || block.words > 30 || (block.heading_level == 0 && block.words < 3)) continue;
    const int overlap = share_of(shared, words);
    const int title_share = share_of(std::min<std::size_t>(shared, titles.title_words), titles.title_words);
    title_overlap[i] = static_cast<std::int16_t>(overlap);
    is_title_met = true;
    const int rank = overlap * title_share / 1024 + (block.heading_level == 1 ? 307 : 0);
    if (rank > best_rank) {
      best_rank = rank;
      title_block = i;
    }
  }
}

}  // namespace gristmill::ops::extract
