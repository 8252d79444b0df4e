// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string_view>

namespace gristmill::kernels::pii {

/// Number that the decimal digits stand for (at most 19 of them).
unsigned long long value_of(std::string_view digits) noexcept;
/// Digit at a position as a number.
inline int digit_of(std::string_view digits, std::size_t at) noexcept { return digits[at] - '0'; }
/// Value of 0-9 as such and of A-Z as 10 to 35.
inline int letter_value(char c) noexcept { return c <= '9' ? c - '0' : c - 'A' + 10; }
/// True when all characters are the same, as in 000000000.
bool is_repeated(std::string_view text) noexcept;
/// Sum of the first digits, each times its weight.
int weighted_sum(std::string_view digits, std::initializer_list<int> weights) noexcept;
/// Rest that is never negative.
constexpr int modulo(int value, int modulus) noexcept { return ((value % modulus) + modulus) % modulus; }

/// Whether such a day exists in the Gregorian calendar, years 1800 to 2199.
bool is_day(unsigned year, unsigned month, unsigned day) noexcept;
/// YYMMDD in either of the last two centuries.
bool is_yymmdd(std::string_view digits) noexcept;
/// DDMMYY in either of the last two centuries.
bool is_ddmmyy(std::string_view digits) noexcept;

/// ISO/IEC 7064 MOD 11,10 over all digits, the last of which is the check digit.
bool passes_mod_11_10(std::string_view digits) noexcept;
/// Verhoeff's dihedral check (1969) over all digits, the last of which is the check digit.
bool passes_verhoeff(std::string_view digits) noexcept;
/// The check of machine-readable travel documents (ICAO 9303): weights 7, 3, 1 over digits and letters.
int icao_check(std::string_view characters) noexcept;

}  // namespace gristmill::kernels::pii
