// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>

#include "gristmill/base/json.h"
#include "gristmill/ops/expression/tree.h"

namespace gristmill::ops::expression {

/// Working memory of one thread's evaluations: strings that functions make, and the parsed metadata.
struct Workspace {
  std::deque<std::string> strings;
  std::size_t strings_used = 0;
  Json metadata;
  bool has_metadata = false;  ///< Of the document at hand.
};

/// Values of the expression on one document. A value of another type than is asked for counts as null, which only
/// metadata can bring about once the types are checked.
struct Evaluation {
  data::Value value;            ///< Null, or what the expression gives; strings live until the next evaluation.
  bool has_overflow = false;    ///< Whole numbers passed their range; `value` is null.
  std::uint32_t offset = 0;     ///< Byte in the source at which it happened.
};

/// Computes the expression; `slots` are the places of `tree.columns` among the document's columns.
Evaluation evaluate(const Tree& tree, const data::Document& document, std::span<const std::uint16_t> slots,
                    Workspace& workspace);

}  // namespace gristmill::ops::expression
