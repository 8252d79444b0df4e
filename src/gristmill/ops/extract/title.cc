// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/extract/title.h"

#include <algorithm>

#include "gristmill/ops/extract/page_words.h"

namespace gristmill::ops::extract {
namespace {

constexpr std::size_t title_bytes_max = 500;

}  // namespace

Title::Title(const kernels::HtmlTree& tree) {
  const auto nodes = tree.nodes();
  const auto is_title = [&](std::uint32_t node) {
    return nodes[node].tag == kernels::HtmlTag::title && (nodes[node].flags & kernels::HtmlNode::has_raw) != 0;
  };
  const auto found = std::ranges::find_if(tree.head_nodes(), is_title);
  if (found == tree.head_nodes().end()) return;
  kernels::for_each_word_hash<kernels::WordKind::letters>(tree.source(nodes[*found]).substr(0, title_bytes_max),
                                                          tree.html().data() + tree.html().size(),
                                                          [&](std::uint32_t hash) {
                                                            if (std::ranges::find(words(), hash) == words().end())
                                                              words_[count_++] = hash;
                                                            return count_ < words_max;
                                                          });
}

TitleMatches match_title(const kernels::HtmlTree& tree, const Page& page, const Repeats& repeats) {
  const Title title(tree);
  TitleMatches matches{.title_words = title.words().size(), .of_text = {}};
  matches.of_text.reserve(repeats.sizes.size());
  for (std::size_t i = 0; i < page.blocks.size(); ++i) {
    if (repeats.group[i] != matches.of_text.size()) continue;
    auto& match = matches.of_text.emplace_back();
    for_each_text_word(page, page.blocks[i], token_bytes_max, [&](std::uint32_t hash) {
      ++match.words;
      if (std::ranges::find(title.words(), hash) != title.words().end()) ++match.shared;
    });
  }
  return matches;
}

}  // namespace gristmill::ops::extract
