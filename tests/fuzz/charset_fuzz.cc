// SPDX-License-Identifier: Apache-2.0
// Any bytes, with any label, decode to well-formed UTF-8.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "gristmill/kernels/charset.h"
#include "gristmill/kernels/utf8.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const auto label = all.substr(0, std::min(all.find('\n'), all.size()));
  const auto bytes = label.size() < all.size() ? all.substr(label.size() + 1) : all;
  for (const bool is_html : {false, true}) {
    const auto decoded = gristmill::kernels::decode_to_utf8(bytes, label, is_html);
    if (decoded && !gristmill::kernels::is_valid_utf8(decoded->text)) std::abort();
  }
  return 0;
}
