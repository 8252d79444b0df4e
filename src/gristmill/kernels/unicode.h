// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace gristmill::kernels {

/// A normalization form of Unicode (UAX #15) that composes.
enum class NormalizationForm { nfc, nfkc };

/// Appends the normalized text to `out` and returns true, or returns false and leaves `out` alone when the text is in
/// the form already. Takes linear time; n log n for a run of n combining marks. Well-formed UTF-8 only, as for all
/// functions here.
bool normalize_unicode(NormalizationForm form, std::string_view text, std::string& out);

/// True for letters (general categories Lu, Ll, Lt, Lm, Lo).
bool is_letter(char32_t code_point) noexcept;
/// True for general category Ll.
bool is_lower_case(char32_t code_point) noexcept;
/// True for general category Lu.
bool is_upper_case(char32_t code_point) noexcept;
/// True for decimal digits (general category Nd).
bool is_decimal_digit(char32_t code_point) noexcept;
/// True for punctuation (general categories Pc, Pd, Ps, Pe, Pi, Pf, Po).
bool is_punctuation(char32_t code_point) noexcept;
/// True for letters, numbers of any kind and the underscore.
bool is_word_character(char32_t code_point) noexcept;

}  // namespace gristmill::kernels
