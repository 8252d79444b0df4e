// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "gristmill/kernels/html_tree.h"
#include "gristmill/kernels/letter_words.h"
#include "gristmill/ops/extract/blocks.h"

namespace gristmill::ops::extract {

/// A block of at most so many words is brief: all of them are looked at, and of longer ones the first few.
constexpr std::uint32_t brief_words_max = 12;
constexpr std::size_t start_words_max = 8;
/// No text is looked at beyond so many bytes for its tokens.
constexpr std::size_t token_bytes_max = 128;

inline bool is_brief(const Block& block) noexcept { return block.words <= brief_words_max; }

/// Hash of an element's name as a word: "<div>".
inline std::uint32_t tag_word_hash(kernels::HtmlTag tag) noexcept {
  std::uint32_t hash = kernels::html_word_hash("<");
  for (const char c : kernels::html_tag_name(tag)) hash = (hash ^ static_cast<unsigned char>(c)) * 0x01000193u;
  return (hash ^ static_cast<unsigned char>('>')) * 0x01000193u;
}

/// The values of an element whose words count.
inline std::array<std::uint32_t, 4> values_of(const kernels::HtmlNode& node) noexcept {
  return {node.class_value, node.id_value, node.role_value, node.itemprop_value};
}

/// How many words of a block are looked at.
inline std::size_t words_seen(const Block& block) noexcept {
  return is_brief(block) ? brief_words_max : start_words_max;
}

/// Calls `on_hash` for the first words of a block's text, letters lower-cased as far as ASCII goes. A word longer than
/// any real one ends the look: no block costs more than `bytes_max` bytes.
template <typename OnHash>
void for_each_text_word(const Page& page, const Block& block, std::size_t bytes_max, const OnHash& on_hash) {
  auto words_left = words_seen(block);
  kernels::for_each_word_hash<kernels::WordKind::letters>(page.text_of(block).substr(0, bytes_max),
                                                          page.text.data() + page.text.size(), [&](std::uint32_t hash) {
                                                            on_hash(hash);
                                                            return --words_left > 0;
                                                          });
}

constexpr int inner_elements_max = 4;

/// Calls `on_element` for the elements inside the block's container that hold the block, at most
/// `inner_elements_max`, from the innermost outwards.
template <typename OnElement>
void for_each_inner_element(std::span<const kernels::HtmlNode> nodes, const Page& page, const Block& block,
                            const OnElement& on_element) {
  const auto own = page.containers[block.container].node;
  auto at = nodes[block.node].tag == kernels::HtmlTag::text ? nodes[block.node].parent : block.node;
  for (int i = 0; i < inner_elements_max && at > own; ++i, at = nodes[at].parent) on_element(at);
}

}  // namespace gristmill::ops::extract
