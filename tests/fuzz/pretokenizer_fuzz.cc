// SPDX-License-Identifier: Apache-2.0
// Any bytes are cut into pieces without gaps, by every pattern and by the expression in the first line.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "gristmill/kernels/pretokenizer.h"

namespace {

using namespace gristmill::kernels;

void check(const Pretokenizer& pretokenizer, std::string_view text) {
  std::array<std::uint32_t, 7> ends;
  std::uint32_t last = 0;
  std::size_t position = 0;
  while (true) {
    const auto count = pretokenizer.split(text, position, ends);
    if (!count) return;
    if (*count == 0) break;
    for (std::size_t i = 0; i < *count; ++i) {
      if (ends[i] <= last || ends[i] > text.size()) std::abort();
      last = ends[i];
    }
    if (position != last) std::abort();
  }
  if (last != text.size()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto pattern : {Pattern::gpt2, Pattern::cl100k, Pattern::llama3, Pattern::qwen2, Pattern::o200k}) {
    check(*Pretokenizer::for_pattern(pattern), text);
  }
  check(*Pretokenizer::for_digits(true), text);
  check(*Pretokenizer::for_digits(false), text);
  if (const auto newline = text.find('\n'); newline != std::string_view::npos) {
    if (const auto stage = Pretokenizer::for_regex(text.substr(0, newline))) check(**stage, text.substr(newline + 1));
  }
  return 0;
}
