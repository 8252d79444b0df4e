// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/extract/tokens.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "gristmill/kernels/token_batch.h"
#include "gristmill/ops/extract/features.h"
#include "gristmill/ops/extract/page_memory.h"
#include "gristmill/ops/extract/page_words.h"

namespace gristmill::ops::extract {
namespace {

using kernels::html_tag_count;
using kernels::HtmlNode;
using kernels::HtmlTag;

constexpr std::size_t index_of(TokenBand band) noexcept { return static_cast<std::size_t>(band); }

TokenBand text_band(const Block& block) noexcept { return is_brief(block) ? TokenBand::brief : TokenBand::start; }

/// Calls `on_element(band, node)` for the element around a container's own and the near ones around that; returns the
/// first far one.
template <typename OnElement>
std::uint32_t for_each_outer_element(std::span<const HtmlNode> nodes, std::uint32_t at, const OnElement& on_element) {
  for (const auto band : {TokenBand::parent, TokenBand::near, TokenBand::near}) {
    if (at == 0) break;
    on_element(band, at);
    at = nodes[at].parent;
  }
  return at;
}

/// Sums weights. What several blocks share is summed once: a value's words, what surrounds a container, and a text that
/// is a block's own, stands before the next or comes again. All that is needed is found first, so that words can be
/// looked up many at a time.
class TokenScorer {
 public:
  TokenScorer(const kernels::HtmlTree& tree, const Page& page, const Repeats& repeats,
              const kernels::TokenWeights& weights)
      : tree_(tree),
        nodes_(tree.nodes()),
        page_(page),
        repeats_(repeats),
        weights_(weights),
        title_(tree),
        texts_(memory_.take<TextSums>(repeats.sizes.size())),
        values_(memory_.take<kernels::BandSums>(tree.values().size())),
        needed_values_(memory_.take<std::uint32_t>(tree.values().size() + 1)),
        outer_elements_(memory_.take<OuterElement>(nodes_.size())),
        inner_elements_(memory_.take<InnerElement>(page.blocks.size() * inner_elements_max)),
        runs_(memory_.take<Run>(page.blocks.size())),
        element_sums_(memory_.take<std::int32_t>(page.blocks.size(), 0)) {
    values_[0] = {};  // None.
  }

  TokenScores run(int bias) {
    TokenScores scored{.of_block = {}, .titles = {title_.words().size(), {}}};
    scored.titles.of_text.resize(texts_.size());
    sum_texts(scored.titles.of_text);
    sum_elements();
    auto& scores = scored.of_block;
    scores.resize(page_.blocks.size());
    int heading_sum = 0;
    int before_sum = 0;
    for (std::size_t i = 0; i < scores.size(); ++i) {
      const auto& block = page_.blocks[i];
      const auto text = text_sums(i);
      const auto sum = bias + heading_sum + before_sum + element_sums_[i] + text.own;
      scores[i] = static_cast<std::int16_t>(std::clamp<int>(2 * sum, -score_max, score_max));
      before_sum = text.before;
      if (block.heading_level != 0) heading_sum = text.heading;
    }
    return scored;
  }

 private:
  /// Weights of an element and all around it, by the place that the element takes.
  struct alignas(16) Around {
    std::int32_t far = 0;
    std::int32_t near_last = 0;   ///< The further one of the two near ones.
    std::int32_t near_first = 0;
    std::int32_t parent = 0;
  };
  struct TextSums {
    std::int16_t own;
    std::int16_t before;
    std::int16_t heading;
    bool is_brief;
  };
  /// What counts of an element. Copied, as elements lie too far apart to be looked at twice.
  struct Element {
    explicit Element(const HtmlNode& node)
        : tag(node.tag),
          role_value(node.role_value),
          itemprop_value(node.itemprop_value),
          class_value(node.class_value),
          id_value(node.id_value) {}

    HtmlTag tag;
    std::uint16_t role_value;
    std::uint16_t itemprop_value;
    std::uint32_t class_value;
    std::uint32_t id_value;
  };
  struct InnerElement {
    Element element;
    std::uint32_t block;
  };
  /// An element that has containers inside.
  struct OuterElement {
    Element element;
    std::uint32_t parent;  ///< Place of the element around it.
  };
  /// Blocks that follow each other in one container.
  struct Run {
    Element own;
    std::uint32_t parent;  ///< Place of the element around the container's.
    std::uint32_t end;     ///< One behind the last block.
  };

  // Texts.

  /// Of the first text of each group; groups are numbered by their first blocks.
  void sum_texts(std::span<TitleMatch> titles) {
    batch_.look_for(title_.words());
    std::uint32_t next = 0;
    for (std::size_t i = 0; i < page_.blocks.size(); ++i) {
      if (repeats_.group[i] != next) continue;
      texts_[next].is_brief = is_brief(page_.blocks[i]);
      add_text(page_.blocks[i]);
      ++next;
      if (batch_.is_full()) finish_texts(next, titles);
    }
    finish_texts(next, titles);
    batch_.look_for({});
  }

  void add_text(const Block& block) {
    batch_.add(page_.text_of(block).substr(0, token_bytes_max), page_.text.data() + page_.text.size(),
               words_seen(block));
  }

  /// Of the groups up to `end`.
  void finish_texts(std::size_t end, std::span<TitleMatch> titles) {
    batch_.sum<kernels::WordKind::letters>(weights_, index_of(TokenBand::brief));
    const auto first = end - batch_.size();
    for (std::size_t i = 0; i < batch_.size(); ++i) {
      sum_text(i, texts_[first + i]);
      titles[first + i] = {static_cast<std::uint8_t>(batch_.words(i)), static_cast<std::uint8_t>(batch_.found(i))};
    }
    batch_.clear();
  }

  void sum_text(std::size_t i, TextSums& sums) const {
    const auto of = [](const kernels::BandSums& all_bands, TokenBand band) {
      return all_bands.of_band[index_of(band) - index_of(TokenBand::brief)];
    };
    auto all = batch_.sums(i);
    if (sums.is_brief) all += weights_.at(batch_.whole_place(i), index_of(TokenBand::brief));
    sums.own = of(all, sums.is_brief ? TokenBand::brief : TokenBand::start);
    sums.before = sums.is_brief ? of(all, TokenBand::before) : std::int16_t{0};
    sums.heading = of(all, TokenBand::heading);
  }

  /// Of a block. Blocks of one text are nearly always all brief or all not; the others have theirs summed again.
  TextSums text_sums(std::size_t block) {
    const auto& sums = texts_[repeats_.group[block]];
    if (sums.is_brief == is_brief(page_.blocks[block])) return sums;
    TextSums own{.own = 0, .before = 0, .heading = 0, .is_brief = !sums.is_brief};
    add_text(page_.blocks[block]);
    batch_.sum<kernels::WordKind::letters>(weights_, index_of(TokenBand::brief));
    sum_text(0, own);
    batch_.clear();
    return own;
  }

  // Elements.

  void sum_elements() {
    find_elements();
    sum_values();
    around_ = memory_.take<Around>(outer_elements_.size());
    around_[0] = {};
    for (std::size_t i = 1; i < outer_elements_.size(); ++i) add_around(i);
    for (const auto& [element, block] : inner_elements_) element_sums_[block] += weight(TokenBand::inner, element);
    std::uint32_t block = 0;
    for (const auto& run : runs_) {
      const auto sum = run.parent == none ? 0 : weight(TokenBand::own, run.own) + around_[run.parent].parent;
      for (; block < run.end; ++block) element_sums_[block] += sum;
    }
  }

  /// Finds which elements and values stand around blocks: each outer element once, behind those around it.
  void find_elements() {
    const auto values = needed_values_;
    const auto is_value_needed = memory_.take<bool>(tree_.values().size(), false);
    is_value_needed[0] = true;
    // By node; 0 for those that are not in the list.
    const auto places = memory_.take<std::uint32_t>(nodes_.size(), 0);
    std::vector<std::uint32_t> path;
    outer_elements_[0] = {Element(nodes_[0]), 0};
    std::uint32_t outer_count = 1;
    std::size_t value_count = 0;
    std::size_t inner_count = 0;
    std::size_t run_count = 0;
    // Without a branch: whether a value is new cannot be guessed.
    const auto need_value = [&](std::uint32_t value) {
      values[value_count] = value;
      value_count += is_value_needed[value] ? 0 : 1;
      is_value_needed[value] = true;
    };
    const auto need_values = [&](const HtmlNode& node) {
      need_value(node.class_value);
      need_value(node.id_value);
      if ((node.role_value | node.itemprop_value) == 0) return;
      need_value(node.role_value);
      need_value(node.itemprop_value);
    };
    auto last = none;
    constexpr std::size_t ahead = 6;  // Nodes lie too far apart for the processor to guess which are next.
    for (std::uint32_t i = 0; i < page_.blocks.size(); ++i) {
      const auto& block = page_.blocks[i];
      __builtin_prefetch(&nodes_[page_.blocks[std::min(i + ahead, page_.blocks.size() - 1)].node - 1]);
      for_each_inner_element(nodes_, page_, block, [&](std::uint32_t node) {
        inner_elements_[inner_count++] = {Element(nodes_[node]), i};
        need_values(nodes_[node]);
      });
      if (block.container != last) {
        last = block.container;
        const auto own = page_.containers[last].node;
        need_values(nodes_[own]);
        const auto parent = nodes_[own].parent;
        // Listed from the innermost outwards, and then turned.
        for (auto at = parent; at != 0 && places[at] == 0; at = nodes_[at].parent) path.push_back(at);
        for (; !path.empty(); path.pop_back()) {
          const auto at = path.back();
          need_values(nodes_[at]);
          places[at] = outer_count;
          outer_elements_[outer_count++] = {Element(nodes_[at]), places[nodes_[at].parent]};
        }
        runs_[run_count++] = {Element(nodes_[own]), own == 0 ? none : places[parent], i + 1};
      }
      runs_[run_count - 1].end = i + 1;
    }
    needed_values_ = values.first(value_count);
    outer_elements_ = outer_elements_.first(outer_count);
    inner_elements_ = inner_elements_.first(inner_count);
    runs_ = runs_.first(run_count);
  }

  void sum_values() {
    std::size_t done = 0;
    const auto finish = [&] {
      batch_.sum<kernels::WordKind::letters_of_one_case>(weights_, index_of(TokenBand::inner));
      for (std::size_t i = 0; i < batch_.size(); ++i) values_[needed_values_[done + i]] = batch_.sums(i);
      done += batch_.size();
      batch_.clear();
    };
    const auto* const readable_end = tree_.html().data() + tree_.html().size();
    for (const auto value : needed_values_) {
      batch_.add(tree_.value_source(value), readable_end, kernels::TokenBatch::text_words_max);
      if (batch_.is_full()) finish();
    }
    finish();
  }

  const kernels::BandSums& tag_sums(HtmlTag tag) {
    const auto at = static_cast<std::size_t>(tag);
    if (!is_tag_known_[at]) {
      is_tag_known_[at] = true;
      tags_[at] = weights_.at(kernels::TokenWeights::place(tag_word_hash(tag)), index_of(TokenBand::inner));
    }
    return tags_[at];
  }

  /// A name and four values of at most 63 tokens each stay within 16 bits.
  kernels::BandSums sums(const Element& element) {
    auto sums = tag_sums(element.tag);
    sums += values_[element.class_value];
    sums += values_[element.id_value];
    if ((element.role_value | element.itemprop_value) == 0) return sums;
    sums += values_[element.role_value];
    sums += values_[element.itemprop_value];
    return sums;
  }

  int weight(TokenBand band, const Element& element) { return sums(element).of_band[index_of(band)]; }

  /// Of an outer element, when what is around it is known.
  void add_around(std::size_t i) {
    const auto own = sums(outer_elements_[i].element).of_band;
    const auto near = own[index_of(TokenBand::near)];
    const auto& outer = around_[outer_elements_[i].parent];
    around_[i] = {.far = own[index_of(TokenBand::far)] + outer.far,
                  .near_last = near + outer.far,
                  .near_first = near + outer.near_last,
                  .parent = own[index_of(TokenBand::parent)] + outer.near_first};
  }

  static kernels::TokenBatch& batch_of_thread() {
    thread_local kernels::TokenBatch batch;
    batch.clear();
    return batch;
  }

  static constexpr std::uint32_t none = 0xFFFFFFFFu;

  const kernels::HtmlTree& tree_;
  std::span<const HtmlNode> nodes_;
  const Page& page_;
  const Repeats& repeats_;
  const kernels::TokenWeights& weights_;
  kernels::TokenBatch& batch_ = batch_of_thread();
  PageMemory memory_;
  Title title_;
  std::span<TextSums> texts_;                ///< By group of repeats.
  std::span<kernels::BandSums> values_;
  std::span<std::uint32_t> needed_values_;   ///< In the order in which they were met.
  std::array<kernels::BandSums, html_tag_count> tags_;
  std::array<bool, html_tag_count> is_tag_known_{};
  std::span<OuterElement> outer_elements_;   ///< The root first, each behind the one around it.
  std::span<Around> around_;                 ///< By outer element.
  std::span<InnerElement> inner_elements_;
  std::span<Run> runs_;
  std::span<std::int32_t> element_sums_;     ///< Of each block.
};

}  // namespace

void list_tokens(const kernels::HtmlTree& tree, const Page& page, std::uint32_t index, const Block* heading,
                 std::vector<std::uint16_t>& slots) {
  const auto nodes = tree.nodes();
  const auto& block = page.blocks[index];
  slots.clear();
  std::vector<std::uint32_t> hashes;
  const auto add = [&](TokenBand band, std::uint32_t hash) {
    slots.push_back(kernels::token_slot(hash, index_of(band)));
  };
  const auto add_hashes = [&](TokenBand band) {
    for (std::size_t i = 0; i < hashes.size(); ++i) {
      add(band, hashes[i]);
      if (i > 0) add(band, kernels::token_pair_hash(hashes[i - 1], hashes[i]));
    }
  };
  const auto add_element = [&](TokenBand band, std::uint32_t node) {
    add(band, tag_word_hash(nodes[node].tag));
    for (const auto value : values_of(nodes[node])) {
      if (value == 0) continue;
      const auto words = tree.value_words(value);
      hashes.assign(words.begin(), words.end());
      add_hashes(band);
    }
  };
  const auto add_text = [&](const Block& of, TokenBand band) {
    hashes.clear();
    for_each_text_word(page, of, token_bytes_max, [&](std::uint32_t hash) { hashes.push_back(hash); });
    add_hashes(band);
    if (is_brief(of)) add(band, std::accumulate(hashes.begin(), hashes.end(), 1u, kernels::token_pair_hash));
  };
  for_each_inner_element(nodes, page, block, [&](std::uint32_t node) { add_element(TokenBand::inner, node); });
  const auto own = page.containers[block.container].node;
  if (own != 0) add_element(TokenBand::own, own);
  auto at = for_each_outer_element(nodes, nodes[own].parent, add_element);
  for (; at != 0; at = nodes[at].parent) add_element(TokenBand::far, at);
  add_text(block, text_band(block));
  if (heading != nullptr) add_text(*heading, TokenBand::heading);
  if (index > 0 && is_brief(page.blocks[index - 1])) add_text(page.blocks[index - 1], TokenBand::before);
}

TokenScores score_tokens(const kernels::HtmlTree& tree, const Page& page, const Repeats& repeats,
                         const kernels::TokenWeights& weights, int bias) {
  return TokenScorer(tree, page, repeats, weights).run(bias);
}

}  // namespace gristmill::ops::extract
