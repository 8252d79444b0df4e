// SPDX-License-Identifier: Apache-2.0
// Words of any text are non-empty views into it, in order and without overlap, and leave out only white space.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/kernels/utf8.h"
#include "gristmill/kernels/words.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = gristmill::kernels::replace_invalid_utf8({reinterpret_cast<const char*>(data), size});
  static gristmill::kernels::WordSplitter splitter;
  std::vector<std::string_view> words;
  splitter.split(text, words);
  std::vector<std::string_view> pieces;
  gristmill::kernels::split_whitespace(text, pieces);
  std::string joined;
  const char* position = text.data();
  for (const auto word : words) {
    if (word.empty() || word.data() < position) std::abort();
    position = word.data() + word.size();
    joined += word;
  }
  std::string expected;
  for (const auto piece : pieces) expected += piece;
  if (joined != expected) std::abort();
  return 0;
}
