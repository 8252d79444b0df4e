// SPDX-License-Identifier: Apache-2.0
// Any bytes as a model file, and any text for a model that loads.
#include <cstdint>
#include <string_view>

#include "gristmill/kernels/fasttext.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto model = gristmill::kernels::FasttextModel::load(bytes);
  if (!model) return 0;
  gristmill::kernels::FasttextModel::Scratch scratch;
  static_cast<void>((*model)->predict(bytes, scratch));
  static_cast<void>((*model)->predict("a b c d", scratch));
  return 0;
}
