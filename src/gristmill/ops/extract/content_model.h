// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "gristmill/ops/extract/choose.h"
#include "gristmill/ops/extract/features.h"
#include "gristmill/ops/extract/repeats.h"

namespace gristmill::ops::extract {

#include "gristmill/ops/extract/content_model_name.inc"

/// Bytes of the built-in model (docs/models/page-content.md).
std::string_view content_model_bytes();

/// The cut that the training found best for the model's log-odds.
Cut content_model_cut();

/// Log-odds of each block to be main content, in 1/64, by the built-in model. Integers all the way: equal on every
/// machine. Linear in the page; of pages with very many tiny blocks, neighbours are judged together.
std::vector<std::int16_t> score_by_model(const kernels::HtmlTree& tree, const Page& page, const Repeats& repeats);

}  // namespace gristmill::ops::extract
