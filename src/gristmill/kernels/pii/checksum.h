// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace gristmill::kernels::pii {

/// Luhn check (ISO/IEC 7812-1, annex B) over the digits; other characters are skipped.
bool passes_luhn(std::string_view digits) noexcept;
/// ISO 7064 MOD 97-10 as ISO 13616 uses it: the first four characters count last, letters are 10 to 35, blanks are
/// skipped; true when the rest is 1.
bool passes_mod_97(std::string_view iban) noexcept;
/// ISO 7064 MOD 11-2 over 17 digits and a check character 0-9 or X (GB 11643).
bool passes_mod_11_2(std::string_view number) noexcept;

}  // namespace gristmill::kernels::pii
