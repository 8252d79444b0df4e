// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/extract/tokens.h"

#include <algorithm>
#include <array>
#include <memory>

#include "gristmill/ops/extract/features.h"
#include "gristmill/ops/extract/page_words.h"

namespace gristmill::ops::extract {
namespace {

using kernels::html_tag_count;
using kernels::HtmlNode;
using kernels::HtmlTag;

constexpr std::size_t text_bytes_max = 128;

constexpr std::size_t index_of(TokenBand band) noexcept { return static_cast<std::size_t>(band); }

/// Hashes of the first words of a value.
template <typename HashOf>
void read_value(const kernels::HtmlTree& tree, std::uint32_t value, HashOf&& hash_of, kernels::TokenHashes& hashes) {
  hashes.clear();
  const auto on_hash = [&](std::uint32_t hash) {
    hashes.push_back(hash);
    return hashes.size() < kernels::TokenHashes::count_max;
  };
  kernels::for_each_word_hash<kernels::WordKind::letters_of_one_case>(
      tree.value_source(value), tree.html().data() + tree.html().size(), hash_of, on_hash);
}

/// Hashes of the first words of a text.
template <typename HashOf>
void read_text(const Page& page, const Block& block, HashOf&& hash_of, kernels::TokenHashes& hashes) {
  hashes.clear();
  for_each_text_word(page, block, text_bytes_max, hash_of, [&](std::uint32_t hash) { hashes.push_back(hash); });
}

/// Hash of a brief text as a whole.
std::uint32_t whole_hash(const kernels::TokenHashes& hashes) {
  std::uint32_t whole = 1;
  for (const auto hash : hashes) whole = kernels::token_pair_hash(whole, hash);
  return whole;
}

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
/// is a block's own, stands before the next or comes again.
class TokenScorer {
 public:
  TokenScorer(const kernels::HtmlTree& tree, const Page& page, const Repeats& repeats,
              const kernels::TokenWeights& weights)
      : tree_(tree),
        nodes_(tree.nodes()),
        page_(page),
        repeats_(repeats),
        weights_(weights),
        values_(std::make_unique_for_overwrite<kernels::BandSums[]>(tree.values().size())),
        is_value_known_(tree.values().size()),
        around_(std::make_unique_for_overwrite<Around[]>(nodes_.size())),
        is_around_known_(nodes_.size()),
        texts_(std::make_unique_for_overwrite<TextSums[]>(repeats.sizes.size())),
        is_text_known_(repeats.sizes.size()) {
    around_[0] = {};
    is_around_known_[0] = 1;
  }

  std::vector<std::int16_t> run(int bias) {
    std::vector<std::int16_t> scores(page_.blocks.size());
    int heading_sum = 0;
    int before_sum = 0;
    for (std::size_t i = 0; i < scores.size(); ++i) {
      const auto& block = page_.blocks[i];
      const auto& text = text_sums(block, repeats_.group[i]);
      const auto sum = bias + heading_sum + before_sum + element_sum(block) + text.own;
      scores[i] = static_cast<std::int16_t>(std::clamp<int>(2 * sum, -score_max, score_max));
      before_sum = text.before;
      if (block.heading_level != 0) heading_sum = text.heading;
    }
    return scores;
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
    std::int32_t own;
    std::int32_t before;
    std::int32_t heading;     ///< Known when a block of the text was a heading.
    bool is_brief;
    bool is_heading;
  };

  const kernels::BandSums& tag_sums(HtmlTag tag) {
    const auto at = static_cast<std::size_t>(tag);
    if (is_tag_known_[at] == 0) {
      hashes_.clear();
      hashes_.push_back(tag_word_hash(tag));
      is_tag_known_[at] = 1;
      sum_hashes(tags_[at]);
    }
    return tags_[at];
  }

  const kernels::BandSums& value_sums(std::uint32_t value) {
    if (is_value_known_[value] == 0) sum_value(value);
    return values_[value];
  }

  // Apart, so that the registers of its callers stay theirs.
  [[gnu::noinline]] void sum_value(std::uint32_t value) {
    is_value_known_[value] = 1;
    read_value(tree_, value, words_, hashes_);
    sum_hashes(values_[value]);
  }

  void sum_hashes(kernels::BandSums& sums) {
    places_.find(hashes_);
    sums = weights_.sums(places_);
  }

  std::int32_t element_weight(TokenBand band, const HtmlNode& node) {
    const auto at = index_of(band);
    auto weight = tag_sums(node.tag).of_band[at];
    for (const auto value : values_of(node)) {
      if (value != 0) weight += value_sums(value).of_band[at];
    }
    return weight;
  }

  kernels::BandSums element_sums(const HtmlNode& node) {
    auto sums = tag_sums(node.tag);
    for (const auto value : values_of(node)) {
      if (value == 0) continue;
      const auto& more = value_sums(value);
      for (std::size_t band = 0; band < sums.of_band.size(); ++band) sums.of_band[band] += more.of_band[band];
    }
    return sums;
  }

  const Around& around(std::uint32_t node) {
    if (is_around_known_[node] == 0) sum_around(node);
    return around_[node];
  }

  /// Found from the outermost element inwards, once for each.
  [[gnu::noinline]] void sum_around(std::uint32_t node) {
    for (auto at = nodes_[node].parent; is_around_known_[at] == 0; at = nodes_[at].parent) path_.push_back(at);
    for (; !path_.empty(); path_.pop_back()) add_around(path_.back());
    add_around(node);
  }

  /// Of an element, when what is around it is known.
  void add_around(std::uint32_t node) {
    const auto own = element_sums(nodes_[node]).of_band;
    const auto near = own[index_of(TokenBand::near)];
    const auto& outer = around_[nodes_[node].parent];
    around_[node] = {.far = own[index_of(TokenBand::far)] + outer.far,
                     .near_last = near + outer.far,
                     .near_first = near + outer.near_last,
                     .parent = own[index_of(TokenBand::parent)] + outer.near_first};
    is_around_known_[node] = 1;
  }

  int element_sum(const Block& block) {
    int sum = 0;
    for_each_inner_element(nodes_, page_, block,
                           [&](std::uint32_t node) { sum += element_weight(TokenBand::inner, nodes_[node]); });
    return sum + container_sum(block.container);
  }

  /// Of a container's element and all around it: neighbours often have it in common.
  int container_sum(std::uint32_t container) {
    if (container == container_) return container_sum_;
    container_ = container;
    const auto own = page_.containers[container].node;
    container_sum_ = own == 0 ? 0 : element_weight(TokenBand::own, nodes_[own]) + around(nodes_[own].parent).parent;
    return container_sum_;
  }

  const TextSums& text_sums(const Block& block, std::uint32_t group) {
    const auto& known = texts_[group];
    const bool is_known = is_text_known_[group] != 0 && known.is_brief == is_brief(block) &&
                          (known.is_heading || block.heading_level == 0);
    if (!is_known) sum_text(block, group);
    return known;
  }

  [[gnu::noinline]] void sum_text(const Block& block, std::uint32_t group) {
    auto& sums = texts_[group];
    sums = {.own = 0, .before = 0, .heading = 0, .is_brief = is_brief(block), .is_heading = block.heading_level != 0};
    is_text_known_[group] = 1;
    read_text(page_, block, words_, hashes_);
    places_.find(hashes_);
    if (sums.is_brief) {
      places_.push_back(whole_hash(hashes_));
      const auto [own, before] = weights_.sums(places_, index_of(TokenBand::brief), index_of(TokenBand::before));
      sums.own = own;
      sums.before = before;
    } else {
      sums.own = weights_.sum(places_, index_of(TokenBand::start));
    }
    if (sums.is_heading) sums.heading = weights_.sum(places_, index_of(TokenBand::heading));
  }

  static kernels::WordHashes& words_of_thread() {
    thread_local constinit kernels::WordHashes words{};
    return words;
  }

  const kernels::HtmlTree& tree_;
  std::span<const HtmlNode> nodes_;
  const Page& page_;
  const Repeats& repeats_;
  const kernels::TokenWeights& weights_;
  kernels::WordHashes& words_ = words_of_thread();
  kernels::TokenHashes hashes_;
  kernels::TokenPlaces places_;
  std::unique_ptr<kernels::BandSums[]> values_;
  std::vector<std::uint8_t> is_value_known_;
  std::array<kernels::BandSums, html_tag_count> tags_;
  std::array<std::uint8_t, html_tag_count> is_tag_known_{};
  std::unique_ptr<Around[]> around_;
  std::vector<std::uint8_t> is_around_known_;
  std::unique_ptr<TextSums[]> texts_;  ///< By group of repeats.
  std::vector<std::uint8_t> is_text_known_;
  std::vector<std::uint32_t> path_;
  std::uint32_t container_ = 0xFFFFFFFFu;  ///< What `container_sum_` belongs to.
  int container_sum_ = 0;
};

}  // namespace

void list_tokens(const kernels::HtmlTree& tree, const Page& page, std::uint32_t index, const Block* heading,
                 std::vector<std::uint16_t>& slots) {
  const auto nodes = tree.nodes();
  const auto& block = page.blocks[index];
  slots.clear();
  kernels::TokenHashes hashes;
  const auto add = [&](TokenBand band, std::uint32_t hash) {
    slots.push_back(kernels::token_slot(hash, index_of(band)));
  };
  const auto add_hashes = [&](TokenBand band) {
    for (const auto* hash = hashes.begin(); hash != hashes.end(); ++hash) {
      add(band, *hash);
      if (hash != hashes.begin()) add(band, kernels::token_pair_hash(hash[-1], *hash));
    }
  };
  const auto add_element = [&](TokenBand band, std::uint32_t node) {
    add(band, tag_word_hash(nodes[node].tag));
    for (const auto value : values_of(nodes[node])) {
      if (value == 0) continue;
      read_value(tree, value, kernels::letter_word_hash, hashes);
      add_hashes(band);
    }
  };
  const auto add_text = [&](const Block& of, TokenBand band) {
    read_text(page, of, kernels::letter_word_hash, hashes);
    add_hashes(band);
    if (is_brief(of)) add(band, whole_hash(hashes));
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

std::vector<std::int16_t> score_tokens(const kernels::HtmlTree& tree, const Page& page, const Repeats& repeats,
                                       const kernels::TokenWeights& weights, int bias) {
  return TokenScorer(tree, page, repeats, weights).run(bias);
}

}  // namespace gristmill::ops::extract
