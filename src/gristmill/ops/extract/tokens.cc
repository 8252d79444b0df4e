// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/extract/tokens.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

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
  explicit constexpr TokenLine(std::uint32_t hash) noexcept {
    const auto mixed = (hash ^ hash >> 15) * 0x9E3779B1u;
    first = mixed >> 22 << 6;
    turn = mixed >> 16;
  }
  [[nodiscard]] constexpr std::uint16_t slot(TokenBand band) const noexcept {
    return static_cast<std::uint16_t>(first | ((turn ^ (static_cast<std::uint32_t>(band) + 1) * 7) & 63));
  }
  std::uint32_t first = 0;
  std::uint32_t turn = 0;
};

constexpr std::uint32_t pair_hash(std::uint32_t first, std::uint32_t second) noexcept {
  return (std::rotl(first, 7) ^ second) * 0x85EBCA6Bu + 1;
}

/// Hashes of a value: its words, and each two neighbours together ("entry-content", "post-meta").
template <typename OnHash>
void for_each_hash(const kernels::HtmlWords& words, const OnHash& on_hash) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    on_hash(words[i]);
    if (i > 0) on_hash(pair_hash(words[i - 1], words[i]));
  }
}

/// Hashes of the first words of a text, of each two neighbours, and of a brief text as a whole.
template <typename OnHash>
void for_each_text_hash(const Page& page, const Block& block, const OnHash& on_hash) {
  std::uint32_t previous = 0;
  std::uint32_t whole = 1;
  for_each_text_word(page, block, text_bytes_max, [&](std::uint32_t hash) {
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
        weights_(weights),
        values_(tree.values().size()),
        far_(nodes_.size(), unknown) {
    values_[0].is_known = true;
    far_[0] = 0;
  }

  std::vector<std::int16_t> run(int bias) {
    std::vector<std::int16_t> scores(page_.blocks.size());
    int heading_sum = 0;
    int before_sum = 0;
    for (std::size_t i = 0; i < scores.size(); ++i) {
      const auto& block = page_.blocks[i];
      const auto text = text_sums(block);
      const auto sum = bias + heading_sum + before_sum + element_sum(block) + text.own;
      scores[i] = static_cast<std::int16_t>(std::clamp<int>(2 * sum, -score_max, score_max));
      before_sum = is_brief(block) ? text.before : 0;
      if (block.heading_level != 0) heading_sum = text.heading;
    }
    return scores;
  }

 private:
  static constexpr std::int32_t unknown = std::numeric_limits<std::int32_t>::min();

  /// Weights of a name or value in each band of elements.
  struct BandSums {
    std::array<std::int32_t, element_bands> of_band{};
    bool is_known = false;
  };
  struct TextSums {
    int own = 0;
    int before = 0;
    int heading = 0;
  };

  void add(BandSums& sums, std::uint32_t hash) const {
    const TokenLine line(hash);
    for (std::size_t band = 0; band < element_bands; ++band)
      sums.of_band[band] += weights_[line.slot(static_cast<TokenBand>(band))];
  }

  const BandSums& tag_sums(HtmlTag tag) {
    auto& sums = tags_[static_cast<std::size_t>(tag)];
    if (!sums.is_known) add(sums, tag_word_hash(tag));
    sums.is_known = true;
    return sums;
  }

  const BandSums& value_sums(std::uint32_t value) {
    auto& sums = values_[value];
    if (!sums.is_known) for_each_hash(tree_.value_words(value), [&](std::uint32_t hash) { add(sums, hash); });
    sums.is_known = true;
    return sums;
  }

  std::int32_t element_weight(TokenBand band, const HtmlNode& node) {
    const auto at = static_cast<std::size_t>(band);
    auto weight = tag_sums(node.tag).of_band[at];
    for (const auto value : values_of(node)) weight += value_sums(value).of_band[at];
    return weight;
  }

  /// Of an element and all around it, as far ones.
  std::int32_t far_sum(std::uint32_t node) {
    for (; far_[node] == unknown; node = nodes_[node].parent) path_.push_back(node);
    auto sum = far_[node];
    for (; !path_.empty(); path_.pop_back())
      far_[path_.back()] = sum += element_weight(TokenBand::far, nodes_[path_.back()]);
    return sum;
  }

  int element_sum(const Block& block) {
    int sum = 0;
    for_each_inner_element(nodes_, page_, block,
                           [&](std::uint32_t node) { sum += element_weight(TokenBand::inner, nodes_[node]); });
    const auto own = page_.containers[block.container].node;
    if (own == 0) return sum;
    return sum + element_weight(TokenBand::own, nodes_[own]) + outer_sum(nodes_[own].parent);
  }

  /// Of an element and all around it, seen from a container inside: neighbours mostly have it in common.
  int outer_sum(std::uint32_t parent) {
    if (parent == outer_) return outer_sum_;
    int sum = 0;
    const auto far = for_each_outer_element(
        nodes_, parent, [&](TokenBand band, std::uint32_t node) { sum += element_weight(band, nodes_[node]); });
    outer_ = parent;
    outer_sum_ = sum + far_sum(far);
    return outer_sum_;
  }

  [[nodiscard]] TextSums text_sums(const Block& block) const {
    const auto band = text_band(block);
    TextSums sums;
    if (!is_brief(block) && block.heading_level == 0) {
      for_each_text_hash(page_, block, [&](std::uint32_t hash) { sums.own += weights_[TokenLine(hash).slot(band)]; });
      return sums;
    }
    for_each_text_hash(page_, block, [&](std::uint32_t hash) {
      const TokenLine line(hash);
      sums.own += weights_[line.slot(band)];
      sums.before += weights_[line.slot(TokenBand::before)];
      sums.heading += weights_[line.slot(TokenBand::heading)];
    });
    return sums;
  }

  const kernels::HtmlTree& tree_;
  std::span<const HtmlNode> nodes_;
  const Page& page_;
  std::span<const std::int8_t> weights_;
  std::vector<BandSums> values_;
  std::array<BandSums, html_tag_count> tags_{};
  std::vector<std::int32_t> far_;
  std::vector<std::uint32_t> path_;
  std::uint32_t outer_ = 0;  ///< What `outer_sum_` belongs to.
  int outer_sum_ = 0;
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
      if (value != 0) for_each_hash(tree.value_words(value), [&](std::uint32_t hash) { add(band, hash); });
    }
  };
  const auto add_text = [&](const Block& of, TokenBand band) {
    for_each_text_hash(page, of, [&](std::uint32_t hash) { add(band, hash); });
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
