// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "gristmill/base/result.h"
#include "gristmill/kernels/pretokenizer.h"
#include "gristmill/kernels/tokenizer.h"

namespace gristmill::kernels {

/// Reads a tiktoken rank file. The merges are all pairs of tokens that make a token, ranked by its id; special tokens
/// are those of the published vocabulary of that size, none otherwise.
Result<TokenizerParts> parse_rank_file(std::string_view bytes, std::optional<Pattern> pattern);

}  // namespace gristmill::kernels
