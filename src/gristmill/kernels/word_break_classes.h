// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace gristmill::kernels {

/// Values of the property Word_Break (UAX #29), of the Unicode version that unicode_classes.h names.
enum class WordBreak : std::uint8_t {
  other,
  carriage_return,
  line_feed,
  newline,
  extend,
  joiner,
  format,
  regional_indicator,
  katakana,
  hebrew_letter,
  letter,
  single_quote,
  double_quote,
  middle_number_letter,
  middle_letter,
  middle_number,
  numeric,
  extend_number_letter,
  space,
};

/// Set beside the value for Extended_Pictographic characters.
inline constexpr std::uint8_t word_break_pictograph = 32;

/// Table of values of all code points; built on first use (1.1 MB), safe from any thread.
const std::uint8_t* word_break_classes();

}  // namespace gristmill::kernels
