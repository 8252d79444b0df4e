// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/case_map.h"

#include <utf8proc.h>

#include <algorithm>

#include "gristmill/kernels/utf8.h"

namespace gristmill::kernels {
namespace {

char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }
char ascii_upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c & ~0x20) : c; }

/// Maps runs of ASCII in a loop that the compiler vectorises, all else character by character.
template <typename OfAscii, typename OfPoint>
void append_mapped(std::string_view text, std::string& out, OfAscii&& of_ascii, OfPoint&& of_point) {
  out.reserve(out.size() + text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
    const auto rest = text.substr(at);
    const auto end = std::ranges::find_if_not(rest, is_ascii);
    const auto count = static_cast<std::size_t>(end - rest.begin());
    const auto before = out.size();
    out.append(rest.substr(0, count));
    std::transform(out.begin() + static_cast<std::ptrdiff_t>(before), out.end(),
                   out.begin() + static_cast<std::ptrdiff_t>(before), of_ascii);
    at += count;
    while (at < text.size() && !is_ascii(text[at])) append_code_point(out, of_point(next_code_point(text, at)));
  }
}

}  // namespace

void append_lower_case(std::string_view text, std::string& out) { append_mapped(text, out, ascii_lower, lower_case); }

void append_upper_case(std::string_view text, std::string& out) {
  append_mapped(text, out, ascii_upper,
                [](char32_t c) { return static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(c))); });
}

char32_t lower_case(char32_t code_point) noexcept {
  return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(code_point)));
}

}  // namespace gristmill::kernels
