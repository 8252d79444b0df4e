// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gristmill/kernels/pii/context.h"

namespace gristmill::kernels::pii {

/// Payment card number from the digit at `begin`: issuer range and length, in one piece or in the groups printed on
/// cards, Luhn check.
Span find_card(std::string_view text, std::size_t begin) noexcept;
/// IBAN whose check digits start at `digits`: country, its length, in one piece or groups of four, MOD 97-10 check.
Span find_iban(std::string_view text, std::size_t digits) noexcept;
/// US social security number AAA-GG-SSSS from the digit at `begin` (with blanks or in one piece only after a cue such
/// as "SSN"): issued areas, no zero group or serial, none of the numbers known from advertisements.
Span find_us_ssn(std::string_view text, std::size_t begin) noexcept;
/// Chinese resident identity number (GB 11643-1999) from the digit at `begin`: region, date of birth, MOD 11-2 check.
Span find_cn_id(std::string_view text, std::size_t begin) noexcept;

}  // namespace gristmill::kernels::pii
