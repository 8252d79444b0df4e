// SPDX-License-Identifier: Apache-2.0
// Any bytes load as a tokenizer or are refused; what loads encodes any text.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/kernels/tokenizer_file.h"

namespace {

using namespace gristmill::kernels;

void encode(const Tokenizer& tokenizer, std::string_view text) {
  TokenizerScratch scratch;
  std::vector<std::uint32_t> ids;
  for (const auto special : {SpecialText::plain, SpecialText::control}) {
    ids.clear();
    if (tokenizer.encode(text, special, scratch, ids)) (void)tokenizer.decode(ids);
  }
  (void)tokenizer.find_special(text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto tokenizer = load_tokenizer(bytes, bytes.starts_with('{') ? std::nullopt : std::optional(Pattern::o200k));
  if (!tokenizer) return 0;
  encode(**tokenizer, "The 123 caf\xC3\xA9 e\xCC\x81 \xE4\xB8\xAD\xE6\x96\x87 <|endoftext|>\r\n  ");
  encode(**tokenizer, bytes.substr(0, 4096));
  return 0;
}
