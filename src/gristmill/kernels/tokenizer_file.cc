// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/tokenizer_file.h"

#include "gristmill/kernels/huggingface_tokenizer.h"
#include "gristmill/kernels/rank_file.h"

namespace gristmill::kernels {

Result<std::unique_ptr<Tokenizer>> load_tokenizer(std::string_view bytes, std::optional<Pattern> pattern) {
  const auto first = bytes.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  if (first == std::string_view::npos) return corrupt_data("tokenizer file is empty");
  if (bytes[first] != '{') {
    GRISTMILL_TRY(auto parts, parse_rank_file(bytes, pattern));
    return std::make_unique<Tokenizer>(std::move(parts));
  }
  if (pattern) return invalid_argument("tokenizer.json names its own pattern: leave the option 'pattern' at auto");
  GRISTMILL_TRY(auto parts, parse_huggingface_tokenizer(bytes.substr(first)));
  return std::make_unique<Tokenizer>(std::move(parts));
}

}  // namespace gristmill::kernels
