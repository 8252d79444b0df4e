// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace gristmill::kernels {

/// Appends the text with each character in lower case (Unicode's simple mappings). Well-formed UTF-8 only.
void append_lower_case(std::string_view text, std::string& out);
/// Appends the text with each character in upper case (simple mappings).
void append_upper_case(std::string_view text, std::string& out);
/// Lower case of one character (simple mapping).
char32_t lower_case(char32_t code_point) noexcept;

}  // namespace gristmill::kernels
