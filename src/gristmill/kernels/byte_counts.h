// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace gristmill::kernels {

/// Counts of what tells sentences from lists.
struct PunctuationCounts {
  std::uint32_t commas = 0;      ///< Commas and semicolons.
  std::uint32_t ends = 0;        ///< Full stops, exclamation and question marks that white space or the end follows.
  std::uint32_t ideographs = 0;  ///< First bytes (E3 to ED less EA) of kana, Han and Hangul in UTF-8.
};

/// Counts of ASCII digits and capitals.
struct FigureCounts {
  std::uint32_t digits = 0;
  std::uint32_t upper = 0;
};

/// Both look at whole registers: `readable_bytes` (letter_words.h) behind the text must be readable.
PunctuationCounts count_punctuation(std::string_view text) noexcept;
FigureCounts count_figures(std::string_view text) noexcept;

}  // namespace gristmill::kernels
