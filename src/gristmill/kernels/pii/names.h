// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "gristmill/kernels/pii/context.h"

namespace gristmill::kernels::pii {

/// Names of persons in English and other Latin text and in Chinese text, in order and without overlaps: a log-linear
/// model over hashed features of the words and what is around them (docs/models/person-names.md). A name that was found
/// for sure is found again elsewhere in the text, Latin ones also by one of their words. Deterministic; time is linear
/// in the text.
void find_names(std::string_view text, std::vector<Span>& names);

}  // namespace gristmill::kernels::pii
