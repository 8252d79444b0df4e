// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "gristmill/base/json.h"

/// What parses prints again, and what was printed parses to the same value.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parsed = gristmill::Json::parse(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!parsed) return 0;
  const auto text = parsed->dump();
  const auto again = gristmill::Json::parse(text);
  if (!again || again->dump() != text) std::abort();
  return 0;
}
