// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/extract/tokens.h"

#include <algorithm>
#include <array>
#include <bit>
#include <memory>

#include "gristmill/ops/extract/features.h"
#include "gristmill/ops/extract/page_words.h"

namespace gristmill::ops::extract {
namespace {

using kernels::html_tag_count;
using kernels::HtmlNode;
using kernels::HtmlTag;

constexpr std::size_t element_bands = 5;
constexpr std::size_t text_bytes_max = 128;

/// All bands of a word share a line of 64 slots, so that one line of memory serves them all.
struct TokenLine {
  explicit constexpr TokenLine(std::uint32_t hash) noexcept : place((hash ^ hash >> 15) * 0x9E3779B1u >> 16) {}
  [[nodiscard]] constexpr std::uint16_t slot(TokenBand band) const noexcept {
    return static_cast<std::uint16_t>(place ^ (static_cast<std::uint32_t>(band) + 1) * 7);
  }
  std::uint32_t place;
};
static_assert(token_band_count * 7 < 64);

constexpr std::uint32_t pair_hash(std::uint32_t first, std::uint32_t second) noexcept {
  return (std::rotl(first, 7) ^ second) * 0x85EBCA6Bu + 1;
}

/// Hashes of a value: its words, and each two neighbours together ("entry-content", "post-meta").
template <typename HashOf, typename OnHash>
void for_each_value_hash(const kernels::HtmlTree& tree, std::uint32_t value, HashOf&& hash_of, const OnHash& on_hash) {
  std::size_t words_left = kernels::HtmlWords::count_max;
  std::uint32_t previous = 0;
  const auto on_word = [&](std::uint32_t hash) {
    on_hash(hash);
    if (words_left < kernels::HtmlWords::count_max) on_hash(pair_hash(previous, hash));
    previous = hash;
    return --words_left > 0;
  };
  kernels::for_each_word_hash<kernels::WordKind::letters_of_one_case>(
      tree.value_source(value), tree.html().data() + tree.html().size(), hash_of, on_word);
}

/// Hashes of the first words of a text, of each two neighbours, and of a brief text as a whole.
template <typename HashOf, typename OnHash>
void for_each_text_hash(const Page& page, const Block& block, HashOf&& hash_of, const OnHash& on_hash) {
  std::uint32_t previous = 0;
  std::uint32_t whole = 1;
  for_each_text_word(page, block, text_bytes_max, hash_of, [&](std::uint32_t hash) {
    on_hash(hash);
    if (previous != 0) on_hash(pair_hash(previous, hash));
    previous = hash;
    whole = pair_hash(whole, hash);
  });
  if (is_brief(block)) on_hash(whole);
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
/// is a block's own and stands before the next.
class TokenScorer {
 public:
  TokenScorer(const kernels::HtmlTree& tree, const Page& page, std::span<const std::int8_t> weights)
      : tree_(tree),
        nodes_(tree.nodes()),
        page_(page),
        weights_(weights.data()),
        values_(tree.values().size()),
        around_(std::make_unique_for_overwrite<Around[]>(nodes_.size())),
        is_around_known_(nodes_.size()) {
    around_[0] = {};
    is_around_known_[0] = 1;
  }

  std::vector<std::int16_t> run(int bias) {
    std::vector<std::int16_t> scores(page_.blocks.size());
    int heading_sum = 0;
    int before_sum = 0;
    for (std::size_t i = 0; i < scores.size(); ++i) {
      const auto& block = page_.blocks[i];
      const auto text = is_brief(block) ? brief_sums(block) : TextSums{start_sum(block), 0};
      const auto sum = bias + heading_sum + before_sum + element_sum(block) + text.own;
      scores[i] = static_cast<std::int16_t>(std::clamp<int>(2 * sum, -score_max, score_max));
      before_sum = text.before;
      if (block.heading_level != 0) heading_sum = text_sum(block, TokenBand::heading);
    }
    return scores;
  }

 private:
  /// Weights of a name or value in the bands of elements.
  struct alignas(32) BandSums {
    std::array<std::int32_t, element_bands> of_band{};
    std::int32_t is_known = 0;
    std::array<std::int32_t, 2> unused{};
  };
  /// Weights of an element and all around it, by the place that the element takes.
  struct alignas(16) Around {
    std::int32_t far = 0;
    std::int32_t near_last = 0;   ///< The further one of the two near ones.
    std::int32_t near_first = 0;
    std::int32_t parent = 0;
  };
  struct TextSums {
    int own = 0;
    int before = 0;
  };

  [[nodiscard]] int weight(std::uint32_t hash, TokenBand band) const { return weights_[TokenLine(hash).slot(band)]; }

  void add(BandSums& sums, std::uint32_t hash) const {
    const TokenLine line(hash);
    for (std::size_t band = 0; band < element_bands; ++band)
      sums.of_band[band] += weights_[line.slot(static_cast<TokenBand>(band))];
  }

  const BandSums& tag_sums(HtmlTag tag) {
    auto& sums = tags_[static_cast<std::size_t>(tag)];
    if (sums.is_known == 0) add(sums, tag_word_hash(tag));
    sums.is_known = 1;
    return sums;
  }

  const BandSums& value_sums(std::uint32_t value) {
    auto& known = values_[value];
    if (known.is_known != 0) return known;
    BandSums sums{.of_band = {}, .is_known = 1};
    for_each_value_hash(tree_, value, hashes_, [&](std::uint32_t hash) { add(sums, hash); });
    return known = sums;
  }

  std::int32_t element_weight(TokenBand band, const HtmlNode& node) {
    const auto at = static_cast<std::size_t>(band);
    auto weight = tag_sums(node.tag).of_band[at];
    for (const auto value : values_of(node)) {
      if (value != 0) weight += value_sums(value).of_band[at];
    }
    return weight;
  }

  BandSums element_sums(const HtmlNode& node) {
    auto sums = tag_sums(node.tag);
    for (const auto value : values_of(node)) {
      if (value == 0) continue;
      const auto& more = value_sums(value);
      for (std::size_t band = 0; band < element_bands; ++band) sums.of_band[band] += more.of_band[band];
    }
    return sums;
  }

  /// Found from the outermost element inwards, once for each.
  const Around& around(std::uint32_t node) {
    auto at = node;
    for (; is_around_known_[at] == 0; at = nodes_[at].parent) path_.push_back(at);
    for (; !path_.empty(); path_.pop_back()) {
      const auto& outer = around_[at];
      at = path_.back();
      const auto own = element_sums(nodes_[at]).of_band;
      const auto near = own[static_cast<std::size_t>(TokenBand::near)];
      around_[at] = {.far = own[static_cast<std::size_t>(TokenBand::far)] + outer.far,
                     .near_last = near + outer.far,
                     .near_first = near + outer.near_last,
                     .parent = own[static_cast<std::size_t>(TokenBand::parent)] + outer.near_first};
      is_around_known_[at] = 1;
    }
    return around_[node];
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

  TextSums brief_sums(const Block& block) {
    TextSums sums;
    for_each_text_hash(page_, block, hashes_, [&](std::uint32_t hash) {
      sums.own += weight(hash, TokenBand::brief);
      sums.before += weight(hash, TokenBand::before);
    });
    return sums;
  }

  int start_sum(const Block& block) { return text_sum(block, TokenBand::start); }

  int text_sum(const Block& block, TokenBand band) {
    int sum = 0;
    for_each_text_hash(page_, block, hashes_, [&](std::uint32_t hash) { sum += weight(hash, band); });
    return sum;
  }

  static kernels::WordHashes& hashes_of_thread() {
    thread_local constinit kernels::WordHashes hashes{};
    return hashes;
  }

  const kernels::HtmlTree& tree_;
  std::span<const HtmlNode> nodes_;
  const Page& page_;
  const std::int8_t* weights_;
  kernels::WordHashes& hashes_ = hashes_of_thread();
  std::vector<BandSums> values_;
  std::array<BandSums, html_tag_count> tags_{};
  std::unique_ptr<Around[]> around_;
  std::vector<std::uint8_t> is_around_known_;
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
  const auto add = [&](TokenBand band, std::uint32_t hash) { slots.push_back(TokenLine(hash).slot(band)); };
  const auto add_element = [&](TokenBand band, std::uint32_t node) {
    add(band, tag_word_hash(nodes[node].tag));
    for (const auto value : values_of(nodes[node])) {
      if (value != 0)
        for_each_value_hash(tree, value, kernels::letter_word_hash, [&](std::uint32_t hash) { add(band, hash); });
    }
  };
  const auto add_text = [&](const Block& of, TokenBand band) {
    for_each_text_hash(page, of, kernels::letter_word_hash, [&](std::uint32_t hash) { add(band, hash); });
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

std::vector<std::int16_t> score_tokens(const kernels::HtmlTree& tree, const Page& page,
                                       std::span<const std::int8_t> weights, int bias) {
  return TokenScorer(tree, page, weights).run(bias);
}

}  // namespace gristmill::ops::extract
