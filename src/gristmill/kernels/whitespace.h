// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace gristmill::kernels {

/// Offset of the first byte at which clean_whitespace may change something, or npos for clean text. Vectorised.
std::size_t first_unclean(std::string_view text) noexcept;
/// The same, one byte after another: the reference.
std::size_t first_unclean_scalar(std::string_view text) noexcept;

/// Brings white space and invisible characters into order: CR LF, CR, VT, FF, NEL and the Unicode line and paragraph
/// separators become LF; blanks and tabs at the ends of lines go, those at their starts stay (code keeps its
/// indentation); more than two blank lines in a row become two; empty lines before the first and after the last line
/// go; control characters, zero-width spaces, byte order marks, bidirectional controls and interlinear marks go (but
/// not the zero-width joiners, which carry meaning).
///
/// Appends the clean text to `out` and returns true, or returns false and leaves `out` alone when the text is clean.
bool clean_whitespace(std::string_view text, std::string& out);

/// Replaces curly quotes by straight ones; false when there are none.
bool straighten_quotes(std::string_view text, std::string& out);

}  // namespace gristmill::kernels
