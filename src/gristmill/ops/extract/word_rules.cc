// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/extract/word_rules.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "gristmill/ops/extract/features.h"
#include "gristmill/ops/extract/page_words.h"

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

constexpr int near_elements = 3;
constexpr std::size_t text_bytes_max = 256;

/// Calls `on_element(band, node index)` for the block's own elements and the near ones; returns the first far one.
template <typename OnElement>
std::uint32_t for_each_element(std::span<const HtmlNode> nodes, const Page& page, const Block& block,
                               const OnElement& on_element) {
  for_each_inner_element(nodes, page, block, [&](std::uint32_t node) { on_element(Band::own, node); });
  auto at = page.containers[block.container].node;
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
        tags_[tag][static_cast<std::size_t>(band)] = weight_of(band, tag_word_hash(static_cast<HtmlTag>(tag)));
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
    const auto band = is_brief(block) ? Band::brief : Band::start;
    for_each_text_word(page_, block, text_bytes_max, [&](std::uint32_t hash) { sum += weight_of(band, hash); });
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
