// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "gristmill/base/json.h"
#include "gristmill/base/result.h"

namespace gristmill::platform {

/// Everything an operator's spec says, as JSON: name, version, kind, summary, reference, options, columns, reasons.
Json describe_operators();
/// One of them; an unknown name is answered with the nearest known one.
Result<Json> describe_operator(const std::string& name);
/// `ops show` for people.
std::string operator_text(const Json& description);
/// docs/operators.md.
std::string operators_markdown();
/// JSON Schema (2020-12) of pipeline files.
Json pipeline_schema();

}  // namespace gristmill::platform
