// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/extract/features.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include "gristmill/base/hash.h"

namespace gristmill::ops::extract {
namespace {

using kernels::HtmlTag;

// In the order of the enumeration.
constexpr std::array<std::string_view, feature_count> names{
    "log_words",
    "link_density",
    "sentence_ends",
    "commas_per_word",
    "bytes_per_word",
    "digit_share",
    "ends_sentence",
    "heading_level",
    "position",
    "word_position",
    "depth",
    "log_words_before",
    "log_words_after",
    "link_density_before",
    "link_density_after",
    "window_log_words",
    "window_link_density",
    "log_words_1",
    "link_density_1",
    "long_share_1",
    "page_share_1",
    "log_blocks_1",
    "log_words_2",
    "link_density_2",
    "long_share_2",
    "page_share_2",
    "log_blocks_2",
    "log_words_3",
    "link_density_3",
    "long_share_3",
    "page_share_3",
    "log_blocks_3",
    "log_words_5",
    "link_density_5",
    "long_share_5",
    "page_share_5",
    "log_blocks_5",
    "best_ratio",
    "best_split",
    "best_distance",
    "same_siblings",
    "title_overlap",
    "after_title",
    "repeats",
    "page_log_words",
    "page_link_density",
    "page_long_share",
    "page_log_blocks",
    "best_page_share",
    "navigation",
    "aside",
    "footer",
    "header",
    "form",
    "button",
    "hidden",
    "main",
    "article",
    "dialog",
    "noscript",
    "list_item",
    "table_cell",
    "preformatted",
    "quote",
    "figure",
    "paragraph",
    "definition",
    "word_score",
    "word_score_1",
    "word_score_3",
    "word_score_8",
    "word_score_c1",
    "word_score_c2",
    "word_score_c3",
    "word_score_c5",
    "word_score_top",
    "word_score_below_top",
};

/// Running sums over blocks: the totals of any range are one subtraction.
struct Sums {
  float words = 0;
  float link_words = 0;
  float long_words = 0;
  float score_words = 0;  ///< Sum of word score times weight.
  float weight = 0;       ///< Sum of the weights.
};

bool is_long(const Block& block) noexcept { return block.words >= 15 && block.link_words * 3 < block.words; }

float weight_of(const Block& block) noexcept { return std::sqrt(static_cast<float>(std::min(block.words, 100u))); }

/// log2(1 + count); counts are small on nearly all pages.
float log_of(float count) noexcept {
  static const auto small = [] {
    std::array<float, 1024> logs{};
    for (std::size_t i = 0; i < logs.size(); ++i) logs[i] = std::log2(1.0f + static_cast<float>(i));
    return logs;
  }();
  const auto whole = static_cast<std::size_t>(count);
  return whole < small.size() && static_cast<float>(whole) == count ? small[whole] : std::log2(1.0f + count);
}

float density(float part, float whole) noexcept { return whole > 0 ? part / whole : 0.0f; }

/// Counts equal keys.
class KeyCounts {
 public:
  explicit KeyCounts(std::size_t keys) : slots_(std::bit_ceil(2 * keys + 2)) {}
  /// The count of a key, made 0 when new.
  std::uint32_t& operator[](std::uint64_t key) {
    const auto mixed = (key ^ key >> 32) * 0x9E3779B97F4A7C15u;
    auto at = mixed >> 32 & (slots_.size() - 1);
    while (slots_[at].count != 0 && slots_[at].key != key) at = (at + 1) & (slots_.size() - 1);
    slots_[at].key = key;
    return slots_[at].count;
  }

 private:
  struct Slot {
    std::uint64_t key = 0;
    std::uint32_t count = 0;
  };
  std::vector<Slot> slots_;
};

class Measurer {
  static constexpr std::uint32_t none = 0xFFFFFFFFu;

 public:
  Measurer(const kernels::HtmlTree& tree, const Page& page, std::span<const float> scores)
      : tree_(tree), page_(page), scores_(scores), count_(static_cast<std::uint32_t>(page.blocks.size())) {}

  void run(const std::function<void(std::uint32_t, const FeatureRow&)>& on_row) {
    make_sums();
    find_best_container();
    count_siblings();
    compare_with_title();
    count_repeats();
    FeatureRow row{};
    row_ = &row;
    measure_page();
    for (std::uint32_t i = 0; i < count_; ++i) {
      measure_own(i);
      measure_neighbours(i);
      measure_containers(i);
      measure_context(page_.blocks[i]);
      measure_scores(i);
      on_row(i, row);
    }
  }

 private:
  void set(Feature feature, float value) { (*row_)[static_cast<std::size_t>(feature)] = value; }
  void set(Feature first, std::size_t offset, float value) {
    (*row_)[static_cast<std::size_t>(first) + offset] = value;
  }

  void make_sums() {
    sums_.assign(count_ + 1, {});
    for (std::uint32_t i = 0; i < count_; ++i) {
      const auto& block = page_.blocks[i];
      auto& next = sums_[i + 1];
      next = sums_[i];
      const auto words = static_cast<float>(block.words);
      next.words += words;
      next.link_words += static_cast<float>(block.link_words);
      if (is_long(block)) next.long_words += words;
      next.score_words += scores_[i] * weight_of(block);
      next.weight += weight_of(block);
    }
  }

  [[nodiscard]] Sums range(std::uint32_t first, std::uint32_t end) const {
    const auto& a = sums_[first];
    const auto& b = sums_[end];
    return {b.words - a.words, b.link_words - a.link_words, b.long_words - a.long_words, b.score_words - a.score_words,
            b.weight - a.weight};
  }

  [[nodiscard]] Sums totals(std::uint32_t container) const {
    return range(page_.containers[container].first_block, page_.containers[container].end_block);
  }

  /// Readability's idea: each paragraph credits its parent, and half as much the parent's parent; links discount.
  void find_best_container() {
    credit_.assign(page_.containers.size(), 0.0f);
    for (const auto& block : page_.blocks) {
      if (block.words < 5 || block.heading_level != 0) continue;
      const float points = (1.0f + static_cast<float>(block.commas) +
                            std::min(static_cast<float>(block.bytes()) / 100.0f, 3.0f)) *
                           (1.0f - density(static_cast<float>(block.link_bytes), static_cast<float>(block.bytes())));
      auto at = block.container;
      const auto tag = tree_.nodes()[page_.containers[at].node].tag;
      if (tag == HtmlTag::p || tag == HtmlTag::pre || tag == HtmlTag::li) at = page_.containers[at].parent;
      credit_[at] += points;
      credit_[page_.containers[at].parent] += points / 2;
    }
    best_ = 0;
    for (std::uint32_t i = 0; i < credit_.size(); ++i) {
      const auto sums = totals(i);
      credit_[i] *= 1.0f - density(sums.link_words, sums.words);
      if (credit_[i] > credit_[best_]) best_ = i;
    }
  }

  void count_siblings() {
    same_siblings_.assign(page_.containers.size(), 0);
    KeyCounts counts(page_.containers.size());
    const auto key = [&](const Container& container) {
      const auto& node = tree_.nodes()[container.node];
      return std::uint64_t{container.parent} << 32 ^ std::uint64_t{node.class_value} << 8 ^
             static_cast<std::uint64_t>(node.tag);
    };
    for (const auto& container : page_.containers) ++counts[key(container)];
    for (std::uint32_t i = 0; i < page_.containers.size(); ++i) same_siblings_[i] = counts[key(page_.containers[i])];
  }

  /// Lower-case ASCII word hashes of at most 32 words.
  static void word_hashes(std::string_view text, std::vector<std::uint32_t>& out) {
    out.clear();
    std::uint32_t hash = 0;
    for (std::size_t i = 0; i <= text.size() && out.size() < 32; ++i) {
      const char c = i < text.size() ? text[i] : ' ';
      const bool is_word = static_cast<unsigned char>(c) >= 0x80 || (c >= '0' && c <= '9') ||
                           static_cast<unsigned char>((c | 0x20) - 'a') < 26;
      if (is_word) {
        hash = (hash ^ static_cast<unsigned char>(c | 0x20)) * 0x01000193u + 1;
      } else if (hash != 0) {
        out.push_back(hash);
        hash = 0;
      }
    }
    std::ranges::sort(out);
    out.erase(std::unique(out.begin(), out.end()), out.end());
  }

  /// Share of a heading's words that the page title has too, and where the best match stands.
  void compare_with_title() {
    overlap_.assign(count_, 0.0f);
    title_block_ = count_;
    std::vector<std::uint32_t> title;
    for (const auto& node : tree_.nodes()) {
      if (node.tag != HtmlTag::title || (node.flags & kernels::HtmlNode::has_raw) == 0) continue;
      word_hashes(tree_.source(node).substr(0, 500), title);
      break;
    }
    if (title.empty()) return;
    std::vector<std::uint32_t> words;
    float best = 0.5f;
    for (std::uint32_t i = 0; i < count_; ++i) {
      const auto& block = page_.blocks[i];
      if (block.words > 30 || (block.heading_level == 0 && block.words < 3)) continue;
      word_hashes(page_.text_of(block), words);
      const auto shared = std::ranges::count_if(
          words, [&](std::uint32_t word) { return std::ranges::binary_search(title, word); });
      overlap_[i] = density(static_cast<float>(shared), static_cast<float>(words.size()));
      const float rank = overlap_[i] * density(static_cast<float>(shared), static_cast<float>(title.size())) +
                         (block.heading_level == 1 ? 0.3f : 0.0f);
      if (rank > best) {
        best = rank;
        title_block_ = i;
      }
    }
  }

  void count_repeats() {
    repeats_.assign(count_, 0);
    KeyCounts counts(count_);
    std::vector<std::uint64_t> hashes(count_);
    for (std::uint32_t i = 0; i < count_; ++i) ++counts[hashes[i] = xxh3_64(page_.text_of(page_.blocks[i]))];
    for (std::uint32_t i = 0; i < count_; ++i) repeats_[i] = counts[hashes[i]] - 1;
  }

  /// Sets what is the same for all blocks: these places of the row are written once.
  void measure_page() {
    const auto all = sums_[count_];
    set(Feature::page_log_words, log_of(all.words));
    set(Feature::page_link_density, density(all.link_words, all.words));
    set(Feature::page_long_share, density(all.long_words, all.words));
    set(Feature::page_log_blocks, log_of(static_cast<float>(count_)));
    set(Feature::best_page_share, density(totals(best_).words, all.words));
    std::vector<float> sorted(scores_.begin(), scores_.end());
    if (!sorted.empty()) {
      const auto at = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() * 9 / 10);
      std::nth_element(sorted.begin(), at, sorted.end());
      top_score_ = *at;
    }
    set(Feature::word_score_top, top_score_);
  }

  void measure_own(std::uint32_t i) {
    const auto& block = page_.blocks[i];
    const auto text = page_.text_of(block);
    const auto words = static_cast<float>(block.words);
    const auto digits = std::ranges::count_if(text.substr(0, 400), [](char c) { return c >= '0' && c <= '9'; });
    set(Feature::log_words, log_of(words));
    set(Feature::link_density, density(static_cast<float>(block.link_bytes), static_cast<float>(block.bytes())));
    set(Feature::sentence_ends, static_cast<float>(std::min<std::uint32_t>(block.sentence_ends, 8)));
    set(Feature::commas_per_word, static_cast<float>(block.commas) / words);
    set(Feature::bytes_per_word, static_cast<float>(block.bytes()) / words);
    set(Feature::digit_share,
        density(static_cast<float>(digits), static_cast<float>(std::min<std::size_t>(text.size(), 400))));
    const char last = text.back();
    const bool ends = last == '.' || last == '!' || last == '?' || last == ':' || text.ends_with("\xE3\x80\x82");
    set(Feature::ends_sentence, ends ? 1.0f : 0.0f);
    set(Feature::heading_level, static_cast<float>(block.heading_level));
    set(Feature::position, static_cast<float>(i) / static_cast<float>(count_));
    set(Feature::word_position, density(sums_[i].words, sums_[count_].words));
    set(Feature::depth, static_cast<float>(tree_.nodes()[block.node].depth));
    set(Feature::title_overlap, overlap_[i]);
    set(Feature::after_title, title_block_ == count_ ? 0.0f
                              : i > title_block_     ? 1.0f
                              : i == title_block_    ? 0.5f
                                                     : -1.0f);
    set(Feature::repeats, log_of(static_cast<float>(repeats_[i])));
  }

  void measure_neighbours(std::uint32_t i) {
    const auto link_density = [&](std::uint32_t at) {
      const auto& block = page_.blocks[at];
      return density(static_cast<float>(block.link_words), static_cast<float>(block.words));
    };
    const bool has_before = i > 0;
    const bool has_after = i + 1 < count_;
    set(Feature::log_words_before, has_before ? log_of(static_cast<float>(page_.blocks[i - 1].words)) : 0.0f);
    set(Feature::link_density_before, has_before ? link_density(i - 1) : 0.0f);
    set(Feature::log_words_after, has_after ? log_of(static_cast<float>(page_.blocks[i + 1].words)) : 0.0f);
    set(Feature::link_density_after, has_after ? link_density(i + 1) : 0.0f);
    const auto window = range(i < 4 ? 0 : i - 4, std::min(count_, i + 5));
    set(Feature::window_log_words, log_of(window.words / 9));
    set(Feature::window_link_density, density(window.link_words, window.words));
  }

  void measure_container(std::uint32_t container, Feature first) {
    const auto sums = totals(container);
    const auto blocks = page_.containers[container].end_block - page_.containers[container].first_block;
    set(first, 0, log_of(sums.words));
    set(first, 1, density(sums.link_words, sums.words));
    set(first, 2, density(sums.long_words, sums.words));
    set(first, 3, density(sums.words, sums_[count_].words));
    set(first, 4, log_of(static_cast<float>(blocks)));
  }

  [[nodiscard]] bool covers(std::uint32_t container, std::uint32_t block) const {
    return block >= page_.containers[container].first_block && block < page_.containers[container].end_block;
  }

  /// The innermost container of one block counts as level 0: it says no more than the block itself.
  [[nodiscard]] std::uint32_t level_one(std::uint32_t i) const {
    const auto at = page_.blocks[i].container;
    const auto& container = page_.containers[at];
    return container.end_block - container.first_block == 1 ? container.outer : at;
  }

  void measure_containers(std::uint32_t i) {
    auto at = level_one(i);
    constexpr std::array levels{Feature::log_words_1, Feature::log_words_2, Feature::log_words_3, Feature::log_words_3,
                                Feature::log_words_5};
    constexpr std::array scores{Feature::word_score_c1, Feature::word_score_c2, Feature::word_score_c3,
                                Feature::word_score_c3, Feature::word_score_c5};
    float best_credit = 0;
    for (std::size_t level = 0; level < levels.size(); ++level) {
      best_credit = std::max(best_credit, credit_[at]);
      // Neighbours share most of their containers: the row still holds what was measured for the block before.
      if (level != 3 && at != measured_[level]) {
        measured_[level] = at;
        measure_container(at, levels[level]);
        const auto sums = totals(at);
        set(scores[level], density(sums.score_words, sums.weight));
      }
      at = page_.containers[at].outer;
    }
    set(Feature::best_ratio, density(best_credit, credit_[best_]));
    float split = 0;
    for (auto cover = best_; split < 6 && !covers(cover, i); cover = page_.containers[cover].outer) ++split;
    set(Feature::best_split, split);
    const auto& best = page_.containers[best_];
    const auto distance = i < best.first_block  ? best.first_block - i
                          : i >= best.end_block ? i - best.end_block + 1
                                                : 0;
    set(Feature::best_distance,
        i < best.first_block ? -log_of(static_cast<float>(distance)) : log_of(static_cast<float>(distance)));
    set(Feature::same_siblings, log_of(static_cast<float>(same_siblings_[page_.blocks[i].container])));
  }

  void measure_context(const Block& block) {
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
    for (const auto& [feature, bit] : flags) set(feature, (block.context & bit) != 0 ? 1.0f : 0.0f);
  }

  void measure_scores(std::uint32_t i) {
    const auto mean = [&](std::uint32_t reach) {
      const auto sums = range(i < reach ? 0 : i - reach, std::min(count_, i + reach + 1));
      return density(sums.score_words, sums.weight);
    };
    set(Feature::word_score, scores_[i]);
    set(Feature::word_score_1, mean(1));
    set(Feature::word_score_3, mean(3));
    set(Feature::word_score_8, mean(8));
    set(Feature::word_score_below_top, top_score_ - mean(2));
  }

  const kernels::HtmlTree& tree_;
  const Page& page_;
  std::span<const float> scores_;
  std::uint32_t count_;
  std::vector<Sums> sums_;
  std::vector<float> credit_;
  std::uint32_t best_ = 0;
  std::vector<std::uint32_t> same_siblings_;
  std::vector<float> overlap_;
  std::uint32_t title_block_ = 0;
  std::vector<std::uint32_t> repeats_;
  float top_score_ = 0;
  std::array<std::uint32_t, 5> measured_{none, none, none, none, none};  ///< Container last measured at each level.
  FeatureRow* row_ = nullptr;
};

}  // namespace

std::string_view feature_name(Feature feature) noexcept { return names[static_cast<std::size_t>(feature)]; }

void measure_blocks(const kernels::HtmlTree& tree, const Page& page, std::span<const float> word_scores,
                    const std::function<void(std::uint32_t block, const FeatureRow& row)>& on_row) {
  Measurer(tree, page, word_scores).run(on_row);
}

}  // namespace gristmill::ops::extract
