// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace gristmill::kernels::pii {

/// What the lists of the tagger of names know of a word; a word can be several.
enum NameFlag : unsigned {
  given_name = 1,
  family_name = 2,
  ordinary_word = 4,  ///< Common in small letters: "Summer", "Report".
  place_name = 8,
  han_word = 16,  ///< Two Chinese characters that are a word together.
};

/// The Latin flags (1 to 8) of a word in any case; of two parts with a hyphen, those of the second if the whole has
/// none. One word in a hundred that is in no list is said to be in one.
unsigned name_flags(std::string_view word) noexcept;
/// Whether two Chinese characters (six bytes) are a common word.
bool is_han_word(std::string_view pair) noexcept;

}  // namespace gristmill::kernels::pii
