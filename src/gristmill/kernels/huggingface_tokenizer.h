// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "gristmill/base/result.h"
#include "gristmill/kernels/tokenizer.h"

namespace gristmill::kernels {

/// Reads a Hugging Face `tokenizer.json`: model BPE over the byte-level alphabet, normalizer none or NFC, pre-tokenizer
/// a sequence of Split, Digits and ByteLevel, added tokens. Anything else that would change ids is refused by name.
Result<TokenizerParts> parse_huggingface_tokenizer(std::string_view json);

}  // namespace gristmill::kernels
