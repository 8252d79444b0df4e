// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/pii/id_checks.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace gristmill::kernels::pii {

unsigned long long value_of(std::string_view digits) noexcept {
  unsigned long long value = 0;
  for (const char c : digits) value = value * 10 + static_cast<unsigned long long>(c - '0');
  return value;
}

bool is_repeated(std::string_view text) noexcept {
  return std::ranges::all_of(text, [&](char c) { return c == text.front(); });
}

int weighted_sum(std::string_view digits, std::initializer_list<int> weights) noexcept {
  int sum = 0;
  std::size_t at = 0;
  for (const int weight : weights) sum += weight * digit_of(digits, at++);
  return sum;
}

bool is_day(unsigned year, unsigned month, unsigned day) noexcept {
  if (year < 1800 || year > 2199 || month < 1 || month > 12 || day < 1) return false;
  constexpr std::array<unsigned, 12> days{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return day <= days[month - 1] + (month == 2 && is_leap ? 1 : 0);
}

bool is_yymmdd(std::string_view digits) noexcept {
  const auto part = [&](std::size_t at) { return static_cast<unsigned>(value_of(digits.substr(at, 2))); };
  return is_day(1900 + part(0), part(2), part(4)) || is_day(2000 + part(0), part(2), part(4));
}

bool is_ddmmyy(std::string_view digits) noexcept {
  const auto part = [&](std::size_t at) { return static_cast<unsigned>(value_of(digits.substr(at, 2))); };
  return is_day(1900 + part(4), part(2), part(0)) || is_day(2000 + part(4), part(2), part(0));
}

bool passes_mod_11_10(std::string_view digits) noexcept {
  int check = 5;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    check = ((check == 0 ? 10 : check) * 2 % 11 + digit_of(digits, i)) % 10;
  }
  return check == 1;
}

bool passes_verhoeff(std::string_view digits) noexcept {
  // The multiplication table of the dihedral group D5: rotations 0-4, reflections 5-9.
  const auto multiply = [](int a, int b) {
    if (a < 5) return b < 5 ? (a + b) % 5 : 5 + (a + b) % 5;
    return b < 5 ? 5 + modulo(a - b, 5) : modulo(a - b, 5);
  };
  constexpr std::array<std::uint8_t, 10> permutation{1, 5, 7, 6, 2, 8, 3, 0, 9, 4};
  int check = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    int digit = digit_of(digits, digits.size() - 1 - i);
    for (std::size_t turns = 0; turns < i % 8; ++turns) digit = permutation[static_cast<std::size_t>(digit)];
    check = multiply(check, digit);
  }
  return check == 0;
}

int icao_check(std::string_view characters) noexcept {
  constexpr std::array<int, 3> weights{7, 3, 1};
  int sum = 0;
  for (std::size_t i = 0; i < characters.size(); ++i) sum += weights[i % 3] * letter_value(characters[i]);
  return sum % 10;
}

}  // namespace gristmill::kernels::pii
