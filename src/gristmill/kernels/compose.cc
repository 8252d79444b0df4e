// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/compose.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iterator>
#include <memory>

#include "gristmill/kernels/utf8.h"

namespace gristmill::kernels {
namespace {

constexpr std::size_t part_bytes = 4096;

/// First and last of ranges in which every character is its own normal form, does not reorder and never joins with a
/// character before it: the common scripts and symbols. A text of these and of characters below U+0300 is composed.
struct Range {
  char32_t first;
  char32_t last;
};
constexpr std::array<Range, 19> stable_ranges{{
    {0x0400, 0x0482}, {0x0531, 0x058A}, {0x05D0, 0x05EA},   {0x0621, 0x064A},   {0x0904, 0x0939},
    {0x0E01, 0x0E37}, {0x1E00, 0x1EFF}, {0x2010, 0x20CF},   {0x2100, 0x2125},   {0x2190, 0x2328},
    {0x232B, 0x2ADB}, {0x3001, 0x3029}, {0x3031, 0x3098},   {0x309B, 0x9FFF},   {0xAC00, 0xD7A3},
    {0xFE30, 0xFE6F}, {0xFF00, 0xFFFD}, {0x1F000, 0x1FAFF}, {0x20000, 0x2A6DF},
}};

bool is_stable(char32_t code_point) {
  if (code_point < 0x300) return true;
  const auto behind = std::ranges::upper_bound(stable_ranges, code_point, {}, &Range::first);
  return behind != stable_ranges.begin() && code_point <= std::prev(behind)->last;
}

struct Free {
  void operator()(utf8proc_uint8_t* bytes) const { std::free(bytes); }  // The library allocates with malloc.
};

bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

}  // namespace

bool is_surely_composed(std::string_view text) noexcept {
  for (std::size_t position = 0; position < text.size();) {
    const auto lead = static_cast<unsigned char>(text[position]);
    if (lead < 0x80) {
      ++position;
      continue;
    }
    // Only the longest characters could reach over an ill-formed end.
    if (position + 4 > text.size() && position + (lead < 0xE0 ? 2u : lead < 0xF0 ? 3u : 4u) > text.size()) return false;
    if (!is_stable(next_code_point(text, position))) return false;
  }
  return true;
}

std::size_t first_part_length(std::string_view text) noexcept {
  std::size_t length = 0;
  for (std::size_t position = 0; position < text.size(); length = position) {
    const auto code_point = next_code_point(text, position);
    if (length > 0 && is_stable(code_point)) break;
  }
  return length;
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
