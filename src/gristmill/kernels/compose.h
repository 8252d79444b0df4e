// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "gristmill/base/result.h"

namespace gristmill::kernels {

/// True when the characters, each for itself, show that the text is in Unicode normal form C. False says nothing.
bool is_surely_composed(std::string_view text) noexcept;

/// Length of the first part of a well-formed text that normalizes by itself: its first character, and what may join
/// with it or change places behind it.
std::size_t first_part_length(std::string_view text) noexcept;

/// Appends well-formed UTF-8 in normal form C. Works through the text part by part, so that memory stays small beside
/// the text.
Status append_composed(std::string_view text, std::string& out);

}  // namespace gristmill::kernels
