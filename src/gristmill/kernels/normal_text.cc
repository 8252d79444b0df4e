// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/normal_text.h"

#include <utf8proc.h>

#include "gristmill/kernels/utf8.h"

namespace gristmill::kernels {
namespace {

/// Unicode property White_Space (PropList.txt, Unicode 15).
bool is_white_space(char32_t c) noexcept {
  if (c < 0x80) return c == ' ' || (c >= 9 && c <= 13);
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
         c == 0x202F || c == 0x205F || c == 0x3000;
}

}  // namespace

void normal_text(std::string_view text, bool lower_case, std::string& out) {
  out.clear();
  out.reserve(text.size() + 8);
  bool is_blank_due = false;
  for (std::size_t position = 0; position < text.size();) {
    char32_t code_point = next_code_point(text, position);
    if (is_white_space(code_point)) {
      is_blank_due = !out.empty();
      continue;
    }
    if (is_blank_due) out += ' ';
    is_blank_due = false;
    if (lower_case) code_point = static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(code_point)));
    append_code_point(out, code_point);
  }
}

}  // namespace gristmill::kernels
