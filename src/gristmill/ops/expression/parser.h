// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "gristmill/base/result.h"
#include "gristmill/ops/expression/tree.h"

namespace gristmill::ops::expression {

/// Reads an expression. Bounded in size and depth; the error says where it stands and what was expected.
Result<Tree> parse(std::string_view source);

/// Gives each node its type, from the types of the columns that are known (by name); the error names a misspelt column
/// with the nearest one, or operands that do not go together. With `is_complete` a column that is not among them is an
/// error, else its type stays open. The whole must be a condition.
Status check_types(Tree& tree, std::span<const data::Column> columns, bool is_complete);

}  // namespace gristmill::ops::expression
