// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace gristmill::kernels {

/// A word whose splitting no rule gives: contractions, abbreviations, emoticons, times of day.
struct WordException {
  std::string text;
  std::vector<std::uint8_t> ends;  ///< Byte offsets behind each part; the last is the size.
};

/// All exceptions of English, as spaCy's blank English pipeline observably splits them.
std::vector<WordException> english_word_exceptions();

}  // namespace gristmill::kernels
