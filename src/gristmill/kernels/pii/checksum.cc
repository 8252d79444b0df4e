// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/pii/checksum.h"

#include "gristmill/kernels/pii/context.h"

namespace gristmill::kernels::pii {

bool passes_luhn(std::string_view digits) noexcept {
  unsigned sum = 0;
  bool is_doubled = false;
  for (std::size_t i = digits.size(); i > 0; --i) {
    if (!is_digit(digits[i - 1])) continue;
    unsigned value = static_cast<unsigned>(digits[i - 1] - '0');
    if (is_doubled) value = value < 5 ? 2 * value : 2 * value - 9;
    sum += value;
    is_doubled = !is_doubled;
  }
  return sum % 10 == 0;
}

bool passes_mod_97(std::string_view iban) noexcept {
  if (iban.size() < 4) return false;
  unsigned rest = 0;
  const auto feed = [&rest](char c) {
    if (is_digit(c)) {
      rest = (rest * 10 + static_cast<unsigned>(c - '0')) % 97;
    } else if (is_upper(c)) {
      rest = (rest * 100 + static_cast<unsigned>(c - 'A') + 10) % 97;
    }
  };
  for (const char c : iban.substr(4)) feed(c);
  for (const char c : iban.substr(0, 4)) feed(c);
  return rest == 1;
}

bool passes_mod_11_2(std::string_view number) noexcept {
  if (number.size() != 18) return false;
  unsigned rest = 0;
  for (const char c : number.substr(0, 17)) {
    if (!is_digit(c)) return false;
    rest = (rest + static_cast<unsigned>(c - '0')) * 2 % 11;
  }
  const unsigned check = (12 - rest) % 11;
  return check == 10 ? number[17] == 'X' || number[17] == 'x' : number[17] == static_cast<char>('0' + check);
}

}  // namespace gristmill::kernels::pii
