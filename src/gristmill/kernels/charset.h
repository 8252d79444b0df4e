// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "gristmill/base/result.h"

namespace gristmill::kernels {

/// Which character encoding bytes are in.
struct Charset {
  std::string_view name;       ///< WHATWG name in lower case ("utf-8", "gb18030", "windows-1252"); static storage.
  std::size_t bom_bytes = 0;   ///< Length of the byte order mark in front.
  bool well_formed = false;  ///< True when the name is utf-8 and all bytes are well-formed: no conversion is needed.
};

/// Decides on the encoding. The order: byte order mark; UTF-16 without a mark (by its zero bytes); well-formed UTF-8
/// with multi-byte sequences (one beats a declared single-byte label, four beat a declared multi-byte one); the
/// declared label, if at most one in fifty of the bytes beyond ASCII is a fault in it; the label in the first 1,024
/// bytes of HTML, likewise; UTF-8 with few faults (at most one to eight multi-byte sequences); statistics (uchardet);
/// windows-1252. `declared_label` comes from the transport (HTTP) and may be empty or unknown.
Charset detect_charset(std::string_view bytes, std::string_view declared_label, bool is_html);

/// Text in UTF-8, and how it got there.
struct Decoded {
  std::string text;
  std::string_view charset;  ///< WHATWG name of the encoding; static storage.
  bool lossy = false;  ///< Some bytes were ill-formed and became U+FFFD.
};

/// Converts bytes of any encoding to UTF-8, without byte order mark. Fails only when the C library lacks the converter.
Result<Decoded> decode_to_utf8(std::string_view bytes, std::string_view declared_label, bool is_html);

/// WHATWG name for a label ("latin1" is "windows-1252", "gb2312" is "gb18030"), or empty for an unknown one.
std::string_view charset_of_label(std::string_view label) noexcept;

/// Label that an HTML head declares (meta prescan of the WHATWG standard, and the XML declaration), within the
/// first 1,024 bytes. Empty when there is none that is known.
std::string_view prescan_html_charset(std::string_view bytes) noexcept;

}  // namespace gristmill::kernels
