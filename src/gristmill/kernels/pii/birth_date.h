// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gristmill/kernels/pii/context.h"

namespace gristmill::kernels::pii {

/// The date whose first digit is at `digit`, when a word near it says that somebody was born then: in numbers
/// (1970-03-05, 5.3.1970, 1970年3月5日) or with the month's name in English, German, French, Spanish, Italian,
/// Portuguese or Dutch.
Span find_birth_date(std::string_view text, std::size_t digit);

}  // namespace gristmill::kernels::pii
