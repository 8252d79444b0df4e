// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/extract/tokens.h"

#include <algorithm>
#include <array>
#include <bit>
#include <string_view>

#include "gristmill/ops/extract/features.h"

namespace gristmill::ops::extract {
namespace {

using kernels::html_tag_count;
using kernels::html_word_hash;
using kernels::HtmlNode;
using kernels::HtmlTag;

constexpr std::uint32_t brief_words_max = 12;
constexpr std::size_t start_words_max = 8;
constexpr int inner_elements_max = 4;
constexpr std::size_t element_bands = 5;

/// All bands of a word share a line of 64 slots, so that one line of memory serves them all.
constexpr std::uint16_t slot_of(TokenBand band, std::uint32_t hash) noexcept {
  const auto mixed = (hash ^ hash >> 15) * 0x9E3779B1u;
  const auto line = mixed >> 22 << 6;
  return static_cast<std::uint16_t>(line | ((mixed >> 16 ^ (static_cast<std::uint32_t>(band) + 1) * 7) & 63));
}

constexpr std::uint32_t pair_hash(std::uint32_t first, std::uint32_t second) noexcept {
  return (std::rotl(first, 7) ^ second) * 0x85EBCA6Bu + 1;
}

std::uint32_t tag_hash(HtmlTag tag) noexcept {
  std::uint32_t hash = html_word_hash("<");
  for (const char c : kernels::html_tag_name(tag)) hash = (hash ^ static_cast<unsigned char>(c)) * 0x01000193u;
  return (hash ^ static_cast<unsigned char>('>')) * 0x01000193u;
}

std::array<std::uint32_t, 4> values_of(const HtmlNode& node) noexcept {
  return {node.class_value, node.id_value, node.role_value, node.itemprop_value};
}

/// Hashes of a value: its words, and each two neighbours together ("entry-content", "post-meta").
template <typename OnHash>
void for_each_hash(std::span<const std::uint32_t> words, const OnHash& on_hash) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    on_hash(words[i]);
    if (i > 0) on_hash(pair_hash(words[i - 1], words[i]));
  }
}

/// Hashes of the first words of a text (letters lower-cased as far as ASCII goes), of each two neighbours, and of a
/// brief text as a whole.
template <typename OnHash>
void for_each_text_hash(std::string_view text, bool is_brief, const OnHash& on_hash) {
  // A word longer than any real one ends the look: no block costs more than a fixed number of bytes.
  text = text.substr(0, 128);
  std::size_t words_left = is_brief ? brief_words_max : start_words_max;
  std::uint32_t hash = html_word_hash("");
  std::uint32_t previous = 0;
  std::uint32_t whole = 1;
  std::size_t length = 0;
  for (std::size_t i = 0; i <= text.size() && words_left > 0; ++i) {
    const char c = i < text.size() ? text[i] : ' ';
    const bool is_upper = c >= 'A' && c <= 'Z';
    if (is_upper || (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80) {
      hash = (hash ^ static_cast<unsigned char>(is_upper ? c | 0x20 : c)) * 0x01000193u;
      ++length;
      continue;
    }
    if (length >= 2) {
      on_hash(hash);
      if (previous != 0) on_hash(pair_hash(previous, hash));
      previous = hash;
      whole = pair_hash(whole, hash);
      --words_left;
    }
    hash = html_word_hash("");
    length = 0;
  }
  if (is_brief) on_hash(whole);
}

bool is_brief(const Block& block) noexcept { return block.words <= brief_words_max; }

/// Calls `on_element(band, node index)` for the block's own elements and the near ones; returns the first far one.
template <typename OnElement>
std::uint32_t for_each_element(std::span<const HtmlNode> nodes, const Page& page, const Block& block,
                               const OnElement& on_element) {
  const auto own = page.containers[block.container].node;
  auto at = nodes[block.node].tag == HtmlTag::text ? nodes[block.node].parent : block.node;
  for (int i = 0; i < inner_elements_max && at > own; ++i, at = nodes[at].parent) on_element(TokenBand::inner, at);
  at = own;
  for (const auto band : {TokenBand::own, TokenBand::parent, TokenBand::near, TokenBand::near}) {
    if (at == 0) break;
    on_element(band, at);
    at = nodes[at].parent;
  }
  return at;
}

class TokenScorer {
 public:
  TokenScorer(const kernels::HtmlTree& tree, const Page& page, std::span<const std::int8_t> weights)
      : tree_(tree), nodes_(tree.nodes()), page_(page), weights_(weights) {}

  std::vector<std::int16_t> run(int bias) {
    weigh_values();
    sum_far();
    std::vector<std::int16_t> scores(page_.blocks.size());
    int heading_sum = 0;
    int before_sum = 0;
    for (std::size_t i = 0; i < scores.size(); ++i) {
      const auto& block = page_.blocks[i];
      const auto sum = bias + heading_sum + before_sum + element_sum(block) +
                       text_sum(block, is_brief(block) ? TokenBand::brief : TokenBand::start);
      scores[i] = static_cast<std::int16_t>(std::clamp<int>(2 * sum, -score_max, score_max));
      before_sum = is_brief(block) ? text_sum(block, TokenBand::before) : 0;
      if (block.heading_level != 0) heading_sum = text_sum(block, TokenBand::heading);
    }
    return scores;
  }

 private:
  using BandSums = std::array<std::int32_t, element_bands>;

  void add(BandSums& sums, std::uint32_t hash) const {
    for (std::size_t band = 0; band < element_bands; ++band) {
      sums[band] += weights_[slot_of(static_cast<TokenBand>(band), hash)];
    }
  }

  void weigh_values() {
    values_.assign(tree_.values().size(), {});
    for (std::uint32_t i = 1; i < values_.size(); ++i) {
      for_each_hash(tree_.value_words(i), [&](std::uint32_t hash) { add(values_[i], hash); });
    }
    for (std::size_t tag = 0; tag < html_tag_count; ++tag) add(tags_[tag], tag_hash(static_cast<HtmlTag>(tag)));
  }

  [[nodiscard]] std::int32_t element_weight(TokenBand band, const HtmlNode& node) const {
    const auto at = static_cast<std::size_t>(band);
    auto weight = tags_[static_cast<std::size_t>(node.tag)][at];
    for (const auto value : values_of(node)) weight += values_[value][at];
    return weight;
  }

  void sum_far() {
    far_.assign(nodes_.size(), 0);
    for (std::uint32_t i = 1; i < nodes_.size(); ++i) {
      if (nodes_[i].tag != HtmlTag::text && nodes_[i].end > i + 1)
        far_[i] = far_[nodes_[i].parent] + element_weight(TokenBand::far, nodes_[i]);
    }
  }

  [[nodiscard]] int element_sum(const Block& block) const {
    int sum = 0;
    const auto far = for_each_element(
        nodes_, page_, block, [&](TokenBand band, std::uint32_t node) { sum += element_weight(band, nodes_[node]); });
    return sum + far_[far];
  }

  [[nodiscard]] int text_sum(const Block& block, TokenBand band) const {
    int sum = 0;
    for_each_text_hash(page_.text_of(block), is_brief(block),
                       [&](std::uint32_t hash) { sum += weights_[slot_of(band, hash)]; });
    return sum;
  }

  const kernels::HtmlTree& tree_;
  std::span<const HtmlNode> nodes_;
  const Page& page_;
  std::span<const std::int8_t> weights_;
  std::vector<BandSums> values_;
  std::array<BandSums, html_tag_count> tags_{};
  std::vector<std::int32_t> far_;
};

}  // namespace

void list_tokens(const kernels::HtmlTree& tree, const Page& page, std::uint32_t index, const Block* heading,
                 std::vector<std::uint16_t>& slots) {
  const auto nodes = tree.nodes();
  const auto& block = page.blocks[index];
  slots.clear();
  const auto add_element = [&](TokenBand band, std::uint32_t node) {
    slots.push_back(slot_of(band, tag_hash(nodes[node].tag)));
    for (const auto value : values_of(nodes[node])) {
      for_each_hash(tree.value_words(value), [&](std::uint32_t hash) { slots.push_back(slot_of(band, hash)); });
    }
  };
  const auto add_text = [&](const Block& of, TokenBand band) {
    for_each_text_hash(page.text_of(of), is_brief(of),
                       [&](std::uint32_t hash) { slots.push_back(slot_of(band, hash)); });
  };
  auto at = for_each_element(nodes, page, block, add_element);
  for (; at != 0; at = nodes[at].parent) add_element(TokenBand::far, at);
  add_text(block, is_brief(block) ? TokenBand::brief : TokenBand::start);
  if (heading != nullptr) add_text(*heading, TokenBand::heading);
  if (index > 0 && is_brief(page.blocks[index - 1])) add_text(page.blocks[index - 1], TokenBand::before);
}

std::vector<std::int16_t> score_tokens(const kernels::HtmlTree& tree, const Page& page,
                                       std::span<const std::int8_t> weights, int bias) {
  return TokenScorer(tree, page, weights).run(bias);
}

}  // namespace gristmill::ops::extract
