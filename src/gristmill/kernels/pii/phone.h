// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gristmill/kernels/pii/context.h"

namespace gristmill::kernels::pii {

/// Telephone number whose first digit is at `begin` (a '+' or '(' before it belongs to the number): international with
/// a country code that exists (E.164), one of the usual written national forms, or 7 to 15 digits after a cue such as
/// "tel" or "phone".
Span find_phone(std::string_view text, std::size_t begin) noexcept;

}  // namespace gristmill::kernels::pii
