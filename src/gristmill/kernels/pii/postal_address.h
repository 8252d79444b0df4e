// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gristmill/kernels/pii/context.h"

namespace gristmill::kernels::pii {

/// The street address whose house number starts at `digit`, with the postcode and town behind it if they are there:
/// English ("12 Elm Street, Springfield, IL 62704"), German ("Hauptstraße 5, 10115 Berlin"), French ("8 rue de la Paix,
/// 75002 Paris"), Spanish and Italian ("Calle Mayor 12", "Via Roma 3") and Chinese ("北京市朝阳区建国路88号").
Span find_postal_address(std::string_view text, std::size_t digit) noexcept;

}  // namespace gristmill::kernels::pii
