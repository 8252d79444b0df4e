// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace gristmill::kernels {

/// A decoded character reference: its UTF-8 text and how many source bytes it took (0: there is none here).
struct HtmlReference {
  char bytes[8] = {};
  unsigned char byte_count = 0;
  std::size_t source_bytes = 0;
  [[nodiscard]] std::string_view text() const noexcept { return {bytes, byte_count}; }
};

/// Decodes the character reference at `text[at]`, which must be '&' (HTML standard, 13.2.5.72-84): all named ones,
/// the old ones without semicolon too, and numbers with the windows-1252 remap. In an attribute, an old name that is
/// followed by a letter, digit or '=' is no reference.
HtmlReference decode_html_reference(std::string_view text, std::size_t at, bool in_attribute = false) noexcept;
/// Decodes all references of an attribute value.
std::string decode_html_attribute(std::string_view value);

}  // namespace gristmill::kernels
