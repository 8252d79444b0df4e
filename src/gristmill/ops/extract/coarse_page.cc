// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/extract/coarse_page.h"

#include <algorithm>

namespace gristmill::ops::extract {
namespace {

// Pages of people have a block for each 850 bytes; one of 2,000 in the development pages has one for each 40.
constexpr std::size_t blocks_free = 4096;
constexpr std::size_t bytes_per_block_min = 64;

std::uint16_t add(std::uint16_t a, std::uint16_t b) {
  return static_cast<std::uint16_t>(std::min<std::uint32_t>(std::uint32_t{a} + b, 0xFFFFu));
}

/// The first block stands for all: its element, container and context; texts and counts are joined.
Block join(std::span<const Block> blocks) {
  auto joined = blocks.front();
  for (const auto& block : blocks.subspan(1)) {
    joined.text_end = block.text_end;
    joined.words += block.words;
    joined.link_words += block.link_words;
    joined.link_bytes += block.link_bytes;
    joined.commas = add(joined.commas, block.commas);
    joined.sentence_ends = add(joined.sentence_ends, block.sentence_ends);
  }
  return joined;
}

}  // namespace

std::uint32_t blocks_together(const kernels::HtmlTree& tree, const Page& page) {
  const auto allowed = blocks_free + tree.html_bytes() / bytes_per_block_min;
  return static_cast<std::uint32_t>((page.blocks.size() + allowed - 1) / allowed);
}

Page make_coarse(const Page& page, std::uint32_t group) {
  Page coarse;
  coarse.text = page.text;
  const auto count = static_cast<std::uint32_t>(page.blocks.size());
  // Containers that begin and end within one group hold nothing of their own any more.
  std::vector<std::uint32_t> place(page.containers.size(), 0);
  for (std::uint32_t i = 0; i < page.containers.size(); ++i) {
    auto container = page.containers[i];
    const auto parent = place[container.parent];
    container.first_block = (container.first_block + group - 1) / group;
    container.end_block = (container.end_block + group - 1) / group;
    if (i > 0 && container.first_block >= container.end_block) {
      place[i] = parent;
      continue;
    }
    container.parent = parent;
    place[i] = static_cast<std::uint32_t>(coarse.containers.size());
    coarse.containers.push_back(container);
  }
  for (std::uint32_t first = 0; first < count; first += group) {
    auto block = join(std::span(page.blocks).subspan(first, std::min(group, count - first)));
    block.container = place[block.container];
    coarse.blocks.push_back(block);
    coarse.figures.push_back(kernels::count_bytes(coarse.text_of(block).substr(0, kernels::figure_bytes_max)).second);
  }
  link_outer(coarse.containers);
  return coarse;
}

}  // namespace gristmill::ops::extract
