// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "gristmill/base/result.h"
#include "gristmill/kernels/pretokenizer.h"
#include "gristmill/kernels/tokenizer.h"

namespace gristmill::kernels {

/// Loads a tokenizer from the bytes of its file: a Hugging Face `tokenizer.json` with byte-level BPE, or a tiktoken
/// rank file (one "base64 rank" a line). `pattern` is for rank files, which name none; without it the vocabulary size
/// must be a known one. What would make ids differ from the library that wrote the file is refused, naming the part. Of
/// `tokenizer.json`, truncation, padding and the post-processor are not applied: they belong to a call, not to a
/// training set.
Result<std::unique_ptr<Tokenizer>> load_tokenizer(std::string_view bytes, std::optional<Pattern> pattern);

}  // namespace gristmill::kernels
