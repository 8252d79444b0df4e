// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

namespace gristmill::kernels {

/// How an encoding of the WHATWG Encoding Standard is converted.
struct CharsetFacts {
  std::string_view name;    ///< WHATWG name, lower case.
  const char* converter;    ///< Name that iconv knows; null for UTF-8.
  bool is_single_byte;
  std::string_view labels;  ///< All labels, separated by one blank.
};

/// All encodings (https://encoding.spec.whatwg.org/#names-and-labels). `gbk` is folded into gb18030, which decodes
/// the same bytes; `replacement` labels are left out, so that statistics decide on such bytes.
std::span<const CharsetFacts> charset_table() noexcept;
/// Row of a WHATWG name, or null.
const CharsetFacts* find_charset(std::string_view name) noexcept;

}  // namespace gristmill::kernels
