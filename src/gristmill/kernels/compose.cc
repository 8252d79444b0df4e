// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/compose.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

namespace gristmill::kernels {
namespace {

constexpr std::size_t part_bytes = std::size_t{1} << 16;

struct Free {
  void operator()(utf8proc_uint8_t* bytes) const { std::free(bytes); }  // The library allocates with malloc.
};

bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

}  // namespace

bool is_surely_composed(std::string_view text) noexcept {
  // U+0300 is CC 80, and no byte of a smaller character is above CB.
  unsigned char highest = 0;
  for (const char c : text) highest = std::max(highest, static_cast<unsigned char>(c));
  return highest < 0xCC;
}

Status append_composed(std::string_view text, std::string& out) {
  while (!text.empty()) {
    // An ASCII character never joins with what stands before it, so the text may be cut in front of one.
    std::size_t size = std::min(part_bytes, text.size());
    while (size < text.size() && !is_ascii(text[size])) ++size;
    const auto part = text.substr(0, size);
    text.remove_prefix(size);
    if (is_surely_composed(part)) {
      out += part;
      continue;
    }
    utf8proc_uint8_t* composed = nullptr;
    const auto length = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(part.data()),
                                     static_cast<utf8proc_ssize_t>(part.size()), &composed,
                                     static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
    const std::unique_ptr<utf8proc_uint8_t, Free> owner(composed);
    if (length < 0) return corrupt_data(fmt::format("Unicode normalization failed: {}", utf8proc_errmsg(length)));
    out.append(reinterpret_cast<const char*>(composed), static_cast<std::size_t>(length));
  }
  return {};
}

}  // namespace gristmill::kernels
