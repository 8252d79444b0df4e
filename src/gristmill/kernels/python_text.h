// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gristmill::kernels {

/// What Python's `str` methods and its `re` module say of a character, as bits.
struct PythonClass {
  static constexpr std::uint8_t word = 1;     ///< \w: isalnum() or the underscore.
  static constexpr std::uint8_t space = 2;    ///< \s, isspace()
  static constexpr std::uint8_t upper = 4;    ///< isupper()
  static constexpr std::uint8_t lower = 8;    ///< islower() or istitle(): makes isupper() of a string false.
  static constexpr std::uint8_t numeric = 16; ///< isnumeric()
  static constexpr std::uint8_t fixed = 32;   ///< Equal to its lower case and its canonical decomposition, no mark.
  static constexpr std::uint8_t sign = 64;    ///< One of . ! ? # { } and the ellipsis.
  static constexpr std::uint8_t latin = 128;  ///< a to z, A to Z
};

/// Table of classes of all code points; built on first use (1.1 MB), safe from any thread.
const std::uint8_t* python_classes();

/// Appends the lower case (`str.lower`: the full mapping) of a character in canonical decomposition. `is_final` chooses
/// the small sigma for a capital one.
void append_lower_decomposed(char32_t code_point, bool is_final, std::vector<char32_t>& out);
/// Brings runs of combining marks into canonical order.
void order_combining_marks(std::vector<char32_t>& points);
/// Whether a capital sigma between these texts stands at the end of a word (Unicode's Final_Sigma).
bool is_final_sigma(std::string_view before, std::string_view after);

}  // namespace gristmill::kernels
