// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/extract/word_rules.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "gristmill/ops/extract/features.h"

namespace gristmill::ops::extract {
namespace {

using kernels::html_tag_count;
using kernels::html_word_hash;
using kernels::HtmlNode;
using kernels::HtmlTag;

struct WordWeight {
  Band band;
  std::string_view word;
  float weight;
};

#include "gristmill/ops/extract/word_weights.inc"

constexpr std::size_t slot_count = 4096;
static_assert(std::size(word_weights) * 2 <= slot_count, "the table of words needs more slots");

struct Slot {
  std::uint32_t key = 0;
  float weight = 0;
};

constexpr std::uint32_t key_of(Band band, std::uint32_t hash) noexcept {
  return ((hash ^ (static_cast<std::uint32_t>(band) + 1) * 0x9E3779B1u) * 0x85EBCA6Bu) | 1u;
}

constexpr std::array<Slot, slot_count> make_slots() {
  std::array<Slot, slot_count> slots{};
  for (const auto& [band, word, weight] : word_weights) {
    const auto key = key_of(band, html_word_hash(word));
    auto at = (key >> 16) % slot_count;
    while (slots[at].key != 0) at = (at + 1) % slot_count;
    slots[at] = {key, weight};
  }
  return slots;
}

constexpr auto slots = make_slots();

float weight_of(Band band, std::uint32_t hash) noexcept {
  const auto key = key_of(band, hash);
  for (auto at = (key >> 16) % slot_count; slots[at].key != 0; at = (at + 1) % slot_count) {
    if (slots[at].key == key) return slots[at].weight;
  }
  return 0.0f;
}

std::uint32_t tag_hash(HtmlTag tag) noexcept {
  std::uint32_t hash = html_word_hash("<");
  for (const char c : kernels::html_tag_name(tag)) hash = (hash ^ static_cast<unsigned char>(c)) * 0x01000193u;
  return (hash ^ static_cast<unsigned char>('>')) * 0x01000193u;
}

std::array<std::uint32_t, 4> values_of(const HtmlNode& node) noexcept {
  return {node.class_value, node.id_value, node.role_value, node.itemprop_value};
}

constexpr std::uint32_t brief_words_max = 12;
constexpr std::size_t start_words_max = 8;
constexpr int inner_elements_max = 4;
constexpr int near_elements = 3;

/// Hashes of the first words of a text, letters lower-cased as far as ASCII goes.
template <typename OnWord>
void for_each_text_word(std::string_view text, std::size_t words_max, const OnWord& on_word) {
  std::uint32_t hash = html_word_hash("");
  std::size_t length = 0;
  for (std::size_t i = 0; i <= text.size() && words_max > 0; ++i) {
    const char c = i < text.size() ? text[i] : ' ';
    const bool is_upper = c >= 'A' && c <= 'Z';
    if (is_upper || (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80) {
      hash = (hash ^ static_cast<unsigned char>(is_upper ? c | 0x20 : c)) * 0x01000193u;
      ++length;
      continue;
    }
    if (length >= 2) {
      on_word(hash);
      --words_max;
    }
    hash = html_word_hash("");
    length = 0;
  }
}

template <typename OnWord>
void for_each_word_of_text(std::string_view text, const Block& block, const OnWord& on_word) {
  const bool is_brief = block.words <= brief_words_max;
  const auto band = is_brief ? Band::brief : Band::start;
  // A word longer than any real one ends the look: no block costs more than a fixed number of bytes.
  for_each_text_word(text.substr(0, 256), is_brief ? brief_words_max : start_words_max,
                     [&](std::uint32_t hash) { on_word(band, hash); });
}

/// Calls `on_element(band, node index)` for the block's own elements and the near ones; returns the first far one.
template <typename OnElement>
std::uint32_t for_each_element(std::span<const HtmlNode> nodes, const Page& page, const Block& block,
                               const OnElement& on_element) {
  const auto own = page.containers[block.container].node;
  auto at = nodes[block.node].tag == HtmlTag::text ? nodes[block.node].parent : block.node;
  for (int i = 0; i < inner_elements_max && at > own; ++i, at = nodes[at].parent) on_element(Band::own, at);
  at = own;
  if (at != 0) {
    on_element(Band::own, at);
    at = nodes[at].parent;
  }
  for (int i = 0; i < near_elements && at != 0; ++i, at = nodes[at].parent) on_element(Band::near, at);
  return at;
}

class WordScorer {
 public:
  WordScorer(const kernels::HtmlTree& tree, const Page& page) : tree_(tree), nodes_(tree.nodes()), page_(page) {}

  std::vector<std::int16_t> run() {
    weigh_values();
    sum_far();
    std::vector<std::int16_t> scores(page_.blocks.size());
    std::ranges::transform(page_.blocks, scores.begin(), [this](const Block& block) { return score(block); });
    return scores;
  }

 private:
  using BandWeights = std::array<float, 3>;

  void weigh_values() {
    values_.assign(tree_.values().size(), {});
    for (std::uint32_t i = 1; i < values_.size(); ++i) {
      for (const auto word : tree_.value_words(i)) {
        for (const auto band : {Band::own, Band::near, Band::far})
          values_[i][static_cast<std::size_t>(band)] += weight_of(band, word);
      }
    }
    for (std::size_t tag = 0; tag < html_tag_count; ++tag) {
      for (const auto band : {Band::own, Band::near, Band::far}) {
        tags_[tag][static_cast<std::size_t>(band)] = weight_of(band, tag_hash(static_cast<HtmlTag>(tag)));
      }
    }
  }

  [[nodiscard]] float element_weight(Band band, const HtmlNode& node) const {
    const auto at = static_cast<std::size_t>(band);
    float weight = tags_[static_cast<std::size_t>(node.tag)][at];
    for (const auto value : values_of(node)) weight += values_[value][at];
    return weight;
  }

  void sum_far() {
    far_.assign(nodes_.size(), 0.0f);
    for (std::uint32_t i = 1; i < nodes_.size(); ++i) {
      if (nodes_[i].tag != HtmlTag::text && nodes_[i].end > i + 1)
        far_[i] = far_[nodes_[i].parent] + element_weight(Band::far, nodes_[i]);
    }
  }

  [[nodiscard]] std::int16_t score(const Block& block) const {
    float sum = word_bias;
    const auto far = for_each_element(
        nodes_, page_, block, [&](Band band, std::uint32_t node) { sum += element_weight(band, nodes_[node]); });
    sum += far_[far];
    for_each_word_of_text(page_.text_of(block), block,
                          [&](Band band, std::uint32_t hash) { sum += weight_of(band, hash); });
    return static_cast<std::int16_t>(std::lround(score_unit * std::clamp(sum, -8.0f, 8.0f)));
  }

  const kernels::HtmlTree& tree_;
  std::span<const HtmlNode> nodes_;
  const Page& page_;
  std::vector<BandWeights> values_;
  std::array<BandWeights, html_tag_count> tags_{};
  std::vector<float> far_;
};

}  // namespace

std::vector<std::int16_t> score_words(const kernels::HtmlTree& tree, const Page& page) {
  return WordScorer(tree, page).run();
}

}  // namespace gristmill::ops::extract
