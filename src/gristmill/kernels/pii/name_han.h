// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "gristmill/kernels/pii/name_features.h"

namespace gristmill::kernels::pii {

constexpr std::size_t han_bytes = 3;  ///< Of one Chinese character in UTF-8.

/// Whether a Chinese character (U+4E00 to U+9FFF) stands at a position.
bool is_han_at(std::string_view text, std::size_t at) noexcept;

/// Adds what may be a Chinese name that begins at a position: a frequent family name and one or two characters more.
void add_han_candidates(std::string_view text, std::size_t at, std::vector<NameCandidate>& candidates);

}  // namespace gristmill::kernels::pii
