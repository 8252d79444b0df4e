// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "gristmill/ops/extract/blocks.h"

namespace gristmill::ops::extract {

/// How many neighbouring blocks of a page are judged together: 1 on ordinary pages, more where blocks are so many for
/// the page's bytes (tables of numbers, hostile pages) that judging each would cost more than reading the page.
std::uint32_t blocks_together(const kernels::HtmlTree& tree, const Page& page);

/// The page with each `group` neighbouring blocks as one. Containers that no longer hold a block go.
Page make_coarse(const Page& page, std::uint32_t group);

}  // namespace gristmill::ops::extract
