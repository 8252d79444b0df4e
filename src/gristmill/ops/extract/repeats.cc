// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/extract/repeats.h"

#include <bit>

#include "gristmill/base/hash.h"

namespace gristmill::ops::extract {

Repeats find_repeats(const Page& page) {
  struct Slot {
    std::uint64_t hash = 0;
    std::uint64_t group = 0;
  };
  Repeats repeats;
  repeats.group.resize(page.blocks.size());
  repeats.sizes.reserve(page.blocks.size());
  std::vector<Slot> slots(std::bit_ceil(2 * page.blocks.size() + 2));
  const auto mask = slots.size() - 1;
  for (std::size_t i = 0; i < page.blocks.size(); ++i) {
    const auto hash = xxh3_64(page.text_of(page.blocks[i])) | 1;
    auto at = hash >> 1 & mask;
    while (slots[at].hash != 0 && slots[at].hash != hash) at = (at + 1) & mask;
    if (slots[at].hash == 0) {
      slots[at] = {hash, repeats.sizes.size()};
      repeats.sizes.push_back(0);
    }
    repeats.group[i] = static_cast<std::uint32_t>(slots[at].group);
    ++repeats.sizes[slots[at].group];
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
  std::vector<std::uint32_t> first_of(repeats.sizes.size(), none);
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
