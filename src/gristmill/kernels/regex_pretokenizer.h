// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "gristmill/base/result.h"
#include "gristmill/kernels/pretokenizer.h"

namespace gristmill::kernels {

/// A pre-tokenizer for any expression that PCRE2 compiles (UTF, Unicode properties). Backtracking is bounded; a text
/// that passes the bound is a `limit_exceeded`. The text must be well-formed UTF-8.
Result<std::unique_ptr<Pretokenizer>> make_regex_pretokenizer(std::string_view regex);

}  // namespace gristmill::kernels
