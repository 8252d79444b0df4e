// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/extract/repeats.h"

#include <bit>

#include "gristmill/base/hash.h"
#include "gristmill/kernels/short_hash.h"
#include "gristmill/ops/extract/page_memory.h"

namespace gristmill::ops::extract {
Repeats find_repeats(const Page& page) {
  constexpr std::uint32_t nothing = 0;  // Places hold the first block of a group, counted from 1.
  const auto count = static_cast<std::uint32_t>(page.blocks.size());
  Repeats repeats;
  repeats.group.reserve(count);
  repeats.sizes.reserve(count);
  constexpr std::size_t short_bytes_max = 256;
  const auto hash_of = [](std::string_view text) {
    return text.size() <= short_bytes_max ? kernels::short_hash(text) : xxh3_64(text);
  };
  PageMemory memory;
  const auto hashes = memory.take<std::uint64_t>(count);
  const auto places = memory.take<std::uint32_t>(std::bit_ceil(std::size_t{count} * 3 / 2 + 2), nothing);
  const auto mask = places.size() - 1;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto hash = hashes[i] = hash_of(page.text_of(page.blocks[i]));
    auto at = hash & mask;
    while (places[at] != nothing && hashes[places[at] - 1] != hash) at = (at + 1) & mask;
    if (places[at] == nothing) {
      places[at] = i + 1;
      repeats.group.push_back(static_cast<std::uint32_t>(repeats.sizes.size()));
      repeats.sizes.push_back(1);
    } else {
      const auto group = repeats.group[places[at] - 1];
      repeats.group.push_back(group);
      ++repeats.sizes[group];
    }
  }
  return repeats;
}

std::vector<std::uint32_t> find_copies(const Page& page, const Repeats& repeats) {
  constexpr std::uint32_t text_bytes_min = 61;
  constexpr std::uint32_t none = 0xFFFFFFFFu;
  constexpr auto may_repeat = Context::table_cell | Context::preformatted;
  const auto count = static_cast<std::uint32_t>(page.blocks.size());
  const auto parent = [&](std::uint32_t block) { return page.containers[page.blocks[block].container].parent; };
  std::vector<std::uint32_t> copies(count);
  PageMemory memory;
  const auto first_of = memory.take<std::uint32_t>(repeats.sizes.size(), none);
  for (std::uint32_t i = 0; i < count; ++i) {
    copies[i] = i;
    const auto group = repeats.group[i];
    if (repeats.sizes[group] == 1) continue;
    const auto& block = page.blocks[i];
    if (block.bytes() < text_bytes_min || (block.context & may_repeat) != 0) continue;
    if (first_of[group] == none)
      first_of[group] = i;
    else if (parent(i) != parent(first_of[group]))
      copies[i] = first_of[group];
  }
  return copies;
}

}  // namespace gristmill::ops::extract
