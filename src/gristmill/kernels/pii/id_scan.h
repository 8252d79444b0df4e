// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "gristmill/kernels/pii/context.h"
#include "gristmill/kernels/pii/kinds.h"

namespace gristmill::kernels::pii {

/// One find.
struct Match {
  Span span;
  Kind kind = Kind::email;
};

/// The identity number of any wanted type (see id_types.h) whose first digit is at `digit`; letters before it may
/// belong to it. Of several types that fit, one whose cue stands beside the number is taken, else the first in the
/// tables.
std::optional<Match> find_id(std::string_view text, std::size_t digit, const Kinds& wanted);

}  // namespace gristmill::kernels::pii
