// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "gristmill/kernels/boosted_trees.h"
#include "gristmill/ops/extract/blocks.h"
#include "gristmill/ops/extract/page_memory.h"
#include "gristmill/ops/extract/repeats.h"
#include "gristmill/ops/extract/title.h"

namespace gristmill::ops::extract {

constexpr std::uint32_t log_table_size = 1024;
/// Binary logarithms in 1/256, rounded down.
extern const std::array<std::int16_t, log_table_size + 1> log_table;

/// Logarithm to base 2 of 1 + count, in 1/256. Integers only: equal on every machine.
inline int log_of(std::uint32_t count) noexcept {
  if (count < log_table_size) return log_table[count + 1];
  const int shift = std::bit_width(count) - 10;
  return log_table[count >> shift] + 256 * shift;
}

/// Part of a whole in 1/1024; 0 of nothing. Neither reaches 2^63.
inline int share_of(std::uint64_t part, std::uint64_t whole) noexcept {
  const auto number = [](std::uint64_t value) { return static_cast<double>(static_cast<std::int64_t>(value)); };
  return whole > 0 ? static_cast<int>(1024.0 * number(part) / number(whole)) : 0;
}

/// Running sums over blocks: the totals of any range are one subtraction.
struct BlockSums {
  std::uint32_t words;
  std::uint32_t link_words;
  std::uint32_t long_words;       ///< In blocks of 15 words or more with few links.
  std::uint32_t paragraph_words;  ///< In paragraphs.
  std::uint32_t weight;           ///< Roots of the counts of words.
  std::int64_t score;             ///< Word scores times weights.
  std::int64_t positive_score;    ///< The same of positive scores only.
};

/// Mean word score of a range.
inline int mean_score(const BlockSums& sums) noexcept {
  return sums.weight > 0 ? static_cast<int>(static_cast<double>(sums.score) / sums.weight) : 0;
}

/// A number for each block, with room around that may be looked at too and holds zeros.
template <typename Number>
class BlockColumn {
 public:
  static constexpr std::size_t room_before = 8;
  static constexpr std::size_t room_behind = kernels::tree_lanes + 16;

  /// The numbers themselves are open, as all of them are written.
  void resize(PageMemory& memory, std::size_t size) {
    size_ = size;
    numbers_ = memory.take<Number>(room_before + size + room_behind).data();
    std::fill_n(numbers_, room_before, Number{});
    std::fill_n(numbers_ + room_before + size, room_behind, Number{});
  }
  void clear() { std::fill_n(numbers_ + room_before, size_, Number{}); }
  /// Repeats the last number in the room behind it.
  void spread_last() { std::fill_n(numbers_ + room_before + size_, room_behind, (*this)[size_ - 1]); }
  Number& operator[](std::size_t i) { return numbers_[room_before + i]; }
  const Number& operator[](std::size_t i) const { return numbers_[room_before + i]; }
  /// The numbers from `first` on, which may lie before the first block.
  [[nodiscard]] const Number* from(std::ptrdiff_t first) const {
    return numbers_ + static_cast<std::ptrdiff_t>(room_before) + first;
  }

 private:
  Number* numbers_ = nullptr;
  std::size_t size_ = 0;
};

/// What is found once a page for the features of all its blocks.
struct PageMeasures {
  PageMeasures(const kernels::HtmlTree& given_tree, const Page& given_page, const Repeats& given_repeats,
               std::span<const std::int16_t> given_scores, const TitleMatches& titles);

  [[nodiscard]] BlockSums range(std::uint32_t first, std::uint32_t end) const {
    const auto& a = sums[first];
    const auto& b = sums[end];
    return {b.words - a.words,
            b.link_words - a.link_words,
            b.long_words - a.long_words,
            b.paragraph_words - a.paragraph_words,
            b.weight - a.weight,
            b.score - a.score,
            b.positive_score - a.positive_score};
  }
  [[nodiscard]] BlockSums totals(std::uint32_t container) const {
    return range(page.containers[container].first_block, page.containers[container].end_block);
  }
  [[nodiscard]] const BlockSums& all() const { return sums[page.blocks.size()]; }
  [[nodiscard]] std::uint32_t block_count() const { return static_cast<std::uint32_t>(page.blocks.size()); }

  const kernels::HtmlTree& tree;
  const Page& page;
  const Repeats& repeats;
  std::span<const std::int16_t> scores;
  PageMemory memory;
  std::span<BlockSums> sums;               ///< Of the blocks before each one; at last of all.
  // The sums that whole columns are made from, once more: of the blocks before each one.
  BlockColumn<std::int32_t> words_before;
  BlockColumn<std::int32_t> link_words_before;
  BlockColumn<std::int32_t> weight_before;
  BlockColumn<double> score_before;           ///< Whole numbers.
  BlockColumn<double> positive_before;
  // Features that blocks have of their neighbours as well.
  BlockColumn<std::int16_t> log_words;
  BlockColumn<std::int16_t> link_shares;
  BlockColumn<std::int16_t> heading_levels;
  BlockColumn<std::int16_t> word_scores;
  std::span<float> credit;                    ///< Readability's points of each container.
  std::uint32_t best = 0;                     ///< Container with the most credit.
  std::uint32_t mass_best = 0;                ///< Container with the greatest sum of word scores.
  std::uint32_t segment_first = 0;            ///< Run of blocks with the greatest sum of word scores.
  std::uint32_t segment_end = 0;
  std::span<std::uint32_t> same_siblings;  ///< Containers in a row of one name, class and parent.
  std::span<std::uint32_t> article_of;        ///< Container of the innermost article, 0 for none.
  std::span<std::uint32_t> article_index;     ///< Counted from 1 in document order.
  std::uint32_t article_count = 0;
  bool has_article = false;                   ///< Without one the two lists are empty.
  BlockColumn<std::int16_t> title_overlap;    ///< Share of a short block's words that the page's title has too.
  bool is_title_met = false;                  ///< Some block has words of the title.
  std::uint32_t title_block = 0;              ///< The best match; the count of blocks for none.
  std::span<std::uint32_t> heading_before;  ///< Last heading at or before each block; the count of blocks for none.
  int top_score = 0;  ///< Nine of ten blocks have a lower word score.

 private:
  void make_sums();
  void find_best_container();
  void find_score_mass();
  void count_siblings();
  void find_articles();
  void compare_with_title(const TitleMatches& titles);
  void find_headings();
};

}  // namespace gristmill::ops::extract
