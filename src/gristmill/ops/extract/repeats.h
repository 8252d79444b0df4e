// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "gristmill/ops/extract/blocks.h"

namespace gristmill::ops::extract {

/// Blocks of one text.
struct Repeats {
  std::vector<std::uint32_t> group;  ///< Of each block.
  std::vector<std::uint32_t> sizes;  ///< Blocks of each group.
};

/// Groups the blocks of a page by their texts.
Repeats find_repeats(const Page& page);

/// For each block the index of the first block with the same long text elsewhere on the page (pages often hold their
/// text once for wide and once for narrow screens), or its own index. Equal neighbours below one parent are no copies:
/// refrains, cells and lines of code may repeat.
std::vector<std::uint32_t> find_copies(const Page& page, const Repeats& repeats);

}  // namespace gristmill::ops::extract
