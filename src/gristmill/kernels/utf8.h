// SPDX-License-Identifier: Apache-2.0
// Pure functions over spans: UTF-8, words, hashes, parsers of hostile text. All SIMD lives here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace gristmill::kernels {

/// True when all of `text` is well-formed UTF-8 (Unicode 15, table 3-7).
bool is_valid_utf8(std::string_view text) noexcept;
/// Offset of the first ill-formed byte, or npos.
std::size_t first_invalid_utf8(std::string_view text) noexcept;
/// Number of code points of well-formed UTF-8.
std::size_t count_code_points(std::string_view text) noexcept;
/// Replaces each maximal ill-formed part by U+FFFD (WHATWG decoding).
std::string replace_invalid_utf8(std::string_view text);
/// Decodes the code point at `position` of well-formed UTF-8 and moves past it.
char32_t next_code_point(std::string_view text, std::size_t& position) noexcept;
/// Appends a code point (U+FFFD for surrogates and beyond U+10FFFF).
void append_code_point(std::string& out, char32_t code_point);

}  // namespace gristmill::kernels
